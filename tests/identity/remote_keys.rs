//! Keys from a server: every way in which it can fail, and what becomes of tokens meanwhile. The
//! time is given; refreshing is called, or done by the keeper where the test is about that.

use std::{sync::Arc, time::Duration};

use portcullis::{
    admission::UnixSeconds,
    identity::{Algorithm, TokenRules},
    policy::{KeyPlace, RemoteOrigin},
    sources::{KeyAccess, NoKeys, RemoteKeys, Unidentified, keep, now},
    telemetry::GraphIndex,
};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use crate::{
    issuer::{ISSUER, Key, ec, ed, hs, set},
    key_server::{Answer, KeyServer},
};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn keys_at(place: KeyPlace) -> RemoteKeys {
    let origin = RemoteOrigin {
        place,
        refresh: Duration::from_secs(300),
        stale: Duration::from_secs(3_600),
    };
    let rules = TokenRules {
        issuer: None,
        audiences: Vec::new(),
        algorithms: vec![Algorithm::Es256, Algorithm::EdDsa],
        leeway: 30,
        max_age: None,
        max_bytes: 8_192,
    };
    // Short, since some servers here never answer.
    let access =
        KeyAccess { graph: GraphIndex::NONE, tls: None, patience: Duration::from_millis(500) };
    RemoteKeys::new(origin, rules, access)
}

fn keys_of(server: &KeyServer) -> RemoteKeys {
    keys_at(KeyPlace::Url(server.url("/keys").into()))
}

fn later(seconds: u64) -> UnixSeconds {
    UnixSeconds(now().0 + seconds)
}

async fn who(keys: &RemoteKeys, token: &str, now: UnixSeconds) -> String {
    match keys.identify(token, now).await {
        Ok(identity) => identity.subject().unwrap().to_owned(),
        Err(Unidentified::Bad(bad)) => bad.reason().to_owned(),
        Err(Unidentified::NoKeys) => "no keys".to_owned(),
    }
}

fn publishing(keys: &[&Key]) -> KeyServer {
    KeyServer::start(Answer::Body(set(keys)))
}

#[test]
fn keys_rotate_and_take_their_tokens_with_them() {
    let (old, new) = (ec("old"), ed("new"));
    let server = publishing(&[&old]);
    let keys = keys_of(&server);
    runtime().block_on(async {
        keys.refresh(now()).await.unwrap();
        let (of_old, of_new) = (old.token("a"), new.token("b"));
        assert_eq!(who(&keys, &of_old, now()).await, "a");
        server.answers("/keys", Answer::Body(set(&[&new])));
        // The first token of the new key waits until the keys are asked for again.
        let (who_is, asked) = tokio::join!(who(&keys, &of_new, now()), keys.refresh(now()));
        assert_eq!((who_is.as_str(), asked.is_ok()), ("b", true));
        assert_eq!(who(&keys, &of_old, now()).await, "unknown-key");
        assert_eq!(who(&keys, &of_new, now()).await, "b");
        assert_eq!(server.n_asked(), 2);
    });
}

#[test]
fn the_first_tokens_wait_for_the_first_keys() {
    let key = ec("k");
    let server = publishing(&[&key]);
    let keys = keys_of(&server);
    runtime().block_on(async {
        let token = key.token("a");
        let (who_is, _asked) = tokio::join!(who(&keys, &token, now()), keys.refresh(now()));
        assert_eq!(who_is, "a");
    });
}

/// Refreshing fails, and the keys that were there before count on.
#[track_caller]
fn check_failing(answer: Answer, expect: &str) {
    let key = ec("k");
    let server = publishing(&[&key]);
    let keys = keys_of(&server);
    runtime().block_on(async {
        keys.refresh(now()).await.unwrap();
        server.answers("/keys", answer);
        let error = keys.refresh(later(3_000)).await.unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
        assert_eq!(who(&keys, &key.token("a"), now()).await, "a");
    });
}

