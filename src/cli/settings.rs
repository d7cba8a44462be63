//! A flag and a variable for every deadline and bound, and the file that may hold them all.
//!
//! `--deadline-head`, then `PORTCULLIS_DEADLINE_HEAD`, then `deadlines: { head: … }` in the file,
//! then the default: the first that is given counts.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches};

use crate::{
    config::{Amount, BOUNDS, Config, DEADLINES, GraphSettings, Setting, read_settings},
    diagnostic::{Diagnostic, Diagnostics},
    sources, yaml,
};

#[derive(Args, Debug)]
#[group(skip)]
pub(super) struct Arguments {
    /// File with `deadlines` and `bounds`, all of which are flags, too (`--help`), and `graphs`
    #[arg(long, env = "PORTCULLIS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    given: Given,
}

/// What was given by flags and variables.
#[derive(Debug)]
struct Given(Vec<(&'static Setting, Amount)>);

impl Arguments {
    /// Changes what was set, and nothing else; gives the graphs of the file, with their policies
    /// where they are from here.
    pub(super) fn apply(
        &self,
        config: &mut Config,
        found: &mut Diagnostics,
    ) -> Vec<(PathBuf, GraphSettings)> {
        let mut graphs = Vec::new();
        if let Some(path) = &self.config {
            match sources::read_file(path) {
                Ok(source) => {
                    let (root, problems) = yaml::read(&source);
                    found.extend(problems);
                    if let Some(root) = root {
                        let folder = path.parent().unwrap_or(Path::new(""));
                        let all = read_settings(&root, config, found).into_iter();
                        graphs = all.map(|it| (folder.join(&it.policy), it)).collect();
                    }
                }
                Err(why) => {
                    let message = format!("`{}` cannot be read: {why}", path.display());
                    found.push(Diagnostic::error("unreadable-file", message));
                }
            }
        }
        for (setting, amount) in &self.given.0 {
            setting.apply(*amount, config);
        }
        graphs
    }
}

impl Args for Given {
    fn augment_args(command: Command) -> Command {
        command.args(all().map(|(block, setting)| arg(block, setting)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = |(block, setting): (&Block, &'static Setting)| {
            let amount = matches.get_one::<Amount>(&flag(block, setting))?;
            Some((setting, *amount))
        };
        Ok(Self(all().filter_map(given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Settings that belong together.
struct Block {
    flag: &'static str,
    title: &'static str,
    settings: &'static [Setting],
}

const BLOCKS: &[Block] = &[
    Block { flag: "deadline", title: "Deadlines", settings: DEADLINES },
    Block { flag: "bound", title: "Bounds", settings: BOUNDS },
];

fn all() -> impl Iterator<Item = (&'static Block, &'static Setting)> {
    BLOCKS.iter().flat_map(|block| block.settings.iter().map(move |it| (block, it)))
}

fn flag(block: &Block, setting: &Setting) -> String {
    format!("{}-{}", block.flag, setting.name.replace('_', "-"))
}

fn arg(block: &Block, setting: &'static Setting) -> Arg {
    let flag = flag(block, setting);
    let variable = format!("PORTCULLIS_{}", flag.replace('-', "_").to_ascii_uppercase());
    let Setting { what, why, .. } = setting;
    Arg::new(flag.clone())
        .long(flag)
        .env(variable)
        .value_name(setting.unit())
        .value_parser(|text: &str| setting.parse(text))
        .help(format!("{what} [default: {}: {why}]", setting.default_text()))
        .help_heading(block.title)
        // There are many, and most are never touched.
        .hide_short_help(true)
}
