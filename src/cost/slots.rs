//! What of a program depends on the request: sizes of lists, weights inside variables, conditions.
//!
//! Collected while compiling, evaluated per request. Adds nothing up; the arena does.

use ahash::HashMap;

use crate::{
    cost::{
        class::{FieldClass, ListRule, WeighedArgument},
        inputs::{VariableWeight, Weighed},
        model::Model,
        size::{Most, NoSize, bounded},
        slice::{Found, Path, Slice},
    },
    document::ValueId,
    operation::{Condition, Given, GuardId, Node, Operation, VariableIdx, Variables},
    schema::FieldId,
};

/// The slots of one program.
#[derive(Debug, Default)]
pub(super) struct SlotTable {
    pub(super) sizes: Vec<SizeSlot>,
    pub(super) calls: Vec<CallSlot>,
    /// Each a disjunction of conjunctions.
    pub(super) conditions: Vec<Box<[Box<[Condition]>]>>,
    /// Slicing arguments that `explain` can turn. Empty in programs that only price.
    pub(super) knobs: Vec<Knob>,
}

/// The size of a list, decided by the request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SizeSlot {
    /// The field whose arguments tell.
    pub(super) field: FieldId,
    pub(super) arguments: Box<[SizeArgument]>,
    fallback: Option<u32>,
    /// When one is given, nobody knows which, and there is no fallback.
    unknown: u32,
    most: Option<Most>,
    /// Under which condition the field takes part; `None`: always.
    condition: Option<u32>,
}

/// A slicing argument as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SizeArgument {
    pub(super) says: Says,
    knob: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Says {
    Known(Slice),
    Variable {
        variable: VariableIdx,
        path: Path,
        n_steps: usize,
        /// The operation's default.
        default: Slice,
        /// Not given, and no default.
        otherwise: Slice,
    },
}

/// A slicing argument whose value can be varied to find the largest that passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Knob {
    pub(super) field: FieldId,
    /// As the settings name it: `input.page.first`.
    pub(super) argument: Box<str>,
    /// What holds it is one knob, however many lists it bounds.
    pub(super) written: Written,
}

/// Where the value of a slicing argument stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// In the document.
    At(ValueId),
    /// In a variable, and the steps that lead to it.
    In(VariableIdx, usize),
}

/// The weight of a call whose arguments are variables.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CallSlot {
    constant: i64,
    pub(super) variables: Box<[VariableWeight]>,
}

/// What the slots are evaluated for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) variables: &'a Variables<'a>,
    /// Overrides the value of one knob.
    pub(super) turned: Option<(u32, u32)>,
    /// Overrides Boolean variables.
    pub(super) assumed: &'a [(VariableIdx, bool)],
}

/// A size: known, or a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    Fixed(u32),
    Slot(u32),
}

/// A call: known, or a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Fixed(u64),
    Slot(u32),
}

/// What the slots are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Literals too stay slots, so that they can be varied.
    Explain,
    /// Everything that is known is folded.
    Price,
}

/// Fills a [`SlotTable`] for one operation.
#[derive(Debug)]
pub(super) struct SlotBuilder<'a> {
    pub(super) model: &'a Model,
    pub(super) operation: &'a Operation,
    pub(super) purpose: Purpose,
    pub(super) table: SlotTable,
    sizes: HashMap<SizeSlot, u32>,
    calls: HashMap<CallSlot, u32>,
    conditions: HashMap<Box<[GuardId]>, u32>,
}

impl<'a> SlotBuilder<'a> {
    pub(super) fn new(model: &'a Model, operation: &'a Operation, purpose: Purpose) -> Self {
        Self {
            model,
            operation,
            purpose,
            table: SlotTable::default(),
            sizes: HashMap::default(),
            calls: HashMap::default(),
            conditions: HashMap::default(),
        }
    }

    /// The size that a field's arguments tell, by steps 2 to 4 of the order of precedence.
    pub(super) fn size(&mut self, node: &Node, rule: &ListRule, condition: Option<u32>) -> Size {
        if rule.slicing.is_empty()
            && let Ok(size) = bounded(None, (rule.fallback, rule.most))
        {
            return Size::Fixed(size);
        }
        if let Some(size) = self.known_size(node, rule) {
            return Size::Fixed(size);
        }
        let arguments = (0..rule.slicing.len()).map(|it| self.argument(node, rule, it));
        let arguments = arguments.collect();
        self.slot(SizeSlot {
            field: node.field,
            arguments,
            fallback: rule.fallback,
            unknown: rule.unknown,
            most: rule.most,
            condition,
        })
    }

