//! Limits on the shape of a document: each at its number and one over, by several ways.
//!
//! Every document is built to a size that is known beforehand; nothing here measures one.

use crate::attack::{
    Attempt, Request, Side, Transport, World,
    nested::{self, Measure},
    world::Limit,
};

/// A document of exactly so many of what is limited.
type Shape<'w> = dyn Fn(usize) -> Option<Request> + 'w;

/// Attempts against every limit on shapes.
pub(super) fn attempts(world: &World<'_>) -> Vec<Attempt> {
    let mut all = Vec::new();
    let Some((carrier, ty)) = world.carrier() else { return all };
    let on = &*world.schema().ty(ty).name;
    let under = |core: &str| Request::new(format!("{{ {carrier} {{ {core} }} }}"));
    let spread = |core: &str, inner: &str, rest: &str| {
        let fragment = format!("fragment F on {on} {{ {inner} }}");
        Request::new(format!("{{ {carrier} {{ {core}{rest} }} }} {fragment}"))
    };
    let mut both = |setting: &str, way: &'static str, shape: &Shape<'_>| {
        all.extend(world.limit(setting).map(|it| sides(world, it, way, shape)).unwrap_or_default());
    };
    both("limits.document", "comment", &|n| padded("{ __typename } #", n));
    both("limits.document", "names", &|n| padded("{ __typename }", n).map(in_blanks));
    both("limits.tokens", "inline fragments", &|n| {
        Some(Request::new(tokens(&carrier, n, limit_or(world, "limits.fields", 20_000))?))
    });
    both("limits.depth", "fields", &|n| nested::chain(world, Measure::Depth, n).map(Request::new));
    both("limits.depth", "fragments", &|n| {
        nested::chain(world, Measure::Depth, n).map(|it| in_fragment(world, &it))
    });
    both("limits.list_depth", "fields", &|n| {
        nested::chain(world, Measure::Lists, n).map(Request::new)
    });
    both("limits.fields", "fields", &|n| Some(under(&repeat("__typename", n.checked_sub(1)?))));
    both("limits.fields", "fragments", &|n| {
        let (n_spreads, left) = tenths(n.checked_sub(1)?);
        Some(spread(
            &repeat("...F", n_spreads),
            &repeat("__typename", 10),
            &repeat(" __typename", left),
        ))
    });
    both("limits.fields", "guarded", &|n| {
        let inner = repeat("__typename", n.checked_sub(1)?);
        Some(under(&format!("... @include(if: false) {{ {inner} }}")))
    });
    both("limits.aliases", "aliases", &|n| Some(under(&repeat("a: __typename", n))));
    both("limits.aliases", "fragments", &|n| {
        let (n_spreads, left) = tenths(n);
        let rest = repeat(" a: __typename", left);
        Some(spread(&repeat("...F", n_spreads), &repeat("a: __typename", 10), &rest))
    });
    both("limits.repeats", "aliases", &|n| Some(under(&counted("__typename", n))));
    both("limits.repeats", "fragments", &|n| {
        Some(spread("...F", &counted("__typename", n.checked_sub(1)?), " z: __typename"))
    });
    both("limits.root_fields", "fields", &|n| {
        Some(Request::new(format!("{{ {} }}", repeat("__typename", n))))
    });
    both("limits.root_fields", "aliases", &|n| {
        Some(Request::new(format!("{{ {} }}", repeat("a: __typename", n))))
    });
    both("limits.root_fields", "fragments", &|n| {
        let root =
            &world.schema().ty(world.schema().root(crate::schema::OperationKind::Query)?).name;
        let inner = repeat("__typename", n);
        Some(Request::new(format!("{{ ...F }} fragment F on {root} {{ {inner} }}")))
    });
    both("limits.directives", "fields", &|n| {
        Some(under(&repeat("__typename @include(if: true)", n)))
    });
    both("limits.directives_per_place", "one field", &|n| {
        // There are two that may stand together.
        let both = ["@include(if: true)", "@skip(if: false)", "@skip(if: false)"];
        Some(under(&format!("__typename {}", both.get(..n)?.join(" "))))
    });
    both("limits.fragments", "spreads", &|n| {
        let spreads: String = (0..n).map(|it| format!("...F{it} ")).collect();
        let fragments: String =
            (0..n).map(|it| format!(" fragment F{it} on {on} {{ __typename }}")).collect();
        Some(Request::new(format!("{{ {carrier} {{ {spreads} }} }}{fragments}")))
    });
    both("operations.max", "operations", &|n| {
        let text: String = (0..n).map(|it| format!("query A{it} {{ __typename }} ")).collect();
        Some(Request { operation: Some("A0".to_owned()), ..Request::new(text) })
    });
    all.extend(added(world, &carrier));
    all
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
fn added(world: &World<'_>, carrier: &str) -> Vec<Attempt> {
    let mut all = Vec::new();
    if world.policy.http.batch.get() < 2 {
        return all;
    }
    let shapes: [(&str, &dyn Fn(usize) -> String); 3] = [
        ("limits.aliases", &|n| format!("{{ {carrier} {{ {} }} }}", repeat("a: __typename", n))),
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

/// A document of `n` tokens: inline fragments, three tokens each, nested as deep as the number of
/// fields wants it.
fn tokens(carrier: &str, n: usize, max_fields: usize) -> Option<String> {
    let base = count_tokens(&format!("{{ {carrier} {{ }} }}"));
    let room = n.checked_sub(base)?;
    let depth = (1..=9_usize).find(|it| {
        let per_unit = it.saturating_mul(3).saturating_add(1);
        (room / per_unit).saturating_add(per_unit) < max_fields
    })?;
    let per_unit = depth.saturating_mul(3).saturating_add(1);
    let unit = format!("{}__typename{} ", "...{".repeat(depth), "}".repeat(depth));
    let units = unit.repeat(room / per_unit);
    Some(format!("{{ {carrier} {{ {units}{} }} }}", repeat("__typename", room % per_unit)))
}

/// How many tokens a text has; no comments, no block strings.
fn count_tokens(text: &str) -> usize {
    let (mut n, mut in_word, mut in_text) = (0_usize, false, false);
    for it in text.chars() {
        if it == '"' {
            n = n.saturating_add(usize::from(!in_text));
            (in_text, in_word) = (!in_text, false);
        } else if !in_text {
            let is_word = it.is_ascii_alphanumeric() || it == '_' || it == '-';
            let is_new = (is_word && !in_word) || "{}()[]:!=@$|&".contains(it);
            n = n.saturating_add(usize::from(is_new));
            in_word = is_word;
        }
    }
    n
}

fn padded(text: &str, n: usize) -> Option<Request> {
    let padding = n.checked_sub(text.len())?;
    Some(Request::new(format!("{text}{}", "x".repeat(padding))))
}

/// The padding as white space.
fn in_blanks(request: Request) -> Request {
    Request { query: request.query.replace('x', " "), ..request }
}

/// The document with its root selection in a fragment.
fn in_fragment(world: &World<'_>, text: &str) -> Request {
    let query = world.schema().root(crate::schema::OperationKind::Query);
    let root = query.map(|it| &*world.schema().ty(it).name).unwrap_or_default();
    let inner = text.strip_prefix("query").unwrap_or(text);
    Request::new(format!("{{ ...F }} fragment F on {root} {inner}"))
}

fn limit_or(world: &World<'_>, setting: &str, otherwise: usize) -> usize {
    let limit = world.limit(setting).map(|it| it.max);
    limit.and_then(|it| usize::try_from(it).ok()).unwrap_or(otherwise)
}

pub(super) fn repeat(text: &str, n: usize) -> String {
    vec![text; n].join(" ")
}

/// The same field under `n` names.
fn counted(field: &str, n: usize) -> String {
    let all: Vec<_> = (0..n).map(|it| format!("a{it}: {field}")).collect();
    all.join(" ")
}

const fn tenths(n: usize) -> (usize, usize) {
    (n / 10, n % 10)
}

/// Larger shapes are not built.
const MAX_SHAPE: usize = 2_000_000;
/// The longest document that is tried in a target or a message, in bytes.
const MAX_TARGET: usize = 2000;
