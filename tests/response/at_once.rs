//! What stands below a redacted field is not left for later: the upstream is not asked for that.

use serde_json::{Value, json};

use crate::{
    post,
    support::{proxy::Proxy, upstream::Upstream},
};

const SCHEMA: &str = "
    directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
    directive @stream(if: Boolean! = true, label: String, initialCount: Int = 0) on FIELD
    type Query { me: User users: [User!] }
    type User { id: ID! email: String emails: [String] profile: Profile secret: String }
    type Profile { phone: String }
";

/// What the upstream is asked for.
fn sent(redact: &str, query: &str, variables: &Value) -> Value {
    let policy = format!(
        "version: 1\nname: t\nschema: {{ file: test.graphql }}\n\
         directives: [skip, include, defer, stream]\nresponse: {{ redact: [{redact}] }}\n\
         authorization: {{ default: allow, on_deny: remove, \
         rules: [{{ on: [User.secret], allow: never }}] }}\n"
    );
    let upstream = Upstream::start();
    let proxy = Proxy::with(&policy, SCHEMA, upstream.address(), |_config| {});
    let body = json!({ "query": query, "variables": variables }).to_string();
    let seen =
        post(proxy.address(), &body, "multipart/mixed; deferSpec=20220824, application/json");
    assert_eq!(seen.status(), "200", "{}", seen.body);
    upstream.take().pop().and_then(|it| it.json()).unwrap()
}

#[track_caller]
fn check(redact: &str, query: &str, expect: &str) {
    let none = json!({});
    let sent = sent(redact, query, &none);
    assert_eq!(sent.get("query").and_then(Value::as_str), Some(expect), "{redact}");
}

#[test]
fn nothing_below_a_redacted_field_comes_in_parts() {
    for (query, expect) in [
        ("{me{id profile{...@defer{phone}}}}", "{me{id profile{...{phone}}}}"),
        (
            "{me{id x:profile{...f@defer}}}fragment f on Profile{phone}",
            "{me{id x:profile{...f}}} fragment f on Profile{phone}",
        ),
        ("{me{emails@stream(initialCount:0)}}", "{me{emails}}"),
        (
            "{me{...@defer{profile{phone}}profile{phone}}}",
            "{me{...{profile{phone}} profile{phone}}}",
        ),
        ("{me{...@defer(label:\"l\"){emails}}users@stream{id}}", "{me{...{emails}} users{id}}"),
        ("{me{id secret emails@stream}}", "{me{id emails}}"),
    ] {
        check("User.emails, User.profile", query, expect);
    }
}

#[test]
fn all_else_comes_as_it_was_asked_for() {
    let query = "{me{...@defer{id email}} users@stream(initialCount:1){email profile{phone}}}";
    let expect = "{me{... @defer{id email}} users @stream(initialCount:1){email profile{phone}}}";
    check("User.email, User.emails", query, expect);
    check("Profile.phone", query, expect);
}

#[test]
fn variables_go_with_what_used_them() {
    let query =
        "query($d:Boolean! $k:Boolean!){me{profile{...@defer(if:$d){phone}}id@skip(if:$k)}}";
    let sent = sent("User.profile", query, &json!({ "d": true, "k": false }));
    let text = "query($k:Boolean!){me{profile{...{phone}} id @skip(if:$k)}}";
    assert_eq!(sent, json!({ "query": text, "variables": { "k": false } }));
}
