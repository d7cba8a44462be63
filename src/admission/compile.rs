//! From the text of a document to everything that no request can change.
//!
//! Sizes come first: nothing is validated or built that was not counted.

use std::sync::Arc;

use crate::{
    admission::{
        concealed::Concealable,
        introspection::Introspection,
        known::{Judgeable, Known, Left, Part},
        named::not_in_list,
        rated::Rated,
        refusal::{disagreement, invalid, misnamed, uncountable, unreadable},
        usage::Tally,
        watch::{Delivery, Watch},
    },
    digest::{Digest, TextDigest},
    document::{self, Document, Kept, OperationId, Read},
    json,
    operation::{self, AnswerShape, Mismatch, Operation, PROTOTYPE},
    policy::{self, ListedIdx, Policy, SecondReader, Unselected},
    rules::{Rule, Specialised},
    schema::OperationKind,
    verdict::{Code, Mode, Violation, ids},
};

/// Reads, counts, validates and spreads a document, and specialises every rule to it.
pub(super) fn compile(policy: &Policy, text: &str, operation_name: Option<&str>) -> Known {
    compile_keeping(policy, text, operation_name).0
}

/// The same with the selected operation, for those who want more of it than a verdict.
pub(super) fn compile_keeping(
    policy: &Policy,
    text: &str,
    operation_name: Option<&str>,
) -> (Known, Option<Arc<Operation>>) {
    let mut concealable = None;
    let valid = valid(policy, text, operation_name, &mut concealable);
    match valid.and_then(|it| judgeable(policy, text, it)) {
        Ok((judgeable, selected)) => {
            (Known::Judgeable(Box::new(Judgeable { concealable, ..judgeable })), Some(selected))
        }
        Err(violation) => {
            let hash = (text.len() <= HASHED || policy::is_liftable(violation.rule))
                .then(|| TextDigest::of(text));
            (Known::Refused(violation, hash, concealable), None)
        }
    }
}

/// A document that was read, counted and validated.
struct Valid {
    read: Read,
    selected: OperationId,
    canonical: String,
    listed: Option<ListedIdx>,
}

/// Also what it names that is concealed from some callers, whatever else is wrong with it. Whoever
/// listed a document knows what is in it.
fn valid(
    policy: &Policy,
    text: &str,
    operation_name: Option<&str>,
    concealable: &mut Option<Box<Concealable>>,
) -> Result<Valid, Violation> {
    let read = document::read(text, &policy.reading).map_err(unreadable)?;
    document::count(&read.document, &policy.ceilings).map_err(uncountable)?;
    let selected = select(&read.document, operation_name);
    let canonical = selected.as_ref().ok().map(|it| document::canonical_text(&read.document, *it));
    let listed = canonical.as_ref().and_then(|it| policy.documents.library.with_canonical(it));
    // Before validation: a flood of documents that nobody lists is to cost little.
    if listed.is_none() && policy.documents.require == Some(Mode::Enforce) {
        return Err(not_in_list());
    }
    if listed.is_none() {
        *concealable = Concealable::of(policy, &read.document);
    }
    document::validate(&policy.schema, &read).map_err(invalid)?;
    let (selected, canonical) = (selected?, canonical.unwrap_or_default());
    if policy.second_reader == SecondReader::On {
        document::second_reader(&canonical, &read.document, selected).map_err(disagreement)?;
    }
    Ok(Valid { read, selected, canonical, listed })
}

fn judgeable(
    policy: &Policy,
    text: &str,
    Valid { read, selected, canonical, listed }: Valid,
) -> Result<(Judgeable, Arc<Operation>), Violation> {
    let operations = operations(policy, &read, selected)?;
    // What keeps the document alive from here on is told by who holds it.
    drop(read);
    let left = left(policy, &operations, |_| true);
    let operation = operations.first().ok_or_else(|| internal("no operation"))?;
    if operation.variables().iter().any(|it| &*it.name == PROTOTYPE) {
        return Err(misnamed());
    }
    let hash = TextDigest::of(text);
    let answers = answers(policy, operation);
    let Sent { query, unused, delivery } = sent(operation, answers.as_deref(), &canonical);
    let judgeable = Judgeable {
        kind: operation.kind(),
        name: operation.name().map(|it| json::escape(it).into()),
        query,
        unused,
        delivery,
        excepted: excepted(policy, &hash, &canonical),
        hash,
        listed,
        variables: operation.variables().to_vec(),
        left,
        changes: changes(operation),
        tally: Tally::default(),
        watch: Watch::of(policy, operation).map(Box::new),
        answers,
        rated: Rated::of(policy, operation, &canonical).map(Box::new),
        operation: policy.rules().any(|(_, rule)| rule.takes_out()).then(|| Arc::clone(operation)),
        introspection: Introspection::of(operation),
        concealable: None,
        weight: 0,
    };
    Ok((judgeable.weighed(&operations), Arc::clone(operation)))
}

/// What a mutation calls.
pub(super) fn changes(operation: &Operation) -> Option<Arc<[Box<str>]>> {
    let called = || operation.children(None).map(|(_, it)| operation.coordinate(it).into());
    (operation.kind() == OperationKind::Mutation).then(|| called().collect())
}

/// What goes on of a document.
struct Sent {
    query: Box<str>,
    unused: Box<[Box<str>]>,
    delivery: Delivery,
}

