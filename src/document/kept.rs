//! What is left of an operation when selections are taken out of it, or what leaves them for later:
//! emptied parents go too, and fragments and variables that nothing uses any more.

use ahash::{HashMap, HashSet};

use crate::document::{
    Directive, Document, OperationId, Range, SelectionId, SelectionKind, ValueId, ValueKind,
    order::names,
};

/// What is left of one operation; only made when something is.
#[derive(Debug)]
pub struct Kept<'d> {
    /// By selection of the document.
    selections: Vec<bool>,
    variables: HashSet<&'d str>,
    in_parts: InParts,
}

/// Whether answers may come in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InParts {
    /// As it is written.
    AsWritten,
    /// Never: neither @defer nor @stream is left.
    Never,
}

impl<'d> Kept<'d> {
    /// Takes selections out, wherever they are spread. `None` when nothing is left to ask for.
    #[must_use]
    pub fn without(
        document: &'d Document,
        operation: OperationId,
        taken: &[SelectionId],
    ) -> Option<Self> {
        let definition = document.operation(operation)?;
        let mut kept = Self::all(document);
        taken.iter().for_each(|it| kept.take(document, *it));
        kept.take_emptied(document);
        if !kept.any(definition.selections) {
            return None;
        }
        kept.collect_variables(document, operation);
        Some(kept)
    }

    /// All of an operation, to be answered at once.
    #[must_use]
    pub fn whole(document: &'d Document, operation: OperationId) -> Self {
        Self::all(document).at_once(document, operation)
    }

    /// The same without @defer and @stream, which leave selections for later.
    #[must_use]
    pub fn at_once(mut self, document: &'d Document, operation: OperationId) -> Self {
        self.in_parts = InParts::Never;
        self.variables.clear();
        self.collect_variables(document, operation);
        self
    }

    fn all(document: &Document) -> Self {
        Self {
            selections: vec![true; document.all_selections().len()],
            variables: HashSet::default(),
            in_parts: InParts::AsWritten,
        }
    }

    /// Whether a directive is left.
    pub(super) fn keeps_directive(&self, document: &Document, directive: &Directive) -> bool {
        match self.in_parts {
            InParts::AsWritten => true,
            InParts::Never => !is_for_later(document, directive),
        }
    }

    /// Whether a selection is left.
    #[must_use]
    pub fn keeps(&self, selection: SelectionId) -> bool {
        self.selections.get(selection.index()).copied().unwrap_or_default()
    }

    /// Whether anything is left that uses a variable.
    #[must_use]
    pub fn uses(&self, variable: &str) -> bool {
        self.variables.contains(variable)
    }

    fn any(&self, range: Range) -> bool {
        self.selections.get(range.to_usize()).is_some_and(|it| it.contains(&true))
    }

    /// Takes a selection out with everything below it.
    fn take(&mut self, document: &Document, id: SelectionId) {
        let end = document.selection(id).map_or(id.0, |it| it.end.0);
        let subtree = Range { start: id.0, end };
        if let Some(subtree) = self.selections.get_mut(subtree.to_usize()) {
            subtree.fill(false);
        }
    }

    // The budget of this loop is the fragments: a round but the last empties one at least.
    fn take_emptied(&mut self, document: &Document) {
        let names = names(document);
        loop {
            let mut has_changed = false;
            let mut next_kept = u32::MAX;
            let n_selections = u32::try_from(self.selections.len()).unwrap_or(u32::MAX);
            for index in (0..n_selections).rev() {
                let id = SelectionId(index);
                let Some(selection) = document.selection(id) else { continue };
                if !self.keeps(id) {
                    continue;
                }
                let has_children = selection.end.0 > index.saturating_add(1);
                let is_empty = match selection.kind {
                    SelectionKind::Field { .. } | SelectionKind::Inline { .. } => {
                        has_children && next_kept >= selection.end.0
                    }
                    SelectionKind::Spread { name } => {
                        let fragment = names.get(document.str(name));
                        let fragment = fragment.and_then(|it| document.fragments().get(it));
                        fragment.is_none_or(|it| !self.any(it.selections))
                    }
                };
                if is_empty {
                    self.take(document, id);
                    has_changed = true;
                } else {
                    next_kept = index;
                }
            }
            if !has_changed {
                return;
            }
        }
    }

    fn collect_variables(&mut self, document: &'d Document, operation: OperationId) {
        let Some(definition) = document.operation(operation) else { return };
        let fragments: HashMap<&str, _> =
            document.fragments().iter().map(|it| (document.str(it.name), it)).collect();
        let mut seen = HashSet::default();
        let mut open = vec![(definition.selections, definition.directives)];
        // The budget of this loop is the document: every fragment is opened once.
        while let Some((range, directives)) = open.pop() {
            self.of_directives(document, directives);
            for (index, selection) in (range.start..).zip(document.selections(range)) {
                if !self.keeps(SelectionId(index)) {
                    continue;
                }
                self.of_directives(document, selection.directives);
                match selection.kind {
                    SelectionKind::Field { arguments, .. } => {
                        self.of_arguments(document, arguments)
                    }
                    SelectionKind::Inline { .. } => {}
                    SelectionKind::Spread { name } => {
                        let name = document.str(name);
                        if let (Some(it), true) = (fragments.get(name), seen.insert(name)) {
                            open.push((it.selections, it.directives));
                        }
                    }
                }
            }
        }
    }

