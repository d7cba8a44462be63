//! Limits on what comes with a document: variables, the body, the batch.

use std::cell::LazyCell;

use serde_json::Value;

use crate::{
    attack::{
        Attempt, Request, Side, Transport, World, deep,
        deliver::{self, Site},
        shapes::repeat,
    },
    schema::InputId,
};

/// Attempts against every limit on loads.
pub(super) fn attempts(world: &World<'_>) -> Vec<Attempt> {
    let mut all = Vec::new();
    both(world, "limits.variables.count", &mut all, |n| Some(many(world, n)));
    both(world, "limits.variables.bytes", &mut all, |n| Some(vec![heavy(n)?]));
    let texts = deliver::first_site(world, "String");
    both(world, "limits.variables.string", &mut all, |n| {
        let text = Value::from("a".repeat(n));
        let declared = texts.as_ref().map(|it| valued(world, it, text.clone()));
        Some(with_undeclared(world, declared, text))
    });
    let lists = deliver::list_site(world);
    both(world, "limits.variables.list", &mut all, |n| {
        let of = |item: &Value| Value::Array(vec![item.clone(); n]);
        let is_deep = |it: &(InputId, Value)| {
            let max = world.limit("limits.variables.depth").map(|it| it.max);
            max.is_some_and(|max| deep::height(&it.1) as u64 > max)
        };
        let declared = lists.as_ref().and_then(|(site, item)| {
            let whole = site.whole(world, of(item))?;
            (!is_deep(&whole)).then(|| valued(world, site, of(item)))
        });
        Some(with_undeclared(world, declared, of(&1.into())))
    });
    let nested = LazyCell::new(|| deep::Values::of(world));
    both(world, "limits.variables.depth", &mut all, |n| {
        let declared = nested.site(world, n).map(|(site, value)| valued(world, &site, value));
        Some(with_undeclared(world, declared, deep::lists(n)))
    });
    all.extend(bodies(world));
    all.extend(batches(world));
    all
}

fn both(
    world: &World<'_>,
    setting: &str,
    all: &mut Vec<Attempt>,
    shape: impl Fn(usize) -> Option<Vec<Request>>,
) {
    let Some(limit) = world.limit(setting) else { return };
    let Ok(max) = usize::try_from(limit.max) else { return };
    for (n, side) in [(max, Side::Within), (max.saturating_add(1), Side::Beyond)] {
        if n > MAX_LOAD {
            continue;
        }
        let requests = shape(n).unwrap_or_default().into_iter();
        let attempt = |it| {
            Attempt::beyond(limit.rule, limit.code, it).about(n.to_string(), setting_way(setting))
        };
        all.extend(requests.map(|it| attempt(it).on(side)));
    }
}

fn setting_way(setting: &str) -> &'static str {
    match setting {
        "limits.variables.count" => "conditions",
        "limits.variables.bytes" => "what nobody declared",
        _ => "value",
    }
}

/// `n` variables, each used once.
fn many(world: &World<'_>, n: usize) -> Vec<Request> {
    let Some((carrier, _)) = world.carrier() else { return Vec::new() };
    let defined: String = (0..n).map(|it| format!("$v{it}: Boolean = true ")).collect();
    let used: String = (0..n).map(|it| format!("__typename @include(if: $v{it}) ")).collect();
    vec![Request::new(format!("query ({defined}) {{ {carrier} {{ {used} }} }}"))]
}

/// `variables` of exactly `n` bytes, in pieces that no other limit minds.
fn heavy(n: usize) -> Option<Request> {
    let mut request = Request::new("{ __typename }");
    // `"aNNNN":"",` around every piece, and the braces.
    const AROUND: usize = 11;
    let mut left = n.checked_sub(1)?;
    let mut name = 1000_usize;
    while left > 0 {
        let piece = if left > PIECE + AROUND * 2 { PIECE } else { left.checked_sub(AROUND)? };
        request.variables.insert(format!("a{name}"), "x".repeat(piece).into());
        left = left.saturating_sub(piece.saturating_add(AROUND));
        name = name.saturating_add(1);
    }
    Some(request)
}

/// A value by every way that a document has for it.
fn valued(world: &World<'_>, site: &Site, value: Value) -> Vec<Request> {
    deliver::ways(world, site, &value).into_iter().map(|(_, it)| it).collect()
}

/// The same, and the value under a name that the operation does not have, beside one that it has.
fn with_undeclared(
    world: &World<'_>,
    declared: Option<Vec<Request>>,
    value: Value,
) -> Vec<Request> {
    let mut all = declared.unwrap_or_default();
    if world.takes_directive("include") {
        let text = "query ($v: Boolean = true) { __typename @include(if: $v) }";
        all.push(Request::new(text).with("undeclared", value));
    }
    all
}

fn bodies(world: &World<'_>) -> Vec<Attempt> {
    let mut all = Vec::new();
    let Ok(max) = usize::try_from(world.policy.http.body) else { return all };
    for (n, side) in [(max, Side::Within), (max.saturating_add(1), Side::Beyond)] {
        if n <= MAX_LOAD {
            let attempt = Attempt::beyond("body", "MAX_BODY_LIMIT", Request::new("{ __typename }"));
            let attempt = attempt.about(n.to_string(), "white space").on(side);
            all.push(Attempt { padded: Some(n), ..attempt });
        }
    }
    all
}

fn batches(world: &World<'_>) -> Vec<Attempt> {
    let max = world.policy.http.batch.get() as usize;
    let sides = [(max, Side::Within), (max.saturating_add(1), Side::Beyond)];
    let batch = |(n, side): (usize, Side)| {
        let requests = vec![Request::new(format!("{{ {} }}", repeat("__typename", 1))); n];
        let attempt = Attempt::beyond("batch", "BATCH_TOO_LARGE", Request::default());
        let attempt = attempt.about(n.to_string(), "array").on(side);
        // A batch of one would be given a harmless item in front.
        let transport = if n == 1 { Transport::Post } else { Transport::Batch };
        Attempt { requests, transport, ..attempt }
    };
    sides.into_iter().map(batch).collect()
}

/// Larger loads are not built.
const MAX_LOAD: usize = 8 * 1024 * 1024;
/// Bytes of a piece of heavy variables: below any sensible limit on one text.
const PIECE: usize = 1000;
