//! The policy: what is admitted, compiled whole from a file or not at all.
//!
//! Read through the registry of rules: a new rule needs no change here. Never ports, addresses or
//! secrets; those are config.

mod api_keys;
mod cases;
mod claim;
mod conditions;
mod cost;
mod csrf_header;
mod documents;
mod documents_schema;
mod exceptions;
mod forward_headers;
mod http;
mod http_schema;
mod identity;
mod identity_schema;
mod inputs;
mod json_schema;
mod jwt;
mod key_origin;
mod key_url;
mod lint;
mod load;
pub mod manifest;
mod origins;
mod profiles;
mod rates;
mod reading;
mod response;
mod schema_file;
mod secret;
mod settings;
mod stance;
#[cfg(test)]
mod testing;
mod subgraph;
mod tree;
mod uncounted;
mod uploads;
mod websocket;

pub use cases::{Case, CaseFile, Expect, Expected, Who, cases, listed_cases};
pub use documents::{
    Apq, DocumentIdx, DocumentSettings, Documents, Library, ListedIdx, TrustedDocument,
};
pub use exceptions::{Exception, Exceptions, is_liftable, proposed_exception};
pub use forward_headers::why_not_forwarded;
pub use http::{ExplainRefusals, Get, Http, Status, UnknownKeys};
pub use identity::{ApiKeyHeader, Credentials};
pub use json_schema::json_schema;
pub use jwt::Jwt;
pub use key_origin::{KeyOrigin, KeyPlace, RemoteOrigin};
pub use key_url::why_not_asked;
pub use load::{load, load_at};
pub use profiles::{Profile, ProfileIdx};
pub use rates::{Allowance, ArgumentKey, Counts, Normalise, OnError, Pace, Paced, Rate, RateKey};
pub use response::{Contract, ErrorText, ResponseRules, Suggestions, Timeouts};
pub use schema_file::{Drift, INTROSPECTION, OnDrift, SchemaOrigin};
pub use stance::Stance;
pub use uploads::Uploads;
pub use websocket::WebSocket;

use std::sync::Arc;

use crate::{
    cost::Model,
    digest::Digest,
    document::{Ceilings, ReadLimits},
    expression::{Asked, Conditions, Outcome, When},
    json,
    operation::{AbsentVariables, Skipped},
    rules::{self, Entry, Meta, Rule, RuleIdx, Setting},
    schema::Schema,
    verdict::{Code, Mode, Violation, ids},
};

/// What is admitted. Only [`load`] makes one, and only from a file without errors.
#[derive(Debug)]
pub struct Policy {
    /// What it calls itself.
    pub name: Box<str>,
    /// The upstream's types.
    pub schema: Arc<Schema>,
    /// What everything in it costs.
    pub cost: Arc<Model>,
    /// Where the types come from, and how they are kept current.
    pub origin: SchemaOrigin,
    /// How requests are framed, and what of them goes on.
    pub http: Http,
    /// Which credentials count.
    pub credentials: Credentials,
    /// How much may be spent in a time.
    pub rates: Vec<Arc<Rate>>,
    /// What an answer of the upstream may be.
    pub response: ResponseRules,
    /// What becomes of the operations of a document that are not the selected one.
    pub unselected: Unselected,
    /// What becomes of selections that @skip and @include leave out.
    pub skipped: Skipped,
    /// What the upstream reads where a variable of an input object has no value.
    pub absent: AbsentVariables,
    /// Whether a second parser must agree.
    pub second_reader: SecondReader,
    /// Which documents may be sent.
    pub documents: Documents,
    /// What is read of a body at most.
    pub body: json::Limits,
    /// What is read of a document at most: the largest that any profile or exception allows.
    pub reading: ReadLimits,
    /// What is validated at most.
    pub ceilings: Ceilings,
    /// The files of its cases, relative to the policy.
    pub tests: Vec<CaseFile>,
    /// SHA-256 of the policy file, the schema and the trusted documents.
    pub digest: Digest,
    /// SHA-256 of each block of the file by its key, and of the schema as `types`: what two policies
    /// say alike.
    pub blocks: Vec<(Box<str>, Digest)>,
    /// The named conditions.
    pub conditions: Conditions,
    registry: &'static [Entry],
    /// In the order of the registry.
    rules: Vec<Box<dyn Rule>>,
    /// Those that the file says something of.
    said: Vec<RuleIdx>,
    /// By rule: for whom it does not count.
    excuses: Vec<Option<When>>,
    /// INVARIANT: never empty; the base is first.
    profiles: Vec<Profile>,
    exceptions: Exceptions,
}

/// The smallest safe policy: the defaults, over `schema.graphql` beside the file.
///
/// `init` writes it next to the fetched schema; `serve` never starts without a policy file, since
/// there is no default for the upstream's types.
pub const BASELINE: &str = include_str!("../../policies/baseline.yaml");

impl Policy {
    /// Every rule, in the order of the registry.
    pub fn rules(&self) -> impl Iterator<Item = (RuleIdx, &dyn Rule)> {
        (0..).map(RuleIdx).zip(self.rules.iter().map(|it| &**it))
    }

    /// A rule.
    // INVARIANT: as below.
    #[expect(clippy::indexing_slicing, reason = "the index comes from `Policy::rules`")]
    #[must_use]
    pub fn rule(&self, rule: RuleIdx) -> &dyn Rule {
        &*self.rules[rule.0]
    }

