//! Whose quota is spent: `client.ip`, `caller`, `claims.sub`, `api_key`, `header.x-tenant`,
//! `args.email`, `document`.

use std::fmt;

use crate::{
    diagnostic::Diagnostics,
    policy::{Credentials, claim, rates::Ground},
    schema::{FieldId, Kind, Schema, Wrapper},
    yaml::{Node, scalar},
};

/// Whose quota is spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RateKey {
    /// Of the client's address.
    Address,
    /// Of the API key, or of the address when there is none.
    ApiKey,
    /// Of the value of an argument of the counted field, or of the address when there is none.
    Argument(ArgumentKey),
    /// Of the subject, or of the address when there is none.
    Caller,
    /// Of those with the same claim, or of the address when there is none.
    Claim(Box<[Box<str>]>),
    /// Of the document, by its canonical text, whoever sends it.
    Document,
    /// Of the value of a header, lower case, or of the address when there is none.
    Header(Box<str>),
}

/// As it is written.
impl fmt::Display for RateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str("client.ip"),
            Self::ApiKey => f.write_str("api_key"),
            Self::Argument(it) => write!(f, "args.{}", it.path.join(".")),
            Self::Caller => f.write_str("caller"),
            Self::Claim(path) => f.write_str(&claim::write(path)),
            Self::Document => f.write_str("document"),
            Self::Header(name) => write!(f, "header.{name}"),
        }
    }
}

/// The value of an argument, or of an input field inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentKey {
    /// INVARIANT: never empty; the argument comes first.
    pub path: Box<[Box<str>]>,
    /// Which values are one.
    pub normalise: Normalise,
}

/// Which values of an argument are one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Normalise {
    /// Only the same.
    #[default]
    AsGiven,
    /// Those that reach one mailbox: no white space, lower case, without `+tag`.
    Email,
    /// Those that differ in capitals only.
    Lower,
    /// Those that differ in white space around them only.
    Trim,
}

impl Normalise {
    /// The one form of a value.
    #[must_use]
    pub fn apply(self, text: &str) -> String {
        match self {
            Self::AsGiven => text.to_owned(),
            Self::Email => email(text),
            Self::Lower => text.to_lowercase(),
            Self::Trim => text.trim().to_owned(),
        }
    }
}

fn email(text: &str) -> String {
    let text: String = text.chars().filter(|it| !it.is_whitespace()).collect();
    let text = text.to_lowercase();
    match text.rsplit_once('@') {
        Some((local, domain)) => {
            let (mailbox, _tag) = local.split_once('+').unwrap_or((local, ""));
            format!("{mailbox}@{domain}")
        }
        None => text,
    }
}

/// The words of `normalise`.
const NORMALISE_WORDS: [(&str, Normalise); 3] =
    [("email", Normalise::Email), ("lower", Normalise::Lower), ("trim", Normalise::Trim)];

/// Reads a key; `on` are the fields whose calls are counted.
pub(super) fn read(
    node: &Node,
    (normalise, on): (Option<(&Node, &Node)>, &[FieldId]),
    ground: Ground<'_>,
    found: &mut Diagnostics,
) -> Option<RateKey> {
    let text = scalar::text(node, found)?;
    let key = parse(text);
    if let (Some((key_node, _)), false) = (normalise, matches!(key, Some(RateKey::Argument(_)))) {
        let error = key_node.error("contradiction", "only the value of an argument is normalised");
        found.push(error.help("count by an argument: `key: args.email`"));
    }
    let Some(key) = key else {
        let error = node.error("not-a-key", format!("`{text}` is nothing to count by"));
        found.push(error.help(
            "write `client.ip`, `caller`, `claims.sub`, `api_key`, `args.email`, `document` or \
             `header.x-tenant`",
        ));
        return None;
    };
    lint(node, &key, ground, found);
    let RateKey::Argument(ArgumentKey { path, .. }) = key else { return Some(key) };
    let normalise = match normalise {
        Some((_, value)) => scalar::word(value, &NORMALISE_WORDS, found)?,
        None => Normalise::default(),
    };
    is_bound(node, (&path, on), ground.schema, found)
        .then_some(RateKey::Argument(ArgumentKey { path, normalise }))
}

