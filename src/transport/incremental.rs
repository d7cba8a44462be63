//! Answers in parts: `multipart/mixed`, for @defer and @stream, which a policy must list, and for
//! subscriptions of some clients.
//!
//! Only which form a client reads; the parts pass as the upstream writes them.

use http::{HeaderMap, HeaderValue, header::ACCEPT};

use crate::transport::Media;

/// The form of the parts: the drafts differ, and a server asks for the name of the one it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incremental {
    /// `deferSpec=20220824`
    DeferSpec2022,
    /// `incrementalSpec=v0.2`, of graphql-js 17
    V02,
    /// No name.
    Plain,
    /// `subscriptionSpec=1.0`, with the boundary that Apollo Client names and Strawberry waits for
    SubscriptionSpec1,
}

impl Incremental {
    /// The first form that the client reads, when it reads any.
    #[must_use]
    pub fn accepted(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(ACCEPT).iter().filter(|it| names_parts(it.as_bytes()));
        let values = values.filter_map(|it| it.to_str().ok());
        values.flat_map(|it| it.split(',')).find_map(of_range)
    }

    /// The value of `Accept` for the upstream: ours, not the client's.
    #[must_use]
    pub const fn accept(self, media: Media) -> HeaderValue {
        let is_new = matches!(media, Media::GraphqlResponse);
        HeaderValue::from_static(match (self, is_new) {
            (Self::DeferSpec2022, true) => {
                "multipart/mixed;deferSpec=20220824, application/graphql-response+json, application/json;q=0.9"
            }
            (Self::DeferSpec2022, false) => "multipart/mixed;deferSpec=20220824, application/json",
            (Self::V02, true) => {
                "multipart/mixed;incrementalSpec=v0.2, application/graphql-response+json, application/json;q=0.9"
            }
            (Self::V02, false) => "multipart/mixed;incrementalSpec=v0.2, application/json",
            (Self::Plain, true) => {
                "multipart/mixed, application/graphql-response+json, application/json;q=0.9"
            }
            (Self::Plain, false) => "multipart/mixed, application/json",
            (Self::SubscriptionSpec1, true) => {
                "multipart/mixed;boundary=graphql;subscriptionSpec=1.0, application/graphql-response+json, application/json;q=0.9"
            }
            (Self::SubscriptionSpec1, false) => {
                "multipart/mixed;boundary=graphql;subscriptionSpec=1.0, application/json"
            }
        })
    }
}

/// Most clients read no parts: their lists are not taken apart.
fn names_parts(accept: &[u8]) -> bool {
    let name = NAME.as_bytes();
    accept.windows(name.len()).any(|it| it.eq_ignore_ascii_case(name))
}

/// The media type.
const NAME: &str = "multipart/mixed";

fn of_range(range: &str) -> Option<Incremental> {
    let mut parts = range.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case(NAME) {
        return None;
    }
    let mut form = Some(Incremental::Plain);
    // Budget: the length of a head.
    for parameter in parts {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match (name, value.trim_matches('"')) {
            ("deferSpec", "20220824") => form = Some(Incremental::DeferSpec2022),
            ("incrementalSpec", "v0.2") => form = Some(Incremental::V02),
            ("subscriptionSpec", "1.0") => form = Some(Incremental::SubscriptionSpec1),
            ("q", "0" | "0.0" | "0.00" | "0.000") => return None,
            _ => {}
        }
    }
    form
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(accept: &'static str, expect: Option<Incremental>) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        assert_eq!(Incremental::accepted(&headers), expect, "{accept}");
    }

    #[test]
    fn clients_name_their_draft() {
        check("application/json", None);
        check("*/*", None);
        check("multipart/mixed;q=0, application/json", None);
        check("application/json, multipart/mixed", Some(Incremental::Plain));
        check("multipart/mixed; unknownSpec=1", Some(Incremental::Plain));
        let defer = Some(Incremental::DeferSpec2022);
        check("multipart/mixed;deferSpec=20220824,application/json", defer);
        check("multipart/mixed; deferSpec=\"20220824\", application/json", defer);
        let newer = "multipart/mixed;incrementalSpec=v0.2,application/json;q=0.9";
        check(newer, Some(Incremental::V02));
        let live = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json";
        check(live, Some(Incremental::SubscriptionSpec1));
    }
}
