//! What is said of a text that is not strict JSON.

use crate::{
    json,
    transport::violation,
    verdict::{Code, Violation, ids},
};

/// The objection to a body that is not strict JSON, or has a list that no profile would take.
#[must_use]
pub fn not_json(error: json::Error) -> Violation {
    if error.problem == json::Problem::ListTooLong {
        let public = "the operation is over the limit `limits.variables.list`";
        let detail = error.to_string().into();
        return Violation { detail, ..violation("list-length", Code::MAX_VARIABLES_LIMIT, public) };
    }
    let public = format!("the body is not strict JSON: {error}");
    Violation { detail: bounded(error).into(), ..violation(ids::JSON, Code::INVALID_JSON, public) }
}

/// An error with the number that was exceeded, which no setting raises.
pub(super) fn bounded(error: json::Error) -> String {
    let (most, setting) = match error.problem {
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
