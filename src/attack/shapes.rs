//! Documents of exactly so many of what is limited, of any schema.
//!
//! Ways through the schema are for `nested`.

use crate::{
    attack::{Request, World},
    schema::OperationKind,
};

/// A field of the query root that leads to an object: what is limited stands in its selection set.
pub(super) struct Carrier<'p> {
    /// The field, with its arguments.
    call: String,
    /// The name of the object type.
    on: &'p str,
}

impl<'p> Carrier<'p> {
    pub(super) fn of(world: &World<'p>) -> Option<Self> {
        let (call, ty) = world.carrier()?;
        Some(Self { call, on: &world.schema().ty(ty).name })
    }

    /// With `core` as its selection set.
    pub(super) fn selecting(&self, core: &str) -> Request {
        Request::new(self.document(core))
    }

    /// With `core` as its selection set, which spreads `F`: a fragment of `inner`.
    pub(super) fn spreading(&self, core: &str, inner: &str) -> Request {
        let document = self.document(core);
        Request::new(format!("{document} fragment F on {} {{ {inner} }}", self.on))
    }

    /// With `n` times `each`: ten in every spread of a fragment, and the rest beside.
    pub(super) fn tens(&self, each: &str, n: usize) -> Request {
        if n < 10 {
            return self.spreading("...F", &repeat(each, n));
        }
        let (spreads, rest) = (repeat("...F", n / 10), repeat(&format!(" {each}"), n % 10));
        self.spreading(&format!("{spreads}{rest}"), &repeat(each, 10))
    }

    /// With `n` fragments, each spread once.
    pub(super) fn fragments(&self, n: usize) -> Request {
        let spreads: String = (0..n).map(|it| format!("...F{it} ")).collect();
        let fragment = |it| format!(" fragment F{it} on {} {{ __typename }}", self.on);
        let fragments: String = (0..n).map(fragment).collect();
        Request::new(format!("{}{fragments}", self.document(&spreads)))
    }

    /// Of `n` tokens: inline fragments, three tokens each, nested as deep as the number of fields
    /// wants it.
    pub(super) fn tokens(&self, n: usize, max_fields: usize) -> Option<Request> {
        let base = count_tokens(&self.document(""));
        let room = n.checked_sub(base)?;
        let depth = (1..=9_usize).find(|it| {
            let per_unit = it.saturating_mul(3).saturating_add(1);
            (room / per_unit).saturating_add(per_unit) < max_fields
        })?;
        let per_unit = depth.saturating_mul(3).saturating_add(1);
        let unit = format!("{}__typename{} ", "...{".repeat(depth), "}".repeat(depth));
        let units = unit.repeat(room / per_unit);
        Some(self.selecting(&format!("{units}{}", repeat("__typename", room % per_unit))))
    }

    /// The text with `core` as its selection set.
    pub(super) fn document(&self, core: &str) -> String {
        format!("{{ {} {{ {core} }} }}", self.call)
    }
}

pub(super) fn padded(text: &str, n: usize) -> Option<Request> {
    let padding = n.checked_sub(text.len())?;
    Some(Request::new(format!("{text}{}", "x".repeat(padding))))
}

/// The padding as white space.
pub(super) fn in_blanks(request: Request) -> Request {
    Request { query: request.query.replace('x', " "), ..request }
}

/// The document with its root selection in a fragment.
pub(super) fn in_fragment(world: &World<'_>, text: &str) -> Request {
    let query = world.schema().root(OperationKind::Query);
    let root = query.map(|it| &*world.schema().ty(it).name).unwrap_or_default();
    let inner = text.strip_prefix("query").unwrap_or(text);
    Request::new(format!("{{ ...F }} fragment F on {root} {inner}"))
}

pub(super) fn repeat(text: &str, n: usize) -> String {
    vec![text; n].join(" ")
}

/// The same field under `n` names.
pub(super) fn counted(field: &str, n: usize) -> String {
    let all: Vec<_> = (0..n).map(|it| format!("a{it}: {field}")).collect();
    all.join(" ")
}

/// How many tokens a text has; no comments, no block strings.
fn count_tokens(text: &str) -> usize {
    let (mut n, mut in_word, mut in_text) = (0_usize, false, false);
    for it in text.chars() {
        if it == '"' {
            n = n.saturating_add(usize::from(!in_text));
            (in_text, in_word) = (!in_text, false);
        } else if !in_text {
            let is_word = it.is_ascii_alphanumeric() || it == '_' || it == '-';
            let is_new = (is_word && !in_word) || "{}()[]:!=@$|&".contains(it);
            n = n.saturating_add(usize::from(is_new));
            in_word = is_word;
        }
    }
    n
}
