//! What really applies: every rule for one profile, and what comes before and after the rules.
//!
//! Not the rates, the documents and the identity: of these nothing has a default that applies.

use std::{fmt::Write as _, time::Duration};

use crate::{
    policy::{
        Contract, ErrorText, ExplainRefusals, Get, Http, Policy, ProfileIdx, ResponseRules, Stance,
        Status, Suggestions, Timeouts, UnknownKeys, Uploads, WebSocket,
    },
    rules::{RuleIdx, Setting, Unit},
    schema::Schema,
    verdict::Mode,
    yaml::scalar,
};

/// A line for each setting.
pub(super) fn effective(policy: &Policy, profile: ProfileIdx) -> String {
    let rules = policy.rules().map(|(it, _)| (policy.meta(it).setting, rule(policy, profile, it)));
    let body = ("limits.body", format!("enforce {} bytes", policy.http.body));
    let all = rules.chain([body]).chain(http(&policy.http));
    let mut out = String::new();
    for (setting, stands) in all.chain(response(&policy.response, &policy.schema)) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{setting:<30}{stands}");
    }
    out
}

fn rule(policy: &Policy, profile: ProfileIdx, rule: RuleIdx) -> String {
    let (mode, limit) = match policy.stance(profile, rule) {
        Stance::Off => return "off".into(),
        Stance::On { mode: Mode::Enforce, limit } => ("enforce", limit),
        Stance::On { mode: Mode::Report, limit } => ("report", limit),
    };
    match policy.setting(rule) {
        // Without a word of the policy there is nothing that it could hold against anybody.
        Setting::Bound { .. } | Setting::Input { .. } if !policy.says(rule) => "none".into(),
        Setting::Limit { unit: Unit::Bytes, .. } => format!("{mode:<8}{limit} bytes"),
        Setting::Limit { unit: Unit::Count, .. } => format!("{mode:<8}{limit}"),
        Setting::Bound { .. }
        | Setting::Input { .. }
        | Setting::Shape { .. }
        | Setting::Switch { .. } => mode.into(),
    }
}

fn http(http: &Http) -> [(&'static str, String); 13] {
    let Http {
        path,
        batch,
        body: _told_among_the_limits,
        unknown_keys,
        extensions,
        forward_extensions,
        forward_headers,
        origins,
        get,
        csrf_header,
        uploads,
        websocket,
        status,
        explain_refusals,
    } = http;
    [
        ("http.path", path.to_string()),
        ("http.get", get_word(*get).into()),
        ("http.csrf_header", list(csrf_header)),
        ("http.origins", list(origins.as_deref().unwrap_or_default())),
        ("http.batch", batch.to_string()),
        ("http.uploads", uploads.map_or_else(|| "off".into(), self::uploads)),
        ("http.websocket", websocket.as_ref().map_or_else(|| "off".into(), self::websocket)),
        ("http.unknown_keys", unknown_keys_word(*unknown_keys).into()),
        ("http.extensions", list(extensions)),
        ("http.forward_extensions", list(forward_extensions)),
        ("http.forward_headers", list(forward_headers)),
        ("http.status", status_word(*status).into()),
        ("http.explain_refusals", explain_word(*explain_refusals).into()),
    ]
}

fn response(rules: &ResponseRules, schema: &Schema) -> [(&'static str, String); 10] {
    let ResponseRules {
        max,
        timeout: Timeouts { first_byte, idle, total },
        depth,
        list: longest,
        contract,
        errors,
        suggestions,
        extensions,
        remove_headers,
        redact,
    } = rules;
    let timeouts = [("first_byte", first_byte), ("idle", idle), ("total", total)];
    let timeouts = timeouts.into_iter().filter_map(|(name, it)| Some(wait(name, (*it)?)));
    let redact: Vec<Box<str>> = redact.iter().map(|it| schema.coordinate(*it).into()).collect();
    let off = || "off".to_owned();
    [
        ("response.max", max.map_or_else(off, |it| scalar::write_bytes(&it))),
        ("response.timeout", list(&timeouts.collect::<Vec<_>>())),
        ("response.depth", depth.map_or_else(off, |it| it.to_string())),
        ("response.list", longest.map_or_else(off, |it| it.to_string())),
        ("response.contract", contract_word(*contract).into()),
        ("response.errors", self::errors(errors)),
        ("response.suggestions", suggestions_word(*suggestions).into()),
        ("response.extensions", extensions.as_deref().map_or_else(|| "all".into(), list)),
        ("response.remove_headers", list(remove_headers)),
        ("response.redact", list(&redact)),
    ]
}

fn list(items: &[Box<str>]) -> String {
    if items.is_empty() { "none".into() } else { items.join(", ") }
}

fn wait(name: &str, time: Duration) -> Box<str> {
    let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    format!("{name} {}", scalar::write_duration(&milliseconds)).into()
}

fn uploads(Uploads { files, bytes }: Uploads) -> String {
    format!("{files} files, {}", scalar::write_bytes(&bytes))
}

fn websocket(it: &WebSocket) -> String {
    it.operations.iter().map(|it| it.keyword()).collect::<Vec<_>>().join(", ")
}

fn errors(errors: &ErrorText) -> String {
    match errors {
        ErrorText::Mask { keep_codes } if keep_codes.is_empty() => "mask".into(),
        ErrorText::Mask { keep_codes } => format!("mask all but {}", list(keep_codes)),
        ErrorText::Pass => "pass".into(),
    }
}

const fn get_word(get: Get) -> &'static str {
    match get {
        Get::Off => "off",
        Get::On => "on",
        Get::Trusted => "trusted",
    }
}

const fn unknown_keys_word(keys: UnknownKeys) -> &'static str {
    match keys {
        UnknownKeys::Drop => "drop",
        UnknownKeys::Reject => "reject",
    }
}

