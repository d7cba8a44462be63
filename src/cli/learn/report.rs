//! What was met and what is proposed, for a person and for a program.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::{
    calibration::{Tally, upper_bound},
    cli::past::grouped,
    policy::ProfileIdx,
    verdict::Mode,
};

/// Everything that is proposed.
#[derive(Debug)]
pub(super) struct Proposals {
    /// Operations that it rests on.
    pub(super) n: u64,
    pub(super) documents: usize,
    pub(super) proposals: Vec<Proposal>,
}

/// One limit.
#[derive(Debug)]
pub(super) struct Proposal {
    pub(super) profile: Box<str>,
    /// Nothing: the policy has no profile of this name.
    pub(super) idx: Option<ProfileIdx>,
    pub(super) setting: &'static str,
    /// Bytes, or things.
    pub(super) is_size: bool,
    /// Nothing: it is off.
    pub(super) now: Option<u64>,
    pub(super) proposed: u64,
    /// Whether it refuses now; what is off does not.
    pub(super) mode: Mode,
    pub(super) tally: Tally,
}

impl Proposal {
    fn candidates(&self) -> [(&'static str, u64); 4] {
        let Self { tally, proposed, .. } = self;
        let (p50, p99) = (tally.quantile(500), tally.quantile(990));
        [("p50", p50), ("p99", p99), ("max", tally.max()), ("proposed", *proposed)]
    }
}

impl Proposals {
    /// What to say beside them, however they are printed.
    pub(super) fn warning(&self) -> Option<String> {
        let few = || {
            format!(
                "warning: few admitted operations ({}): below {FEW} a limit is a guess\n",
                self.n
            )
        };
        self.is_guess().then(few)
    }

    pub(super) fn is_guess(&self) -> bool {
        self.n < FEW
    }

    pub(super) fn as_text(&self) -> String {
        let mut out = format!(
            "{} admitted operations of {} documents\n",
            grouped(self.n),
            grouped(self.documents as u64)
        );
        let mut profile = "";
        for it in &self.proposals {
            if profile != &*it.profile {
                profile = &it.profile;
                let _ = writeln!(out, "\nprofile {profile}");
                let _ = writeln!(
                    out,
                    "  {:<30}{:>9}{:>9}{:>9}{:>9}{:>10}  would have refused (p50 p99 max proposed), \
                     at most of those to come",
                    "", "now", "p50", "p99", "max", "proposed"
                );
            }
            let now = it.now.map_or_else(|| "off".to_owned(), |it| it.to_string());
            let [p50, p99, max, proposed] = it.candidates().map(|(_, limit)| limit);
            let refused = it.candidates().map(|(_, limit)| it.tally.above(limit).to_string());
            let bound = upper_bound(it.tally.above(proposed), it.tally.n()) * 100.0;
            let _ = writeln!(
                out,
                "  {:<30}{now:>9}{p50:>9}{p99:>9}{max:>9}{proposed:>10}  {}; {bound:.2} %",
                it.setting,
                refused.join(" "),
            );
        }
        out
    }

    pub(super) fn as_json(&self, patch: &str) -> Value {
        let proposals = self.proposals.iter().map(|it| {
            let candidates = it.candidates().map(|(name, limit)| {
                let refused = it.tally.above(limit);
                let bound = upper_bound(refused, it.tally.n());
                json!({ "candidate": name, "limit": limit, "refused": refused, "upper_bound": bound })
            });
            json!({
                "profile": it.profile,
                "setting": it.setting,
                "now": it.now,
                "proposed": it.proposed,
                "requests": it.tally.n(),
                "candidates": candidates,
            })
        });
        json!({
            "operations": self.n,
            "documents": self.documents,
            "limits": proposals.collect::<Vec<_>>(),
            "patch": patch,
        })
    }
}

/// 300: with fewer, more than one of a hundred operations to come may be refused (3/n).
pub(super) const FEW: u64 = 300;
