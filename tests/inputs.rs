//! Inputs against an oracle: random schemas, demands, operations and variables; the oracle works on
//! what was generated, enumerates every value that is reached, and says whether a demand is broken.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "inputs/edges.rs"]
mod edges;
#[path = "inputs/effort.rs"]
mod effort;
#[path = "inputs/model.rs"]
mod model;
#[path = "inputs/oracle.rs"]
mod oracle;
#[path = "inputs/random.rs"]
mod random;
mod support;

use std::sync::Arc;

use portcullis::{
    admission::{CacheLimits, Gate},
    diagnostic::{Colour, Source, render},
    policy,
    verdict::Verdict,
};
use support::{judge, tape::Tape};

use crate::{model::World, oracle::is_broken};

const N_WORLDS: u64 = 160;
const N_OPERATIONS: u64 = 128;

#[test]
fn engine_and_oracle_agree() {
    let (mut admitted, mut rejected) = (0, 0);
    for seed in 0..N_WORLDS {
        let numbers = numbers(seed);
        let world = random::world(&mut Tape::new(&numbers));
        let gate = gate(&world);
        for n in 0..N_OPERATIONS {
            let numbers = self::numbers(N_WORLDS + seed * N_OPERATIONS + n);
            let operation = random::operation(&world, &mut Tape::new(&numbers));
            let body = operation.body();
            let expect = is_broken(&world, &operation);
            let verdict = judge::judge(&gate, body.as_bytes());
            let found = match &verdict {
                Verdict::Admit(_) | Verdict::Answer(_) => false,
                Verdict::Reject(it) if it.items[0].rule.starts_with("input-") => true,
                Verdict::Reject(it) => panic!("{:?}\n{}\n{body}", it.items, world.schema()),
            };
            let told = format!("{}\n{}\n{body}\n{verdict:?}", world.schema(), world.policy());
            assert_eq!(found, expect, "found, expected\n{told}");
            if found { rejected += 1 } else { admitted += 1 }
        }
    }
    println!("{admitted} admitted, {rejected} rejected");
    assert!(admitted + rejected >= 20_000 && admitted > 4_000 && rejected > 4_000);
}

fn gate(world: &World) -> Gate {
    let source =
        |name: &str, text: String| Arc::new(Source { name: name.into(), text: text.into() });
    let mut resolve = |name: &str| Ok(source(name, world.schema()));
    let (policy, found) = policy::load(source("policy.yaml", world.policy()), &mut resolve);
    let told = render(&found, Colour::Plain);
    let policy = policy.unwrap_or_else(|| panic!("{told}\n{}", world.schema()));
    Gate::new(Arc::new(policy), CacheLimits::default())
}

/// Numbers that look random and are always the same: SplitMix64.
fn numbers(seed: u64) -> Vec<u32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or_default()
    };
    std::iter::repeat_with(&mut next).take(3000).collect()
}
