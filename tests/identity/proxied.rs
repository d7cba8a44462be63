//! Credentials through a real listener: what is refused, what the upstream is told.

use std::{fs, path::PathBuf};

use portcullis::{digest::Digest, telemetry::COUNTERS};
use serde_json::json;

use crate::{
    issuer::{ISSUER, Key, ec, ed, hs, set},
    key_server::{Answer, KeyServer},
    support::{
        proxy::Proxy,
        upstream::Upstream,
        wire::{Message, exchange, request},
    },
};

/// A proxy with every kind of credential, in front of a recording upstream.
struct Bench {
    proxy: Proxy,
    upstream: Upstream,
    _folder: tempfile::TempDir,
}

fn start(keys: &str) -> Bench {
    let (folder, upstream) = (tempfile::tempdir().unwrap(), Upstream::start());
    let file = |name: &str, text: String| -> PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let api_keys = format!(
        "- {{ hash: 'sha256:{}', claims: {{ sub: robot, roles: [SELLER] }} }}\n\
         - {{ hash: 'sha256:{}', claims: {{ sub: ann }} }}\n",
        Digest::of(b"robots-key"),
        Digest::of(b"anns-key"),
    );
    let api_keys = file("api.yaml", api_keys);
    let policy = format!(
        "version: 1\nname: t\nschema: {{ file: test.graphql }}\n\
         http: {{ origins: ['https://shop.example'] }}\n\
         identity:\n  jwt: {{ issuer: {ISSUER}, audience: api, cookie: sid, \
         algorithms: [RS256, ES256, EdDSA{}], keys: {keys} }}\n  \
         api_keys: {{ header: x-api-key, file: {} }}\n  \
         forward: {{ x-user-id: claims.sub, x-user-roles: claims.roles, x-name: claims.name }}\n",
        if keys.contains("file") { ", HS256" } else { "" },
        api_keys.display(),
    );
    let proxy = Proxy::with(&policy, "type Query { a: Int }", upstream.address(), |_| {});
    Bench { proxy, upstream, _folder: folder }
}

/// With keys from a file.
fn start_with(keys: &[&Key]) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    fs::write(&path, set(keys)).unwrap();
    start(&format!("{{ file: {} }}", path.display()))
}