    /// The entry of a rule in the registry.
    // INVARIANT: a `RuleIdx` comes from `rules` of a policy, and every policy has every rule.
    #[expect(clippy::indexing_slicing, reason = "the index comes from `Policy::rules`")]
    const fn entry(&self, rule: RuleIdx) -> &'static Entry {
        &self.registry[rule.0]
    }

    /// Whether the file says something of a rule, or leaves it to the default.
    #[must_use]
    pub fn says(&self, rule: RuleIdx) -> bool {
        self.said.contains(&rule)
    }

    /// Whether the file says who may ask for which field.
    #[must_use]
    pub fn authorizes(&self) -> bool {
        self.said.iter().any(|it| self.meta(*it).id == rules::AUTHORIZATION)
    }

    /// The rule that compares the cost with its limit.
    #[must_use]
    pub fn cost_rule(&self) -> Option<RuleIdx> {
        self.rules().map(|(idx, _)| idx).find(|it| self.meta(*it).id == rules::COST)
    }

    /// What a rule is called.
    #[must_use]
    pub const fn meta(&self, rule: RuleIdx) -> &'static Meta {
        self.entry(rule).meta
    }

    /// How a rule can be set.
    #[must_use]
    pub const fn setting(&self, rule: RuleIdx) -> &'static Setting {
        &self.entry(rule).setting
    }

    /// Whether rates are settled by what an answer cost.
    #[must_use]
    pub fn settles_cost(&self) -> bool {
        self.rates.iter().any(|it| it.counts == Counts::Cost && it.is_settled())
    }

    /// The rates of a profile, at the places of [`Policy::rates`].
    #[must_use]
    pub fn rates_of(&self, profile: ProfileIdx) -> &[Arc<Rate>] {
        self.profiles.get(profile.0).and_then(|it| it.rates.as_deref()).unwrap_or(&self.rates)
    }

    /// How a profile stands to a rule; what does not exist admits nothing.
    #[must_use]
    pub fn stance(&self, profile: ProfileIdx, rule: RuleIdx) -> Stance {
        let profile = self.profiles.get(profile.0);
        let closed = Stance::On { mode: Mode::Enforce, limit: 0 };
        profile.and_then(|it| it.stances.get(rule.0)).copied().unwrap_or(closed)
    }

    /// Whether a rule refuses in a profile, and does not only report.
    #[must_use]
    pub fn is_enforced(&self, profile: ProfileIdx, rule: RuleIdx) -> bool {
        matches!(self.stance(profile, rule), Stance::On { mode: Mode::Enforce, .. })
    }

    /// Whether no profile refuses anything, by a rule or by a rate.
    fn only_watches(&self) -> bool {
        let mut stances = self.profiles.iter().flat_map(Profile::stances);
        let own = self.profiles.iter().filter_map(|it| it.rates.as_deref()).flatten();
        let mut rates = self.rates.iter().chain(own);
        !stances.any(|it| matches!(it, Stance::On { mode: Mode::Enforce, .. }))
            && !rates.any(|it| it.mode == Mode::Enforce)
            && !self.rules().any(|(_, it)| it.insists())
    }

    /// Every profile, the base first.
    #[must_use]
    pub fn profiles(&self) -> &[Profile] {
        &self.profiles
    }

    /// A profile by its name; the file itself is `base`.
    #[must_use]
    pub fn profile_named(&self, name: &str) -> Option<ProfileIdx> {
        self.profiles.iter().position(|it| &*it.name == name).map(ProfileIdx)
    }

    /// The profile of a caller: the first that matches, or the base.
    ///
    /// # Errors
    /// As [`Policy::choose`].
    pub fn profile_of(&self, asked: &Asked<'_>) -> Result<ProfileIdx, Violation> {
        self.choose(asked).map(|(profile, _unanswered)| profile)
    }

    /// The same, with the objection to a condition that has no answer, where that refuses nobody:
    /// none of the profiles would.
    ///
    /// # Errors
    /// A condition that has no answer refuses: whichever profile were taken could be the wrong one.
    pub fn choose(&self, asked: &Asked<'_>) -> Result<(ProfileIdx, Option<Violation>), Violation> {
        for (idx, profile) in (0..).map(ProfileIdx).zip(&self.profiles).skip(1) {
            match profile.when.evaluate(asked, None) {
                Outcome::Fails => {}
                Outcome::Holds => return Ok((idx, None)),
                Outcome::Nothing(why) => {
                    let objection = no_profile(&profile.name, &why);
                    if self.only_watches() {
                        return Ok((ProfileIdx::BASE, Some(objection)));
                    }
                    return Err(objection);
                }
            }
        }
        Ok((ProfileIdx::BASE, None))
    }

    /// Whether a rule does not count for a caller: `introspection: { allow_when: staff }`.
    #[must_use]
    pub fn excuses(&self, rule: RuleIdx, asked: &Asked<'_>) -> bool {
        let excuse = self.excuses.get(rule.0).and_then(Option::as_ref);
        excuse.is_some_and(|it| it.evaluate(asked, None).holds())
    }

    /// Whether there may be callers for whom a rule does not count.
    #[must_use]
    pub fn may_excuse(&self, rule: RuleIdx) -> bool {
        self.excuses.get(rule.0).is_some_and(Option::is_some)
    }

    /// The documents for which limits are lifted.
    #[must_use]
    pub const fn exceptions(&self) -> &Exceptions {
        &self.exceptions
    }
}

fn no_profile(name: &str, why: &str) -> Violation {
    Violation::new(ids::PROFILE, Code::FORBIDDEN, "the request cannot be judged")
        .detailed(format!("`when` of profile `{name}` has no answer: {why}"))
}

/// What becomes of the operations of a document that are not the selected one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unselected {
    /// Nobody looks at them; they are not forwarded either.
    Ignore,
    /// They are judged like the selected one.
    #[default]
    Judge,
}

/// Whether a second parser must read the same document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecondReader {
    /// One reader decides.
    #[default]
    Off,
    /// Every new document needs both.
    On,
}
