//! Relay pages: a slice of a list behind `first` and `after`.
//!
//! Forward only; a cursor is the position in the list.

use async_graphql::{
    OutputType, Result,
    connection::{Connection, CursorType, Edge},
};

/// Most items of one page; more are cut off, as many real servers do.
const MAX_PAGE: u32 = 50;
/// Items of a page when the client does not say.
const PAGE: u32 = 10;

/// The `first` items behind the cursor `after`.
pub(super) fn page<T: OutputType>(
    items: Vec<T>,
    first: Option<u32>,
    after: Option<String>,
) -> Result<Connection<usize, T>> {
    let start = match after {
        Some(cursor) => usize::decode_cursor(&cursor)?.saturating_add(1),
        None => 0,
    };
    let wanted = usize::try_from(first.unwrap_or(PAGE).min(MAX_PAGE))?;
    let end = start.saturating_add(wanted);
    let mut connection = Connection::new(start > 0, end < items.len());
    connection.edges.extend(
        items.into_iter().enumerate().skip(start).take(wanted).map(|(at, it)| Edge::new(at, it)),
    );
    Ok(connection)
}
