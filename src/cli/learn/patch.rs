//! The proposals as a patch of the policy: the numbers of everyone first, then those of profiles.
//!
//! A profile has numbers of its own where it has some already, and where that of everyone would
//! refuse what the profile was seen to ask for.

use std::collections::BTreeSet;

use crate::{
    cli::learn::{
        amend::{amend, amend_reporting, says},
        diff::unified,
        report::{FEW, Proposal, Proposals},
    },
    policy::{Policy, ProfileIdx},
    verdict::Mode,
};

impl Proposals {
    /// The policy with what is proposed, against the policy as it is.
    pub(super) fn patch(&self, name: &str, text: &str) -> Result<String, String> {
        let mut amended = text.to_owned();
        for it in self.for_everyone().chain(self.for_profiles(text)) {
            let (path, written) = (it.path(), it.written());
            let changed = match it.mode {
                Mode::Report if self.is_guess_of(it) => amend_reporting(&amended, &path, &written),
                // A limit that was written nowhere only reports until there is a number for it.
                Mode::Enforce | Mode::Report => amend(&amended, &path, &written),
            };
            amended = changed.ok_or_else(|| {
                let place = path.join(".");
                format!("`{place}` cannot be changed in `{name}`")
            })?;
        }
        Ok(unified(name, text, &amended))
    }

    /// What is said of profiles that the patch says nothing of.
    pub(super) fn left_out(&self, policy: &Policy) -> String {
        let unknown = self.proposals.iter().filter(|it| it.idx.is_none()).map(|it| &*it.profile);
        let unknown = unknown.collect::<BTreeSet<_>>().into_iter().map(|it| {
            format!("warning: the policy has no profile `{it}`: the patch has nothing of it\n")
        });
        let is_met = |name: &str| self.proposals.iter().any(|it| *it.profile == *name);
        let is_patched = self.for_everyone().next().is_some();
        let profiles = policy.profiles().iter().skip(1).map(|it| &*it.name);
        let unmet = profiles.filter(|it| is_patched && !is_met(it)).map(|it| {
            format!(
                "warning: the log has no admitted operation of the profile `{it}`: where it has \
                 no number of its own, the new one of the others counts for it\n"
            )
        });
        unknown.chain(unmet).collect()
    }

    fn for_everyone(&self) -> impl Iterator<Item = &Proposal> {
        let all = self.proposals.iter();
        all.filter(|it| it.idx == Some(ProfileIdx::BASE) && it.now != Some(it.proposed))
    }

    fn for_profiles(&self, text: &str) -> impl Iterator<Item = &Proposal> {
        let all = self.proposals.iter();
        let all = all.filter(|it| it.idx.is_some_and(|it| it != ProfileIdx::BASE));
        all.filter(move |it| {
            if says(text, &it.path()) {
                return it.now != Some(it.proposed);
            }
            let everyone = self.for_everyone().find(|other| other.setting == it.setting);
            let inherited = everyone.map(|it| it.proposed).or(it.now);
            inherited.is_some_and(|limit| it.proposed > limit)
        })
    }

    /// Of those who are few, little is known, however many the others are.
    fn is_guess_of(&self, it: &Proposal) -> bool {
        let is_profile = it.idx != Some(ProfileIdx::BASE);
        self.is_guess() || is_profile && it.tally.n() < FEW
    }
}

impl Proposal {
    /// Where the policy has it.
    fn path(&self) -> Vec<&str> {
        let setting = self.setting.split('.');
        match self.idx {
            None | Some(ProfileIdx::BASE) => setting.collect(),
            Some(_) => ["profiles", &self.profile].into_iter().chain(setting).collect(),
        }
    }

    /// As the policy writes it.
    fn written(&self) -> String {
        if self.is_size {
            format!("{}KiB", self.proposed / 1024)
        } else {
            self.proposed.to_string()
        }
    }
}
