//! `conditions`: expressions, named once and used anywhere.

use crate::{
    diagnostic::Diagnostics,
    expression::{Asked, Conditions, Name, Outcome, Scope, compile, expression},
    identity::{Caller, Client, Seen},
    yaml::{Node, Value, scalar},
};

/// Reads the block, in the order written: a condition may name those above it.
pub(super) fn read(node: &Node, found: &mut Diagnostics) -> Conditions {
    let mut conditions = Conditions::default();
    let Value::Mapping(entries) = &node.value else {
        let message = format!("expected a mapping, found {}", node.describe());
        found.push(node.error("wrong-shape", message));
        return conditions;
    };
    if entries.len() > MAX {
        found.push(node.error("too-many-items", format!("more than {MAX} conditions")));
        return conditions;
    }
    let mut places = Vec::new();
    for (key, value) in entries {
        let Some(name) = name(key, found) else { continue };
        let Some(source) = scalar::text(value, found) else { continue };
        let compiled = expression(value, source, Scope::Request, &conditions, found);
        // With a mistake there is no policy; its name is known all the same to those who ask for it.
        let stands = compiled.or_else(|| compile("false", Scope::Request, &[]).ok());
        if let Some(expression) = stands {
            conditions.push(name, expression);
            places.push(value);
        }
    }
    warn_of_no_answers(&conditions, &places, found);
    conditions
}

/// The answer for a caller of whom nothing is known but the address.
pub(super) fn for_anonymous<T>(conditions: &Conditions, ask: impl FnOnce(&Asked<'_>) -> T) -> T {
    let client = Client { ip: SOMEWHERE.parse().ok(), ..Client::default() };
    let nobody = Caller { client, ..Caller::default() };
    let seen = Seen::new(&nobody);
    ask(&Asked::new(conditions, &seen))
}

/// A condition without an answer denies wherever it stands, and refuses in `when`: for callers
/// without a token that is seldom meant.
fn warn_of_no_answers(conditions: &Conditions, places: &[&Node], found: &mut Diagnostics) {
    for_anonymous(conditions, |asked| {
        let all = conditions.iter().zip(places).enumerate();
        for (n, ((name, expression), node)) in all {
            let fails = |it: &usize| matches!(asked.condition(*it), Outcome::Nothing(_));
            // One that names a condition without an answer was told of by that.
            if expression.conditions().iter().any(fails) {
                continue;
            }
            if let Outcome::Nothing(why) = asked.condition(n) {
                let message = format!("`{name}` has no answer for an anonymous caller: {why}");
                let warning = node.warning("no-answer", message);
                found.push(match ask_first(expression.source(), &why) {
                    Some(help) => warning.help(help),
                    None => warning,
                });
            }
        }
    });
}

/// How an expression asks whether that is there which `why` says is not; `None` when it is not
/// that something lacks.
pub(super) fn ask_first(source: &str, why: &str) -> Option<String> {
    let missing = why.split('`').nth(1).unwrap_or_default();
    if let Some(quote) = ['"', '\''].into_iter().find(|it| {
        let quoted = format!("{it}{missing}{it}");
        !missing.is_empty() && source.contains(&format!("claims[{quoted}]"))
    }) {
        return Some(format!("ask first: `{quote}{missing}{quote} in claims && …`"));
    }
    let paths = ["claims", "client", "client.mtls"].map(|it| format!("{it}.{missing}"));
    let path = paths.iter().find(|it| !missing.is_empty() && source.contains(it.as_str()));
    let asks_for_claims = || source.contains("claims").then_some("claims.name");
    let path = path.map(String::as_str).or_else(asks_for_claims)?;
    Some(format!("ask first: `has({path}) && …`"))
}

fn name<'n>(key: &'n Node, found: &mut Diagnostics) -> Option<&'n str> {
    let name = key.as_text().unwrap_or_default();
    let starts_well = name.starts_with(|it: char| it.is_ascii_lowercase());
    let is_word = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_';
    if !starts_well || !name.chars().all(is_word) {
        let message = format!("{} cannot be the name of a condition", key.describe());
        found.push(key.error("wrong-name", message).help("write it like `signed_in`"));
        return None;
    }
    if Name::parse(name).is_some() || RESERVED.contains(&name) {
        let message = format!("`{name}` means something else already");
        found.push(key.error("wrong-name", message).help("choose another name"));
        return None;
    }
    Some(name)
}

/// Each is evaluated at most once per request, and one may lead to all those above it.
const MAX: usize = 100;

