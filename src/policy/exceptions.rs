//! `exceptions`: documents, by their hash, for which limits are lifted.
//!
//! Never by operation name: a client chooses that. Only limits can be lifted.

use std::collections::BTreeSet;

use ahash::HashMap;

use crate::{
    calendar,
    diagnostic::Diagnostics,
    digest::Digest,
    rules::{Entry, RuleIdx, Setting},
    verdict::Violation,
    yaml::{Fields, Node, scalar, shape},
};

/// Every exception, by the hash of its document.
#[derive(Debug, Default)]
pub struct Exceptions(HashMap<Digest, Exception>);

/// What is lifted for one document.
#[derive(Debug)]
pub struct Exception {
    lift: BTreeSet<RuleIdx>,
    /// Why it exists.
    pub reason: Box<str>,
    /// Who answers for it.
    pub owner: Box<str>,
    /// When it ends: the first second that is out, since 1970. `None`: it stays.
    pub until: Option<u64>,
}

impl Exceptions {
    /// The exception for a document, by the SHA-256 of its text; whether it lasts is asked apart.
    #[must_use]
    pub fn find(&self, hash: &[u8; 32]) -> Option<&Exception> {
        if self.0.is_empty() { None } else { self.0.get(&Digest(*hash)) }
    }

    /// Every exception, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&Digest, &Exception)> {
        self.0.iter()
    }

    /// True when any exception lifts this rule.
    pub(super) fn lift(&self, rule: RuleIdx) -> bool {
        self.0.values().any(|it| it.lifts(rule))
    }
}

impl Exception {
    /// True when it lifts this rule.
    #[must_use]
    pub fn lifts(&self, rule: RuleIdx) -> bool {
        self.lift.contains(&rule)
    }

    /// True while it has not ended; `now` in seconds since 1970.
    #[must_use]
    pub fn lasts(&self, now: u64) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// Whether exceptions can lift a rule.
#[must_use]
pub fn is_liftable(rule: &str) -> bool {
    crate::rules::REGISTRY.iter().any(|it| it.meta.id == rule && can_be_lifted(it))
}

/// The item of `exceptions` that would lift what has objected to a document, to be pasted and
/// completed; nothing when the rule that is told of cannot be lifted.
#[must_use]
pub fn proposed_exception<'v>(
    rule: &str,
    objections: impl Iterator<Item = &'v Violation>,
    document: &[u8; 32],
) -> Option<String> {
    let all: BTreeSet<&str> = objections.map(|it| it.rule).chain([rule]).collect();
    let registry = crate::rules::REGISTRY.iter().filter(|it| can_be_lifted(it));
    let lifted: Vec<_> = registry.filter(|it| all.contains(it.meta.id)).map(|it| it.meta).collect();
    lifted.iter().find(|it| it.id == rule)?;
    let settings: Vec<_> = lifted.iter().map(|it| it.setting).collect();
    let (document, settings) = (Digest(*document), settings.join(", "));
    Some(format!(
        "- {{ document: \"sha256:{document}\", lift: [{settings}], reason: \"?\", owner: \"?\" }}"
    ))
}

/// An exception as it is written, for the lint.
#[derive(Debug)]
pub(super) struct Placed<'n> {
    pub(super) document: &'n Node,
    pub(super) until: Option<(&'n Node, u64)>,
    pub(super) lift: Vec<(&'n Node, RuleIdx)>,
}

/// Reads the list.
pub(super) fn read<'n>(
    registry: &'static [Entry],
    node: &'n Node,
    found: &mut Diagnostics,
) -> (Exceptions, Vec<Placed<'n>>) {
    let mut exceptions = Exceptions::default();
    let mut all = Vec::new();
    for item in shape::list(node, found) {
        let Some((digest, exception, placed)) = read_one(registry, item, found) else { continue };
        let lift = exception.lift.clone();
        if let Some(earlier) = exceptions.0.insert(digest, exception) {
            let message = "this document has an exception already";
            let error = placed.document.error("duplicate-exception", message);
            let all: BTreeSet<_> = earlier.lift.union(&lift).copied().collect();
            let names = all.iter().filter_map(|it| Some(registry.get(it.0)?.meta.setting));
            let names: Vec<_> = names.collect();
            let help = format!("make one of them: `lift: [{}]`", names.join(", "));
            found.push(error.help(help));
            exceptions.0.insert(digest, Exception { lift: all, ..earlier });
        }
        all.push(placed);
    }
    (exceptions, all)
}