fn sent(operation: &Operation, answers: Option<&AnswerShape>, canonical: &str) -> Sent {
    let (document, id) = (operation.document(), operation.id());
    let as_written = |delivery| {
        let query = json::escape(canonical).into();
        Sent { query, unused: Box::default(), delivery }
    };
    if !document::may_be_in_parts(document) {
        return as_written(Delivery::AtOnce);
    }
    let kept = Kept::whole(document, id);
    let text = document::canonical_text_of(document, id, &kept);
    if text == canonical {
        return as_written(Delivery::AtOnce);
    }
    if !answers.is_some_and(AnswerShape::is_at_once) {
        return as_written(Delivery::InParts);
    }
    let names = operation.variables().iter().map(|it| &it.name);
    let unused = names.filter(|it| !kept.uses(it)).cloned().collect();
    Sent { query: json::escape(&text).into(), unused, delivery: Delivery::AtOnce }
}

/// What the answers to an operation may hold, when somebody asks.
pub(super) fn answers(policy: &Policy, operation: &Arc<Operation>) -> Option<Arc<AnswerShape>> {
    let rules = &policy.response;
    let shape = || Arc::new(AnswerShape::new(operation, &rules.redact));
    rules.needs_operation().then(shape)
}

/// Without exceptions nobody asks for either hash.
fn excepted(policy: &Policy, sent: &TextDigest, canonical: &str) -> Option<[u8; 32]> {
    let exceptions = policy.exceptions();
    exceptions.iter().next()?;
    let either = [sent.digest().0, Digest::of(canonical.as_bytes()).0];
    either.into_iter().find(|it| exceptions.find(it).is_some())
}

/// The operations to judge, the selected one first.
fn operations(
    policy: &Policy,
    read: &Read,
    selected: OperationId,
) -> Result<Vec<Arc<Operation>>, Violation> {
    let all = (0_u32..).zip(read.document.operations()).map(|(id, _)| OperationId(id));
    let others = all.filter(|id| *id != selected && policy.unselected == Unselected::Judge);
    std::iter::once(selected)
        .chain(others)
        .map(|id| spread(policy, &read.document, id).map(Arc::new))
        .map(|it| it.map_err(|it| internal(&it.name)))
        .collect()
}

/// An operation as the policy has it read.
pub(super) fn spread(
    policy: &Policy,
    document: &Arc<Document>,
    id: OperationId,
) -> Result<Operation, Mismatch> {
    let operation = operation::spread(&policy.schema, document, id, policy.skipped)?;
    Ok(operation.with_absent(policy.absent))
}

/// What is left of every rule that is wanted, over all operations.
pub(super) fn left(
    policy: &Policy,
    operations: &[Arc<Operation>],
    is_wanted: impl Fn(&dyn Rule) -> bool,
) -> Vec<Left> {
    let mut left = Vec::new();
    for (rule, applied) in policy.rules().filter(|(_, it)| is_wanted(*it)) {
        let mut largest: Option<(u64, Option<&Operation>)> = None;
        let mut violations = Vec::new();
        for (index, operation) in operations.iter().enumerate() {
            let other = (index > 0).then_some(&**operation);
            match applied.specialise(operation) {
                Specialised::Holds => {}
                Specialised::Violated(found) => violations.extend(found),
                Specialised::Measured(measured) => {
                    if largest.is_none_or(|it| measured > it.0) {
                        largest = Some((measured, other));
                    }
                }
                Specialised::Depends(residual) => {
                    let part = match other {
                        None => Part::Depends(residual),
                        Some(_) => Part::DependsUnselected(residual),
                    };
                    left.push(Left { rule, part, of: other.map(called) });
                }
            }
        }
        if let Some((measured, other)) = largest {
            left.push(Left { rule, part: Part::Measured(measured), of: other.map(called) });
        }
        if !violations.is_empty() {
            left.push(Left { rule, part: Part::Violated(violations), of: None });
        }
    }
    left
}

/// How messages call one of several operations.
fn called(operation: &Operation) -> Box<str> {
    match operation.name() {
        Some(name) => format!("operation `{name}`").into(),
        None => format!("operation {}", operation.id().0.saturating_add(1)).into(),
    }
}

/// GraphQL §6.1: the named operation, or the only one.
pub(super) fn select(
    document: &Document,
    operation_name: Option<&str>,
) -> Result<OperationId, Violation> {
    let mut named = (0_u32..).zip(document.operations()).filter(|(_, it)| match operation_name {
        Some(wanted) => it.name.is_some_and(|name| document.str(name) == wanted),
        None => true,
    });
    match (named.next(), named.next()) {
        (Some((id, _)), None) => Ok(OperationId(id)),
        (Some(_), Some(_)) => Err(several_operations()),
        (None, _) => Err(no_such_operation()),
    }
}

/// The objection to a name that no operation of the document has.
pub(super) fn no_such_operation() -> Violation {
    unresolved("no operation has the name that `operationName` gives")
}

/// The objection to a document of which nobody says which operation is meant.
pub(super) fn several_operations() -> Violation {
    unresolved("several operations, and `operationName` does not say which")
}

fn unresolved(public: &'static str) -> Violation {
    Violation::new(ids::OPERATION_NAME, Code::OPERATION_RESOLUTION_FAILURE, public)
}

/// 16 KiB: reading more of a refused text only to name it would be a gift to whoever sends it.
const HASHED: usize = 16 * 1024;

/// A fault of ours: validation let something through that does not resolve.
fn internal(name: &str) -> Violation {
    Violation::new(
        ids::VALIDATION,
        Code::GRAPHQL_VALIDATION_FAILED,
        "the document does not fit the schema",
    )
    .detailed(format!("`{name}` does not resolve though validation passed"))
}
