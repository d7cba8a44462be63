//! Authorization against a naive oracle that tries every object type, on random schemas, rules and
//! operations. `PORTCULLIS_CASES` asks for more than the 30,000 cases of a usual run.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod effort;
mod mistakes;
mod oracle;
#[path = "../support/mod.rs"]
mod support;
mod world;

use std::sync::Arc;

use oracle::{Oracle, Request};
use portcullis::{
    admission::{CacheLimits, Gate},
    diagnostic::{Colour, Source, render},
    policy,
    verdict::Verdict,
};
use serde_json::json;
use support::judge;
use world::{Random, Rules, World};

/// Operations per world, and requests per operation.
const OPERATIONS: u64 = 20;
const REQUESTS: u64 = 5;

#[test]
fn the_oracle_agrees() {
    let asked = std::env::var("PORTCULLIS_CASES").ok().and_then(|it| it.parse().ok());
    let n_worlds = asked.unwrap_or(30_000_u64).div_ceil(OPERATIONS * REQUESTS);
    let (mut n_allowed, mut n_denied) = (0_u64, 0_u64);
    for seed in 0..n_worlds {
        let (allowed, denied) = world(seed);
        n_allowed += allowed;
        n_denied += denied;
    }
    println!("{n_allowed} allowed, {n_denied} denied");
    // Cases that all go one way would show nothing.
    assert!(n_allowed > n_denied / 10 && n_denied > n_allowed / 10);
}

fn world(seed: u64) -> (u64, u64) {
    let mut random = Random(seed);
    let world = World::random(&mut random);
    let rules = Rules::random(&mut random, &world);
    let gate = gate(&world, &rules);
    let (mut n_allowed, mut n_denied) = (0, 0);
    for _ in 0..OPERATIONS {
        let operation = world::operation(&mut random, &world);
        let text = world::text(&operation);
        for _ in 0..REQUESTS {
            let request = Request {
                staff: random.pick(&[None, Some(false), Some(true)]),
                guards: [random.one_in(2), random.one_in(2)],
                x: random.pick(&[None, Some(1), Some(2)]),
            };
            let oracle = Oracle { world: &world, rules: &rules, request };
            let expect = oracle.allows(&operation);
            assert_eq!(
                admits(&gate, &text, request),
                expect,
                "{seed}: {request:?}\n{text}\n{}\n{}",
                rules.yaml(),
                world.sdl()
            );
            if expect { n_allowed += 1 } else { n_denied += 1 }
        }
    }
    (n_allowed, n_denied)
}

fn gate(world: &World, rules: &Rules) -> Gate {
    let off = "limits: { fields: off, depth: 50, aliases: off, repeats: off, root_fields: off }";
    let text =
        format!("version: 1\nname: t\nschema: {{ file: s.graphql }}\n{off}\n{}", rules.yaml());
    let source = Arc::new(Source { name: "policy.yaml".into(), text: text.into() });
    let mut resolve =
        |_: &str| Ok(Arc::new(Source { name: "s.graphql".into(), text: world.sdl().into() }));
    let (policy, found) = policy::load(source, &mut resolve);
    let policy = policy.unwrap_or_else(|| panic!("{}", render(&found, Colour::Plain)));
    Gate::new(Arc::new(policy), CacheLimits::default())
}

fn admits(gate: &Gate, text: &str, request: Request) -> bool {
    let mut variables = json!({ "g0": request.guards[0], "g1": request.guards[1] });
    if let Some(x) = request.x {
        variables["x"] = x.into();
    }
    let claims = request.staff.map(|it| json!({ "staff": it }));
    let body = json!({ "query": text, "variables": variables }).to_string();
    match judge::judge_as(gate, &judge::caller(claims.as_ref()), body.as_bytes()) {
        Verdict::Admit(_) => true,
        Verdict::Answer(_) => panic!("nothing asks for the schema"),
        Verdict::Reject(rejected) => {
            let rule = rejected.items[0].rule;
            assert_eq!(rule, "authorization", "{text} {:?}", rejected.items);
            false
        }
    }
}
