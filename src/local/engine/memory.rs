//! How much memory statements may use.
//!
//! DataFusion's sorts and groupings spill to disk when they are refused memory; the side of a join that is held for the other to be looked
//! up in cannot, so a refusal fails its statement. One limit for both is either too small for joins or lets sorts fill the machine.

use std::fmt;

use datafusion::common::Result;
use datafusion::execution::memory_pool::{FairSpillPool, GreedyMemoryPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};

/// Bytes that operators which can spill share before they do.
const SPILLING: usize = 160 << 20;

/// Bytes that operators which cannot spill share before a statement fails.
const HOLDING: usize = 1 << 30;

/// A limit for each of the two kinds of operators.
#[derive(Debug)]
pub(super) struct Memory {
    spilling: FairSpillPool,
    holding: GreedyMemoryPool,
    limit: usize,
}

impl Memory {
    /// The limits of the engine.
    pub(super) fn new() -> Self {
        Memory::limited(SPILLING, HOLDING)
    }

    fn limited(spilling: usize, holding: usize) -> Self {
        Memory { spilling: FairSpillPool::new(spilling), holding: GreedyMemoryPool::new(holding), limit: spilling + holding }
    }

    fn of(&self, consumer: &MemoryConsumer) -> &dyn MemoryPool {
        if consumer.can_spill() { &self.spilling } else { &self.holding }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and {}", self.spilling, self.holding)
    }
}

impl MemoryPool for Memory {
    fn name(&self) -> &'static str {
        "shiftdeck"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.of(consumer).register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.of(consumer).unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.of(reservation.consumer()).grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.of(reservation.consumer()).shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        self.of(reservation.consumer()).try_grow(reservation, additional)
    }

    fn reserved(&self) -> usize {
        self.spilling.reserved() + self.holding.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_is_held_takes_nothing_from_what_spills() {
        let pool: Arc<dyn MemoryPool> = Arc::new(Memory::limited(100, 1_000));
        let held = MemoryConsumer::new("join").register(&pool);
        held.try_grow(900).unwrap();
        let sorted = MemoryConsumer::new("sort").with_can_spill(true).register(&pool);
        sorted.try_grow(100).unwrap();
        assert!(sorted.try_grow(1).is_err(), "a sort is refused and spills");
        assert!(held.try_grow(101).is_err(), "a join is refused and fails");
        assert_eq!(pool.reserved(), 1_000);
        drop((held, sorted));
        assert_eq!(pool.reserved(), 0);
    }

    #[test]
    fn operators_that_spill_share() {
        let pool: Arc<dyn MemoryPool> = Arc::new(Memory::limited(100, 1_000));
        let sort = || MemoryConsumer::new("sort").with_can_spill(true).register(&pool);
        let (first, second) = (sort(), sort());
        assert!(first.try_grow(51).is_err());
        first.try_grow(50).unwrap();
        second.try_grow(50).unwrap();
    }
}