fn read_one<'n>(
    registry: &'static [Entry],
    node: &'n Node,
    found: &mut Diagnostics,
) -> Option<(Digest, Exception, Placed<'n>)> {
    let mut fields = Fields::of(node, "exceptions", found);
    let document = fields.require("document", found);
    let digest = document.and_then(|it| digest(it, found));
    let lift = fields.require("lift", found).map(|it| lifted(registry, it, found));
    let reason = fields.require("reason", found).and_then(|it| scalar::text(it, found));
    let owner = fields.require("owner", found).and_then(|it| scalar::text(it, found));
    let until_node = fields.take("until", found);
    let until = until_node.and_then(|it| Some((it, end_of_day(it, found)?)));
    fields.finish(found);
    let (document, lift) = (document?, lift?);
    let exception = Exception {
        lift: lift.iter().map(|(_, rule)| *rule).collect(),
        reason: reason?.into(),
        owner: owner?.into(),
        until: until.map(|(_, it)| it),
    };
    Some((digest?, exception, Placed { document, until, lift }))
}

pub(super) fn digest(node: &Node, found: &mut Diagnostics) -> Option<Digest> {
    let text = scalar::text(node, found)?;
    let digest = text.strip_prefix("sha256:").and_then(Digest::from_hex);
    if digest.is_none() {
        let error = node.error("not-a-hash", "expected `sha256:` and 64 hexadecimal digits");
        found.push(match Digest::from_hex(text) {
            Some(_) => error.help("write `sha256:` in front"),
            None => error.help("the log and `explain` show the hash of a document"),
        });
    }
    digest
}

