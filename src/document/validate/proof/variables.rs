//! Variables: what defines them, and whether they may stand where they are used.
//!
//! A fragment is used by every operation that spreads it, each with variables of its own.

use crate::{
    document::{
        OperationDefinition, ValueKind, VariableDefinition,
        validate::proof::{
            Known, Proven,
            names::Names,
            proven,
            selections::{Usage, Used, Walk},
            values::Place,
        },
    },
    schema::{Kind, TypeId, Wrapper},
};

impl<'a> Walk<'a> {
    /// GraphQL §5.8.2: a variable has a type that can be given; §5.6.1: its default is of it.
    pub(super) fn variable_definition(
        &mut self,
        definition: &'a VariableDefinition,
    ) -> Option<Proven> {
        let Known { schema, document } = self.known;
        let ty = schema.type_named(document.str(definition.ty.name))?;
        let kind = schema.ty(ty).kind;
        proven(matches!(kind, Kind::Enum | Kind::InputObject { .. } | Kind::Scalar))?;
        self.types.push(ty);
        let n_usages = self.usages.len();
        if let Some(default) = definition.default {
            self.value(default, Place::typed(ty, document.wrappers(definition.ty)))?;
        }
        self.directives(definition.directives, "VARIABLE_DEFINITION")?;
        // Both are constants.
        proven(self.usages.len() == n_usages)
    }
}

/// GraphQL §5.8.1 (names are unique), §5.8.3 (what is used is defined), §5.8.4 (what is defined is
/// used) and §5.8.5 (and may stand there), for every operation and the fragments that it spreads.
pub(super) fn variables(walk: &Walk<'_>) -> Option<Proven> {
    let operations = walk.known.document.operations();
    let mut reach = Reach { walk, seen_from: vec![usize::MAX; walk.used.len()], next: Vec::new() };
    let mut budget = BUDGET;
    let mut types = &*walk.types;
    for (index, operation) in operations.iter().enumerate() {
        let (own, others) = types.split_at_checked(operation.variables.len() as usize)?;
        types = others;
        let mut variables = Variables::of(walk.known, operation, own)?;
        reach.next.push(index);
        while let Some(definition) = reach.next.pop() {
            let used = walk.used.get(definition)?;
            let usages = walk.usages.get(used.usages.0..used.usages.1)?;
            let n_spreads = reach.open(used, index)?;
            budget = budget.checked_sub(usages.len().saturating_add(n_spreads))?;
            usages.iter().try_for_each(|it| variables.check(it).map(drop))?;
        }
        proven(variables.is_used.iter().all(|it| *it))?;
    }
    Some(Proven)
}

/// So many variables and spreads are looked at, over all operations; the token limit allows as many
/// for one.
const BUDGET: usize = 100_000;

/// The definitions that an operation reaches, each once.
struct Reach<'w, 'a> {
    walk: &'w Walk<'a>,
    /// By definition: the operation that has reached it last.
    seen_from: Vec<usize>,
    next: Vec<usize>,
}

impl Reach<'_, '_> {
    /// Goes on with what a definition spreads; how many spreads that are.
    fn open(&mut self, used: &Used, operation: usize) -> Option<usize> {
        let n_operations = self.walk.known.document.operations().len();
        let spreads = self.walk.spreads.get(used.spreads.0..used.spreads.1)?;
        for it in spreads {
            let definition = n_operations.saturating_add(*it as usize);
            let seen = self.seen_from.get_mut(definition)?;
            if *seen != operation {
                *seen = operation;
                self.next.push(definition);
            }
        }
        Some(spreads.len())
    }
}

/// The variables of one operation.
struct Variables<'a> {
    known: Known<'a>,
    all: &'a [VariableDefinition],
    names: Names<'a>,
    types: &'a [TypeId],
    is_used: Vec<bool>,
}

impl<'a> Variables<'a> {
    fn of(known: Known<'a>, operation: &OperationDefinition, types: &'a [TypeId]) -> Option<Self> {
        let all = known.document.variables(operation.variables);
        let names = Names::unique(all.iter().map(|it| known.document.str(it.name)))?;
        Some(Self { known, all, names, types, is_used: vec![false; all.len()] })
    }

    fn check(&mut self, usage: &Usage<'_>) -> Option<Proven> {
        let index = self.names.position(self.known.document.str(usage.name))? as usize;
        *self.is_used.get_mut(index)? = true;
        let Some(place) = usage.place else { return Some(Proven) };
        let (definition, ty) = (self.all.get(index)?, self.types.get(index)?);
        proven(*ty == place.named && self.is_allowed(definition, &place))
    }

    /// GraphQL §5.8.5, IsVariableUsageAllowed; §3.10.1: what a `@oneOf` is given is never null.
    fn is_allowed(&self, definition: &VariableDefinition, place: &Place<'_>) -> bool {
        let wrappers = self.known.document.wrappers(definition.ty);
        let is_non_null = wrappers.first() == Some(&Wrapper::NonNull);
        let default = definition.default.and_then(|it| self.known.document.value(it));
        let has_default = default.is_some_and(|it| it.kind != ValueKind::Null);
        let nullable = match place.wrappers.split_first() {
            Some((Wrapper::NonNull, rest)) if !is_non_null => {
                if !has_default && !place.has_default {
                    return false;
                }
                rest
            }
            _ => place.wrappers,
        };
        (is_non_null || !place.in_one_of) && are_compatible(wrappers, nullable)
    }
}

/// GraphQL §5.8.5, AreTypesCompatible, for the same innermost type.
fn are_compatible(mut variable: &[Wrapper], mut place: &[Wrapper]) -> bool {
    loop {
        match (variable.split_first(), place.split_first()) {
            (Some((Wrapper::NonNull, inner)), Some((Wrapper::NonNull, wanted)))
            | (Some((Wrapper::List, inner)), Some((Wrapper::List, wanted))) => {
                (variable, place) = (inner, wanted);
            }
            (Some((Wrapper::NonNull, inner)), _) => variable = inner,
            (None, None) => return true,
            _ => return false,
        }
    }
}
