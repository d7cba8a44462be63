//! What is known of a document once it was compiled: everything that no request can change.

use std::sync::Arc;

use crate::{
    admission::{
        concealed::Concealable,
        introspection::Introspection,
        rated::Rated,
        usage::Tally,
        watch::{Delivery, Watch},
    },
    digest::TextDigest,
    operation::{AnswerShape, Operation, Variable},
    policy::ListedIdx,
    rules::{DocumentFacts, Residual, RuleIdx, Trusted},
    schema::OperationKind,
    verdict::Violation,
    weight,
};

/// A document under one policy and one operation name.
#[derive(Debug)]
pub(super) enum Known {
    /// It can be judged.
    Judgeable(Box<Judgeable>),
    /// It cannot be read, validated or resolved, whoever asks; the hash of its text, unless it is
    /// long; and what it names that is concealed from some.
    Refused(Violation, Option<TextDigest>, Option<Box<Concealable>>),
}

/// A document that was read and validated, with the rules specialised to it.
#[derive(Debug)]
pub(super) struct Judgeable {
    /// Kind of the selected operation.
    pub(super) kind: OperationKind,
    /// Name of the selected operation, as a JSON literal.
    pub(super) name: Option<Box<str>>,
    /// The canonical text, as a JSON literal.
    pub(super) query: Box<str>,
    /// Variables that the canonical text does not have, though the client's text has them.
    pub(super) unused: Box<[Box<str>]>,
    /// Whether its answers may come in parts.
    pub(super) delivery: Delivery,
    /// SHA-256 of the text as the client sent it.
    pub(super) hash: TextDigest,
    /// The hash by which an exception of the policy names it: of the text as sent, or of the
    /// canonical text.
    pub(super) excepted: Option<[u8; 32]>,
    /// The operation of trusted documents that says the same.
    pub(super) listed: Option<ListedIdx>,
    /// Variable definitions of the selected operation.
    pub(super) variables: Vec<Variable>,
    /// What is left of the rules; rules that hold are not there.
    pub(super) left: Vec<Left>,
    /// The coordinates of its root fields, when it is a mutation.
    pub(super) changes: Option<Arc<[Box<str>]>>,
    /// How often it came.
    pub(super) tally: Tally,
    /// What its answers can cost; only where the policy wants to know.
    pub(super) watch: Option<Box<Watch>>,
    /// What its answers may hold; only where the policy holds them against it.
    pub(super) answers: Option<Arc<AnswerShape>>,
    /// What it spends of rates; only where the policy has rates that count it.
    pub(super) rated: Option<Box<Rated>>,
    /// The operation, when something may be taken out of it.
    pub(super) operation: Option<Arc<Operation>>,
    /// The operation, when it asks for the schema.
    pub(super) introspection: Option<Introspection>,
    /// What it names that is concealed from some callers.
    pub(super) concealable: Option<Box<Concealable>>,
    /// Bytes of all that hangs on it, roughly, but for what is concealed.
    pub(super) weight: usize,
}

impl Judgeable {
    /// Weighs what hangs on it. What it was made from is given, and held by nobody else: operations
    /// and documents are shared between its parts, and count once where one of them keeps them alive.
    pub(super) fn weighed(mut self, operations: &[Arc<Operation>]) -> Self {
        let texts = self.unused.iter().chain(&self.name).map(|it| weight::of_text(it));
        let changes = self.changes.iter().flat_map(|it| it.iter()).map(|it| weight::of_text(it));
        let variables = self.variables.iter().map(Variable::weight);
        let left = self.left.iter().map(|it| {
            let of = it.of.as_ref().map_or(0, |it| weight::of_text(it));
            it.part.weight(operations).saturating_add(of)
        });
        self.weight = weight::sum(texts.chain(changes).chain(variables).chain(left).chain([
            weight::of_text(&self.query),
            weight::of_slice(&self.unused),
            self.changes.as_ref().map_or(0, |it| weight::of_slice(it)),
            weight::of_vec(&self.variables),
            weight::of_vec(&self.left),
            self.watch.as_ref().map_or(0, |it| it.weight()),
            self.answers.as_ref().map_or(0, |it| it.weight()),
            self.rated.as_ref().map_or(0, |it| it.weight()),
            kept(operations),
        ]));
        self
    }

