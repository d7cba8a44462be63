//! A small shop with a social side: the upstream of `portcullis demo`.
//!
//! A real GraphQL server over data that is the same at every start, so that what the firewall lets
//! through is answered and what it refuses is seen not to arrive. It defends itself against
//! nothing, on purpose, and belongs on loopback.

mod exchanges;
mod mutation;
mod page;
mod query;
mod run;
mod seed;
mod serve;
mod shop;
mod social;
mod store;

pub use exchanges::{Exchange, Expected, exchanges};
pub use run::{Answer, Demo};
pub use serve::upstream;

use async_graphql::{EmptySubscription, SDLExportOptions, Schema};

use crate::demo::{mutation::Mutation, query::Query, store::Store};

/// The schema of the shop, as SDL. `policies/schema.graphql` holds the same text.
#[must_use]
pub fn sdl() -> String {
    let options = SDLExportOptions::new().prefer_single_line_descriptions().use_space_ident();
    shop().sdl_with_options(options)
}

/// The shop's schema over a fresh store.
fn shop() -> Shop {
    Schema::build(Query, Mutation, EmptySubscription).data(Store::new()).finish()
}

/// The executable schema. An alias hides nothing here: the three roots are fixed.
type Shop = Schema<Query, Mutation, EmptySubscription>;

#[cfg(test)]
mod tests {
    use std::{env, fs, path::Path};

    /// Run with `PORTCULLIS_WRITE=1` to write the file anew.
    #[test]
    fn committed_schema_is_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/schema.graphql");
        if env::var_os("PORTCULLIS_WRITE").is_some() {
            fs::write(&path, super::sdl()).expect("policies/ can be written");
        }
        let committed = fs::read_to_string(&path).expect("policies/schema.graphql is there");
        assert_eq!(committed, super::sdl());
    }
}
