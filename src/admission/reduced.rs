//! The request without the selections that its caller may not have: printed for this request alone,
//! and read and validated like any other document before it goes on.

use crate::{
    admission::{Request, body, known::Judgeable},
    document::{self, Kept, SelectionId},
    json,
    operation::{Given, Variables},
    policy::Policy,
    verdict::{Code, Violation},
};

/// What is left of a document.
pub(super) struct Reduced<'d> {
    /// The canonical text, as a JSON literal.
    pub(super) query: String,
    kept: Kept<'d>,
}

/// The canonical JSON of what is left of a request.
pub(super) fn write(
    policy: &Policy,
    document: &Judgeable,
    (variables, request): (&Variables<'_>, &Request<'_>),
    taken: &[SelectionId],
) -> Result<String, Violation> {
    let Reduced { query, kept } = reduce(policy, document, variables, taken)?;
    Ok(body::write_query(&query, document, (variables, request), &|name| kept.uses(name)))
}

/// What goes on without some selections, or why the whole request must not.
pub(super) fn reduce<'d>(
    policy: &Policy,
    document: &'d Judgeable,
    variables: &Variables<'_>,
    taken: &[SelectionId],
) -> Result<Reduced<'d>, Violation> {
    let operation = document.operation.as_ref().ok_or_else(|| refusal("it is not kept"))?;
    let (arena, id) = (operation.document(), operation.id());
    let kept = Kept::without(arena, id, taken).ok_or_else(|| refusal("nothing is left"))?;
    let is_at_once = document.answers.as_ref().is_some_and(|it| it.is_at_once());
    let kept = if is_at_once { kept.at_once(arena, id) } else { kept };
    let text = document::canonical_text_of(arena, id, &kept);
    let read = document::read(&text, &policy.reading).map_err(|it| refusal(&it.to_string()))?;
    document::validate(&policy.schema, &read)
        .map_err(|it| refusal(&it.first().map_or_else(String::new, |it| it.detail.clone())))?;
    let mut given = document.variables.iter().zip(variables.all());
    let is_left = |given: &Given<'_>| matches!(given, Given::Value(it) if it.holds_file());
    // The file is on its way, and nothing would ask for it.
    if given.any(|(it, given)| !kept.uses(&it.name) && is_left(given)) {
        return Err(refusal("a file stands where nothing asks for it"));
    }
    Ok(Reduced { query: json::escape(&text), kept })
}

/// The refusal of every request of which nothing would be left.
pub(super) fn emptied(document: &Judgeable, taken: &[SelectionId]) -> Option<Violation> {
    let operation = document.operation.as_ref()?;
    let kept = Kept::without(operation.document(), operation.id(), taken);
    kept.is_none().then(|| refusal("nothing is left"))
}

fn refusal(why: &str) -> Violation {
    Violation {
        rule: "authorization",
        code: Code::FORBIDDEN,
        at: None,
        public: "not allowed to ask for this".into(),
        detail: format!("what is denied cannot be taken out: {why}").into(),
    }
}
