//! Conditions in CEL, the Common Expression Language: compile, check names, evaluate.
//!
//! The only module that names the `cel` crate, which has no type checker, no budget and a lenient
//! idea of names; what it lacks is checked here at load, so that evaluating is bounded. Knows
//! nothing of callers or operations: whoever evaluates says what the names stand for.

mod arguments;
mod check;
mod compared;
mod compile;
mod conditions;
mod direct;
mod evaluate;
mod kind;
mod name;
mod number;
mod paths;
mod pattern;
mod shape;
mod value;
mod when;

pub use arguments::Arguments;
pub(crate) use compared::likely;
pub use compared::{Compared, Literal};
pub use compile::{Expression, Problem, compile};
pub use conditions::{Asked, Conditions};
pub use evaluate::{Outcome, Resolve};
pub use kind::Kind;
pub use name::{Name, Scope};
pub(crate) use number::Number;
pub use paths::Path;
pub use pattern::Pattern;
pub use value::Value;
pub use when::{When, expression};

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use crate::expression::{Asked, Conditions, Name, Outcome, Resolve, Scope, Value, compile};

    /// Claims as JSON, and a field as it would be asked for.
    struct Request {
        claims: Value,
        field: Value,
        parent: Value,
    }

    impl Resolve for Request {
        fn resolve(&self, name: Name) -> Option<&Value> {
            match name {
                Name::Claims => Some(&self.claims),
                Name::Field => Some(&self.field),
                Name::Parent => Some(&self.parent),
                _ => None,
            }
        }

        fn coordinate(&self, name: Name) -> Option<Cow<'_, str>> {
            match name {
                Name::Field => Some("User.email".into()),
                Name::Parent => Some("Query.me".into()),
                _ => None,
            }
        }
    }

    fn request(claims: &str) -> Request {
        Request {
            claims: Value::of_json(&serde_json::from_str(claims).unwrap()),
            field: Value::text("User.email"),
            parent: Value::map([("field", Value::text("Query.me"))]),
        }
    }

    fn conditions(all: &[(&str, &str)]) -> Conditions {
        let mut conditions = Conditions::default();
        for (name, source) in all {
            let expression = compile(source, Scope::Request, conditions.names()).unwrap();
            conditions.push(name, expression);
        }
        conditions
    }

    #[track_caller]
    fn check(source: &str, claims: &str, expect: &str) {
        let conditions = conditions(&[
            ("signed_in", "has(claims.sub)"),
            ("staff", r#"has(claims.roles) && "STAFF" in claims.roles"#),
            ("banned", "claims.banned"),
        ]);
        let expression = compile(source, Scope::Field, conditions.names()).unwrap();
        let request = request(claims);
        let asked = Asked::new(&conditions, &request);
        let found = match asked.evaluate(&expression, Some(&request)) {
            Outcome::Holds => "holds",
            Outcome::Fails => "fails",
            Outcome::Nothing(_) => "nothing",
        };
        assert_eq!(found, expect, "{source} {claims}");
    }

    #[track_caller]
    fn check_wrong(source: &str, expect: &str) {
        let found = compile(source, Scope::Request, &["staff".into()]).unwrap_err();
        assert_eq!(found[0].message, expect, "{source}");
    }

    #[test]
    fn conditions_hold_or_fail() {
        check("signed_in", r#"{"sub":"a"}"#, "holds");
        check("signed_in", "{}", "fails");
        check("staff", r#"{"roles":["STAFF"]}"#, "holds");
        check("staff || parent.field == 'Query.me'", "{}", "holds");
        check("!staff", "{}", "holds");
        check("claims.sub == '7'", r#"{"sub":"7"}"#, "holds");
        check("claims.n == 7", r#"{"n":7}"#, "holds");
        check("claims.roles.exists(it, it.startsWith('A'))", r#"{"roles":["B","A1"]}"#, "holds");
        check("field.matches('^User[.]')", "{}", "holds");
        check("field.matches('^Shop[.]')", "{}", "fails");
        check("true", "{}", "holds");
    }

    #[test]
    fn where_a_field_stands_is_compared() {
        check("field == 'User.email'", "{}", "holds");
        check("field != 'User.email'", "{}", "fails");
        check("field in ['Query.me', 'User.email']", "{}", "holds");
        check("!(parent.field in ['Query.me'])", "{}", "fails");
        check("parent.field in []", "{}", "fails");
        check("root.field == 'Query.me'", "{}", "nothing");
        check("root.field != 'Query.me'", "{}", "nothing");
        check("root.field == 'Query.me' || field == 'User.email'", "{}", "holds");
    }

    /// What is answered without the interpreter is answered as the interpreter would.
    #[test]
    fn and_and_or_are_those_of_cel() {
        let atoms = ["yes", "no", "broken", "field == 'User.email'", "claims.nope"];
        for (a, b, c) in atoms
            .iter()
            .flat_map(|a| atoms.map(|b| (*a, b)))
            .flat_map(|(a, b)| atoms.map(|c| (a, b, c)))
        {
            for source in ["&& &&", "&& ||", "|| &&", "|| ||"] {
                let (first, second) = source.split_once(' ').unwrap();
                let source = format!("({a} {first} {b}) {second} ({c})");
                let conditions = conditions(&[
                    ("yes", "has(claims.sub)"),
                    ("no", "!has(claims.sub)"),
                    ("broken", "claims.nope == 1"),
                ]);
                let of = |source: &str| {
                    let expression = compile(source, Scope::Field, conditions.names()).unwrap();
                    let request = request(r#"{"sub":"a"}"#);
                    let outcome =
                        Asked::new(&conditions, &request).evaluate(&expression, Some(&request));
                    std::mem::discriminant(&outcome)
                };
                // Under a conditional everything is the interpreter's.
                let interpreted = of(&format!("true ? ({source}) : false"));
                assert_eq!(of(&source), interpreted, "{source}");
            }
        }
    }

    #[test]
    fn an_error_is_never_a_yes() {
        check("claims.sub == 'a'", "{}", "nothing");
        check("claims.sub != 'a'", "{}", "nothing");
        check("!(claims.sub == 'a')", "{}", "nothing");
        check("claims.sub", r#"{"sub":"a"}"#, "nothing");
        check("args.id == '1'", "{}", "nothing");
        check("claims.n / 0 == 1", r#"{"n":7}"#, "nothing");
    }

    #[test]
    fn a_condition_without_an_answer_opens_nothing() {
        check("banned", "{}", "nothing");
        check("!banned", "{}", "nothing");
        check("banned ? true : true", "{}", "nothing");
        check("!banned", r#"{"banned":"no"}"#, "nothing");
        check("!banned", r#"{"banned":false}"#, "holds");
    }

    #[test]
    fn a_text_contains_no_elements() {
        check("staff", r#"{"roles":"NOSTAFF"}"#, "nothing");
        check("claims.role in claims.roles", r#"{"role":"A","roles":"AB"}"#, "nothing");
        check_wrong("'DOCTOR' in 'EXDOCTOR'", "`in` looks into a list or a map: a text is neither");
        check("'a' in claims", r#"{"a":1}"#, "holds");
    }

    #[test]
    fn what_is_unknown_is_an_error_at_load() {
        check_wrong("nope.x == 1 || true", "`nope` stands for nothing");
        check_wrong("claims.exists(x, nope)", "`nope` stands for nothing");
        check_wrong("args.id == '1'", "`args` is not known here");
        check_wrong("client.port == 1", "`client` has no `port`");
        check_wrong("client['port'] == 1", "`client` has no `port`");
        check_wrong("client.mtls.cn == 'a'", "`client.mtls` has no `cn`");
        check_wrong("has(client.mtls.cn)", "`client.mtls` has no `cn`");
        check_wrong("client.mtls['cn'] == 'a'", "`client.mtls` has no `cn`");
        check_wrong("client.ip.v4 == 'a'", "`client.ip` has no `v4`");
        check_wrong("request.method.name == 'a'", "`request.method` has no `name`");
        check_wrong("now()", "there is no function `now`");
        check_wrong("claims.a.matches(claims.b)", "a pattern must be a literal");
        check_wrong("claims.a.matches('(')", "the pattern does not compile: unclosed group");
        let nested = "claims.a.all(x, claims.b.all(y, x == y))";
        check_wrong(nested, "a comprehension inside a comprehension");
        check_wrong("claims.a.all(staff, staff)", "`staff` means something else already");
        check_wrong(&"a".repeat(2049), "an expression is at most 2048 bytes");
        assert!(compile("1 +", Scope::Request, &[]).is_err());
        assert!(compile("", Scope::Request, &[]).is_err());
        assert!(compile("claims.?a", Scope::Request, &[]).is_err());
    }

    #[test]
    fn the_words_of_rules_are_none_of_expressions() {
        let help = |source| compile(source, Scope::Field, &[]).unwrap_err()[0].help.clone();
        assert_eq!(help("never"), "in an expression, write `false`");
        assert_eq!(help("always && true"), "in an expression, write `true`");
    }

    #[test]
    fn members_that_are_there_are_none() {
        for source in [
            "client.mtls.common_name == 'a'",
            "client['mtls']['subject'] == 'a'",
            "'a' in client.mtls.dns && has(client.mtls.emails)",
            "claims.client.mtls.cn == 'a'",
            "parent.args.a.b == 1",
            "root['args']['a'] == 1",
            "operation.id == 'a' || operation.trusted",
            "claims.a.exists(it, it.mtls.cn == 'a')",
        ] {
            assert!(compile(source, Scope::Field, &[]).is_ok(), "{source}");
        }
        let help = |source| compile(source, Scope::Field, &[]).unwrap_err()[0].help.clone();
        assert_eq!(help("client.mtls.comon_name == 'a'"), "did you mean `common_name`?");
        assert_eq!(help("operation.trusted.x"), "`operation.trusted` is true or false");
        assert_eq!(help("parent.field.x == 'a'"), "`parent.field` is a text");
    }

    #[test]
    fn long_chains_are_refused_and_not_run() {
        check_wrong(&format!("1{}", "+1".repeat(900)), "the expression is nested too deep");
        check_wrong(&format!("claims{}", ".a".repeat(900)), "the expression is nested too deep");
    }

    #[test]
    fn each_condition_is_evaluated_once() {
        let conditions = conditions(&[("a", "claims.x == 1"), ("b", "a && a"), ("c", "!b")]);
        let request = request(r#"{"x":1}"#);
        let asked = Asked::new(&conditions, &request);
        assert_eq!(asked.answered().count(), 0);
        assert_eq!(asked.condition(2), Outcome::Fails);
        let names: Vec<_> = asked.answered().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }
}
