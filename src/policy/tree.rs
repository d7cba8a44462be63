//! The settings of the registry as a tree of blocks: `limits.variables.count` is a setting in a
//! block in a block.

use crate::rules::{Entry, RuleIdx, Setting};

/// A block of settings.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// The settings in it, by their last name.
    pub(super) settings: Vec<(&'static str, RuleIdx)>,
    /// The blocks in it.
    pub(super) blocks: Vec<(&'static str, Block)>,
}

impl Block {
    /// The whole file.
    pub(super) fn root(registry: &'static [Entry]) -> Self {
        let mut root = Self::default();
        // They hold settings that are no rules, so they are there without any rule, too.
        for name in ["operations", "limits", "cost"] {
            root.block(name);
        }
        for (n, entry) in registry.iter().enumerate() {
            // The keys of the items of a list are no settings of a block.
            if matches!(entry.setting, Setting::Input { .. }) {
                continue;
            }
            let mut block = &mut root;
            let mut path = entry.meta.setting;
            while let Some((name, rest)) = path.split_once('.') {
                block = block.block(name);
                path = rest;
            }
            block.settings.push((path, RuleIdx(n)));
        }
        root
    }

    fn block(&mut self, name: &'static str) -> &mut Self {
        let place = self.blocks.iter().position(|(it, _)| *it == name).unwrap_or_else(|| {
            self.blocks.push((name, Self::default()));
            self.blocks.len().saturating_sub(1)
        });
        #[expect(clippy::indexing_slicing, reason = "found or pushed just above")]
        &mut self.blocks[place].1
    }
}
