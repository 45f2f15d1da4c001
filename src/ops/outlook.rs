//! What an operation would do, before it does it. An operation decides in one function and does in another: a dry run shows what was decided,
//! and the operation itself begins with the same decision, so that what is told and what is done cannot differ.

use super::OpError;

/// What an operation would do, as far as reads tell, and what would make it fail.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook<P> {
    /// What it would do if nothing were in its way.
    pub plan: P,
    /// What would make it fail, in the order in which it would be met.
    pub obstacles: Vec<OpError>,
}

impl<P> Outlook<P> {
    /// The plan, when nothing is in its way.
    ///
    /// # Errors
    /// The first obstacle.
    pub fn clear(self) -> Result<P, OpError> {
        match self.obstacles.into_iter().next() {
            Some(obstacle) => Err(obstacle),
            None => Ok(self.plan),
        }
    }

    /// The same outlook on something that follows from the plan.
    pub(super) fn map<Q>(self, follows: impl FnOnce(P) -> Q) -> Outlook<Q> {
        Outlook { plan: follows(self.plan), obstacles: self.obstacles }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_first_obstacle_is_the_one_that_is_met() {
        let obstacle = |what: &str| OpError::failed("", what, "");
        let blocked = Outlook { plan: 1, obstacles: vec![obstacle("first"), obstacle("second")] };
        assert_eq!(blocked.map(|one| one + 1).clear().unwrap_err().what, "first");
        assert_eq!(Outlook { plan: 1, obstacles: Vec::new() }.map(|one| one + 1).clear().unwrap(), 2);
    }
}