    /// The size, when the document tells it and nothing turns it.
    fn known_size(&mut self, node: &Node, rule: &ListRule) -> Option<u32> {
        let mut size = None;
        for argument in (0..rule.slicing.len()).map(|it| self.argument(node, rule, it)) {
            let Says::Known(slice) = argument.says else { return None };
            if argument.knob.is_some() {
                return None;
            }
            size = size.max(slice.size().ok()?);
        }
        bounded(size, (rule.fallback, rule.most)).ok()
    }

    /// The size of a list inside a list that nothing tells.
    pub(super) fn unsized_slot(&mut self, node: &Node, condition: Option<u32>) -> Size {
        self.slot(SizeSlot {
            field: node.field,
            arguments: Box::default(),
            fallback: None,
            unknown: 0,
            most: None,
            condition,
        })
    }

    fn slot(&mut self, slot: SizeSlot) -> Size {
        let next = u32::try_from(self.table.sizes.len()).unwrap_or(u32::MAX);
        let id = *self.sizes.entry(slot).or_insert_with_key(|it| {
            self.table.sizes.push(it.clone());
            next
        });
        Size::Slot(id)
    }

    fn argument(&mut self, node: &Node, rule: &ListRule, idx: usize) -> SizeArgument {
        let unknown = SizeArgument { says: Says::Known(Slice::Absent), knob: None };
        let Some(slicing) = rule.slicing.get(idx) else { return unknown };
        let schema = self.operation.schema();
        let mut given = self.operation.arguments(node).iter();
        let given = given.find(|it| schema.input(it.input).name == slicing.argument);
        let Some(given) = given else {
            return SizeArgument { says: Says::Known(slicing.default), knob: None };
        };
        let path = &slicing.path;
        match path.in_literal(self.operation, (given.value, 0), slicing.default) {
            Found::Known(slice) => {
                let turns = matches!(slice, Slice::Size(_));
                let knob = turns
                    .then(|| self.knob(node, (&slicing.argument, path), Written::At(given.value)))
                    .flatten();
                SizeArgument { says: Says::Known(slice), knob }
            }
            Found::Variable { variable, n_steps, otherwise } => {
                let default = self.operation.variables().get(variable.index());
                let default = default.and_then(|it| it.default);
                let default = default.map_or(otherwise, |value| {
                    match path.in_literal(self.operation, (value, n_steps), otherwise) {
                        Found::Known(slice) => slice,
                        Found::Variable { .. } => Slice::Invalid,
                    }
                });
                let knob =
                    self.knob(node, (&slicing.argument, path), Written::In(variable, n_steps));
                let path = path.clone();
                SizeArgument {
                    says: Says::Variable { variable, path, n_steps, default, otherwise },
                    knob,
                }
            }
        }
    }

    fn knob(
        &mut self,
        node: &Node,
        (argument, path): (&str, &Path),
        written: Written,
    ) -> Option<u32> {
        if self.purpose == Purpose::Price {
            return None;
        }
        let steps = path.steps.iter().flat_map(|it| [".", &it.name]);
        let argument: String = [argument].into_iter().chain(steps).collect();
        let knob = Knob { field: node.field, argument: argument.into(), written };
        let same = |it: &Knob| it.written == written && it.argument == knob.argument;
        let at = self.table.knobs.iter().position(same).unwrap_or_else(|| {
            self.table.knobs.push(knob);
            self.table.knobs.len().saturating_sub(1)
        });
        u32::try_from(at).ok()
    }

