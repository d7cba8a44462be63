//! What there is to show.

use std::collections::VecDeque;

use crate::{
    admission::Use,
    console::{ShadowView, Sightings},
    telemetry::{GraphIndex, Numbers, RecentRefusal},
};

/// Everything on the page.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The time, in milliseconds since 1970.
    pub now: u64,
    /// What was counted.
    pub numbers: Numbers,
    /// What was counted before.
    pub history: History,
    /// The last refusals, the newest first.
    pub refusals: Vec<RecentRefusal>,
    /// Each graph.
    pub graphs: Vec<GraphView>,
    /// When operations were seen.
    pub sightings: Sightings,
    /// The policy that is judged beside the one in force.
    pub shadow: Option<ShadowView>,
    /// Whether what replicas share can be asked for; none: they share nothing.
    pub shared: Option<bool>,
    /// Workers that listen.
    pub listening: usize,
    /// Workers that should.
    pub workers: usize,
    /// Whether it is about to stop.
    pub draining: bool,
    /// Operations that report mode let through.
    pub reported: u64,
    /// Requests for which there was no room.
    pub shed: u64,
    /// Credentials that were not accepted.
    pub identity_failures: u64,
    /// Lines of the audit log that wait, and that were lost; none: there is no audit log.
    pub audit: Option<(u64, u64)>,
}

/// What is in force for one graph.
#[derive(Clone, Debug, Default)]
pub struct GraphView {
    /// As what it is counted.
    pub graph: GraphIndex,
    /// What was counted for it.
    pub numbers: Numbers,
    /// WebSockets that are open.
    pub sockets: u64,
    /// Upstream addresses that workers leave alone.
    pub ejected: u64,
    /// Requests that the upstream did not answer.
    pub upstream_failures: u64,
    /// What the policy calls itself.
    pub policy: String,
    /// Its digest.
    pub digest: String,
    /// When it was put in force, in seconds since 1970.
    pub loaded_at: u64,
    /// Why a newer one could not be, and when that was.
    pub failed: Option<(u64, String)>,
    /// How many differences the upstream's schema has.
    pub drift: Option<usize>,
    /// Where clients ask for it.
    pub place: String,
    /// Where the upstream is.
    pub upstreams: Vec<String>,
    /// How each profile stands to each rule.
    pub settings: Vec<SettingView>,
    /// The names of the profiles, the base first.
    pub profiles: Vec<String>,
    /// How much may be spent in a time.
    pub rates: Vec<RateView>,
    /// The limit of the cost in the base profile.
    pub cost_limit: Option<u64>,
    /// The documents that came, with the highest cost first.
    pub documents: Vec<Use>,
    /// Documents in the cache, and those of them that are refused whoever asks.
    pub cached: (usize, usize),
    /// Documents that were compiled.
    pub compiled: u64,
}

impl View {
    /// A number of all graphs.
    pub(super) fn total(&self, of: impl Fn(&GraphView) -> u64) -> u64 {
        self.graphs.iter().map(of).fold(0, u64::saturating_add)
    }
}

impl GraphView {
    /// What it is called: by the configuration, or else by its policy.
    pub(super) fn title(&self) -> &str {
        self.graph.name().unwrap_or(&self.policy)
    }
}

/// One rule in force.
#[derive(Clone, Debug, Default)]
pub struct SettingView {
    /// The rule.
    pub rule: &'static str,
    /// Its setting.
    pub setting: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// How each profile stands to it, in words.
    pub stances: Vec<String>,
}

/// One rate in force.
#[derive(Clone, Debug, Default)]
pub struct RateView {
    /// Its name.
    pub name: String,
    /// What may be spent.
    pub limit: String,
    /// Whether it refuses.
    pub mode: &'static str,
    /// Of how many keys something is spent in this process.
    pub keys: u64,
}

/// Totals at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Milliseconds since 1970.
    pub at: u64,
    /// All requests.
    pub requests: u64,
    /// Those that were refused.
    pub refused: u64,
}

/// Totals of the last minutes.
#[derive(Clone, Debug, Default)]
pub struct History(VecDeque<Sample>);

impl History {
    /// Keeps what is counted so far.
    pub fn note(&mut self, at: u64, numbers: &Numbers) {
        if self.0.len() >= SAMPLES {
            self.0.pop_front();
        }
        let (requests, refused) = (numbers.requests_of(""), numbers.requests_of("refused"));
        self.0.push_back(Sample { at, requests, refused });
    }

    /// Requests and refusals in a second, times ten, between two samples each.
    #[must_use]
    pub fn tenths(&self) -> Vec<(u64, u64)> {
        let pairs = self.0.iter().zip(self.0.iter().skip(1));
        let rate = |from: u64, to: u64, millis: u64| {
            to.saturating_sub(from).saturating_mul(10_000).checked_div(millis).unwrap_or(0)
        };
        let of = |(from, to): (&Sample, &Sample)| {
            let millis = to.at.saturating_sub(from.at);
            (rate(from.requests, to.requests, millis), rate(from.refused, to.refused, millis))
        };
        pairs.map(of).collect()
    }
}

/// 121 samples, two seconds apart: four minutes.
const SAMPLES: usize = 121;
