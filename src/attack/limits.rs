//! Limits on the shape of a document: each at its number and one over, by several ways.
//!
//! Every document is built to a size that is known beforehand; nothing here measures one.

use crate::attack::{
    Attempt, Request, Side, Transport, World,
    nested::{self, Avoid, Measure},
    shapes::{Carrier, counted, in_blanks, in_fragment, padded, repeat},
    world::Limit,
};

/// A document of exactly so many of what is limited.
type Shape<'w> = dyn Fn(usize) -> Option<Request> + 'w;

/// Attempts against every limit on shapes.
pub(super) fn attempts(world: &World<'_>) -> Vec<Attempt> {
    let Some(carrier) = Carrier::of(world) else { return Vec::new() };
    let mut all = texts(world, &carrier);
    all.extend(depths(world));
    all.extend(fields(world, &carrier));
    all.extend(response_names(world, &carrier));
    all.extend(root_fields(world));
    all.extend(directives(world, &carrier));
    all.extend(definitions(world, &carrier));
    all.extend(added(world, &carrier));
    all
}

/// How long the text is, in bytes and in tokens.
fn texts(world: &World<'_>, carrier: &Carrier<'_>) -> Vec<Attempt> {
    let max_fields = limit_or(world, "limits.fields", 20_000);
    let all = [
        both(world, "limits.document", "comment", &|n| padded("{ __typename } #", n)),
        both(world, "limits.document", "names", &|n| padded("{ __typename }", n).map(in_blanks)),
        both(world, "limits.tokens", "inline fragments", &|n| carrier.tokens(n, max_fields)),
    ];
    all.into_iter().flatten().collect()
}

fn depths(world: &World<'_>) -> Vec<Attempt> {
    let all = [
        both(world, "limits.depth", "fields", &|n| {
            chain(world, ("limits.depth", Measure::Depth), n).map(Request::new)
        }),
        both(world, "limits.depth", "fragments", &|n| {
            let text = chain(world, ("limits.depth", Measure::Depth), n)?;
            Some(in_fragment(world, &text))
        }),
        both(world, "limits.list_depth", "fields", &|n| {
            chain(world, ("limits.list_depth", Measure::Lists), n).map(Request::new)
        }),
    ];
    all.into_iter().flatten().collect()
}

/// The first way through the schema that no other rule stands in, or the one with fewest lists.
fn chain(world: &World<'_>, (setting, measure): (&str, Measure), n: usize) -> Option<String> {
    let rule = world.limit(setting)?.rule;
    let first = nested::chain(world, (measure, Avoid::Lists), n)?;
    if world.is_clear(rule, &Request::new(&*first)) {
        return Some(first);
    }
    let other = nested::chain(world, (measure, Avoid::Assumed), n);
    Some(other.filter(|it| world.is_clear(rule, &Request::new(&**it))).unwrap_or(first))
}

fn fields(world: &World<'_>, carrier: &Carrier<'_>) -> Vec<Attempt> {
    // The carrier is one of them.
    let all = [
        both(world, "limits.fields", "fields", &|n| {
            Some(carrier.selecting(&repeat("__typename", n.checked_sub(1)?)))
        }),
        both(world, "limits.fields", "fragments", &|n| {
            Some(carrier.tens("__typename", n.checked_sub(1)?))
        }),
        both(world, "limits.fields", "guarded", &|n| {
            let inner = repeat("__typename", n.checked_sub(1)?);
            Some(carrier.selecting(&format!("... @include(if: false) {{ {inner} }}")))
        }),
    ];
    all.into_iter().flatten().collect()
}

/// Names that fields have in the response: aliases, and one field under several.
fn response_names(world: &World<'_>, carrier: &Carrier<'_>) -> Vec<Attempt> {
    let all = [
        both(world, "limits.aliases", "aliases", &|n| {
            Some(carrier.selecting(&repeat("a: __typename", n)))
        }),
        both(world, "limits.aliases", "fragments", &|n| Some(carrier.tens("a: __typename", n))),
        both(world, "limits.repeats", "aliases", &|n| {
            Some(carrier.selecting(&counted("__typename", n)))
        }),
        both(world, "limits.repeats", "fragments", &|n| {
            let inner = counted("__typename", n.checked_sub(1)?);
            Some(carrier.spreading("...F z: __typename", &inner))
        }),
    ];
    all.into_iter().flatten().collect()
}

fn root_fields(world: &World<'_>) -> Vec<Attempt> {
    let at_root = |core: &str| Request::new(format!("{{ {core} }}"));
    let all = [
        both(world, "limits.root_fields", "fields", &|n| Some(at_root(&repeat("__typename", n)))),
        both(world, "limits.root_fields", "aliases", &|n| {
            Some(at_root(&repeat("a: __typename", n)))
        }),
        both(world, "limits.root_fields", "fragments", &|n| {
            let inner = repeat("__typename", n);
            Some(in_fragment(world, &format!("{{ {inner} }}")))
        }),
    ];
    all.into_iter().flatten().collect()
}

