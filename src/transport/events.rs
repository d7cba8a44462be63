//! Server-sent events as we write them: GraphQL over SSE, distinct connections.
//!
//! Only what we answer ourselves; those of the upstream pass as they are.

/// A stream of one answer, which is JSON without line breaks.
pub(super) fn only(answer: &str) -> String {
    format!("event: next\ndata: {answer}\n\nevent: complete\ndata: \n\n")
}
