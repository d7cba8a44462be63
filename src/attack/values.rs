//! Values that inputs may not have: at the ends of what is allowed and one step beyond.

use serde_json::Value;

use crate::{
    attack::{
        Attempt, Side, World, addresses,
        deliver::{self, Site},
        intent::{self, InputItem},
        lengths,
        limits::ways_in,
        owned,
        sample::MAX_NESTING,
        trees,
        world::Limit,
    },
    diagnostic::Diagnostics,
    expression::{Pattern, Scope, When},
    schema::{InputId, Wrapper},
    yaml::Node,
};

/// Attempts against every demand on inputs: where nobody before could bring a value, and as everyone
/// where a demand asks who it is.
pub(super) fn attempts(world: &World<'_>, earlier: &[&World<'_>]) -> Vec<Attempt> {
    let mut all = Vec::new();
    for item in &world.intent.inputs {
        let Some(limit) = world.enforces(item.rule) else { continue };
        for input in world.places(item).into_iter().take(MAX_PLACES) {
            let is_personal = ["input-allow", "input-require"].contains(&item.rule);
            let sites = deliver::sites(world, input).into_iter();
            for site in sites.filter(|it| is_personal || !is_tried(earlier, item, input, it)) {
                all.extend(at_site(world, (item, limit), input, &site));
            }
        }
    }
    all
}

/// Whether somebody before has tried a demand at a site.
fn is_tried(earlier: &[&World<'_>], item: &InputItem, input: InputId, site: &Site) -> bool {
    let mut enforced = earlier.iter().filter(|it| it.enforces(item.rule).is_some());
    enforced.any(|it| {
        let mut sites = deliver::sites(it, input).into_iter();
        sites.any(|own| own.is_same(site) && own.is_in_reach(it))
    })
}

/// Attempts against every demand that says whose an input is: one's own value, and the others'.
pub(super) fn owned(world: &World<'_>, others: &[&World<'_>]) -> Vec<Attempt> {
    let mut all = Vec::new();
    for item in world.intent.inputs.iter().filter(|it| it.rule == "input-require") {
        let Some(limit) = world.enforces(item.rule) else { continue };
        let Some(when) = of_value_alone(world, item) else { continue };
        for input in world.places(item).into_iter().take(MAX_PLACES) {
            let tried = owned::everybodys((world, others), input, &when);
            for site in deliver::sites(world, input) {
                for value in &tried {
                    let holds = world.holds_for(&when, value);
                    let side = if holds { Side::Within } else { Side::Beyond };
                    for (way, request) in deliver::ways(world, &site, value) {
                        let attempt = Attempt::beyond(limit.rule, limit.code, request);
                        let attempt = attempt.about(place_of(world, item, input), way);
                        all.extend(ways_in(world, &attempt.on(side)));
                    }
                }
            }
        }
    }
    all
}

/// How a report calls an input that a demand is about.
fn place_of(world: &World<'_>, item: &InputItem, input: InputId) -> String {
    let name = &world.schema().input(input).name;
    format!("{} ({name})", item.at.first().map(|it| &**it).unwrap_or_default())
}

/// A condition that asks for nothing of an operation but the value.
pub(super) fn of_value_alone(world: &World<'_>, item: &InputItem) -> Option<When> {
    let mut ignored = Diagnostics::default();
    let when = When::read(&item.node, Scope::Input, &world.policy.conditions, &mut ignored)?;
    let around = ["args", "parent", "root", "field", "operation", "request"];
    (!around.iter().any(|it| when.source().contains(it))).then_some(when)
}

fn at_site(
    world: &World<'_>,
    (item, limit): (&InputItem, Limit),
    input: InputId,
    site: &Site,
) -> Vec<Attempt> {
    let mut all = Vec::new();
    let at = place_of(world, item, input);
    let attempt = |way, request| Attempt::beyond(limit.rule, limit.code, request).about(&*at, way);
    for (side, value) in values(world, item, input) {
        for (way, request) in deliver::ways(world, site, &value) {
            let attempt = attempt(way, request).on(side);
            if way == "variable" {
                all.extend(ways_in(world, &attempt));
            } else {
                all.push(attempt);
            }
        }
    }
    if let Some(request) = deliver::without(world, site) {
        let side = side_of_absence(world, item, input);
        all.extend(side.map(|it| attempt("absent", request).on(it)));
    }
    all
}

/// Values of both sides.
fn values(world: &World<'_>, item: &InputItem, input: InputId) -> Vec<(Side, Value)> {
    let mut all = match item.rule {
        "input-range" => {
            at_ends(&item.node).into_iter().map(|(side, it)| (side, it.into())).collect()
        }
        "input-length" => lengths::values(world, &item.node, input),
        "input-pattern" => patterned(&item.node),
        "input-one-of" => listed(world, &item.node, input),
        "input-json" | "input-url" => contents(world, item, input),
        "input-require" | "input-allow" => conditional(world, item, input),
        _ => Vec::new(),
    };
    let is_nullable = world.schema().input(input).ty.wrappers.first() != Some(&Wrapper::NonNull);
    let judges_naming = item.rule == "input-allow";
    if is_nullable && !judges_naming {
        all.extend(side_of_null(world, item).map(|it| (it, Value::Null)));
    }
    all
}

