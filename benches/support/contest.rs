//! CPU per request of several servers in front of one upstream, which take turns.
//!
//! Counts nothing that does not end where it should: what must pass reaches the upstream, what must
//! be refused does not.

#![allow(dead_code, reason = "every bench uses its own part")]

use std::{io, net::SocketAddr, sync::Arc, thread, time::Duration};

use crate::{
    children::Child,
    load::{Load, Upstream, status_of},
};

/// Something that requests are sent to.
pub(crate) trait Server {
    fn address(&self) -> SocketAddr;
    /// What all of it has spent on a core so far.
    fn cpu(&self) -> io::Result<Duration>;
    /// Returns when it listens.
    fn wait(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Server for Child {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn cpu(&self) -> io::Result<Duration> {
        self.cpu()
    }
}

/// Where requests end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    AtTheServer,
    AtTheUpstream,
}

/// The same requests for everyone.
pub(crate) struct Task {
    pub(crate) name: &'static str,
    /// More lines of the head, each with its end.
    pub(crate) head: &'static str,
    pub(crate) n_warm: usize,
    /// In a turn.
    pub(crate) n_requests: usize,
    pub(crate) body: Body,
}

/// The bodies of a task, by the number of the request.
pub(crate) type Body = Box<dyn Fn(usize) -> Arc<[u8]>>;

/// Always the same.
pub(crate) fn same(body: Vec<u8>) -> Body {
    let body: Arc<[u8]> = body.into();
    Box::new(move |_| Arc::clone(&body))
}

/// What one has needed for a task: the median turn.
#[derive(Clone)]
pub(crate) struct Score {
    /// µs of CPU per request.
    pub(crate) micros: f64,
    /// To the first one, in the same turn.
    pub(crate) ratio: f64,
    pub(crate) status: u16,
}

/// The score of each, or why there is none; the first is what the others are compared with.
pub(crate) fn play(
    upstream: &Upstream,
    task: &Task,
    servers: &[(&dyn Server, End)],
    n_turns: usize,
) -> Vec<Result<Score, String>> {
    let mut players: Vec<_> = servers
        .iter()
        .map(|&(server, end)| Player { server, end, status: 0, next: 0, turns: Ok(Vec::new()) })
        .collect();
    for it in &mut players {
        it.warm_up(upstream, task);
    }
    for turn in 0..n_turns {
        // Who goes first changes, so that a drift of the machine favours nobody.
        let (later, first) = players.split_at_mut(turn % servers.len());
        for it in first.iter_mut().chain(later) {
            it.play(upstream, task);
        }
    }
    let measure = players.first().and_then(|it| it.turns.clone().ok()).unwrap_or_default();
    players.into_iter().map(|it| it.score(&measure)).collect()
}

struct Player<'s> {
    server: &'s dyn Server,
    end: End,
    /// Of every answer.
    status: u16,
    /// The number of the next request.
    next: usize,
    /// µs of CPU per request, or what went wrong.
    turns: Result<Vec<f64>, String>,
}

impl Player<'_> {
    /// Connections, allocators, compilers and caches settle before anything counts, and workers
    /// that were not there yet have come.
    fn warm_up(&mut self, upstream: &Upstream, task: &Task) {
        for _ in 0..N_TRIES {
            let warm = self.probe(task).and_then(|()| self.turn(upstream, task, task.n_warm));
            self.turns = warm.map(|_| Vec::new()).map_err(|it| it.to_string());
            if self.turns.is_ok() {
                return;
            }
            settle(upstream);
        }
    }

    /// A turn that counts, unless one before has failed.
    fn play(&mut self, upstream: &Upstream, task: &Task) {
        let Ok(mut turns) = self.turns.clone() else { return };
        self.turns = match self.turn(upstream, task, task.n_requests) {
            Ok(micros) => {
                turns.push(micros);
                Ok(turns)
            }
            Err(error) => {
                settle(upstream);
                Err(error.to_string())
            }
        };
    }

    /// What passes is answered with 200; a refusal has the status of the maker's choice.
    fn probe(&mut self, task: &Task) -> io::Result<()> {
        self.status = status_of(self.server.address(), task.head, &(task.body)(0))?;
        if self.end == End::AtTheUpstream && self.status != 200 {
            return Err(io::Error::other(format!("answers {}", self.status)));
        }
        Ok(())
    }

    fn turn(&mut self, upstream: &Upstream, task: &Task, n: usize) -> io::Result<f64> {
        let bodies = (self.next..self.next + n).map(&task.body).collect();
        self.next += n;
        let to = self.server.address();
        let load = Load { to, bodies, status: self.status, head: task.head };
        let (n_before, before) = (upstream.n_served(), self.server.cpu()?);
        let n_answers = load.run()?;
        let spent = self.server.cpu()?.saturating_sub(before);
        let n_served = upstream.n_served() - n_before;
        let n_expected = match self.end {
            End::AtTheServer => 0,
            End::AtTheUpstream => n_answers,
        };
        if n_served != n_expected {
            let message = format!("{n_served} of {n_answers} reached the upstream");
            return Err(io::Error::other(message));
        }
        Ok(spent.as_secs_f64() * 1e6 / n_answers as f64)
    }

    fn score(self, measure: &[f64]) -> Result<Score, String> {
        let turns = self.turns?;
        let ratios = turns.iter().zip(measure).map(|(it, of)| it / of).collect();
        let none = || "there is nothing to compare with".to_owned();
        let ratio = median(ratios).ok_or_else(none)?;
        Ok(Score { micros: median(turns).ok_or_else(none)?, ratio, status: self.status })
    }
}

/// What a failed turn has left behind must not arrive during the turn of another.
fn settle(upstream: &Upstream) {
    let mut before = None;
    while before != Some(upstream.n_served()) {
        before = Some(upstream.n_served());
        thread::park_timeout(QUIET);
    }
}

fn median(mut all: Vec<f64>) -> Option<f64> {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied()
}

/// The first argument that is a number: how many turns each takes.
pub(crate) fn n_turns(args: &[String], usual: usize) -> usize {
    args.iter().skip(1).find_map(|it| it.parse().ok()).unwrap_or(usual).max(1)
}

/// What has to be said of a build that is not the one that is shipped.
pub(crate) fn caution() -> Option<&'static str> {
    cfg!(debug_assertions)
        .then_some("a build without optimisation: Portcullis and the pass-through are slow")
}

/// How often a warm-up is tried.
const N_TRIES: usize = 3;
/// For so long nothing arrives: then nothing is on its way.
const QUIET: Duration = Duration::from_secs(1);
