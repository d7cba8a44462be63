//! Arguments of fields and directives, and the directives themselves.
//!
//! The values of the arguments are for `values`.

use crate::{
    document::{
        Range,
        validate::proof::{
            Proven, proven,
            selections::Walk,
            values::{Place, is_required},
        },
    },
    schema::InputId,
};

impl<'a> Walk<'a> {
    /// GraphQL §5.4.1 (the names are defined), §5.4.2 (each is given once) and §5.4.3 (what is
    /// required is given).
    pub(super) fn arguments<I: Iterator<Item = InputId>>(
        &mut self,
        given: Range,
        defined: impl Fn() -> I,
    ) -> Option<Proven> {
        let (schema, document) = (self.known.schema, self.known.document);
        let given = document.arguments(given);
        // The budget of this loop is the number of defined names: with more, one is given twice.
        for (before, it) in given.iter().enumerate() {
            let name = document.str(it.name);
            let input = defined().map(|it| schema.input(it)).find(|it| &*it.name == name)?;
            proven(given.iter().take(before).all(|it| document.str(it.name) != name))?;
            self.value(it.value, Place::of(input))?;
        }
        let mut required = defined().map(|it| schema.input(it)).filter(|it| is_required(it));
        proven(required.all(|it| given.iter().any(|given| document.str(given.name) == &*it.name)))
    }

    /// GraphQL §5.7.1 (directives are defined), §5.7.2 (they may stand there) and §5.7.3 (once, but
    /// for those that repeat).
    #[inline]
    pub(super) fn directives(&mut self, range: Range, location: &str) -> Option<Proven> {
        if range.is_empty() { Some(Proven) } else { self.some_directives(range, location) }
    }

    fn some_directives(&mut self, range: Range, location: &str) -> Option<Proven> {
        let (schema, document) = (self.known.schema, self.known.document);
        let all = document.directives_in(range);
        for (before, it) in all.iter().enumerate() {
            let name = document.str(it.name);
            let defined = schema.directives().iter().find(|it| &*it.name == name)?;
            proven(defined.locations.iter().any(|it| &**it == location))?;
            let is_repeated = || all.iter().take(before).any(|it| document.str(it.name) == name);
            proven(defined.is_repeatable || !is_repeated())?;
            self.arguments(it.arguments, || schema.directive_arguments(defined))?;
        }
        Some(Proven)
    }
}
