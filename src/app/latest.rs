//! "Only the latest request counts", as a type.

/// Hands out tickets and knows which one is still awaited. An answer that carries an older ticket is out of date and is dropped, so that
/// fast typing or repeated refreshing never shows a stale answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Latest {
    issued: u64,
    pending: bool,
}

/// The number of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

impl Latest {
    /// A ticket for a new request; every older one becomes out of date.
    pub fn issue(&mut self) -> Ticket {
        self.issued += 1;
        self.pending = true;
        Ticket(self.issued)
    }

    /// Whether an answer with this ticket is the awaited one. It is awaited no more afterwards.
    pub fn settle(&mut self, ticket: Ticket) -> bool {
        let current = self.pending && ticket.0 == self.issued;
        if current {
            self.pending = false;
        }
        current
    }

    /// Whether an intermediate report with this ticket belongs to the awaited request.
    pub fn is_current(&self, ticket: Ticket) -> bool {
        self.pending && ticket.0 == self.issued
    }

    /// Whether an answer is awaited.
    pub fn pending(&self) -> bool {
        self.pending
    }

    /// Nothing is awaited any more.
    pub fn abandon(&mut self) {
        self.pending = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_ticket_settles_and_only_once() {
        let mut latest = Latest::default();
        let old = latest.issue();
        let new = latest.issue();
        assert!(!latest.settle(old));
        assert!(latest.pending());
        assert!(latest.settle(new));
        assert!(!latest.settle(new));
        assert!(!latest.pending());
    }

    #[test]
    fn an_abandoned_request_is_not_answered() {
        let mut latest = Latest::default();
        let ticket = latest.issue();
        latest.abandon();
        assert!(!latest.settle(ticket));
    }
}
