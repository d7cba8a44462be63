//! Objections to documents that never reach the rules: unreadable, too large to count, invalid.
//!
//! A size that is also a limit of the policy is refused in the name of that rule.

use std::borrow::Cow;

use crate::{
    document::{Disagreement, Excess, Invalid, Refusal},
    operation::PROTOTYPE,
    verdict::{Code, Violation, ids},
};

/// The text is not a document for us.
pub(super) fn unreadable(refusal: Refusal) -> Violation {
    let (rule, code) = match refusal {
        Refusal::ByteOrderMark { .. }
        | Refusal::ControlCharacter { .. }
        | Refusal::Empty
        | Refusal::Syntax { .. }
        | Refusal::TypeSystemDefinition { .. } => (ids::DOCUMENT, Code::GRAPHQL_PARSE_FAILED),
        Refusal::TooDeep { .. } => ("max-depth", Code::MAX_DEPTH_LIMIT),
        Refusal::TooManyBytes { .. } => ("max-document", Code::MAX_DOCUMENT_LIMIT),
        Refusal::TooManyTokens { .. } => ("max-tokens", Code::MAX_TOKENS_LIMIT),
    };
    let public = refusal.to_string();
    Violation::new(rule, code, public).detailed(refusal.detail())
}

/// The document is too large to be validated, or has no end.
pub(super) fn uncountable(excess: Excess) -> Violation {
    let (rule, code) = match excess {
        Excess::Cycle(_) => (ids::VALIDATION, Code::GRAPHQL_VALIDATION_FAILED),
        Excess::Fields { .. } | Excess::Selections { .. } | Excess::Work { .. } => {
            ("max-fields", Code::MAX_FIELDS_LIMIT)
        }
        Excess::Variables { .. } => ("max-variables", Code::MAX_VARIABLES_LIMIT),
        Excess::Nesting { .. } => ("max-depth", Code::MAX_DEPTH_LIMIT),
    };
    let public = excess.to_string();
    Violation { rule, code, at: None, detail: public.clone().into(), public: public.into() }
}

/// The document breaks rules of the specification.
pub(super) fn invalid(found: Vec<Invalid>) -> Violation {
    let details: Vec<_> = found.iter().map(|it| it.detail.as_str()).collect();
    let detail = details.join("; ").into();
    let public = found.into_iter().next().map(|it| it.public);
    Violation {
        rule: ids::VALIDATION,
        code: Code::GRAPHQL_VALIDATION_FAILED,
        at: None,
        public: public.unwrap_or(Cow::Borrowed("the document is not valid")),
        detail,
    }
}

/// What is said of a field that is not there.
pub(super) fn unknown_field(name: &str) -> Violation {
    let public = format!("unknown field `{name}`");
    Violation {
        rule: ids::VALIDATION,
        code: Code::GRAPHQL_VALIDATION_FAILED,
        at: None,
        detail: public.clone().into(),
        public: public.into(),
    }
}

/// A variable is named so that some servers would read others from it.
pub(super) fn misnamed() -> Violation {
    let public = format!("no variable may be named `{PROTOTYPE}`");
    Violation {
        rule: ids::VALIDATION,
        code: Code::GRAPHQL_VALIDATION_FAILED,
        at: Some(format!("${PROTOTYPE}").into()),
        detail: public.clone().into(),
        public: public.into(),
    }
}

/// Two readers disagree what the document says.
pub(super) fn disagreement(disagreement: Disagreement) -> Violation {
    Violation::new(
        ids::SECOND_READER,
        Code::GRAPHQL_PARSE_FAILED,
        "the document can be read in more than one way",
    )
    .detailed(disagreement.to_string())
}
