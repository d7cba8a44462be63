//! CPU per request of the whole proxy, against a plain hyper pass-through, over loopback.
//!
//! Both proxies are children of this program with two threads each, in front of one upstream.
//! They take turns, and the ratio is that of each pair of turns; the table shows the median pair.
//! CPU is what the scheduler has counted for the threads of the child (`schedstat`), so the load
//! generator and the upstream, which live in this process, do not take part.

#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]

#[path = "support/children.rs"]
mod children;
#[path = "support/load.rs"]
mod load;
mod support;

use std::{env, io, process::ExitCode, sync::Arc};

use children::Child;
use load::{Load, Upstream};
use support::{PRODUCT_PAGE, floods};

/// Pairs of turns; odd, so that there is a median.
const N_PAIRS: usize = 9;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().collect();
    let served = match args.get(1).map(String::as_str) {
        Some(children::PASS_THROUGH) => children::pass_through(&args),
        Some(children::PORTCULLIS) => children::portcullis(&args),
        _ => compare(),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("not measured: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What both proxies are given to do.
struct Scenario {
    name: &'static str,
    policy: &'static str,
    n_requests: usize,
    /// The status that Portcullis answers.
    status: u16,
    /// The most that it may cost, as a multiple of the pass-through.
    goal: f64,
    body: Body,
}

/// The bodies of a scenario, by the number of the request.
type Body = Box<dyn Fn(usize) -> Arc<[u8]>>;

fn compare() -> io::Result<()> {
    let upstream = Upstream::start()?;
    println!(
        "{:<24}{:>14}{:>14}{:>8}{:>7}",
        "µs of CPU per request", "pass-through", "portcullis", "ratio", "goal"
    );
    for scenario in scenarios() {
        let plain = Child::start(&[children::PASS_THROUGH, &upstream.address()])?;
        let ours = Child::start(&[children::PORTCULLIS, &upstream.address(), scenario.policy])?;
        let mut pairs = pairs(&scenario, &plain, &ours)?;
        pairs.sort_by(|a, b| a.ratio().total_cmp(&b.ratio()));
        let Some(median) = pairs.get(N_PAIRS / 2) else { continue };
        println!(
            "{:<24}{:>14.1}{:>14.1}{:>8.2}{:>7.1}",
            scenario.name,
            median.plain,
            median.ours,
            median.ratio(),
            scenario.goal,
        );
    }
    Ok(())
}

/// µs of CPU per request in one turn of each.
struct Pair {
    plain: f64,
    ours: f64,
}

impl Pair {
    fn ratio(&self) -> f64 {
        self.ours / self.plain
    }
}

fn pairs(scenario: &Scenario, plain: &Child, ours: &Child) -> io::Result<Vec<Pair>> {
    let mut first = 0;
    let mut turn = |child: &Child, status| {
        let bodies = (first..first + scenario.n_requests).map(&scenario.body).collect();
        first += scenario.n_requests;
        let load = Load { to: child.address, bodies, status, head: "" };
        let before = child.cpu()?;
        let n_answers = load.run()?;
        let spent = child.cpu()?.saturating_sub(before);
        Ok::<f64, io::Error>(spent.as_secs_f64() * 1e6 / n_answers as f64)
    };
    // Connections, allocators and caches settle before anything counts.
    turn(plain, 200)?;
    turn(ours, scenario.status)?;
    (0..N_PAIRS)
        .map(|it| {
            // Who goes first changes, so that a drift of the machine favours nobody.
            if it % 2 == 0 {
                let plain = turn(plain, 200)?;
                Ok(Pair { plain, ours: turn(ours, scenario.status)? })
            } else {
                let ours = turn(ours, scenario.status)?;
                Ok(Pair { plain: turn(plain, 200)?, ours })
            }
        })
        .collect()
}

fn scenarios() -> Vec<Scenario> {
    let same = |body: Vec<u8>| -> Body {
        let body: Arc<[u8]> = body.into();
        Box::new(move |_| Arc::clone(&body))
    };
    let page = |name, goal, body| {
        let policy = PRODUCT_PAGE.policy;
        Scenario { name, policy, n_requests: 6_000, status: 200, goal, body }
    };
    let flood = |name, policy, status, body| Scenario {
        name,
        policy,
        n_requests: 1_500,
        status,
        goal: 2.0,
        body: same(body),
    };
    let wide = "benches/documents/wide.yaml";
    vec![
        page("known document", 1.0, same(PRODUCT_PAGE.body())),
        page("new document", 1.6, Box::new(|it| PRODUCT_PAGE.renamed(it).into())),
        flood("flood: 100 KB aliases", wide, 422, floods::aliases()),
        flood("flood: 100 KB depth", wide, 422, floods::depth()),
        flood("flood: 100 KB lists", wide, 422, floods::lists()),
        flood("flood: 100 KB variables", wide, 422, floods::variables()),
    ]
}
