//! Warnings: settings that are right by themselves and surely not meant so. A setting without
//! effect is a hole that looks like a wall.

use crate::{
    diagnostic::Diagnostics,
    expression::When,
    policy::{Profile, Stance, exceptions, profiles},
    rules::{Entry, RuleIdx},
    verdict::Mode,
    yaml::{Node, Value, scalar},
};

/// What was read, with its places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draft<'d, 'n> {
    pub(super) root: &'n Node,
    /// The mode of the file, and of each block that says one.
    pub(super) modes: (Mode, &'d [(&'n Node, Mode)]),
    /// The base first, so one more than places.
    pub(super) profiles: (&'d [Profile], &'d [profiles::Placed<'n>]),
    pub(super) exceptions: &'d [exceptions::Placed<'n>],
    pub(super) body: u64,
}

/// Adds the warnings; `now` in seconds since 1970, when the caller has a clock.
pub(super) fn lint(
    registry: &'static [Entry],
    draft: &Draft<'_, '_>,
    now: Option<u64>,
    found: &mut Diagnostics,
) {
    blocks(draft, found);
    profiles(draft, found);
    for exception in draft.exceptions {
        self::exception(registry, draft, exception, found);
        ended(exception, now, found);
    }
    watches_only(draft, found);
    admits_nothing(registry, draft, found);
    document_over_body(registry, draft, found);
    cost_of_documents(registry, draft, found);
    nobody_signs_in(draft.root, found);
}

fn blocks(draft: &Draft<'_, '_>, found: &mut Diagnostics) {
    let (file, blocks) = draft.modes;
    let idle = blocks.iter().filter(|(_, it)| (file, *it) == (Mode::Report, Mode::Enforce));
    for (key, _) in idle {
        let message = "`mode: enforce` of a block has no effect while the file says `mode: report`";
        let help = "say `enforce` at the rule, or delete the `mode` of the file";
        found.push(key.warning("no-effect", message).help(help));
    }
}

fn profiles(draft: &Draft<'_, '_>, found: &mut Diagnostics) {
    let (profiles, places) = draft.profiles;
    let base = profiles.first();
    let mut hidden_by: Option<&str> = None;
    let of_documents: Vec<_> = of_documents(draft.root, "profile").collect();
    for (profile, place) in profiles.iter().skip(1).zip(places) {
        let name = &profile.name;
        let is_nobodys = matches!(profile.when, When::Never) || hidden_by.is_some();
        if is_nobodys && of_documents.iter().any(|it| it.as_text() == Some(name)) {
            if place.rates.is_some() {
                let message = format!("the `rates` of profile `{name}` have no effect");
                let warning = place.node.warning("no-effect", message);
                found.push(warning.help("a document spends of the rates of whoever sends it"));
            }
        } else if matches!(profile.when, When::Never) {
            let message = format!("profile `{name}` never applies");
            found.push(place.node.warning("no-effect", message));
        } else if let Some(hider) = hidden_by {
            let message = format!("profile `{name}` never applies: `{hider}` always comes first");
            found.push(place.node.warning("no-effect", message));
        } else if place.rates.is_none() && base.is_some_and(|it| it.stances() == profile.stances())
        {
            let message = format!("profile `{name}` changes nothing");
            found.push(place.node.warning("no-effect", message));
        }
        if matches!(profile.when, When::Always) {
            hidden_by = hidden_by.or(Some(name));
        }
    }
}

fn exception(
    registry: &'static [Entry],
    draft: &Draft<'_, '_>,
    exception: &exceptions::Placed<'_>,
    found: &mut Diagnostics,
) {
    let (profiles, _) = draft.profiles;
    for (node, rule) in &exception.lift {
        let is_off = |it: &Profile| matches!(it.stances().get(rule.0), Some(Stance::Off));
        if profiles.iter().all(is_off) {
            let setting = setting(registry, *rule);
            let message = format!("`{setting}` is off anyway: there is nothing to lift");
            found.push(node.warning("no-effect", message));
        }
    }
}

fn ended(exception: &exceptions::Placed<'_>, now: Option<u64>, found: &mut Diagnostics) {
    if let (Some((node, until)), Some(now)) = (exception.until, now)
        && now >= until
    {
        let warning = node.warning("expired-exception", "this exception has ended");
        found.push(warning.help("delete it, or set a later day"));
    }
}

/// By GET come only trusted documents, and there are none.
pub(super) fn trusted_get(root: &Node, found: &mut Diagnostics) {
    let get = member(root, "http").and_then(|it| member(it, "get"));
    if let Some(get) = get.filter(|it| it.as_text() == Some("trusted")) {
        let message = "`http.get: trusted` has no effect: no document is trusted";
        let warning = get.warning("no-effect", message);
        found.push(warning.help("name a manifest in `documents.manifests`, or write `off`"));
    }
}

fn member<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    entry(node, key).map(|(_, value)| value)
}

fn entry<'n>(node: &'n Node, key: &str) -> Option<&'n (Node, Node)> {
    let Value::Mapping(entries) = &node.value else { return None };
    entries.iter().find(|(it, _)| it.as_text() == Some(key))
}

/// What `documents.settings` says under a key.
fn of_documents<'n>(root: &'n Node, key: &'static str) -> impl Iterator<Item = &'n Node> {
    let settings = member(root, "documents").and_then(|it| member(it, "settings"));
    let items = match settings.map(|it| &it.value) {
        Some(Value::Sequence(items)) => items.as_slice(),
        _ => &[],
    };
    items.iter().filter_map(move |it| member(it, key))
}