/// An address for documentation (RFC 5737).
const SOMEWHERE: &str = "192.0.2.1";

const RESERVED: &[&str] = &["always", "false", "in", "never", "null", "size", "true"];

#[cfg(test)]
mod tests {
    use crate::policy::testing::compile;

    const HEAD: &str = "version: 1\nname: t\nschema: { file: s.graphql }\nidentity: { jwt: { \
                        issuer: https://id.example, audience: a, keys: { url: https://id.example/k } } }\n";

    #[track_caller]
    fn check(rest: &str, expect: &[&str]) {
        let (policy, found) = compile(&format!("{HEAD}{rest}"), None);
        let codes: Vec<_> = found.iter().map(|it| it.code).collect();
        assert_eq!(codes, expect, "{rest}");
        assert_eq!(policy.is_none(), found.has_errors());
    }

    #[test]
    fn a_condition_may_name_those_above_it() {
        check("conditions:\n  a: has(claims.sub)\n  b: a && claims.sub != ''", &[]);
        let circle = "conditions:\n  b: a\n  a: has(claims.sub)";
        check(circle, &["wrong-expression"]);
    }

    #[test]
    fn every_mistake_is_told() {
        let three = "conditions:\n  A: 'true'\n  claims: 'true'\n  b: nope || nada\n  c: 1 +";
        check(
            three,
            &[
                "wrong-name",
                "wrong-name",
                "wrong-expression",
                "wrong-expression",
                "wrong-expression",
            ],
        );
        check("conditions: [a]", &["wrong-shape"]);
    }

    #[test]
    fn what_names_a_condition_with_a_mistake_is_right() {
        let rest = "conditions:\n  a: 1 +\n  b: 1 + 1\n  c: a && b";
        check(rest, &["wrong-expression", "wrong-expression"]);
    }

    #[test]
    fn the_help_asks_for_what_is_not_there() {
        let check = |rest: &str, expect: &str| {
            let found = compile(&format!("{HEAD}{rest}"), None).1;
            let help = found.iter().next().and_then(|it| it.help.as_deref());
            assert_eq!(help.unwrap_or_default(), expect, "{rest}");
        };
        let certificate = "conditions: { a: '\"b\" in client.mtls.uris' }";
        check(certificate, "ask first: `has(client.mtls) && …`");
        let namespaced = "conditions: { a: 'claims[\"https://x/role\"] == \"admin\"' }";
        check(namespaced, "ask first: `\"https://x/role\" in claims && …`");
        check("conditions: { a: claims.x == 1 }", "ask first: `has(claims.x) && …`");
        check("conditions: { a: '1 / 0 == 1' }", "");
        check("conditions: { a: 'client.ip < 7' }", "");
        let profile = "profiles: [{ name: p, when: claims.y == 1, limits: { depth: 3 } }]";
        check(profile, "ask first: `has(claims.y) && …`");
    }

    /// What the help says is what works.
    #[test]
    fn a_claim_whose_name_is_no_word_can_be_asked_for_first() {
        check(
            r#"conditions: { a: '"https://x/r" in claims && claims["https://x/r"] == "b"' }"#,
            &[],
        );
        let found = compile(&format!("{HEAD}conditions: {{ a: 'has(claims[\"b-c\"])' }}"), None).1;
        let help = found.iter().next().and_then(|it| it.help.as_deref());
        assert_eq!(help, Some("`has` takes a path of words: write `\"name\" in claims`"));
    }

    #[test]
    fn what_has_no_answer_for_nobody_is_told_once() {
        check("conditions:\n  a: has(claims.x) && claims.x == 1\n  b: client.ip != ''", &[]);
        check("conditions:\n  a: claims.x == 1\n  b: '!a'", &["no-answer"]);
        check("conditions:\n  a: claims.x\n  b: claims.y", &["no-answer", "no-answer"]);
        let profile = |when: &str| {
            format!("profiles: [{{ name: p, when: '{when}', limits: {{ depth: 3 }} }}]")
        };
        check(&profile("claims.x == 1"), &["no-answer"]);
        check(&profile("has(claims.x) && claims.x == 1"), &[]);
    }

    #[test]
    fn a_hundred_are_enough() {
        let many = |n: usize| {
            let lines: String = (0..n).map(|it| format!("\n  c{it}: has(claims.sub)")).collect();
            format!("conditions:{lines}")
        };
        check(&many(100), &[]);
        check(&many(101), &["too-many-items"]);
    }
}
