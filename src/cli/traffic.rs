//! The flags of `serve` about who else sees what is asked for.

use std::{
    num::NonZeroU64,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;

use crate::{
    config::{Sample, TrafficFile},
    diagnostic::{Diagnostics, Source},
    traffic::{Bounds, Details, Writing},
    yaml::{self, scalar},
};

#[derive(Args, Debug)]
#[command(next_help_heading = "Traffic")]
#[group(skip)]
pub(super) struct Arguments {
    /// Write what is asked for to a file, a line of JSON for each operation: for `replay`, `learn`
    /// and `inventory`
    #[arg(long, env = "PORTCULLIS_TRAFFIC_LOG", value_name = "FILE")]
    traffic_log: Option<PathBuf>,
    /// Write values as they were sent; else other texts and numbers of the same size
    #[arg(long, env = "PORTCULLIS_TRAFFIC_VARIABLES", requires = "traffic_log")]
    traffic_variables: bool,
    /// Which part of the requests is written, from 0 to 1
    #[arg(long, env = "PORTCULLIS_TRAFFIC_SAMPLE", default_value_t = Sample::ALL)]
    traffic_sample: Sample,
    /// How large a file may become, about, before another one is begun
    #[arg(long, env = "PORTCULLIS_TRAFFIC_LOG_SIZE", default_value = "100MiB", value_parser = size)]
    traffic_log_size: NonZeroU64,
    /// How many files are kept, the present one counted
    #[arg(long, env = "PORTCULLIS_TRAFFIC_LOG_FILES", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    traffic_log_files: u32,
    /// The next policy: judged beside the one in force, to see what it would change
    #[arg(long, env = "PORTCULLIS_SHADOW", value_name = "FILE")]
    shadow: Option<PathBuf>,
}

impl Arguments {
    pub(super) fn file(&self) -> Option<TrafficFile> {
        let bounds = Bounds { size: self.traffic_log_size, files: self.traffic_log_files };
        let details = if self.traffic_variables { Details::Values } else { Details::Shapes };
        let path = self.traffic_log.clone()?;
        let writing = Writing { path, bounds, details };
        Some(TrafficFile { writing, sample: self.traffic_sample })
    }

    pub(super) fn shadow(&self) -> Option<&Path> {
        self.shadow.as_deref()
    }
}

/// `100MiB`, at least 64 KiB: what is written at a time.
fn size(text: &str) -> Result<NonZeroU64, String> {
    let source = Arc::new(Source { name: "".into(), text: text.into() });
    let (node, mut found) = yaml::read(&source);
    let bytes = node.and_then(|it| scalar::bytes(&it, 65_536..=1 << 50, &mut found));
    let first = |found: &Diagnostics| found.iter().next().map(|it| it.message.clone());
    bytes
        .and_then(NonZeroU64::new)
        .ok_or_else(|| first(&found).unwrap_or_else(|| "not a size".to_owned()))
}
