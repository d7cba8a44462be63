//! Roughly how many bytes the slots of a program hold on to.

use crate::{
    cost::slots::{Says, SizeArgument, SizeSlot, SlotTable},
    weight,
};

impl SlotTable {
    pub(super) fn weight(&self) -> usize {
        let calls = self.calls.iter().map(|it| weight::of_slice(&it.variables));
        let conditions = self.conditions.iter().map(|it| {
            let conjunctions = it.iter().map(|it| weight::of_slice(it));
            weight::sum(conjunctions.chain([weight::of_slice(it)]))
        });
        let knobs = self.knobs.iter().map(|it| weight::of_text(&it.argument));
        let sizes = self.sizes.iter().map(SizeSlot::weight);
        weight::sum(sizes.chain(calls).chain(conditions).chain(knobs).chain([
            weight::of_vec(&self.sizes),
            weight::of_vec(&self.calls),
            weight::of_vec(&self.conditions),
            weight::of_vec(&self.knobs),
        ]))
    }
}

impl SizeSlot {
    fn weight(&self) -> usize {
        let arguments = self.arguments.iter().map(SizeArgument::weight);
        weight::sum(arguments.chain([weight::of_slice(&self.arguments)]))
    }
}

impl SizeArgument {
    fn weight(&self) -> usize {
        match &self.says {
            Says::Known(_) => 0,
            Says::Variable { path, .. } => {
                let names = path.steps.iter().map(|it| weight::of_text(&it.name));
                weight::sum(names.chain([weight::of_slice(&path.steps)]))
            }
        }
    }
}