    /// What calling a field costs, its arguments included.
    pub(super) fn call(&mut self, node: &Node, class: &FieldClass) -> Call {
        let mut constant = class.call;
        let mut variables = Vec::new();
        for weighed in &class.arguments {
            let schema = self.operation.schema();
            let mut given = self.operation.arguments(node).iter();
            match given.find(|it| schema.input(it.input).name == weighed.name) {
                None => constant = constant.saturating_add(weighed.absent),
                Some(given) => {
                    let WeighedArgument { named, weight: own, absent, .. } = *weighed;
                    let place = Weighed { named, value: given.value, own, absent };
                    let inputs = self.model.inputs();
                    let known = inputs.of_literal(self.operation, place, &mut variables);
                    constant = constant.saturating_add(known);
                }
            }
        }
        if variables.is_empty() {
            return Call::Fixed(u64::try_from(constant).unwrap_or(0));
        }
        let slot = CallSlot { constant, variables: variables.into() };
        let next = u32::try_from(self.table.calls.len()).unwrap_or(u32::MAX);
        let id = *self.calls.entry(slot).or_insert_with_key(|it| {
            self.table.calls.push(it.clone());
            next
        });
        Call::Slot(id)
    }

    /// The condition that one of the guards holds; `None` when one always does.
    pub(super) fn condition(&mut self, guards: &[GuardId]) -> Option<u32> {
        if guards.contains(&GuardId::ALWAYS) {
            return None;
        }
        if let Some(id) = self.conditions.get(guards) {
            return Some(*id);
        }
        let id = u32::try_from(self.table.conditions.len()).unwrap_or(u32::MAX);
        let of = |guard: &GuardId| self.operation.guards().conditions(*guard).collect();
        self.table.conditions.push(guards.iter().map(of).collect());
        self.conditions.insert(guards.into(), id);
        Some(id)
    }
}

impl SizeSlot {
    /// The size in one request.
    pub(super) fn value(&self, request: &Request<'_>) -> Result<u32, NoSize> {
        let mut size = None;
        let mut fallback = self.fallback;
        for argument in &self.arguments {
            let slice = match request.turned {
                Some((knob, value)) if argument.knob == Some(knob) => Slice::Size(value),
                Some(_) | None => argument.says.slice(request.variables),
            };
            if slice == Slice::Unknown {
                fallback = fallback.or(Some(self.unknown));
            }
            size = size.max(slice.size()?);
        }
        bounded(size, (fallback, self.most))
    }

    /// Whether the field takes part at all.
    pub(super) fn is_present(&self, table: &SlotTable, request: &Request<'_>) -> bool {
        let condition = self.condition.and_then(|it| table.conditions.get(it as usize));
        condition.is_none_or(|it| holds(it, request))
    }
}

impl Says {
    fn slice(&self, variables: &Variables<'_>) -> Slice {
        match self {
            Self::Known(slice) => *slice,
            Self::Variable { variable, path, n_steps, default, otherwise } => {
                match variables.given(*variable) {
                    Some(Given::Value(value)) => path.in_json(value, *n_steps),
                    Some(Given::Default) => *default,
                    Some(Given::Absent) => *otherwise,
                    None => match default {
                        Slice::Absent | Slice::Null => Slice::Unknown,
                        Slice::Invalid | Slice::Size(_) | Slice::Unknown => *default,
                    },
                }
            }
        }
    }
}

impl CallSlot {
    /// The weight in one request, clamped at 0.
    pub(super) fn value(&self, model: &Model, variables: &Variables<'_>) -> u64 {
        let weights = self.variables.iter().map(|it| match variables.given(it.variable) {
            Some(Given::Value(value)) => {
                let inner = model.inputs().of_json(model.schema(), it.named, value);
                it.given.saturating_add(inner)
            }
            Some(Given::Default) | None => it.default,
            Some(Given::Absent) => it.absent,
        });
        u64::try_from(weights.fold(self.constant, i64::saturating_add)).unwrap_or(0)
    }
}

/// Whether one of the conjunctions holds. A variable whose value is not known fulfils everything,
/// so that nothing is overlooked.
pub(super) fn holds(condition: &[Box<[Condition]>], request: &Request<'_>) -> bool {
    let is_met =
        |it: &Condition| request.boolean(it.variable).is_none_or(|value| value == it.must_be);
    condition.iter().any(|all| all.iter().all(is_met))
}

impl<'a> Request<'a> {
    /// The variables as they are.
    pub(super) const fn new(variables: &'a Variables<'a>) -> Self {
        Self { variables, turned: None, assumed: &[] }
    }

    fn boolean(&self, variable: VariableIdx) -> Option<bool> {
        let mut assumed = self.assumed.iter();
        let assumed = assumed.find(|it| it.0 == variable).map(|it| it.1);
        assumed.or_else(|| self.variables.boolean(variable))
    }
}