    fn of_directives(&mut self, document: &'d Document, directives: Range) {
        for directive in document.directives_in(directives) {
            if !self.keeps_directive(document, directive) {
                continue;
            }
            self.of_arguments(document, directive.arguments);
        }
    }

    fn of_arguments(&mut self, document: &'d Document, arguments: Range) {
        for argument in document.arguments(arguments) {
            self.of_value(document, argument.value);
        }
    }

    fn of_value(&mut self, document: &'d Document, id: ValueId) {
        let end = document.value(id).map_or(id.0, |it| it.end.0);
        let values = document.values().get(id.index()..end as usize).unwrap_or_default();
        for value in values {
            if let ValueKind::Variable(name) = value.kind {
                self.variables.insert(document.str(name));
            }
        }
    }
}

/// Whether anything in a document, in whichever of its operations, leaves selections for later.
#[must_use]
pub fn may_be_in_parts(document: &Document) -> bool {
    document.directives().iter().any(|it| is_for_later(document, it))
}

/// Whether @defer stands on a field anywhere in a document, as it could before it was specified.
#[must_use]
pub fn defers_fields(document: &Document) -> bool {
    let fields = document.all_selections().iter();
    let mut fields = fields.filter(|it| matches!(it.kind, SelectionKind::Field { .. }));
    let is_defer = |it: &Directive| document.str(it.name) == "defer";
    fields.any(|it| document.directives_in(it.directives).iter().any(is_defer))
}

/// Whether a directive leaves for later what it stands on.
fn is_for_later(document: &Document, directive: &Directive) -> bool {
    matches!(document.str(directive.name), "defer" | "stream")
}

#[cfg(test)]
mod tests {
    use crate::document::{
        Kept, OperationId, ReadLimits, Selection, SelectionId, SelectionKind, canonical_text_of,
        read,
    };

    /// Takes out every selection of a field with this name.
    #[track_caller]
    fn check(text: &str, taken: &str, expect: Option<&str>) {
        let document = read(text, &ReadLimits::CEILINGS).unwrap().document;
        let is_it = |selection: &Selection| match selection.kind {
            SelectionKind::Field { name, .. } => document.str(name) == taken,
            SelectionKind::Inline { .. } | SelectionKind::Spread { .. } => false,
        };
        let all = (0..).map(SelectionId).zip(document.all_selections());
        let named: Vec<_> = all.filter(|(_, it)| is_it(it)).map(|(id, _)| id).collect();
        let kept = Kept::without(&document, OperationId(0), &named);
        let found = kept.map(|it| canonical_text_of(&document, OperationId(0), &it));
        assert_eq!(found.as_deref(), expect);
    }

    #[test]
    fn a_selection_goes_with_what_is_below_it() {
        check("{a b{c d}e}", "b", Some("{a e}"));
        check("{a b{c{x} d}e}", "c", Some("{a b{d} e}"));
    }

    #[test]
    fn emptied_parents_go() {
        check("{a b{c{x}}}", "x", Some("{a}"));
        check("{a ...on T{b{x}}}", "x", Some("{a}"));
        check("{b{c{x}}}", "x", None);
    }

    #[test]
    fn emptied_fragments_go_with_their_spreads() {
        check("{a ...f} fragment f on T{...g} fragment g on T{x}", "x", Some("{a}"));
        check("{a ...f} fragment f on T{x b}", "x", Some("{a ...f} fragment f on T{b}"));
        check("{...f} fragment f on T{x}", "x", None);
    }

    #[test]
    fn what_leaves_selections_for_later_goes() {
        let check = |text: &str, expect: &str| {
            let document = read(text, &ReadLimits::CEILINGS).unwrap().document;
            let kept = Kept::whole(&document, OperationId(0));
            assert_eq!(canonical_text_of(&document, OperationId(0), &kept), expect);
        };
        let text = "query($p:Boolean $q:Boolean $n:Int){a@stream(if:$p initialCount:$n){b}
            ...f@defer(if:$q label:\"l\")@include(if:$q) ...@defer{c}} fragment f on T{c@defered
            ...on T@defer(if:$p){d@stream}}";
        let expect = "query($q:Boolean){a{b} ...f @include(if:$q) ...{c}} \
            fragment f on T{c @defered ... on T{d}}";
        check(text, expect);
        check("{a(b:\"@defer\"){c}}", "{a(b:\"@defer\"){c}}");
    }

    #[test]
    fn variables_that_nothing_uses_go() {
        let text = "query($p:Int,$q:Int,$r:Boolean!){a(n:$p) x(n:[{k:$q}]) b@include(if:$r)}";
        check(text, "x", Some("query($p:Int $r:Boolean!){a(n:$p) b @include(if:$r)}"));
        check(text, "b", Some("query($p:Int $q:Int){a(n:$p) x(n:[{k:$q}])}"));
        check("query($p:Int){a x(n:$p)}", "x", Some("{a}"));
        check("query Q($p:Int){a x(n:$p)}", "x", Some("query Q{a}"));
    }
}