    /// What rules may know of it.
    pub(super) const fn facts(&self) -> DocumentFacts<'_> {
        let trusted = if self.listed.is_some() { Trusted::Yes } else { Trusted::No };
        DocumentFacts { hash: &self.hash, trusted }
    }
}

/// What is left of one rule.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) rule: RuleIdx,
    pub(super) part: Part,
    /// Whose number it is, when that is an operation which is judged though not selected.
    pub(super) of: Option<Box<str>>,
}

/// See [`crate::rules::Specialised`].
#[derive(Debug)]
pub(super) enum Part {
    /// Per request, with the variables of the selected operation.
    Depends(Box<dyn Residual>),
    /// Per request, for an operation that is judged though not selected: no variables are known.
    DependsUnselected(Box<dyn Residual>),
    /// A number for the limit of the profile.
    Measured(u64),
    /// Violated by every request.
    Violated(Vec<Violation>),
}

impl Part {
    fn weight(&self, operations: &[Arc<Operation>]) -> usize {
        match self {
            Self::Depends(residual) | Self::DependsUnselected(residual) => {
                residual.weight().unwrap_or_else(|| {
                    let nodes = operations.iter().map(|it| it.nodes().len());
                    weight::sum(nodes).saturating_mul(PER_NODE)
                })
            }
            Self::Measured(_) => 0,
            Self::Violated(violations) => {
                let texts = violations.iter().map(Violation::weight);
                weight::sum(texts.chain([weight::of_vec(violations)]))
            }
        }
    }
}

/// Bytes of operations and of their document that something keeps alive beside the caller.
fn kept(operations: &[Arc<Operation>]) -> usize {
    let is_kept = |it: &&Arc<Operation>| Arc::strong_count(it) > 1;
    let kept: Vec<_> = operations.iter().filter(is_kept).map(|it| it.weight()).collect();
    // A rule can keep the document alone, which each of the operations holds as well.
    let is_held = |it: &Arc<Operation>| {
        !kept.is_empty() || Arc::strong_count(it.document()) > operations.len()
    };
    let document = operations.first().filter(|it| is_held(it));
    let document = document.map_or(0, |it| it.document().weight());
    weight::sum(kept.into_iter().chain([document]))
}

/// Bytes of what a residual that does not tell holds for every selection: two sites.
const PER_NODE: usize = 64;

/// An entry of the cache: what is known, under the exact key that it was compiled for.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) operation_name: Option<Box<str>>,
    /// The document's text as the client wrote it, a JSON literal: two spellings of one text are
    /// two entries, and neither is unescaped to be found.
    pub(super) literal: Box<str>,
    pub(super) known: Known,
}

impl Known {
    /// Makes the hash that it has not made: it is going to be kept.
    pub(super) fn settle(&mut self) {
        match self {
            Self::Judgeable(it) => it.hash.settle(),
            Self::Refused(_, Some(hash), _) => hash.settle(),
            Self::Refused(_, None, _) => {}
        }
    }
}

impl Entry {
    /// Whether it was compiled for this literal and operation name.
    pub(super) fn is_for(&self, literal: &str, operation_name: Option<&str>) -> bool {
        *self.literal == *literal && self.operation_name.as_deref() == operation_name
    }

    /// Bytes it holds on to, roughly: the literal, and what hangs on it.
    pub(super) fn weight(&self) -> usize {
        let (known, concealable) = match &self.known {
            Known::Judgeable(it) => {
                (size_of::<Judgeable>().saturating_add(it.weight), it.concealable.as_ref())
            }
            Known::Refused(violation, hash, concealable) => {
                let hash = hash.as_ref().map_or(0, |_| size_of::<TextDigest>());
                (violation.weight().saturating_add(hash), concealable.as_ref())
            }
        };
        weight::sum([
            FIXED,
            size_of::<Self>(),
            self.operation_name.as_ref().map_or(0, |it| weight::of_text(it)),
            weight::of_text(&self.literal),
            known,
            concealable.map_or(0, |it| it.weight()),
        ])
    }
}

/// Bytes of a place in the cache, of the header of an `Arc`, and of small things not counted.
const FIXED: usize = 256;

#[cfg(test)]
mod tests {
    use std::{num::NonZeroUsize, sync::Arc};

