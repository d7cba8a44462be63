//! How a stream ends whose next answer may not go on: with an error in its place.

/// What the client is told, and in which form.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The list of errors, JSON without line breaks.
    pub errors: Box<str>,
    /// Whether it is a subscription, whose parts have an answer inside.
    pub lasts: Lasts,
}

/// How long an answer goes on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasts {
    /// The parts of an answer to a query or a mutation.
    ToItsEnd,
    /// The events of a subscription.
    UntilEnded,
}

impl Ending {
    /// As the last events; those without names have readers that wait for no name.
    pub(super) fn write_events(&self, is_named: bool, out: &mut Vec<u8>) {
        let name = if is_named { "event: next\n" } else { "" };
        let (errors, end) = (&self.errors, "event: complete\ndata: \n\n");
        let text = format!("{name}data: {{\"errors\":{errors}}}\n\n{end}");
        out.extend_from_slice(text.as_bytes());
    }

    /// As the last part, behind a boundary.
    pub(super) fn write_part(&self, boundary: &[u8], out: &mut Vec<u8>) {
        let errors = &self.errors;
        let answer = match self.lasts {
            Lasts::ToItsEnd => format!("{{\"errors\":{errors},\"hasNext\":false}}"),
            Lasts::UntilEnded => format!("{{\"payload\":null,\"errors\":{errors}}}"),
        };
        let text = format!("\r\ncontent-type: application/json\r\n\r\n{answer}\r\n");
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(boundary);
        out.extend_from_slice(b"--\r\n");
    }
}
