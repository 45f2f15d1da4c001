//! Whether the clock of this machine is right: requests are signed with its time, and refused when it is five minutes off.

use chrono::TimeDelta;

use super::Check;
use crate::ops::Context;

pub(super) const NAME: &str = "clock";
/// From here on something is wrong with the clock, though requests still pass.
const NOTICED: TimeDelta = TimeDelta::seconds(30);
/// AWS refuses requests that are further off (Signature Version 4).
const REFUSED: TimeDelta = TimeDelta::minutes(5);

/// Compares the clock with the service's; nothing where the service tells no time, or does not answer, which other checks tell.
pub(super) async fn check(context: &Context) -> Option<Check> {
    let theirs = context.gateways.identity.time().await.ok().flatten()?;
    let ours = context.clock.now();
    Some(told(ours - theirs))
}

fn told(off: TimeDelta) -> Check {
    let seconds = off.num_seconds();
    let (size, way) = (seconds.unsigned_abs(), if seconds >= 0 { "ahead of" } else { "behind" });
    let message = format!("the clock of this machine is {size} s {way} the service's");
    match off.abs() {
        off if off >= REFUSED => {
            Check::failed(NAME, format!("{message}: signed requests are refused"), "Set the clock, or turn on its synchronisation.")
        }
        off if off >= NOTICED => Check::warning(NAME, message, "Set the clock: from five minutes on requests are refused."),
        _ => Check::ok(NAME, "as the service's, to the second or so"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::doctor::Verdict;

    #[test]
    fn what_is_off_is_told_with_its_direction() {
        let verdict = |seconds: i64| told(TimeDelta::seconds(seconds)).verdict;
        assert_eq!([0, 29, -30, 299, -300].map(verdict), [Verdict::Ok, Verdict::Ok, Verdict::Warning, Verdict::Warning, Verdict::Failed]);
        assert!(told(TimeDelta::seconds(-90)).message.contains("90 s behind"));
        assert!(told(TimeDelta::seconds(600)).message.contains("600 s ahead of"));
    }
}
