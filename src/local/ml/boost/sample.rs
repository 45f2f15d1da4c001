//! The rows that a tree sees, drawn as XGBoost draws them: the same seed gives the same rows, and so the same trees.
//!
//! XGBoost seeds a Mersenne Twister with the job's seed, takes one number from it for its sampler of columns and one for every tree, and walks
//! from that number over the rows with a multiplicative generator, whose value is compared with the share.

/// MT19937, the C++ standard library's `mt19937`.
pub(super) struct Twister {
    state: [u32; Self::SIZE],
    next: usize,
}

impl Twister {
    const SIZE: usize = 624;
    const MIDDLE: usize = 397;

    /// A generator at its start.
    pub(super) fn new(seed: u32) -> Self {
        let mut state = [seed; Self::SIZE];
        for at in 1..Self::SIZE {
            let before = state[at - 1];
            // The index is below 624.
            state[at] = 1_812_433_253_u32.wrapping_mul(before ^ (before >> 30)).wrapping_add(at as u32);
        }
        Twister { state, next: Self::SIZE }
    }

    /// The next number.
    pub(super) fn draw(&mut self) -> u32 {
        if self.next == Self::SIZE {
            for at in 0..Self::SIZE {
                let joined = (self.state[at] & 0x8000_0000) | (self.state[(at + 1) % Self::SIZE] & 0x7FFF_FFFF);
                let twisted = (joined >> 1) ^ if joined & 1 == 1 { 0x9908_B0DF } else { 0 };
                self.state[at] = self.state[(at + Self::MIDDLE) % Self::SIZE] ^ twisted;
            }
            self.next = 0;
        }
        let mut number = self.state[self.next];
        self.next += 1;
        number ^= number >> 11;
        number ^= (number << 7) & 0x9D2C_5680;
        number ^= (number << 15) & 0xEFC6_0000;
        number ^ (number >> 18)
    }
}

/// Which rows take part in a tree.
pub(super) struct Walk {
    state: u64,
    share: f64,
}

impl Walk {
    /// 2^63, the modulus.
    const MODULUS: u64 = 1 << 63;

    /// From a number of the twister; `share` of the rows take part.
    pub(super) fn new(start: u32, share: f32) -> Self {
        Walk { state: u64::from(start), share: f64::from(share) }
    }

    /// Whether the next row takes part.
    pub(super) fn takes(&mut self) -> bool {
        self.state = self.state.wrapping_mul(16_807) % Self::MODULUS;
        // The generator's smallest number is 1, and the quotient is rounded as C++ rounds it.
        (self.state.wrapping_sub(1) as f64 / Self::MODULUS as f64) < self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twister_gives_the_standards_numbers() {
        // The C++ standard: the 10,000th number of a default mt19937 is 4123659995.
        let mut twister = Twister::new(5489);
        assert_eq!((0..10_000).map(|_| twister.draw()).last(), Some(4_123_659_995));
    }

    #[test]
    fn a_walk_takes_its_share() {
        let mut walk = Walk::new(4_123_659_995, 0.7);
        let taken = (0..100_000).filter(|_| walk.takes()).count();
        assert!((69_000..71_000).contains(&taken), "{taken}");
    }
}
