//! Judges single requests without a socket.

use std::{fs, path::Path, sync::Arc};

use portcullis::{
    admission::{CacheLimits, Gate, Requests, UnixSeconds},
    diagnostic::{Colour, Source, render},
    identity::{Caller, Identity},
    json,
    policy::{self, Policy, ProfileIdx},
    transport::{decode, not_json},
    verdict::{Rejected, Verdict},
};
use serde_json::Value;

/// A day on which no exception of a test has run out.
pub(crate) const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

/// A policy from its text; files that it names are read from `folder`.
pub(crate) fn policy(text: &str, folder: &str) -> Policy {
    let source = Arc::new(Source { name: "policy.yaml".into(), text: text.into() });
    let mut resolve = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(name);
        let text = fs::read_to_string(&path).map_err(|it| format!("{}: {it}", path.display()))?;
        Ok(Arc::new(Source { name: name.into(), text: text.into() }))
    };
    let (policy, diagnostics) = policy::load(source, &mut resolve);
    let complaints = render(&diagnostics, Colour::Plain);
    policy.unwrap_or_else(|| panic!("{complaints}\n{text}"))
}

/// A gate with the smallest head and `rest` as policy.
pub(crate) fn gate(schema: &str, rest: &str, folder: &str) -> Gate {
    let text = format!("version: 1\nname: test\nschema: {{ file: {schema} }}\n{rest}");
    Gate::new(Arc::new(policy(&text, folder)), CacheLimits::default())
}

/// Judges the body of a POST.
pub(crate) fn judge(gate: &Gate, body: &[u8]) -> Verdict {
    judge_under(gate, None, body)
}

/// The same under a profile.
pub(crate) fn judge_under(gate: &Gate, profile: Option<ProfileIdx>, body: &[u8]) -> Verdict {
    judge_for(gate, profile, &Caller::default(), body)
}

/// Judges the body of a request of a caller.
pub(crate) fn judge_as(gate: &Gate, caller: &Caller, body: &[u8]) -> Verdict {
    judge_for(gate, None, caller, body)
}

fn judge_for(gate: &Gate, profile: Option<ProfileIdx>, caller: &Caller, body: &[u8]) -> Verdict {
    let tree = match json::read(body, gate.policy().body) {
        Ok(tree) => tree,
        Err(error) => return Verdict::Reject(Rejected::whole(not_json(error))),
    };
    let requests: Requests<'_> = match decode(&tree, &gate.policy().http) {
        Ok(requests) => requests,
        Err(violation) => return Verdict::Reject(Rejected::whole(violation)),
    };
    let Some(profile) = profile else { return gate.admit(&requests, caller, NOW) };
    gate.admit_under(profile, &requests, caller, NOW)
}

/// The caller with these claims; an anonymous one without.
pub(crate) fn caller(claims: Option<&Value>) -> Caller {
    let claims = claims.and_then(Value::as_object).cloned();
    Caller { identity: claims.map(Identity::new).map(Arc::new), ..Caller::default() }
}

/// The code of the first refused item, or `None` when the request is admitted.
pub(crate) fn code(verdict: &Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Admit(_) | Verdict::Answer(_) => None,
        Verdict::Reject(rejected) => rejected.items.first().map(|it| it.code.as_str()),
    }
}

/// The body that would be forwarded.
pub(crate) fn forwarded(verdict: &Verdict) -> Option<Value> {
    match verdict {
        Verdict::Admit(admitted) => serde_json::from_slice(admitted.body()).ok(),
        Verdict::Answer(_) | Verdict::Reject(_) => None,
    }
}
