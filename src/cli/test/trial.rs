//! Runs one case: the body goes through the decoder and the gate as a request would.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    admission::{Explanation, Gate, Outcome, Request, Requests, explain},
    digest::Digest,
    expression::Asked,
    identity::{BadCredential, Caller, Client, Identity, Keyring, Seen, Way},
    json,
    policy::{Case, Expect, KeyOrigin, Policy, ProfileIdx, Who},
    sources,
    transport::{by_method, decode, not_json},
    verdict::{Code, Verdict, Violation},
};

/// What came of a case.
#[derive(Debug, Default)]
pub(super) struct Trial {
    /// Why it failed; `None` when it did not.
    pub(super) failure: Option<String>,
    /// The verdict in a word, and the codes.
    pub(super) verdict: String,
    /// What it costs, when that can be told.
    pub(super) cost: Option<u64>,
    /// The rules that objected.
    pub(super) objecting: BTreeSet<&'static str>,
    /// The items of rules that decided something.
    pub(super) items: BTreeSet<(&'static str, Box<str>)>,
    /// The conditions that were asked for, with their answers.
    pub(super) conditions: BTreeSet<(Box<str>, bool)>,
    /// The profile that it was judged under.
    pub(super) profile: Option<ProfileIdx>,
}

impl Trial {
    /// Runs it.
    pub(super) fn of(gate: &Gate, case: &Case) -> Self {
        let body = case.body.to_string();
        let by_method = by_method(case.method, &gate.policy().http);
        let caller = match by_method.and_then(|()| caller(gate.policy(), case)) {
            Ok(caller) => caller,
            Err(violation) => return Self::default().judged(case, &[violation]),
        };
        let tree = match json::read(body.as_bytes(), json::Limits::default()) {
            Ok(tree) => tree,
            Err(error) => return Self::default().judged(case, &[not_json(error)]),
        };
        let requests = match decode(&tree, &gate.policy().http) {
            Ok(requests) => requests,
            Err(violation) => return Self::default().judged(case, &[violation]),
        };
        let mut trial = Self::default();
        let refused = trial.admit(gate, &caller, &requests);
        trial.look(gate.policy(), &caller, &requests);
        trial.judged(case, &refused)
    }

    /// What the client is told; nothing when it is admitted.
    fn admit(&mut self, gate: &Gate, caller: &Caller, requests: &Requests<'_>) -> Vec<Violation> {
        match gate.admit(requests, caller, sources::now()) {
            Verdict::Admit(_) | Verdict::Answer(_) => Vec::new(),
            Verdict::Reject(rejected) => {
                self.objecting.extend(rejected.found.iter().map(|it| it.rule));
                rejected.items
            }
        }
    }

    /// Which parts of the policy had a say.
    fn look(&mut self, policy: &Policy, caller: &Caller, requests: &Requests<'_>) {
        let seen = Seen::new(caller);
        let asked = Asked::new(&policy.conditions, &seen);
        let Ok(profile) = policy.profile_of(&asked) else { return };
        self.profile = Some(profile);
        for request in requests.iter() {
            self.look_at(policy, profile, (request, caller));
        }
    }

    fn look_at(
        &mut self,
        policy: &Policy,
        profile: ProfileIdx,
        (request, caller): (&Request<'_>, &Caller),
    ) {
        let told: Explanation = explain(policy, profile, request, (caller, sources::now()));
        for line in &told.lines {
            let objects = match &line.outcome {
                Outcome::Excused | Outcome::Holds | Outcome::Lifted => false,
                Outcome::Measured { measured, limit, of: _ } => {
                    limit.is_some_and(|it| *measured > it)
                }
                Outcome::Objects(_) | Outcome::TakesOut(_) => true,
            };
            if objects {
                self.objecting.insert(line.rule.id);
            }
        }
        let items = told.decided.iter().map(|(meta, it)| (meta.id, it.by.clone()));
        self.items.extend(items);
        let answers = told.conditions.into_iter().map(|(name, it)| (name, it.holds()));
        self.conditions.extend(answers);
        let cost = told.cost.map(|it| it.combined);
        self.cost = cost.map(|it| it.saturating_add(self.cost.unwrap_or_default())).or(self.cost);
    }

    fn judged(mut self, case: &Case, refused: &[Violation]) -> Self {
        let told: Vec<Code> = refused.iter().map(|it| it.code).collect();
        let found = if refused.is_empty() { Expect::Admit } else { Expect::Refuse };
        let texts: Vec<_> = told.iter().map(|it| it.as_str()).collect();
        self.verdict = match found {
            Expect::Admit => "admitted".to_owned(),
            Expect::Refuse => format!("refused: {}", texts.join(", ")),
        };
        let expect = &case.expect;
        let missing = expect.codes.iter().find(|it| !told.contains(it));
        let why = refused.first().map(|it| format!("; {}: {}", it.rule, it.detail));
        let why = why.unwrap_or_default();
        self.failure = match (expect.verdict, found) {
            (Expect::Admit, Expect::Refuse) => Some(format!("must be admitted{why}")),
            (Expect::Refuse, Expect::Admit) => Some("must be refused".to_owned()),
            _ if missing.is_some() => {
                let code = missing.map_or("", |it| it.as_str());
                Some(format!("must be refused with {code}{why}"))
            }
            _ if expect.cost.is_some() && expect.cost != self.cost => {
                let (must, does) = (expect.cost.unwrap_or_default(), self.cost);
                let does = does.map_or("nothing that can be told".to_owned(), |it| it.to_string());
                Some(format!("must cost {must}, costs {does}"))
            }
            _ => None,
        };
        self
    }
}

fn caller(policy: &Policy, case: &Case) -> Result<Caller, Violation> {
    let identity = match &case.who {
        Who::Anonymous => None,
        Who::Claims(claims) => Some(Arc::new(Identity::new(claims.clone()))),
        Who::Token(token) => Some(identity(policy, token)?),
    };
    let client = Client { ip: case.ip, ..Client::default() };
    let way = Way { method: case.method, ..Way::default() };
    Ok(Caller { identity, client, way })
}

/// Whose token it is: an API key, when the policy has it, or else a JWT. A request has each in a
/// header of its own, a case has one `token` for both.
fn identity(policy: &Policy, token: &str) -> Result<Arc<Identity>, Violation> {
    let (credentials, now) = (&policy.credentials, sources::now().0);
    let by_key = credentials.api_keys.as_ref();
    let by_key = by_key.map(|it| it.keys.identify(&Digest::of(token.as_bytes()).0, now));
    let keys = credentials.jwt.as_ref().map(|it| (&it.keys, &it.rules));
    match (by_key, keys) {
        (Some(Err(BadCredential::UnknownApiKey)), Some((KeyOrigin::File(keys), rules)))
        | (None, Some((KeyOrigin::File(keys), rules))) => {
            let keyring = Keyring::new(Arc::clone(keys), rules.clone());
            keyring.identify(token, now).map_err(Violation::from)
        }
        (Some(Err(BadCredential::UnknownApiKey)) | None, Some((KeyOrigin::Remote(_), _))) => {
            Err(unverified("the keys for it are an issuer's: give the case `claims` instead"))
        }
        (Some(found), _) => found.map_err(Violation::from),
        (None, None) => {
            Err(unverified("the policy reads no tokens: give the case `claims` instead"))
        }
    }
}

fn unverified(why: &str) -> Violation {
    Violation::new("identity", Code::UNAUTHENTICATED, "the token cannot be verified").detailed(why)
}
