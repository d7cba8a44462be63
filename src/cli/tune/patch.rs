//! The patch of the policy: the tuned file and the limit, in the mode that the limit has so far.
//!
//! A limit that is written nowhere only reports until there is a number for it; whoever takes over
//! a proposal has not said that it should refuse.

use crate::{
    cli::learn::{Said, amend, amend_reporting, unified},
    policy::Stance,
    verdict::Mode,
};

/// The policy as it would be, against the policy as it is.
#[derive(Debug)]
pub(super) struct Patch {
    /// As `diff` writes it.
    pub(super) text: String,
    /// What a limit that only reports needs to refuse.
    pub(super) to_enforce: Option<&'static str>,
}

impl Patch {
    /// Of a policy and its limit so far; `None` when there is no place for it.
    pub(super) fn of(
        (name, text): (&str, &str),
        stance: Stance,
        (tuned, limit): (&str, u64),
    ) -> Option<Self> {
        let (path, limit) = (["cost", "max"], limit.to_string());
        let mode = match stance {
            Stance::On { mode, .. } => mode,
            // A limit that is off says nothing of a mode, but what is written beside it may.
            Stance::Off => Said::of(text, &path).mode().unwrap_or(Mode::Report),
        };
        let amended = amend(text, &["cost", "tuned"], tuned)?;
        let amended = match mode {
            Mode::Enforce => amend(&amended, &path, &limit),
            Mode::Report => amend_reporting(&amended, &path, &limit),
        }?;
        let to_enforce = match mode {
            Mode::Enforce => None,
            Mode::Report => Some(to_enforce(Said::of(&amended, &path))),
        };
        Some(Self { text: unified(name, text, &amended), to_enforce })
    }

    /// What is said beside the limit.
    pub(super) fn note(&self) -> String {
        self.to_enforce.map(|it| format!("only reported, as so far; {it}")).unwrap_or_default()
    }
}

/// What to write, by what makes a limit report.
const fn to_enforce(said: Said) -> &'static str {
    match said {
        Said { rule: Some(_), .. } => "to enforce it, write `mode: enforce` in `cost.max`",
        Said { file: Some(Mode::Report), .. } => {
            "to enforce it, delete the `mode: report` of the file, or write \
             `max: { max: NUMBER, mode: enforce }` under `cost`"
        }
        Said { .. } => "to enforce it, write `mode: enforce` under `cost`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON: Stance = Stance::On { mode: Mode::Enforce, limit: 9 };
    const REPORTS: Stance = Stance::On { mode: Mode::Report, limit: 9 };

    /// The lines that a patch adds, and what is said.
    #[track_caller]
    fn check(text: &str, stance: Stance, expect: (&[&str], &str)) {
        let patch = Patch::of(("p.yaml", text), stance, ("p.cost.yaml", 7)).unwrap();
        let added = patch.text.lines().filter(|it| it.starts_with('+') && !it.starts_with("+++"));
        assert_eq!(added.collect::<Vec<_>>(), expect.0, "{text}");
        assert_eq!(patch.note(), expect.1, "{text}");
    }

    const AT_THE_BLOCK: &str =
        "only reported, as so far; to enforce it, write `mode: enforce` under `cost`";

    #[test]
    fn a_limit_that_is_written_nowhere_goes_on_reporting() {
        let added = ["+cost: { tuned: p.cost.yaml, max: 7, mode: report }"];
        check("version: 1\n", REPORTS, (&added, AT_THE_BLOCK));
        let added = ["+  tuned: p.cost.yaml", "+  max: 7", "+  mode: report"];
        check("cost:\n  exact: true\n", REPORTS, (&added, AT_THE_BLOCK));
    }

    #[test]
    fn a_limit_that_reports_goes_on_reporting() {
        let added = ["+cost: { max: 7, mode: report, tuned: p.cost.yaml }"];
        check("cost: { max: 9, mode: report }\n", REPORTS, (&added, AT_THE_BLOCK));
        let added = ["+cost: { max: { max: 7, mode: report }, tuned: p.cost.yaml }"];
        let said = "only reported, as so far; to enforce it, write `mode: enforce` in `cost.max`";
        check("cost: { max: { max: 9, mode: report } }\n", REPORTS, (&added, said));
        let added = ["+cost: { max: 7, tuned: p.cost.yaml }"];
        let said = "only reported, as so far; to enforce it, delete the `mode: report` of the \
                    file, or write `max: { max: NUMBER, mode: enforce }` under `cost`";
        check("mode: report\ncost: { max: 9 }\n", REPORTS, (&added, said));
    }

    #[test]
    fn a_limit_that_refuses_goes_on_refusing() {
        let added = ["+cost: { max: 7, tuned: p.cost.yaml }"];
        check("cost: { max: 9 }\n", ON, (&added, ""));
        let added = ["+cost: { max: 7, mode: enforce, tuned: p.cost.yaml }"];
        check("cost: { max: 9, mode: enforce }\n", ON, (&added, ""));
    }

    /// Nobody has said that it should refuse.
    #[test]
    fn a_limit_that_is_off_comes_back_as_a_report() {
        let added = ["+cost: { max: 7, tuned: p.cost.yaml, mode: report }"];
        check("cost: { max: off }\n", Stance::Off, (&added, AT_THE_BLOCK));
        let added = ["+cost: { max: 7, mode: enforce, tuned: p.cost.yaml }"];
        check("cost: { max: off, mode: enforce }\n", Stance::Off, (&added, ""));
    }

    #[test]
    fn where_nothing_can_be_written_there_is_no_patch() {
        assert!(Patch::of(("p", "cost: 1\n"), ON, ("t", 7)).is_none());
    }
}