const fn status_word(status: Status) -> &'static str {
    match status {
        Status::Always200 => "always-200",
        Status::Audit400 => "audit-400",
        Status::Draft2026 => "draft-2026",
    }
}

const fn explain_word(explains: ExplainRefusals) -> &'static str {
    match explains {
        ExplainRefusals::Off => "false",
        ExplainRefusals::On => "true",
    }
}

const fn contract_word(contract: Contract) -> &'static str {
    match contract {
        Contract::Enforce => "enforce",
        Contract::Off => "off",
        Contract::Report => "report",
    }
}

const fn suggestions_word(suggestions: Suggestions) -> &'static str {
    match suggestions {
        Suggestions::Keep => "keep",
        Suggestions::Strip => "strip",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{diagnostic::Source, policy};

    #[track_caller]
    fn check(rest: &str, expect: &[&str]) {
        let source = |text: String| Arc::new(Source { name: "a".into(), text: text.into() });
        let text = format!("version: 1\nname: t\nschema: {{ file: s.graphql }}\n{rest}");
        let schema = || source("type Query { a: Int }".into());
        let (policy, found) = policy::load(source(text), &mut |_| Ok(schema()));
        let policy = policy.unwrap_or_else(|| panic!("{found:?}"));
        let told = effective(&policy, ProfileIdx::BASE);
        for line in expect {
            let (setting, stands) = line.split_once(' ').unwrap();
            assert!(told.contains(&format!("{setting:<30}{stands}\n")), "{line}\n{told}");
        }
    }

    #[test]
    fn what_is_not_written_is_told_as_well() {
        check(
            "",
            &[
                "limits.depth enforce 15",
                "limits.body enforce 102400 bytes",
                "authorization none",
                "once_per_request none",
                "inputs.range none",
                "http.path /graphql",
                "http.get off",
                "http.origins none",
                "http.uploads off",
                "http.websocket off",
                "response.max 10MiB",
                "response.timeout none",
                "response.extensions all",
                "response.remove_headers server, x-powered-by",
            ],
        );
    }

    #[test]
    fn what_is_written_is_told_as_it_stands() {
        check(
            "mode: report\nlimits: { body: 1KiB, depth: off }
authorization: { default: deny, rules: [{ on: [Query.a], allow: always }] }
http: { get: on, origins: ['https://a.b'], uploads: { files: 2, bytes: 1MiB }, websocket: {} }
response: { max: off, timeout: 30s, errors: { mask: true, keep_codes: [A] }, extensions: [] }",
            &[
                "limits.depth off",
                "limits.body enforce 1024 bytes",
                "authorization report",
                "http.get on",
                "http.origins https://a.b",
                "http.uploads 2 files, 1MiB",
                "http.websocket subscription",
                "response.max off",
                "response.timeout total 30s",
                "response.errors mask all but A",
                "response.extensions none",
            ],
        );
    }
}