/// Whether an item of `inputs` refuses in a file that only watches.
fn has_item_that_insists(root: &Node) -> bool {
    let Some((_, Node { value: Value::Sequence(items), .. })) = entry(root, "inputs") else {
        return false;
    };
    let mode = |item| Some(entry(item, "mode")?.1.as_text()? == "enforce");
    items.iter().any(|it| mode(it) == Some(true))
}

/// Who wrote `mode: report` over the file meant it, so it fails no check; where every rule is off or
/// reports by itself, nobody may have seen that none is left.
fn watches_only(draft: &Draft<'_, '_>, found: &mut Diagnostics) {
    let (profiles, _) = draft.profiles;
    let mut stances = profiles.iter().flat_map(Profile::stances).peekable();
    let enforces = |it: &Stance| matches!(it, Stance::On { mode: Mode::Enforce, .. });
    if stances.peek().is_some() && !stances.any(enforces) && !has_item_that_insists(draft.root) {
        let message = "no rule is enforced: the policy only watches";
        let watches = draft.modes.0 == Mode::Report;
        let said = entry(draft.root, "mode").filter(|_| watches);
        let diagnostic = match said {
            Some((key, _)) => key.note("only-watches", message),
            None => draft.root.warning("only-watches", message),
        };
        let help = "set `mode: enforce` when the reports are clean; what `http` does not allow, and \
                    what cannot be read, is refused already";
        found.push(diagnostic.help(help));
    }
}

/// A limit of nothing on what every operation has.
fn admits_nothing(registry: &'static [Entry], draft: &Draft<'_, '_>, found: &mut Diagnostics) {
    let base = draft.profiles.0.first().map(Profile::stances).unwrap_or_default();
    for (entry, stance) in registry.iter().zip(base) {
        let setting = entry.meta.setting;
        let is_nothing = matches!(stance, Stance::On { limit: 0, mode: Mode::Enforce });
        if !is_nothing || !EVERY_OPERATION_HAS.contains(&setting) {
            continue;
        }
        let place = setting.split_once('.').and_then(|(block, key)| {
            let block = member(draft.root, block)?;
            member(block, key)
        });
        let message = format!("`{setting}` is 0: no operation is ever admitted");
        let warning = place.unwrap_or(draft.root).warning("admits-nothing", message);
        found.push(warning.help("write the number that your largest operation needs, or `off`"));
    }
}

const EVERY_OPERATION_HAS: [&str; 6] = [
    "limits.depth",
    "limits.document",
    "limits.fields",
    "limits.root_fields",
    "limits.tokens",
    "operations.max",
];

fn document_over_body(registry: &'static [Entry], draft: &Draft<'_, '_>, found: &mut Diagnostics) {
    let place = registry.iter().position(|it| it.meta.setting == "limits.document");
    let (profiles, _) = draft.profiles;
    let stance = place.and_then(|it| profiles.first()?.stances().get(it));
    if let Some(Stance::On { limit, .. }) = stance
        && *limit > draft.body
    {
        let (limit, body) = (scalar::write_bytes(limit), scalar::write_bytes(&draft.body));
        let message = format!("`limits.document` ({limit}) has no effect: `limits.body` is {body}");
        found.push(draft.root.warning("no-effect", message));
    }
}

/// A number for one document is only reported where none is written for all.
fn cost_of_documents(registry: &'static [Entry], draft: &Draft<'_, '_>, found: &mut Diagnostics) {
    let place = registry.iter().position(|it| it.meta.setting == "cost.max");
    let stance = place.and_then(|it| draft.profiles.0.first()?.stances().get(it));
    let only_reports = matches!(stance, Some(Stance::On { mode: Mode::Report, .. }));
    let says_so = member(draft.root, "cost").and_then(|it| member(it, "mode")).is_some();
    if !only_reports || says_so || draft.modes.0 == Mode::Report {
        return;
    }
    for cost in of_documents(draft.root, "cost") {
        let message = "the cost of a document is only reported: `cost.max` is not written";
        found.push(cost.warning("no-effect", message).help("write `cost: { max: … }`, for all"));
    }
}

/// Conditions about claims, where nobody has any.
// The budget of this loop is the file: every node is visited once.
fn nobody_signs_in(root: &Node, found: &mut Diagnostics) {
    let identity = member(root, "identity");
    if ["jwt", "api_keys"].iter().any(|it| identity.and_then(|id| member(id, it)).is_some()) {
        return;
    }
    let mut open: Vec<&Node> = CONDITIONS.iter().filter_map(|it| member(root, it)).collect();
    while let Some(node) = open.pop() {
        match &node.value {
            Value::Mapping(entries) => open.extend(entries.iter().map(|(_, it)| it)),
            Value::Sequence(items) => open.extend(items),
            Value::Scalar { text, .. } if text.contains("claims.") || text.contains("claims[") => {
                let message = "nobody has claims: the policy has no `identity`";
                let warning = node.warning("no-effect", message);
                found.push(warning.help("say under `identity` where callers come from"));
                return;
            }
            Value::Scalar { .. } => {}
        }
    }
}

/// The blocks that have conditions.
const CONDITIONS: [&str; 6] =
    ["authorization", "conditions", "documents", "inputs", "introspection", "profiles"];

fn setting(registry: &'static [Entry], rule: RuleIdx) -> &'static str {
    registry.get(rule.0).map_or("", |it| it.meta.setting)
}