    use ahash::RandomState;

    use crate::{
        admission::{
            cache::{Cache, CacheLimits, Share},
            compile::compile,
            known::{Entry, Known},
            seen::Uses,
        },
        diagnostic::Source,
        operation::Node,
        policy::{self, Policy},
    };

    const SCHEMA: &str = "type Query { me: User users(first: Int): [User] }
type User { id: ID name(as: String): String friends(first: Int): [User] }";

    fn policy(rest: &str) -> Policy {
        let source =
            |name: &str, text: &str| Arc::new(Source { name: name.into(), text: text.into() });
        let text = format!("version: 1\nname: t\nschema: {{ file: s.graphql }}\n{rest}");
        let mut schema = |_: &str| Ok(source("s.graphql", SCHEMA));
        let (policy, found) = policy::load(source("p.yaml", &text), &mut schema);
        policy.unwrap_or_else(|| panic!("{found:?}"))
    }

    fn entry(policy: &Policy, text: &str) -> Entry {
        let known = compile(policy, text, None);
        assert!(matches!(known, Known::Judgeable(_)), "{known:?}");
        Entry { operation_name: None, literal: text.into(), known }
    }

    fn document(n: usize) -> String {
        let fields = |it| format!("a{it}: friends(first: $n) {{ b: id name(as: $as) }} ");
        let all: String = (0..n).map(fields).collect();
        format!("query($n: Int, $as: String) {{ me {{ {all} }} }}")
    }

    /// What one more selection of a field with two below weighs.
    fn weight_of_one_more(rest: &str) -> usize {
        let policy = policy(rest);
        let [few, many] = [16, 80].map(|it| entry(&policy, &document(it)).weight());
        (many - few) / 64
    }

    #[test]
    fn what_rules_keep_of_a_document_counts() {
        // The literal and the canonical text; nothing keeps the document.
        let plain = weight_of_one_more("");
        let literal = "a16: friends(first: $n) { b: id name(as: $as) } ".len();
        let canonical = "a16:friends(first:$n){b:id name(as:$as)}".len();
        assert!((literal + canonical..2 * (literal + canonical)).contains(&plain), "{plain}");
        let nodes = 3 * size_of::<Node>();
        for rest in [
            "authorization: { default: allow, rules: [ { on: [User.id], allow: has(claims.sub) } ] }",
            "authorization: { default: allow, on_deny: remove, rules: [ { on: [User.id], allow: 'parent.field == \"Query.me\"' } ] }",
            "inputs: [ { at: ['User.name(as:)'], require: value == claims.sub } ]",
            "inputs: [ { at: ['User.name(as:)'], length: 0..10 } ]",
            "once_per_request: [ User.id ]",
            "response: { redact: [ User.name ] }",
        ] {
            let weight = weight_of_one_more(rest);
            assert!(weight >= plain + nodes, "{rest}: {weight} and {plain}");
        }
    }

    #[test]
    fn documents_are_evicted_by_what_they_hold() {
        const BYTES: usize = 1 << 20;
        let policy = policy(
            "authorization: { default: allow, rules: [ { on: [User.id], allow: has(claims.sub) } ] }",
        );
        let n = |it| NonZeroUsize::new(it).unwrap();
        let limits = CacheLimits { documents: n(10_000), refused: n(16), bytes: n(BYTES) };
        let cache = Cache::new(limits, RandomState::with_seeds(1, 2, 3, 4));
        for it in 0..100 {
            let text = format!("{}#{it}", document(40));
            let entry = Arc::new(entry(&policy, &text));
            assert!(entry.weight() > BYTES / 100, "all of them are too much");
            cache.put(cache.key(&text, None), Share::Judgeable, (entry, Uses::default()));
        }
        let (kept, _) = cache.kept();
        let held: usize = kept.iter().map(|it| it.weight()).sum();
        assert!(!kept.is_empty() && held <= BYTES, "{} hold {held}", kept.len());
    }

    #[test]
    fn every_entry_counts_what_its_own_text_and_rules_hold() {
        let policy = policy("");
        let [short, long] = [1, 2].map(|it| entry(&policy, &document(it)));
        assert!(short.weight() < long.weight());
        assert!(short.weight() > 2 * short.literal.len() + size_of::<Node>());
    }
}
