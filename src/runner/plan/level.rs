//! How strongly a plan must be confirmed: the environment says how strongly at least, everything else only raises it.
//! Pure.

use crate::config::acting::Policy;
use crate::model::runbook::RunbookKind;
use crate::model::{Level, Runbook, Text};

/// A run of more than this part of a protected service's hosts is wide.
const WIDE_PERCENT: usize = 25;

/// What decides.
pub(super) struct Stakes<'a> {
    pub(super) policy: &'a Policy,
    pub(super) runbook: &'a Runbook,
    /// Whether no step that runs changes anything.
    pub(super) only_looks: bool,
    /// Ids of steps that ask again.
    pub(super) dangerous: Vec<&'a str>,
    /// Hosts that are changed, and hosts of the service.
    pub(super) reach: (usize, usize),
}

/// The level, and what raised it above that of the tier.
pub(super) fn level(stakes: &Stakes<'_>) -> (Level, Vec<Text>) {
    let (policy, runbook) = (stakes.policy, stakes.runbook);
    if stakes.only_looks {
        return (Level::Enter, Vec::new());
    }
    let mut level = Level::of(policy.tier);
    let mut raised_by = Vec::new();
    let mut raise = |to: Level, why: String| {
        if to > level {
            level = to;
            raised_by.push(why.into());
        }
    };
    raise(policy.level, format!("the environment asks for level {}", policy.level.number()));
    if let Some(own) = runbook.level {
        raise(own, format!("the runbook asks for level {}", own.number()));
    }
    if policy.tier.is_protected() {
        if let Some(first) = stakes.dangerous.first() {
            raise(Level::Typed, format!("step {first} is dangerous"));
        }
        if runbook.kind == RunbookKind::Restore {
            raise(Level::Digest, "it puts data back over what is there".into());
        }
        let (changed, all) = stakes.reach;
        if all > 1 && changed * 100 > all * WIDE_PERCENT {
            raise(Level::Digest, format!("it changes {changed} of {all} hosts"));
        }
    }
    (level, raised_by)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Tier;
    use crate::runner::plan::fixture;

    fn with(
        tier: Tier,
        change: impl FnOnce(&mut Policy, &mut Runbook),
        dangerous: bool,
        reach: (usize, usize),
    ) -> (Level, usize) {
        let mut policy = fixture::policy(tier);
        let mut runbook = fixture::runbook();
        change(&mut policy, &mut runbook);
        let dangerous = if dangerous { vec!["drop"] } else { Vec::new() };
        let stakes = Stakes { policy: &policy, runbook: &runbook, only_looks: false, dangerous, reach };
        let (level, raised) = level(&stakes);
        (level, raised.len())
    }

    #[test]
    fn everything_raises_and_nothing_lowers() {
        use Tier::{Development, Production, Staging};
        let plain = |_: &mut Policy, _: &mut Runbook| {};
        assert_eq!(with(Development, plain, true, (4, 4)), (Level::Enter, 0));
        assert_eq!(with(Staging, plain, true, (4, 4)), (Level::Yes, 0));
        assert_eq!(with(Production, plain, false, (1, 1)), (Level::Typed, 0));
        assert_eq!(with(Production, plain, true, (1, 5)), (Level::Typed, 0));
        assert_eq!(with(Production, plain, false, (2, 4)), (Level::Digest, 1));
        assert_eq!(with(Production, plain, false, (1, 4)), (Level::Typed, 0));
        assert_eq!(with(Production, |_, r| r.kind = RunbookKind::Restore, false, (1, 1)), (Level::Digest, 1));
        assert_eq!(with(Staging, |_, r| r.kind = RunbookKind::Restore, false, (1, 1)), (Level::Yes, 0));
        assert_eq!(with(Development, |p, _| p.level = Level::Typed, false, (1, 1)), (Level::Typed, 1));
        assert_eq!(with(Production, |p, _| p.level = Level::Enter, false, (1, 1)), (Level::Typed, 0));
        assert_eq!(with(Production, |_, r| r.level = Some(Level::Enter), false, (1, 1)), (Level::Typed, 0));
        assert_eq!(with(Development, |_, r| r.level = Some(Level::Digest), false, (1, 1)), (Level::Digest, 1));
    }
}
