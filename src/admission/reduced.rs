//! The request without the selections that its caller may not have: printed for this request alone,
//! and read and validated like any other document before it goes on.
//!
//! What its caller pays for, and what its answer may hold, is what is left: that is compiled anew.

use std::sync::Arc;

use crate::{
    admission::{
        Request, body, compile,
        known::{Judgeable, Left, Part},
        rated::Rated,
        watch::{Delivery, Followed, Watch},
    },
    document::{self, Kept, OperationId, ReadLimits, SelectionId},
    json,
    operation::{Expected, Given, Operation, Variables, coerce},
    policy::Policy,
    verdict::{Code, Spent, Violation},
};

/// What is left of a request.
pub(super) struct Reduced<'r> {
    /// The canonical text.
    text: String,
    pub(super) operation: Arc<Operation>,
    variables: Variables<'r>,
    /// What is left of the rules that are about what goes on.
    left: Vec<Left>,
}

/// What goes on without some selections; nothing, when none is taken out.
///
/// # Errors
/// Why the whole request must not go on.
pub(super) fn reduce<'r>(
    policy: &Policy,
    document: &Judgeable,
    (variables, request): (&Variables<'_>, &Request<'r>),
    taken: &[SelectionId],
) -> Result<Option<Reduced<'r>>, Violation> {
    if taken.is_empty() {
        return Ok(None);
    }
    let operation = document.operation.as_ref().ok_or_else(|| refusal("it is not kept"))?;
    let (arena, id) = (operation.document(), operation.id());
    let kept = Kept::without(arena, id, taken).ok_or_else(|| refusal("nothing is left"))?;
    let is_at_once = document.answers.as_ref().is_some_and(|it| it.is_at_once());
    let kept = if is_at_once { kept.at_once(arena, id) } else { kept };
    let text = document::canonical_text_of(arena, id, &kept);
    // What was sent was short enough, and is not held against what its print takes.
    let limits = ReadLimits { bytes: ReadLimits::CEILINGS.bytes, ..policy.reading };
    let read = document::read(&text, &limits).map_err(|it| refusal(&it.to_string()))?;
    document::validate(&policy.schema, &read)
        .map_err(|it| refusal(&it.first().map_or_else(String::new, |it| it.detail.clone())))?;
    let mut given = document.variables.iter().zip(variables.all());
    let is_left = |given: &Given<'_>| matches!(given, Given::Value(it) if it.holds_file());
    // The file is on its way, and nothing would ask for it.
    if given.any(|(it, given)| !kept.uses(&it.name) && is_left(given)) {
        return Err(refusal("a file stands where nothing asks for it"));
    }
    let operation = compile::spread(policy, &read.document, OperationId(0))
        .map_err(|it| refusal(&format!("`{}` does not resolve", it.name)))?;
    let operation = Arc::new(operation);
    let variables = coerce(&policy.schema, operation.variables(), request.variables)?;
    let left =
        compile::left(policy, std::slice::from_ref(&operation), |it| it.judges_what_goes_on());
    Ok(Some(Reduced { text, operation, variables, left }))
}

impl Reduced<'_> {
    /// Its canonical text, as a JSON literal.
    pub(super) fn query(&self) -> String {
        json::escape(&self.text)
    }

    /// Its canonical text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Its canonical JSON.
    pub(super) fn write(&self, document: &Judgeable, of: (&Variables<'_>, &Request<'_>)) -> String {
        let names = self.operation.variables();
        let uses = |name: &str| names.iter().any(|it| *it.name == *name);
        body::write_query(&self.query(), document, of, &uses)
    }

    /// What it spends of rates.
    pub(super) fn spent(&self, policy: &Policy) -> Vec<Spent> {
        let rated = Rated::of(policy, &self.operation, &self.text);
        rated.map(|it| it.spent(&self.variables)).unwrap_or_default()
    }

    /// What there is to do with its answer, instead of what there would be with that to all of the
    /// document.
    pub(super) fn followed(
        &self,
        policy: &Policy,
        document: &Judgeable,
        limit: Option<u64>,
    ) -> Followed {
        let watch = document.watch.as_ref();
        let watched = watch.zip(Watch::of(policy, &self.operation));
        let answers = compile::answers(policy, &self.operation);
        let is_in_parts = document::may_be_in_parts(self.operation.document());
        Followed {
            watched: watched.map(|(all, it)| it.part(&self.variables, limit, all.is_next())),
            expected: answers.map(|it| Expected::new(&it, &self.variables)),
            delivery: if is_in_parts { document.delivery } else { Delivery::AtOnce },
        }
    }
}

/// What is left of the rules that are about what goes on, and the variables to ask them with;
/// nothing, when nothing goes on.
pub(super) fn going_on<'a, 'r>(
    policy: &'a Policy,
    (document, variables): (&'a Judgeable, &'a Variables<'r>),
    reduced: Result<Option<&'a Reduced<'r>>, &Violation>,
) -> impl Iterator<Item = (&'a Left, &'a Variables<'r>)> {
    let (reduced, goes_on) = (reduced.ok().flatten(), reduced.is_ok());
    // Of an operation that is judged though it was not selected nothing is taken out.
    let is_its = move |it: &&Left| {
        let is_replaced = reduced.is_some() && matches!(it.part, Part::Depends(_));
        goes_on && !is_replaced && policy.rule(it.rule).judges_what_goes_on()
    };
    let own = document.left.iter().filter(is_its).map(move |it| (it, variables));
    let anew = reduced.into_iter().flat_map(|it| it.left.iter().map(|left| (left, &it.variables)));
    own.chain(anew)
}

/// The refusal of every request of which nothing would be left.
pub(super) fn emptied(document: &Judgeable, taken: &[SelectionId]) -> Option<Violation> {
    let operation = document.operation.as_ref()?;
    let kept = Kept::without(operation.document(), operation.id(), taken);
    kept.is_none().then(|| refusal("nothing is left"))
}

fn refusal(why: &str) -> Violation {
    Violation::new("authorization", Code::FORBIDDEN, "not allowed to ask for this")
        .detailed(format!("what is denied cannot be taken out: {why}"))
}
