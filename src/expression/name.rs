//! What an expression may name, by where it stands, and the members of what it names.

/// Something that an expression can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// The arguments of the field, after coercion and defaults.
    Args,
    /// The claims of the caller; an empty map for an anonymous one.
    Claims,
    /// Where the request comes from.
    Client,
    /// The coordinate of the field, on the object type that answers: `User.email`.
    Field,
    /// The operation.
    Operation,
    /// The field around the field.
    Parent,
    /// How the request came.
    Request,
    /// The root field above the field.
    Root,
    /// The value of the argument or input field.
    Value,
}

/// Where an expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A named condition or the `when` of a profile: nothing of an operation is known yet.
    Request,
    /// A rule on a field.
    Field,
    /// A rule on an input.
    Input,
}

impl Name {
    /// Every name with how it is written and the members it has, if those are known.
    const ALL: &[(Self, &'static str, Option<&'static [&'static str]>)] = &[
        (Self::Args, "args", None),
        (Self::Claims, "claims", None),
        (Self::Client, "client", Some(&["ip", "mtls"])),
        (Self::Field, "field", Some(&[])),
        (Self::Operation, "operation", Some(&["id", "trusted", "type"])),
        (Self::Parent, "parent", Some(&["args", "field"])),
        (Self::Request, "request", Some(&["method", "transport"])),
        (Self::Root, "root", Some(&["args", "field"])),
        (Self::Value, "value", None),
    ];

    /// The name that is written so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, it, _)| *it == text).map(|(name, ..)| *name)
    }

    /// How it is written.
    #[must_use]
    pub fn text(self) -> &'static str {
        Self::ALL.iter().find(|(it, ..)| *it == self).map_or("", |(_, text, _)| text)
    }

    /// What can be asked of it; `None` when anything can.
    #[must_use]
    pub fn members(self) -> Option<&'static [&'static str]> {
        Self::ALL.iter().find(|(it, ..)| *it == self).and_then(|(.., members)| *members)
    }

    /// The words that a member of it can be, where there are no others.
    pub(super) fn words(self, member: &str) -> Option<&'static [&'static str]> {
        match (self, member) {
            (Self::Operation, "type") => Some(&["query", "mutation", "subscription"]),
            (Self::Request, "method") => Some(&["GET", "POST"]),
            (Self::Request, "transport") => Some(&["http", "sse", "websocket"]),
            _ => None,
        }
    }

    /// Whether a member of it is true or false.
    pub(super) fn is_true_or_false(self, member: &str) -> bool {
        (self, member) == (Self::Operation, "trusted")
    }

    /// Whether a member of it is a text.
    pub(super) fn is_text(self, member: &str) -> bool {
        matches!(
            (self, member),
            (Self::Client, "ip")
                | (Self::Operation, "id" | "type")
                | (Self::Request, "method" | "transport")
        )
    }
}

/// What a member of a name is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    /// Anything.
    Any,
    /// A map with these members.
    Map(&'static [&'static str]),
    /// A text, or true or false: it has no members.
    Plain,
}

impl Member {
    /// What `name.member` is.
    pub(super) fn of(name: Name, member: &str) -> Self {
        match (name, member) {
            (Name::Client, "mtls") => Self::Map(CERTIFICATE),
            (Name::Parent | Name::Root, "args") => Self::Any,
            (Name::Args | Name::Claims | Name::Value, _) => Self::Any,
            (
                Name::Client
                | Name::Field
                | Name::Operation
                | Name::Parent
                | Name::Request
                | Name::Root,
                _,
            ) => Self::Plain,
        }
    }
}

/// What is known of the certificate of a client; `identity` fills it in.
const CERTIFICATE: &[&str] = &["common_name", "dns", "emails", "ips", "subject", "uris"];

impl Scope {
    /// The names that stand for something here.
    #[must_use]
    pub const fn names(self) -> &'static [Name] {
        match self {
            Self::Request => &[Name::Claims, Name::Client, Name::Request],
            Self::Field => &[
                Name::Args,
                Name::Claims,
                Name::Client,
                Name::Field,
                Name::Operation,
                Name::Parent,
                Name::Request,
                Name::Root,
            ],
            Self::Input => &[
                Name::Args,
                Name::Claims,
                Name::Client,
                Name::Field,
                Name::Operation,
                Name::Parent,
                Name::Request,
                Name::Root,
                Name::Value,
            ],
        }
    }
}
