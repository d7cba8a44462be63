//! What becomes of an operation that asks for the schema: it is answered here where that is all,
//! and refused where the upstream would show what is hidden from the caller.

use crate::{
    admission::{
        introspection::{self, View},
        judge::{Bench, Ready, Refused},
        known::Judgeable,
    },
    operation::Variables,
    verdict::{Code, Violation},
};

/// The answer to a request that asks for the schema alone.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) body: String,
    /// Whether the upstream's answer would hold more than the caller is to see.
    withholds: bool,
}

impl Bench<'_> {
    /// The answer, when nobody else needs to be asked.
    pub(super) fn introspect(
        &self,
        document: &Judgeable,
        variables: &Variables<'_>,
    ) -> Result<Option<Answer>, Violation> {
        let Some(asked) = &document.introspection else { return Ok(None) };
        if asked.is_answerable {
            let view = View::of(self);
            let body = introspection::answer(&asked.operation, variables, &view)?;
            return Ok(Some(Answer { body, withholds: view.withholds() }));
        }
        if asked.is_asked(variables) && View::hides_something(self) {
            return Err(beside_data());
        }
        Ok(None)
    }
}

/// A batch that goes on is answered by the upstream, with all that it has: where some of that is
/// hidden from the caller, the items that ask for it do not go on.
pub(super) fn kept_apart(judged: Vec<Result<Ready, Refused>>) -> Vec<Result<Ready, Refused>> {
    let goes_on = |it: &Result<Ready, Refused>| it.as_ref().is_ok_and(|it| it.answer.is_none());
    if !judged.iter().any(goes_on) {
        return judged;
    }
    let apart = judged.into_iter().map(|it| match it {
        Ok(Ready { answer: Some(Answer { withholds: true, .. }), .. }) => {
            Err(Refused::for_one(beside_data()))
        }
        judged => judged,
    });
    apart.collect()
}

fn beside_data() -> Violation {
    Violation::new(
        "introspection",
        Code::INTROSPECTION_DISABLED,
        "introspection is only allowed in a request of its own",
    )
    .detailed("the upstream would answer it, and show what is hidden from this caller")
}