/// What must become of nothing at all, which may be a default; `None` when that is not known here.
fn side_of_absence(world: &World<'_>, item: &InputItem, input: InputId) -> Option<Side> {
    let Some(default) = &world.schema().input(input).default else {
        return side_of_null(world, item);
    };
    if item.rule != "input-require" {
        return None;
    }
    let is_admitted = world.admits(item, &owned::of_const(default))?;
    Some(if is_admitted { Side::Within } else { Side::Beyond })
}

/// What must become of null; `None` when that is not known here.
fn side_of_null(world: &World<'_>, item: &InputItem) -> Option<Side> {
    let is_admitted = match item.rule {
        "input-require" => world.admits(item, &Value::Null)? && !item.is_required,
        _ => !item.is_required,
    };
    Some(if is_admitted { Side::Within } else { Side::Beyond })
}

/// The ends of a range, and the numbers beside them.
pub(super) fn at_ends(node: &Node) -> Vec<(Side, i64)> {
    let (low, high) = ends(node);
    let low = low.map(|it| [(Side::Within, it), (Side::Beyond, it.saturating_sub(1))]);
    let high = high.map(|it| [(Side::Within, it), (Side::Beyond, it.saturating_add(1))]);
    low.into_iter().chain(high).flatten().collect()
}

/// The ends of `a..b` that are whole numbers.
pub(super) fn ends(node: &Node) -> (Option<i64>, Option<i64>) {
    let text = node.as_text().unwrap_or_default();
    let (low, high) = text.split_once("..").unwrap_or((text, text));
    (low.trim().parse().ok(), high.trim().parse().ok())
}

fn patterned(node: &Node) -> Vec<(Side, Value)> {
    let Some(pattern) = node.as_text().and_then(|it| Pattern::whole(it).ok()) else {
        return Vec::new();
    };
    let fits: Vec<_> = guesses().into_iter().filter(|it| pattern.matches(it)).take(1).collect();
    // The nearest first: a pattern that is a little too wide takes those.
    let near = fits.iter().flat_map(|it| {
        let swapped = it.replacen(|it: char| it.is_ascii_digit(), "x", 1);
        let larger = [it.to_uppercase(), it.to_lowercase(), swapped, format!("{it}0")];
        let around = [format!("{it}\n"), format!("x {it}"), format!("{it} x"), format!("{it}{it}")];
        larger.into_iter().chain(around)
    });
    let others = near.chain(guesses()).filter(|it| !pattern.matches(it)).take(MAX_MISSES);
    let beyond: Vec<_> = others.map(|it| (Side::Beyond, it.into())).collect();
    fits.iter().map(|it| (Side::Within, it.clone().into())).chain(beyond).collect()
}

fn listed(world: &World<'_>, node: &Node, input: InputId) -> Vec<(Side, Value)> {
    let allowed: Vec<_> = intent::items(node).iter().map(Node::to_json).collect();
    let named = world.schema().ty(world.schema().input(input).ty.named);
    let others: Vec<Value> = match named.values.is_empty() {
        true => vec!["attack".into()],
        false => named.values.iter().map(|it| Value::from(&*it.name)).collect(),
    };
    let others = others.into_iter().filter(|it| !allowed.contains(it)).take(2);
    let beyond: Vec<_> = others.map(|it| (Side::Beyond, it)).collect();
    allowed.into_iter().take(2).map(|it| (Side::Within, it)).chain(beyond).collect()
}

/// What is inside a text or a value; only the wrong where other demands would object as well.
fn contents(world: &World<'_>, item: &InputItem, input: InputId) -> Vec<(Side, Value)> {
    let mut all = match item.rule {
        "input-json" => trees::values(&item.node),
        _ => addresses::values(&item.node),
    };
    if world.demands(input).nth(1).is_some() {
        all.retain(|(side, _)| *side == Side::Beyond);
    }
    all
}

fn conditional(world: &World<'_>, item: &InputItem, input: InputId) -> Vec<(Side, Value)> {
    let Some(when) = of_value_alone(world, item) else { return Vec::new() };
    let ty = &world.schema().input(input).ty;
    let Some(value) = world.any_of(ty.named, MAX_NESTING) else { return Vec::new() };
    let side = if world.holds_for(&when, &value) { Side::Within } else { Side::Beyond };
    vec![(side, value)]
}

/// Texts of which one may fit a pattern.
pub(super) fn guesses() -> Vec<String> {
    [
        "O-1234",
        "O-123456",
        "A-1",
        "AB-1234",
        "a",
        "abc",
        "1",
        "123456",
        "1234567890",
        "A",
        "ABC",
        "AB12",
        "a@b.example",
        "2024-01-01",
        "2024-01-01T00:00:00Z",
        "#ffffff",
        "https://a.example/",
        "+4912345678",
        "00000000-0000-4000-8000-000000000000",
        "a-b",
        "DE",
        "EUR",
        "en",
        "en-US",
        "",
        "'; --",
        "\u{202e}",
    ]
    .map(String::from)
    .to_vec()
}

/// Texts that are tried against one pattern.
const MAX_MISSES: usize = 12;
/// Places that are tried for one demand.
const MAX_PLACES: usize = 12;
