//! Blocks of IPv4 addresses, and how a network is divided into subnets.

use std::fmt;
use std::net::Ipv4Addr;

/// A block of addresses (`10.76.0.0/16`): it begins at its first address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    first: u32,
    prefix: u8,
}

impl Block {
    /// Reads a block; `None` when it is none, or when the address is not the first of its block.
    pub fn read(text: &str) -> Option<Block> {
        let block = Block::around(text)?;
        (block.to_string() == text).then_some(block)
    }

    /// The block that an address with a prefix lies in (`10.76.3.1/16` is in `10.76.0.0/16`), as EC2 reads one.
    pub fn around(text: &str) -> Option<Block> {
        let (address, prefix) = text.split_once('/')?;
        let address: Ipv4Addr = address.parse().ok()?;
        let prefix: u8 = prefix.parse().ok().filter(|prefix| *prefix <= 32)?;
        Some(Block { first: u32::from(address) & mask(prefix), prefix })
    }

    /// How many leading bits all its addresses share.
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether all of `other` lies in it.
    pub fn contains(self, other: Block) -> bool {
        self.prefix <= other.prefix && other.first & mask(self.prefix) == self.first
    }

    /// Whether some address lies in both.
    pub fn overlaps(self, other: Block) -> bool {
        self.contains(other) || other.contains(self)
    }

    /// The first `count` blocks of 2^`bits` addresses each that it is divided into; `None` when it has not so many.
    pub fn split(self, count: usize, bits: u8) -> Option<Vec<Block>> {
        let prefix = 32u8.checked_sub(bits).filter(|prefix| *prefix >= self.prefix)?;
        // At most 2^32 blocks: what is asked for has to be fewer.
        if (count as u64) > 1u64 << (prefix - self.prefix) {
            return None;
        }
        let block = |at: usize| Block { first: self.first.wrapping_add((at as u32).wrapping_mul(size(prefix))), prefix };
        Some((0..count).map(block).collect())
    }

    /// Three of its quarters: what the network of a demonstration gives its subnets, with one left for whatever else is wanted there.
    pub fn subnets(self) -> Option<Vec<Block>> {
        self.split(3, 30u8.checked_sub(self.prefix)?)
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.first), self.prefix)
    }
}

/// The bits that a prefix fixes.
fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

/// The number of addresses of a block; zero stands for all 2^32, which only a block of everything has.
fn size(prefix: u8) -> u32 {
    1u32.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn texts(blocks: &[Block]) -> Vec<String> {
        blocks.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn blocks_are_read_as_they_are_written() {
        assert_eq!(Block::read("10.76.0.0/16").unwrap().to_string(), "10.76.0.0/16");
        assert_eq!(Block::around("10.76.3.1/16").unwrap().to_string(), "10.76.0.0/16");
        for bad in ["10.76.3.1/16", "10.76.0.0", "10.76.0.0/33", "10.76.0/16", "10.76.0.0/016", "x/16", ""] {
            assert_eq!(Block::read(bad), None, "{bad}");
        }
        assert_eq!(Block::read("0.0.0.0/0").unwrap().prefix(), 0);
    }

    #[test]
    fn blocks_contain_and_overlap() {
        let block = |text| Block::read(text).unwrap();
        assert!(block("10.76.0.0/16").contains(block("10.76.128.0/17")) && !block("10.76.128.0/17").contains(block("10.76.0.0/16")));
        assert!(block("10.76.128.0/17").overlaps(block("10.76.0.0/16")));
        assert!(!block("10.76.0.0/17").overlaps(block("10.76.128.0/17")));
        assert!(block("0.0.0.0/0").contains(block("255.255.255.255/32")));
    }

    #[test]
    fn a_network_is_divided() {
        let block = |text| Block::read(text).unwrap();
        assert_eq!(texts(&block("10.76.0.0/16").subnets().unwrap()), ["10.76.0.0/18", "10.76.64.0/18", "10.76.128.0/18"]);
        assert_eq!(texts(&block("192.168.7.0/24").subnets().unwrap()), ["192.168.7.0/26", "192.168.7.64/26", "192.168.7.128/26"]);
        assert_eq!(texts(&block("10.0.0.0/24").split(2, 5).unwrap()), ["10.0.0.0/27", "10.0.0.32/27"]);
        assert_eq!(block("10.0.0.0/24").split(9, 5), None, "a /24 has eight /27");
        assert_eq!(block("10.0.0.0/24").split(1, 9), None, "a part is not larger than the whole");
        assert_eq!(block("10.0.0.0/32").subnets(), None);
        assert_eq!(texts(&block("0.0.0.0/0").split(2, 31).unwrap()), ["0.0.0.0/1", "128.0.0.0/1"]);
    }
}