fn directives(world: &World<'_>, carrier: &Carrier<'_>) -> Vec<Attempt> {
    let all = [
        both(world, "limits.directives", "fields", &|n| {
            Some(carrier.selecting(&repeat("__typename @include(if: true)", n)))
        }),
        both(world, "limits.directives_per_place", "one field", &|n| {
            // There are two that may stand together.
            let both = ["@include(if: true)", "@skip(if: false)", "@skip(if: false)"];
            Some(carrier.selecting(&format!("__typename {}", both.get(..n)?.join(" "))))
        }),
    ];
    all.into_iter().flatten().collect()
}

/// What a document consists of: operations and fragments.
fn definitions(world: &World<'_>, carrier: &Carrier<'_>) -> Vec<Attempt> {
    let all = [
        both(world, "limits.fragments", "spreads", &|n| Some(carrier.fragments(n))),
        both(world, "operations.max", "operations", &|n| {
            let text: String = (0..n).map(|it| format!("query A{it} {{ __typename }} ")).collect();
            Some(Request { operation: Some("A0".to_owned()), ..Request::new(text) })
        }),
    ];
    all.into_iter().flatten().collect()
}

/// At the limit and one over, where it is enforced.
fn both(world: &World<'_>, setting: &str, way: &'static str, shape: &Shape<'_>) -> Vec<Attempt> {
    world.limit(setting).map(|it| sides(world, it, way, shape)).unwrap_or_default()
}

/// At the limit and one over, by each way in that takes both.
fn sides(world: &World<'_>, limit: Limit, way: &'static str, shape: &Shape<'_>) -> Vec<Attempt> {
    let mut all = Vec::new();
    let Ok(max) = usize::try_from(limit.max) else { return all };
    let one_over = max.saturating_add(1);
    for (n, side) in [(max, Side::Within), (one_over, Side::Beyond)] {
        if n > MAX_SHAPE {
            continue;
        }
        let Some(request) = shape(n) else { continue };
        let attempt = Attempt::beyond(limit.rule, limit.code, request).about(n.to_string(), way);
        let attempt = attempt.on(side);
        all.extend(ways_in(world, &attempt));
    }
    all
}

/// An attempt by POST, as events, and by what else the policy opens.
pub(super) fn ways_in(world: &World<'_>, attempt: &Attempt) -> Vec<Attempt> {
    let http = &world.policy.http;
    let is_short = attempt.requests.iter().map(|it| it.query.len()).sum::<usize>() < MAX_TARGET;
    let mut ways = vec![attempt.clone(), attempt.by(Transport::Events)];
    if is_short {
        let by_get = attempt.by(Transport::Get);
        let is_open = http.get == crate::policy::Get::On;
        ways.extend(
            (is_open || attempt.side == Side::Beyond)
                .then_some(by_get)
                .map(|it| if is_open { it } else { Attempt { code: "", ..it } }),
        );
    }
    let sockets = http.websocket.as_ref();
    let takes_queries =
        sockets.is_some_and(|it| it.operations.contains(&crate::schema::OperationKind::Query));
    if takes_queries && is_short {
        ways.push(attempt.by(Transport::WebSocket));
    }
    ways
}

/// What adds up over the items of a batch.
fn added(world: &World<'_>, carrier: &Carrier<'_>) -> Vec<Attempt> {
    let mut all = Vec::new();
    if world.policy.http.batch.get() < 2 {
        return all;
    }
    let shapes: [(&str, &dyn Fn(usize) -> String); 3] = [
        ("limits.aliases", &|n| carrier.document(&repeat("a: __typename", n))),
        ("limits.root_fields", &|n| format!("{{ {} }}", repeat("__typename", n))),
        ("limits.fields", &|n| format!("{{ {} }}", repeat("__typename", n))),
    ];
    for (setting, shape) in shapes {
        let Some(limit) = world.limit(setting) else { continue };
        let Ok(max) = usize::try_from(limit.max) else { continue };
        for (n, side) in [(max, Side::Within), (max.saturating_add(1), Side::Beyond)] {
            let half = n / 2;
            let items = [half, n.saturating_sub(half)].map(|it| Request::new(shape(it)));
            let attempt = Attempt::beyond(limit.rule, limit.code, Request::default());
            let attempt = attempt.about(n.to_string(), "two of a batch").on(side);
            let requests = items.to_vec();
            all.push(Attempt { requests, transport: Transport::Batch, ..attempt });
        }
    }
    all
}

fn limit_or(world: &World<'_>, setting: &str, otherwise: usize) -> usize {
    let limit = world.limit(setting).map(|it| it.max);
    limit.and_then(|it| usize::try_from(it).ok()).unwrap_or(otherwise)
}

/// Larger shapes are not built.
const MAX_SHAPE: usize = 2_000_000;
/// The longest document that is tried in a target or a message, in bytes.
const MAX_TARGET: usize = 2000;