#[test]
fn what_is_no_key_set_changes_nothing() {
    let body = |text: &str| Answer::Body(text.to_owned());
    check_failing(body("<html>Sign in</html>"), "not a key set: unexpected character");
    check_failing(body(""), "not a key set: ends inside a value");
    check_failing(body("{}"), "there is no list `keys` in it");
    check_failing(body(r#"{"keys":[],"keys":[]}"#), "duplicate key");
    let (one, other) = (ec("twice"), ec("twice"));
    check_failing(Answer::Body(set(&[&one, &other])), "two keys have the `kid` `twice`");
}

#[test]
fn servers_that_fail_change_nothing() {
    let raw = |head: &str| Answer::Raw(format!("HTTP/1.1 {head}\r\n\r\n"));
    check_failing(raw("503 Service Unavailable\r\nContent-Length: 0"), "answered with 503");
    check_failing(raw("304 Not Modified"), "answered with 304");
    check_failing(Answer::Raw("SSH-2.0-OpenSSH\r\n".into()), "cannot be asked");
    check_failing(Answer::Raw(String::new()), "cannot be asked");
    check_failing(raw("200 OK\r\nContent-Length: 100"), "cannot be asked");
    check_failing(Answer::Silence(""), "did not answer in time");
    check_failing(Answer::Silence("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), "in time");
    let huge = format!("{{\"keys\":[]{}}}", " ".repeat(256 * 1024));
    check_failing(Answer::Body(huge), "length limit exceeded");
    let endless = format!("200 OK\r\nX-A: {}", "a".repeat(20_000));
    check_failing(raw(&endless), "cannot be asked");
}

#[test]
fn redirects_are_not_followed() {
    let elsewhere = publishing(&[&ec("k")]);
    for (code, reason) in
        [("301", "Moved Permanently"), ("302", "Found"), ("307", "Temporary Redirect")]
    {
        let location = elsewhere.url("/keys");
        let head = format!(
            "HTTP/1.1 {code} {reason}\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        );
        check_failing(Answer::Raw(head), code);
    }
    assert_eq!(elsewhere.n_asked(), 0);
}

#[test]
fn keys_of_a_silent_server_count_for_the_stated_time() {
    let key = ec("k");
    let server = publishing(&[&key]);
    let keys = keys_of(&server);
    runtime().block_on(async {
        let confirmed = now();
        keys.refresh(confirmed).await.unwrap();
        let at = |seconds| UnixSeconds(confirmed.0 + seconds);
        let token = key.token_of(json!({ "sub": "a" }));
        server.answers("/keys", Answer::Raw(String::new()));
        assert!(keys.refresh(at(3_600)).await.is_err());
        // It has expired by then, which only keys can tell.
        assert_eq!(who(&keys, &token, at(3_600)).await, "expired");
        assert_eq!(who(&keys, &token, at(3_601)).await, "no keys");
        server.answers("/keys", Answer::Body(set(&[&key])));
        keys.refresh(at(3_700)).await.unwrap();
        assert_eq!(who(&keys, &token, at(3_701)).await, "expired");
    });
}

/// An issuer that takes all its keys away is heard, unlike one that cannot answer.
#[test]
fn a_set_without_a_key_withdraws_those_of_before() {
    let key = ec("k");
    let for_something_else = set(&[&key]).replace("\"kid\"", "\"use\":\"enc\",\"kid\"");
    for (withdrawn, why) in [
        (r#"{"keys":[]}"#, "there are no keys in it"),
        (&*for_something_else, "no key can be used"),
        (&*set(&[&hs("shared")]), "the policy allows none"),
    ] {
        let server = publishing(&[&key]);
        let keys = keys_of(&server);
        runtime().block_on(async {
            keys.refresh(now()).await.unwrap();
            assert_eq!(who(&keys, &key.token("a"), now()).await, "a");
            for outage in [r#"{"error":"busy"}"#, "<html>", "[]"] {
                server.answers("/keys", Answer::Body(outage.into()));
                assert!(keys.refresh(now()).await.is_err());
                assert_eq!(who(&keys, &key.token("a"), now()).await, "a", "{outage}");
            }
            server.answers("/keys", Answer::Body(withdrawn.into()));
            let error = keys.refresh(now()).await.unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
            assert_eq!(who(&keys, &key.token("a"), now()).await, "no keys", "{withdrawn}");
            server.answers("/keys", Answer::Body(set(&[&key])));
            keys.refresh(now()).await.unwrap();
            assert_eq!(who(&keys, &key.token("a"), now()).await, "a");
        });
    }
}

#[test]
fn a_flood_of_unknown_names_is_one_question() {
    let (known, rotated) = (ec("known"), ec("rotated"));
    let server = publishing(&[&known]);
    let keys = Arc::new(keys_of(&server));
    keep(&keys).unwrap();
    let tokens: Vec<_> = (0..300).map(|n| ec(&format!("unknown-{n}")).token("x")).collect();
    runtime().block_on(async {
        // Also the first one waits for the first answer.
        assert_eq!(who(&keys, &known.token("a"), now()).await, "a");
        assert_eq!(server.n_asked(), 1);
        let at = now();
        for token in &tokens {
            assert_eq!(who(&keys, token, at).await, "unknown-key");
        }
        assert_eq!(server.n_asked(), 2);
        assert_eq!(who(&keys, &known.token("a"), at).await, "a");
        // A key that is new in the middle of a flood waits until the pause is over, not longer.
        server.answers("/keys", Answer::Body(set(&[&known, &rotated])));
        assert_eq!(who(&keys, &rotated.token("b"), UnixSeconds(at.0 + 9)).await, "unknown-key");
        assert_eq!(who(&keys, &rotated.token("b"), UnixSeconds(at.0 + 10)).await, "b");
        assert_eq!(server.n_asked(), 3);
    });
}

/// Keys by way of an issuer whose document is changed.
#[track_caller]
fn check_discovery(change: impl Fn(&KeyServer, &mut serde_json::Value), expect: Option<&str>) {
    let key = ec("k");
    let server = publishing(&[&key]);
    let issuer = server.url("");
    let mut document = json!({ "issuer": issuer, "jwks_uri": server.url("/keys") });
    change(&server, &mut document);
    server.answers("/.well-known/openid-configuration", Answer::Body(document.to_string()));
    let keys = keys_at(KeyPlace::Issuer(issuer.into()));
    runtime().block_on(async {
        let asked = keys.refresh(now()).await;
        assert_eq!(asked.as_ref().err().map(NoKeys::to_string).as_deref(), expect);
        let who = who(&keys, &key.token("a"), now()).await;
        assert_eq!(who, if expect.is_none() { "a" } else { "no keys" });
    });
}

#[test]
fn an_issuer_says_where_its_keys_are() {
    check_discovery(|_, _| {}, None);
    let bad = |why| Some(why);
    check_discovery(
        |_, it| it["issuer"] = ISSUER.into(),
        bad("the issuer's document cannot be used: it is another issuer's"),
    );
    check_discovery(
        |server, it| it["issuer"] = server.url("/").into(),
        bad("the issuer's document cannot be used: it is another issuer's"),
    );
    check_discovery(
        |_, it| it["jwks_uri"] = json!(null),
        bad("the issuer's document cannot be used: it has no `jwks_uri`"),
    );
    check_discovery(
        |_, it| it["jwks_uri"] = "http://169.254.169.254/keys".into(),
        bad("keys cannot be asked from there: `http` is for this machine only"),
    );
    check_discovery(
        |_, it| it["jwks_uri"] = "file:///etc/keys".into(),
        bad("keys cannot be asked from there: it is no URL"),
    );
}