impl Bench {
    fn ask(&self, headers: &[(&str, &str)]) -> Message {
        let all = [&[("Host", "a"), ("Content-Type", "application/json")], headers].concat();
        let bytes = request("POST", "/graphql", &all, Some(br#"{"query":"{ a }"}"#));
        exchange(self.proxy.address(), &bytes).unwrap()
    }

    /// The request goes on, and the upstream is told this of the caller.
    #[track_caller]
    fn check(&self, headers: &[(&str, &str)], expect: [Option<&str>; 2]) {
        let answer = self.ask(headers);
        assert_eq!(answer.status(), 200, "{}", String::from_utf8_lossy(&answer.body));
        assert_eq!(varies(&answer), ["Origin", "Authorization, Cookie, x-api-key"]);
        let seen = self.upstream.take();
        let told = ["x-user-id", "x-user-roles"].map(|it| seen[0].header(it));
        assert_eq!(told, expect);
        let n_told = seen[0].headers.iter().filter(|(it, _)| it.contains("user-id")).count();
        assert_eq!(n_told, usize::from(expect[0].is_some()));
    }

    /// The request is refused like any other bad credential.
    #[track_caller]
    fn check_refused(&self, headers: &[(&str, &str)]) {
        let answer = self.ask(headers);
        assert_eq!(answer.status(), 401, "{headers:?}");
        assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer error="invalid_token""#));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(varies(&answer), ["Origin", "Authorization, Cookie, x-api-key"]);
        let error = &answer.json().unwrap()["errors"][0];
        assert_eq!(error["extensions"]["code"], "UNAUTHENTICATED");
        assert_eq!(error["message"], "the credential is not accepted");
        assert!(self.upstream.take().is_empty());
    }
}

fn varies(answer: &Message) -> Vec<&str> {
    let all = answer.headers.iter().filter(|(name, _)| name == "vary");
    all.map(|(_, value)| value.as_str()).collect()
}

#[test]
fn tokens_of_every_kind_tell_who_asks() {
    let keys = [ec("ec"), ed("ed"), hs("hs")];
    let bench = start_with(&keys.each_ref());
    for key in &keys {
        let bearer = format!("Bearer {}", key.token("u-1"));
        // The second time from what is remembered.
        for _ in 0..2 {
            bench.check(&[("Authorization", &bearer)], [Some("u-1"), Some("A,B")]);
        }
        let cookie = format!("a=b; sid={}", key.token("u-2"));
        bench.check(&[("Cookie", &cookie)], [Some("u-2"), Some("A,B")]);
    }
    bench.check(&[], [None, None]);
    bench.check(&[("X-Api-Key", "robots-key")], [Some("robot"), Some("SELLER")]);
}

#[test]
fn a_bad_credential_is_never_nobody() {
    let (key, stranger) = (ec("k"), ec("k"));
    let bench = start_with(&[&key]);
    let good = format!("Bearer {}", key.token("ann"));
    bench.check_refused(&[("Authorization", &format!("Bearer {}", stranger.token("ann")))]);
    for value in ["Basic YW5uOmE=", "Bearer", "Bearer a.b.c", "Token x", &good.replace(' ', "")] {
        bench.check_refused(&[("Authorization", value)]);
    }
    bench.check_refused(&[("Authorization", &good), ("Authorization", &good)]);
    bench.check_refused(&[("Cookie", "sid=; sid=a.b.c")]);
    bench.check_refused(&[("Authorization", &good), ("Cookie", "sid=a.b.c")]);
    bench.check_refused(&[("X-Api-Key", "other-key")]);
    let hash = format!("sha256:{}", Digest::of(b"anns-key"));
    bench.check_refused(&[("X-Api-Key", &hash)]);
}

#[test]
fn an_empty_place_is_nobody() {
    let key = ec("k");
    let bench = start_with(&[&key]);
    let good = format!("Bearer {}", key.token("ann"));
    for nobody in [("Authorization", ""), ("Cookie", "sid="), ("X-Api-Key", "")] {
        bench.check(&[nobody], [None; 2]);
    }
    bench.check(&[("Cookie", "sid="), ("Authorization", &good)], [Some("ann"), Some("A,B")]);
}

#[test]
fn two_credentials_tell_of_one_subject() {
    let key = ec("k");
    let bench = start_with(&[&key]);
    let [ann, bob] = ["ann", "bob"].map(|it| key.token(it));
    let bearer = format!("Bearer {ann}");
    bench.check(
        &[("Authorization", &bearer), ("X-Api-Key", "anns-key")],
        [Some("ann"), Some("A,B")],
    );
    bench.check_refused(&[("Authorization", &bearer), ("X-Api-Key", "robots-key")]);
    bench.check_refused(&[("Authorization", &bearer), ("Cookie", &format!("sid={bob}"))]);
    bench.check(
        &[("Authorization", &bearer), ("Cookie", &format!("sid={ann}"))],
        [Some("ann"), Some("A,B")],
    );
}

#[test]
fn a_clients_own_word_of_who_it_is_never_passes() {
    let key = ec("k");
    let bench = start_with(&[&key]);
    let bearer = format!("Bearer {}", key.token("ann"));
    let forged = [("X-User-Id", "root"), ("X_User_Id", "root"), ("x-user-roles", "ADMIN")];
    let connection = ("Connection", "X-User-Id, X-User-Roles");
    bench.check(&[&forged[..], &[connection]].concat(), [None, None]);
    let all = [&[("Authorization", &*bearer), connection], &forged[..]].concat();
    bench.check(&all, [Some("ann"), Some("A,B")]);
}

#[test]
fn a_claim_cannot_write_headers() {
    let key = ec("k");
    let bench = start_with(&[&key]);
    for name in ["a\r\nX-User-Id: root", "a\nb", "a\0b", " root", "a\u{7f}"] {
        let token = key.token_of(json!({ "sub": "ann", "name": name }));
        bench.check_refused(&[("Authorization", &format!("Bearer {token}"))]);
    }
    let token = key.token_of(json!({ "sub": "ann", "name": "Zo\u{eb}" }));
    bench.check(&[("Authorization", &format!("Bearer {token}"))], [Some("ann"), None]);
}

#[test]
fn keys_of_a_server_rotate_under_traffic() {
    let (old, new) = (ec("old"), ec("new"));
    let server = KeyServer::start(Answer::Body(set(&[&old])));
    let bench = start(&format!("{{ url: '{}' }}", server.url("/keys")));
    let [of_old, of_new] = [&old, &new].map(|it| format!("Bearer {}", it.token("ann")));
    bench.check(&[("Authorization", &of_old)], [Some("ann"), Some("A,B")]);
    server.answers("/keys", Answer::Body(set(&[&new])));
    bench.check(&[("Authorization", &of_new)], [Some("ann"), Some("A,B")]);
    bench.check_refused(&[("Authorization", &of_old)]);
    assert_eq!(server.n_asked(), 2);
}

#[test]
fn without_keys_tokens_are_refused_and_others_are_served() {
    let key = ec("k");
    let server = KeyServer::start(Answer::Raw(String::new()));
    let bench = start(&format!("{{ url: '{}' }}", server.url("/keys")));
    let blamed = COUNTERS.upstream_failures.value();
    let answer = bench.ask(&[("Authorization", &format!("Bearer {}", key.token("ann")))]);
    assert_eq!(answer.status(), 503);
    // The upstream was not asked, and nobody blames it.
    assert_eq!(COUNTERS.upstream_failures.value(), blamed);
    let code = &answer.json().unwrap()["errors"][0]["extensions"]["code"];
    assert_eq!(code, "SERVICE_UNAVAILABLE");
    assert!(bench.upstream.take().is_empty());
    bench.check(&[], [None, None]);
    bench.check(&[("X-Api-Key", "anns-key")], [Some("ann"), None]);
}
