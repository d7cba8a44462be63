//! The console: one page about what happens now and what is in force. It only shows.
//!
//! Written here in full: no script is needed, nothing is loaded from elsewhere, and the policy of
//! the page allows nothing but its own style and its own few lines of script. Knows nothing of
//! sockets; the admin listener hands over what there is to show.

mod chart;
mod documents;
mod explain;
mod format;
mod in_force;
mod inventory;
mod layout;
mod now;
mod refusals;
mod shadow;
mod view;

pub use explain::explain;
pub use inventory::Sightings;
pub use layout::{Page, page};
pub use shadow::{DifferenceView, ShadowView};
pub use view::{GraphView, History, RateView, Sample, SettingView, View};

/// The parts of the page that change, each with the id of its place: for those who watch.
#[must_use]
pub fn parts(view: &View) -> Vec<(&'static str, String)> {
    layout::parts(view).into_iter().map(|(id, it)| (id, it.into_string())).collect()
}

#[cfg(test)]
mod tests;