fn lifted<'n>(
    registry: &'static [Entry],
    node: &'n Node,
    found: &mut Diagnostics,
) -> Vec<(&'n Node, RuleIdx)> {
    let items = shape::placed_names(node, found);
    if items.is_empty() && shape_is_list(node) {
        found.push(node.error("empty-list", "an exception must lift something"));
    }
    let rule =
        |(name, node): (&str, &'n Node)| Some((node, liftable(registry, name, node, found)?));
    items.into_iter().filter_map(rule).collect()
}

const fn shape_is_list(node: &Node) -> bool {
    matches!(node.value, crate::yaml::Value::Sequence(_))
}

fn liftable(
    registry: &'static [Entry],
    name: &str,
    node: &Node,
    found: &mut Diagnostics,
) -> Option<RuleIdx> {
    let place = registry.iter().position(|it| it.meta.setting == name);
    let entry = place.and_then(|it| registry.get(it));
    if entry.is_some_and(can_be_lifted) {
        return place.map(RuleIdx);
    }
    if entry.is_some() {
        let error = node.error("not-a-limit", format!("`{name}` is no limit and cannot be lifted"));
        found.push(error.help("an exception lifts settings under `limits`, and `cost.max`"));
        return None;
    }
    let known: Vec<_> = registry.iter().filter(|it| can_be_lifted(it)).collect();
    let known: Vec<_> = known.into_iter().map(|it| it.meta.setting).collect();
    // `depth` is as good as `limits.dept`: both have one meaning.
    let error = node.error("unknown-limit", format!("there is no limit `{name}`"));
    let full = known.iter().find(|it| it.rsplit('.').next() == Some(name));
    found.push(match full {
        Some(full) => error.help(format!("did you mean `{full}`?")),
        None => error.did_you_mean(name, known.iter().copied()),
    });
    None
}

pub(super) fn can_be_lifted(entry: &Entry) -> bool {
    let block = entry.meta.setting.split('.').next();
    matches!(entry.setting, Setting::Limit { .. }) && matches!(block, Some("limits" | "cost"))
}

/// The end of the day that is written.
fn end_of_day(node: &Node, found: &mut Diagnostics) -> Option<u64> {
    let end = calendar::end_of_day(scalar::text(node, found)?);
    if end.is_none() {
        let message = format!("expected a date such as `2027-03-01`, found {}", node.describe());
        found.push(node.error("not-a-date", message));
    }
    end
}

#[cfg(test)]
mod tests {
    use crate::{
        policy::{
            Policy,
            testing::{compile, rule},
        },
        rules::RuleIdx,
    };

    const HEAD: &str = "version: 1\nname: t\nschema: { file: s.graphql }\n";

    /// Compiles one exception with `document` filled in, and compares the codes.
    #[track_caller]
    fn check(rest: &str, now: Option<u64>, expect: &[&str]) -> Option<Policy> {
        let hash = format!("sha256:{}", "ab".repeat(32));
        let (policy, found) = compile(&format!("{HEAD}{}", rest.replace("HASH", &hash)), now);
        assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), expect);
        policy
    }

    #[test]
    fn a_document_is_found_by_its_hash() {
        let rest = "exceptions: [{document: HASH, lift: [limits.depth], reason: r, owner: o}]";
        let policy = check(rest, None, &[]).unwrap();
        let exception = policy.exceptions().find(&[0xab; 32]).unwrap();
        assert!(exception.lifts(RuleIdx(rule("limits.depth"))));
        assert!(!exception.lifts(RuleIdx(rule("limits.tokens"))));
        assert!(exception.lasts(u64::MAX));
        assert!(policy.exceptions().find(&[0xac; 32]).is_none());
    }

    #[test]
    fn it_lasts_until_the_end_of_the_day() {
        let rest = "exceptions: [{document: HASH, lift: [limits.depth], reason: r, owner: o, \
                    until: 1970-01-02}]";
        let policy = check(rest, Some(2 * 86_400 - 1), &[]).unwrap();
        let exception = policy.exceptions().find(&[0xab; 32]).unwrap();
        assert!(exception.lasts(2 * 86_400 - 1));
        assert!(!exception.lasts(2 * 86_400));
        check(rest, Some(2 * 86_400), &["expired-exception"]);
    }

    #[test]
    fn only_limits_can_be_lifted() {
        let lift = |it: &str| {
            format!("exceptions: [{{document: HASH, lift: [{it}], reason: r, owner: o}}]")
        };
        check(&lift("limits.variables.list"), None, &[]);
        check(&lift("introspection"), None, &["not-a-limit"]);
        check(&lift("operations.max"), None, &["not-a-limit"]);
        check(&lift("limits.dept"), None, &["unknown-limit"]);
        check(&lift("depth"), None, &["unknown-limit"]);
        check(&lift(""), None, &["empty-list"]);
        let off = "limits: { depth: off }\n";
        check(&format!("{off}{}", lift("limits.depth")), None, &["no-effect"]);
    }

    #[test]
    fn someone_answers_for_it() {
        check("exceptions: [{document: HASH, lift: [limits.depth]}]", None, &["missing-key"; 2]);
        let one = "{document: HASH, lift: [limits.depth], reason: r, owner: o}";
        let twice = format!("exceptions: [{one}, {one}]");
        check(&twice, None, &["duplicate-exception"]);
        let other = one.replace("limits.depth", "limits.tokens");
        let text = format!("{HEAD}exceptions: [{one}, {other}]");
        let text = text.replace("HASH", &format!("sha256:{}", "ab".repeat(32)));
        let found = compile(&text, None).1;
        let help = found.iter().next().and_then(|it| it.help.clone()).unwrap();
        assert!(help.contains("limits.depth") && help.contains("limits.tokens"), "{help}");
    }

    #[test]
    fn hashes_are_whole() {
        for hash in ["abc", "sha256:abc", &"ab".repeat(32), "md5:abc"] {
            let rest = format!(
                "exceptions: [{{document: '{hash}', lift: [limits.depth], reason: r, owner: o}}]"
            );
            check(&rest, None, &["not-a-hash"]);
        }
    }
}
