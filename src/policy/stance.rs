//! How a profile stands to a rule, and how that follows from what is written where.
//!
//! Knows nothing of YAML.

use crate::{
    rules::{Setting, Switch},
    verdict::Mode,
};

/// How a profile stands to a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stance {
    /// The rule says nothing.
    Off,
    /// The rule is looked at.
    On {
        /// Whether it refuses.
        mode: Mode,
        /// The largest measure that is admitted; `u64::MAX` when the rule has no number.
        limit: u64,
    },
}

impl Stance {
    /// The same with another number; what was off refuses.
    #[must_use]
    pub const fn with_limit(self, limit: u64) -> Self {
        match self {
            Self::Off => Self::On { mode: Mode::Enforce, limit },
            Self::On { mode, .. } => Self::On { mode, limit },
        }
    }

    /// The largest measure that is admitted; `None` when the rule is off.
    #[must_use]
    pub const fn limit(self) -> Option<u64> {
        match self {
            Self::Off => None,
            Self::On { limit, .. } => Some(limit),
        }
    }
}

/// What one layer (the base, or a profile) says of one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) amount: Option<Amount>,
    /// The mode at the rule itself.
    pub(super) mode: Option<Mode>,
    /// The mode of the nearest block around it.
    pub(super) block: Option<Mode>,
}

/// Off, or on with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    Off,
    UpTo(u64),
}

impl Amount {
    pub(super) const NO_NUMBER: Self = Self::UpTo(u64::MAX);
}

impl Written {
    /// This layer laid over a lower one. The word of a switch says amount and mode in one.
    pub(super) fn over(self, lower: Self, setting: &Setting) -> Self {
        let says_all = self.amount.is_some() && matches!(setting, Setting::Switch { .. });
        Self {
            amount: self.amount.or(lower.amount),
            mode: if says_all { self.mode } else { self.mode.or(lower.mode) },
            block: self.block.or(lower.block),
        }
    }

    /// The stance that follows. `file` is the mode of the file or the profile: report there holds
    /// for every rule that does not itself say enforce, whatever its block says.
    pub(super) fn stance(self, setting: &Setting, file: Mode) -> Stance {
        let (amount, default_mode) = match self.amount {
            Some(amount) => (amount, None),
            None => default_of(setting),
        };
        let Amount::UpTo(limit) = amount else { return Stance::Off };
        let mode = match (self.mode, file) {
            (Some(mode), _) => mode,
            (None, Mode::Report) => Mode::Report,
            (None, Mode::Enforce) => self.block.or(default_mode).unwrap_or(Mode::Enforce),
        };
        Stance::On { mode, limit }
    }
}

fn default_of(setting: &Setting) -> (Amount, Option<Mode>) {
    match setting {
        Setting::Limit { default, mode, .. } => (Amount::UpTo(*default), Some(*mode)),
        Setting::Bound { .. } | Setting::Input { .. } | Setting::Shape { .. } => {
            (Amount::NO_NUMBER, None)
        }
        Setting::Switch { default: Switch::Allow, .. } => (Amount::Off, None),
        Setting::Switch { default: Switch::Deny, .. } => (Amount::NO_NUMBER, None),
        Setting::Switch { default: Switch::Report, .. } => (Amount::NO_NUMBER, Some(Mode::Report)),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        policy::{
            Stance,
            stance::{Amount, Written},
            testing::registry,
        },
        verdict::Mode::{self, Enforce, Report},
    };

    #[track_caller]
    fn check(rule: Option<Mode>, block: Option<Mode>, file: Mode, expect: Mode) {
        let setting = &registry()[0].setting;
        let written = Written { amount: Some(Amount::UpTo(7)), mode: rule, block };
        assert_eq!(written.stance(setting, file), Stance::On { mode: expect, limit: 7 });
    }

    #[test]
    fn the_most_specific_mode_wins() {
        check(None, None, Enforce, Enforce);
        check(None, Some(Report), Enforce, Report);
        check(Some(Enforce), Some(Report), Enforce, Enforce);
        check(Some(Report), Some(Enforce), Enforce, Report);
    }

    #[test]
    fn report_of_the_file_holds_for_all_but_rules_that_enforce() {
        check(None, None, Report, Report);
        check(None, Some(Enforce), Report, Report);
        check(Some(Enforce), None, Report, Enforce);
        check(Some(Report), Some(Enforce), Report, Report);
    }

    #[test]
    fn a_layer_hides_only_what_it_says() {
        let lower = Written { amount: Some(Amount::UpTo(1)), mode: Some(Report), block: None };
        let upper = Written { amount: Some(Amount::Off), mode: None, block: Some(Enforce) };
        let expect =
            Written { amount: Some(Amount::Off), mode: Some(Report), block: Some(Enforce) };
        assert_eq!(upper.over(lower, &registry()[0].setting), expect);
    }
}