fn parse(text: &str) -> Option<RateKey> {
    match text {
        "api_key" => return Some(RateKey::ApiKey),
        "caller" => return Some(RateKey::Caller),
        "client.ip" => return Some(RateKey::Address),
        "document" => return Some(RateKey::Document),
        _ if text.starts_with("claims") => {
            return claim::parse(text).map(|it| RateKey::Claim(it.into()));
        }
        _ => {}
    }
    let (family, rest) = text.split_once('.')?;
    let is_name =
        |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
    let path = || rest.split('.').all(is_name).then(|| rest.split('.').map(Into::into).collect());
    match family {
        "args" => {
            let normalise = Normalise::default();
            path().map(|path| RateKey::Argument(ArgumentKey { path, normalise }))
        }
        "header" => {
            let is_token = |it: u8| it.is_ascii_alphanumeric() || b"-_".contains(&it);
            let is_header = !rest.is_empty() && rest.bytes().all(is_token);
            is_header.then(|| RateKey::Header(rest.to_ascii_lowercase().into()))
        }
        _ => None,
    }
}

/// What counts less than it seems.
fn lint(node: &Node, key: &RateKey, ground: Ground<'_>, found: &mut Diagnostics) {
    let Credentials { jwt, api_keys, .. } = ground.credentials;
    let text = node.as_text().unwrap_or_default();
    match key {
        RateKey::Caller | RateKey::Claim(_) if jwt.is_none() && api_keys.is_none() => {
            let message =
                format!("`{text}` is always the address: `identity` reads no credentials");
            found.push(node.warning("idle-setting", message));
        }
        RateKey::ApiKey if api_keys.is_none() => {
            let message = "`api_key` is always the address: `identity` reads no API keys";
            found.push(node.warning("idle-setting", message));
        }
        RateKey::Header(_) => {
            let message = format!("`{text}` is what the client says: another value is a new quota");
            let warning = node.warning("weak-key", message);
            found.push(warning.help("count by `client.ip` or by a verified claim besides"));
        }
        RateKey::Document if !ground.lists_documents => {
            let message = "who writes documents of their own has a new quota with each";
            let warning = node.warning("weak-key", message);
            found.push(warning.help("let only listed documents pass: `documents.require: true`"));
        }
        RateKey::Address
        | RateKey::ApiKey
        | RateKey::Argument(_)
        | RateKey::Caller
        | RateKey::Claim(_)
        | RateKey::Document => {}
    }
}

/// Whether every counted field has such an argument, and it is one value.
fn is_bound(
    node: &Node,
    (path, on): (&[Box<str>], &[FieldId]),
    schema: &Schema,
    found: &mut Diagnostics,
) -> bool {
    if on.is_empty() {
        let error = node.error("contradiction", "an argument belongs to a field");
        found.push(error.help("name the field: `on: Mutation.login`"));
        return false;
    }
    for field in on {
        let name = schema.coordinate(*field);
        let Some(input) = descend(schema, *field, path) else {
            let path = path.join(".");
            let message = format!("`{name}` has no argument `{path}`");
            found.push(node.error("unknown-coordinate", message));
            return false;
        };
        let ty = &schema.input(input).ty;
        let is_object = matches!(schema.ty(ty.named).kind, Kind::InputObject { .. });
        if is_object || ty.wrappers.contains(&Wrapper::List) {
            let message = "a list or an object is nothing to count by";
            found.push(node.error("not-a-key", message).help("name one value inside it"));
            return false;
        }
    }
    true
}

fn descend(schema: &Schema, field: FieldId, path: &[Box<str>]) -> Option<crate::schema::InputId> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(schema.argument_named(field, first)?, |at, name| {
        let ty = &schema.input(at).ty;
        if ty.wrappers.contains(&Wrapper::List) {
            return None;
        }
        schema.input_field_named(ty.named, name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_one() {
        for (normalise, given, expect) in [
            (Normalise::AsGiven, " A+b@C ", " A+b@C "),
            (Normalise::Trim, " A+b@C ", "A+b@C"),
            (Normalise::Lower, " A+b@C ", " a+b@c "),
            (Normalise::Email, " A+b@C ", "a@c"),
            (Normalise::Email, "a b+c+d@e", "ab@e"),
            (Normalise::Email, "+a@b", "@b"),
            (Normalise::Email, "A+b", "a+b"),
            (Normalise::Email, "\"a@b+c\"@d", "\"a@b@d"),
        ] {
            assert_eq!(normalise.apply(given), expect, "{given:?}");
        }
    }
}
