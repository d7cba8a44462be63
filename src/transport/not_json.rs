//! What is said of a text that is not strict JSON.

use crate::{
    json,
    verdict::{Code, Violation, ids},
};

/// The objection to a body that is not strict JSON, or has a list that no profile would take.
#[must_use]
pub fn not_json(error: json::Error) -> Violation {
    if let json::Problem::ListTooLong { limit } = error.problem {
        let public = match limit {
            json::Limits::LIST => "a list of the variables is longer than any that is read",
            _ => "the operation is over the limit `limits.variables.list`",
        };
        let detail = bounded(error);
        return Violation::new("list-length", Code::MAX_VARIABLES_LIMIT, public).detailed(detail);
    }
    let public = format!("the body is not strict JSON: {error}");
    Violation::new(ids::JSON, Code::INVALID_JSON, public).detailed(bounded(error))
}

/// An error with the number that was exceeded, which no setting raises.
pub(super) fn bounded(error: json::Error) -> String {
    let (most, setting) = match error.problem {
        json::Problem::ListTooLong { limit: most @ json::Limits::LIST } => (most, "list"),
        json::Problem::TooDeep => (json::Limits::DEPTH, "depth"),
        json::Problem::TooManyValues => (json::Limits::VALUES, "list"),
        _ => return error.to_string(),
    };
    format!("{error}: {most} is the most, whatever `limits.variables.{setting}` says")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_setting_raises_is_told_with_its_number() {
        let check = |body: &str, public: &str, detail: &str| {
            let found = not_json(json::read(body.as_bytes(), json::Limits::default()).unwrap_err());
            let begins = format!("the body is not strict JSON: {public} at byte ");
            assert!(found.public.starts_with(&begins), "{}", found.public);
            assert!(found.detail.ends_with(detail), "{}", found.detail);
        };
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        let depth = ": 35 is the most, whatever `limits.variables.depth` says";
        check(&nested(36), "nested too deeply", depth);
        let list = ": 100100 is the most, whatever `limits.variables.list` says";
        check(&format!("[{}0]", "0,".repeat(100_100)), "too many values", list);
        check(r#"{"a":"\ud83d"}"#, "a lone surrogate, which is half a character", "at byte 6");
    }

    /// Where the limit is off, or only watches, it is not what refuses.
    #[test]
    fn a_list_is_over_the_limit_or_over_what_is_read() {
        let found = |length: u32| {
            let body = format!(r#"{{"variables":{{"v":[{}0]}}}}"#, "0,".repeat(length as usize));
            let lists = Some(json::Lists { inside: "variables", length });
            let limits = json::Limits { lists, ..json::Limits::default() };
            let found = not_json(json::read(body.as_bytes(), limits).unwrap_err());
            assert_eq!(found.code, Code::MAX_VARIABLES_LIMIT);
            found
        };
        let (limit, ceiling) = (found(99_999), found(100_000));
        assert_eq!(limit.public, "the operation is over the limit `limits.variables.list`");
        assert!(limit.detail.starts_with("a list is too long at byte "), "{}", limit.detail);
        assert!(!limit.detail.contains("whatever"), "{}", limit.detail);
        assert_eq!(ceiling.public, "a list of the variables is longer than any that is read");
        let most = ": 100000 is the most, whatever `limits.variables.list` says";
        assert!(ceiling.detail.ends_with(most), "{}", ceiling.detail);
    }

    /// The largest numbers that may be written are within reach, in a batch too.
    #[test]
    fn what_may_be_set_may_be_sent() {
        let fits = |value: &str| {
            let body = format!(r#"[{{"query":"{{a}}","variables":{{"v":{value}}}}}]"#);
            json::read(body.as_bytes(), json::Limits::default()).is_ok()
        };
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(fits(&nested(32)) && !fits(&nested(33)));
        assert!(fits(&format!("[{}0]", "0,".repeat(99_999))));
    }
}
