//! What objects beside the rules of the registry: ids, as the log, the metrics and the verbs have
//! them.

/// Declares the ids, and all of them.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $id:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $id;)*

        /// All of them, by name.
        pub const ALL: &[&str] = &[$($id),*];
    };
}

ids! {
    /// The requests of a batch together.
    BATCH = "batch";
    /// The bytes of a body: too many, too late.
    BODY = "body";
    /// A request that a page of another site could make a browser send.
    CSRF = "csrf";
    /// The text of a document: it cannot be read.
    DOCUMENT = "document";
    /// Which documents may be sent, and how they are named.
    DOCUMENTS = "documents";
    /// What may come by GET.
    GET = "get";
    /// The host that a request is for.
    HOST = "host";
    /// The bytes of a request, before they are one.
    HTTP = "http";
    /// Credentials.
    IDENTITY = "identity";
    /// JSON that is not strict.
    JSON = "json";
    /// The media type and the coding of a body.
    MEDIA_TYPE = "media-type";
    /// The method of a request.
    METHOD = "method";
    /// The operation that a document is to run.
    OPERATION_NAME = "operation-name";
    /// The origin of the page that asks.
    ORIGIN = "origin";
    /// The path of a request.
    PATH = "path";
    /// Operations that callers of this kind may not send.
    PROFILE = "profile";
    /// What was spent of a rate.
    RATES = "rates";
    /// The shape of a request: its keys and their types.
    REQUEST = "request";
    /// A document that two readers read differently.
    SECOND_READER = "second-reader";
    /// Files.
    UPLOAD = "upload";
    /// The target of a request.
    URL = "url";
    /// A document that does not fit the schema.
    VALIDATION = "validation";
    /// Variables that do not fit their types.
    VARIABLE_VALUES = "variable-values";
    /// A socket and its messages.
    WEBSOCKET = "websocket";
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_id_stands_for_two() {
        assert!(super::ALL.is_sorted_by(|one, next| one < next));
    }
}
