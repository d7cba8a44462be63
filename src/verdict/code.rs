//! The wire codes: one list, stable, golden-tested.
//!
//! Names that clients already know are reused (Apollo, GraphQL Armor, GraphQL over HTTP).

/// A wire code: `extensions.code` of a refusal. Stable: clients branch on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(&'static str, u16);

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal;)*) => {
        impl Code {
            $($(#[$doc])* pub const $name: Code = Code(stringify!($name), $status);)*

            /// Every code, in alphabetical order.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];
        }
    };
}

codes! {
    /// A value of a variable cannot be coerced to its type.
    BAD_USER_INPUT = 422;
    /// Another item of the same batch was refused.
    BATCH_REFUSED = 422;
    /// More items in a batch than `http.batch` allows.
    BATCH_TOO_LARGE = 422;
    /// The client was too slow or the body broke off.
    CLIENT_TIMEOUT = 408;
    /// Content-Encoding or media type is not one we read.
    CONTENT_TYPE_NOT_SUPPORTED = 415;
    /// The static cost is above `cost.max`.
    COST_ESTIMATED_TOO_EXPENSIVE = 422;
    /// A list has no size, and `cost.defaults.list` is `refuse`.
    COST_LIST_UNSIZED = 422;
    /// A slicing argument is not a whole number from 0 to 2³¹ − 1, or above the `max` of its list.
    COST_SLICE_INVALID = 422;
    /// A request that a page of another site could have sent without asking.
    CSRF_HEADER_REQUIRED = 403;
    /// A deprecated field, argument, input field or enum value is used.
    DEPRECATED_USED = 422;
    /// A directive that `directives` does not list.
    DIRECTIVE_NOT_ALLOWED = 422;
    /// `_service` or `_entities` is reachable.
    FEDERATION_DISABLED = 403;
    /// The caller may not do this.
    FORBIDDEN = 403;
    /// The upstream did not answer in time.
    GATEWAY_TIMEOUT = 504;
    /// The document cannot be read.
    GRAPHQL_PARSE_FAILED = 400;
    /// The document breaks a validation rule of the specification.
    GRAPHQL_VALIDATION_FAILED = 422;
    /// The value of an input is not one that `inputs` allows.
    INPUT_NOT_ALLOWED = 422;
    /// Portcullis failed; nothing was forwarded.
    INTERNAL_SERVER_ERROR = 500;
    /// `__schema` or `__type` is reachable.
    INTROSPECTION_DISABLED = 403;
    /// The bytes of the request are not HTTP that everyone reads in the same way.
    INVALID_HTTP = 400;
    /// The body is not strict JSON of the expected shape.
    INVALID_JSON = 400;
    /// The request is JSON but not a GraphQL request.
    INVALID_REQUEST = 400;
    /// The parts of a request with files are not those of the GraphQL multipart request specification.
    INVALID_UPLOAD = 400;
    /// Limit `aliases`.
    MAX_ALIASES_LIMIT = 422;
    /// Limit `body`.
    MAX_BODY_LIMIT = 413;
    /// Limit `depth`.
    MAX_DEPTH_LIMIT = 422;
    /// Limits `directives` and `directives_per_place`.
    MAX_DIRECTIVES_LIMIT = 422;
    /// Limit `document`.
    MAX_DOCUMENT_LIMIT = 413;
    /// An operation over WebSocket was answered more often than `http.websocket.max_events`.
    MAX_EVENTS_LIMIT = 422;
    /// Limit `fields`.
    MAX_FIELDS_LIMIT = 422;
    /// Limit `fragments`.
    MAX_FRAGMENTS_LIMIT = 422;
    /// Limit `list_depth`.
    MAX_LIST_DEPTH_LIMIT = 422;
    /// Limit `operations.max`.
    MAX_OPERATIONS_LIMIT = 422;
    /// Limit `repeats`.
    MAX_REPEATS_LIMIT = 422;
    /// Limit `root_fields`.
    MAX_ROOT_FIELDS_LIMIT = 422;
    /// Limit `tokens`.
    MAX_TOKENS_LIMIT = 422;
    /// Files are larger than `http.uploads.bytes` in all.
    MAX_UPLOAD_BYTES_LIMIT = 413;
    /// More files than `http.uploads.files`.
    MAX_UPLOAD_FILES_LIMIT = 413;
    /// Limits under `variables`.
    MAX_VARIABLES_LIMIT = 422;
    /// A method other than those of this endpoint.
    METHOD_NOT_ALLOWED = 405;
    /// No graph is served at this host.
    MISDIRECTED_REQUEST = 421;
    /// No such path.
    NOT_FOUND = 404;
    /// A field of `once_per_request` is called more than once.
    ONCE_PER_REQUEST = 422;
    /// A kind of operation that `operations.kinds` does not list.
    OPERATION_NOT_ALLOWED = 403;
    /// `operationName` selects no operation, or several could be meant.
    OPERATION_RESOLUTION_FAILURE = 400;
    /// A web page of another origin asks.
    ORIGIN_NOT_ALLOWED = 403;
    /// A document is asked for by its id here, not by its text.
    PERSISTED_QUERY_ID_REQUIRED = 403;
    /// No document that is known has this id.
    PERSISTED_QUERY_NOT_FOUND = 400;
    /// Only trusted documents may be sent, and this is none.
    PERSISTED_QUERY_NOT_IN_LIST = 403;
    /// Documents by id are not supported here.
    PERSISTED_QUERY_NOT_SUPPORTED = 400;
    /// More bytes or fields in the head than allowed.
    REQUEST_HEADERS_TOO_LARGE = 431;
    /// A rate is exceeded.
    REQUEST_RATE_LIMITED = 429;
    /// Portcullis has too much in flight.
    SERVICE_UNAVAILABLE = 503;
    /// More operations at a time on one WebSocket than `http.websocket.max_operations`.
    TOO_MANY_LIVE_OPERATIONS = 429;
    /// No credential, or one that is not good.
    UNAUTHENTICATED = 401;
    /// The answer of the upstream is none of GraphQL, or not one that `response` lets pass.
    UPSTREAM_ANSWER_INVALID = 502;
    /// The upstream cannot be reached.
    UPSTREAM_UNAVAILABLE = 502;
    /// The target of the request is longer than allowed.
    URI_TOO_LONG = 414;
    /// A URL in an input leads where `inputs` does not allow.
    URL_NOT_ALLOWED = 422;
}

impl Code {
    /// The code as it goes over the wire, SCREAMING_SNAKE.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The HTTP status of a refusal with this code in the default status profile.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.1
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    /// The rows of a table that tell a status: `| what | 405 `CODE`, `CODE`; more |`.
    #[test]
    fn the_manual_knows_the_statuses() {
        let page = include_str!("../manual/ways_in.md");
        let mut told = Vec::new();
        for row in page.lines().filter_map(|it| it.split('|').nth(2)) {
            let Some((status, codes)) = row.trim().split_once(' ') else { continue };
            let Ok(status) = status.parse::<u16>() else { continue };
            for code in codes.split(';').next().unwrap().split(", ") {
                let code = code.trim_matches('`');
                told.push(code);
                let known = Code::ALL.iter().find(|it| it.as_str() == code);
                assert_eq!(known.map(|it| it.status()), Some(status), "{code}");
            }
        }
        assert!(told.contains(&"BATCH_TOO_LARGE") && told.len() > 10, "{told:?}");
    }
}
