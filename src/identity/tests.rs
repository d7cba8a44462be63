//! One table: what is done to a good token, and why it is refused then.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};

use super::{Algorithm, KeySet, Keyring, LeftOut, NoKeySet, TokenRules, Unusable};

const NOW: u64 = 1_800_000_000;
const SECRET: [u8; 64] = [7; 64];
const RSA: &str = include_str!("../../tests/corpus/bazaar/keys/signing.json");
const SET: &str = include_str!("../../tests/corpus/bazaar/keys/jwks.json");

fn rules() -> TokenRules {
    TokenRules {
        issuer: Some("https://id.example".into()),
        audiences: vec!["api".into(), "other".into()],
        algorithms: Algorithm::NAMES.map(|(_, it)| it).to_vec(),
        leeway: 30,
        max_age: None,
        max_bytes: 8 * 1024,
    }
}

/// The keys of the corpus, and a shared secret.
fn set() -> Value {
    let mut set: Value = serde_json::from_str(SET).unwrap();
    let secret = json!({ "kty": "oct", "kid": "hs-1", "k": URL_SAFE_NO_PAD.encode(SECRET) });
    set["keys"].as_array_mut().unwrap().push(secret);
    set
}

fn keys(set: &Value) -> Arc<KeySet> {
    let all = Algorithm::NAMES.map(|(_, it)| it);
    Arc::new(KeySet::read(set.to_string().as_bytes(), &all).unwrap().0)
}

fn claims() -> Value {
    json!({
        "sub": "u-1", "iss": "https://id.example", "aud": ["x", "api"],
        "iat": NOW - 100, "exp": NOW + 100,
    })
}

fn part(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// Signed with the secret, whatever header and payload say.
fn signed(header: &str, payload: &str) -> String {
    let message = format!("{}.{}", part(header), part(payload));
    let key = EncodingKey::from_secret(&SECRET);
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256);
    format!("{message}.{}", signature.unwrap())
}

const HEADER: &str = r#"{"alg":"HS256","kid":"hs-1","typ":"JWT"}"#;

fn good() -> String {
    signed(HEADER, &claims().to_string())
}

#[track_caller]
fn check_under(rules: TokenRules, token: &str, expect: &str) {
    let keyring = Keyring::new(keys(&set()), rules);
    // The second time from what is remembered, if it is.
    for _ in 0..2 {
        let got = keyring.identify(token, NOW);
        let got =
            got.map_or_else(|bad| bad.reason().to_owned(), |it| it.subject().unwrap().to_owned());
        assert_eq!(got, expect, "{token}");
    }
}

#[track_caller]
fn check(token: &str, expect: &str) {
    check_under(rules(), token, expect);
}

/// A token with these claims instead of its own; null: without it.
#[track_caller]
fn check_claims(changed: Value, expect: &str) {
    let mut all = claims();
    for (name, value) in changed.as_object().unwrap() {
        match value {
            Value::Null => drop(all.as_object_mut().unwrap().remove(name)),
            value => all[name] = value.clone(),
        }
    }
    check(&signed(HEADER, &all.to_string()), expect);
}

#[track_caller]
fn check_header(header: &str, expect: &str) {
    check(&signed(header, &claims().to_string()), expect);
}

#[test]
fn a_good_token_tells_who_it_is() {
    check(&good(), "u-1");
    check_header(r#"{"alg":"HS256","kid":"hs-1"}"#, "u-1");
    for typ in ["at+JWT", "application/jwt", "Application/at+jwt"] {
        check_header(&format!(r#"{{"alg":"HS256","kid":"hs-1","typ":"{typ}"}}"#), "u-1");
    }
    // Without a `kid` there is one key for this algorithm.
    check_header(r#"{"alg":"HS256"}"#, "u-1");
}

#[test]
fn the_form_comes_first() {
    for token in ["", "a", "a.b", "a..c", ".b.c", "a.b.c.d", "a.b.c.d.e", "a.b.c=", "a.b c.d"] {
        check(token, "form");
    }
    check(&good().replacen('.', "..", 1), "form");
    check(&format!("{}, Bearer {}", good(), good()), "form");
    check("a.b.c", "encoding");
    // What says that it has no signature is told by that.
    let unsigned = |header: &str| format!("{}.{}.", part(header), part(&claims().to_string()));
    check(&unsigned(HEADER), "form");
    check(&unsigned(r#"{"alg":"none"}"#), "algorithm");
    let long = |n: usize| format!("{}.{}.c", part(HEADER), "a".repeat(n - part(HEADER).len() - 3));
    check(&long(8 * 1024), "signature");
    check(&long(8 * 1024 + 1), "size");
}

#[test]
fn the_header_is_read_strictly() {
    for header in ["", "[]", "{", r#"{"alg":"HS256","alg":"HS256"}"#, r#"{"alg":1}"#, "{} {}"] {
        let expect = if header.is_empty() { "form" } else { "header" };
        check_header(header, expect);
    }
    check_header(r#"{"alg":"HS256","kid":1}"#, "header");
    check_header(r#"{"alg":"HS256","typ":null}"#, "header");
    for alg in ["none", "None", "nOnE", "", "hs256", "ES512", "RS1", "HS256 "] {
        check_header(&json!({ "alg": alg, "kid": "hs-1" }).to_string(), "algorithm");
    }
    check_header(r#"{"kid":"hs-1"}"#, "algorithm");
    check_header(r#"{"alg":"HS256","kid":"hs-1","crit":[]}"#, "critical");
    check_header(r#"{"alg":"HS256","kid":"hs-1","b64":false,"crit":["b64"]}"#, "critical");
    check_header(r#"{"alg":"HS256","kid":"hs-1","b64":false}"#, "critical");
    for typ in ["dpop+jwt", "text/jwt", "application/", "application/application/jwt"] {
        check_header(&format!(r#"{{"alg":"HS256","kid":"hs-1","typ":"{typ}"}}"#), "type");
    }
    check_header(r#"{"alg":"HS256","kid":"../../dev/null"}"#, "unknown-key");
    // It is not read, so it changes nothing.
    let jwk = json!({ "alg": "HS256", "kid": "hs-1", "jku": "https://evil.example", "jwk": {} });
    check_header(&jwk.to_string(), "u-1");
}

#[test]
fn a_key_verifies_what_its_kind_verifies() {
    // A public key is nobody's shared secret, and no curve is another.
    for (alg, kid) in [("HS256", "rs-1"), ("HS256", "es-1"), ("RS256", "es-1"), ("ES256", "rs-1")] {
        check_header(&json!({ "alg": alg, "kid": kid }).to_string(), "algorithm");
    }
    // The key says RS256 itself.
    check_header(r#"{"alg":"RS512","kid":"rs-1"}"#, "algorithm");
    check_header(r#"{"alg":"RS256","kid":"rs-1"}"#, "signature");
    let only = |algorithms: &[Algorithm]| TokenRules { algorithms: algorithms.to_vec(), ..rules() };
    let asymmetric = keys(&serde_json::from_str(SET).unwrap());
    let keyring = Keyring::new(asymmetric, only(&[Algorithm::Rs256]));
    assert_eq!(keyring.identify(&good(), NOW).unwrap_err().reason(), "unknown-key");
}

#[test]
fn signatures_count_to_the_last_bit() {
    let good = good();
    let (message, signature) = good.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    check(&format!("{message}.{other}{}", signature.split_at(1).1), "signature");
    check(&format!("{message}.{}", signature.split_at(1).1), "signature");
    // The two bits that are left over must be zero: else one token has several texts.
    let (rest, last) = signature.split_at(signature.len() - 1);
    let n = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let place = n.iter().position(|it| *it == last.as_bytes()[0]).unwrap();
    check(&format!("{message}.{rest}{}", n[place + 1] as char), "signature");
    let (header, payload) = message.split_once('.').unwrap();
    check(&format!("{header}.{payload}AAAA.{signature}"), "signature");
}

#[test]
fn the_payload_is_read_strictly() {
    for payload in ["[]", "1", "\"a\"", "{", r#"{"sub":"a","sub":"b"}"#, "{\"a\":\"\\ud800\"}"] {
        check(&signed(HEADER, payload), "claims");
    }
}

#[test]
fn parties_are_ours() {
    check_claims(json!({ "iss": "https://id.example/" }), "issuer");
    check_claims(json!({ "iss": null }), "issuer");
    check_claims(json!({ "iss": ["https://id.example"] }), "issuer");
    check_claims(json!({ "aud": "other" }), "u-1");
    for aud in
        [json!(null), json!("API"), json!([]), json!(["x"]), json!({ "api": 1 }), json!([["api"]])]
    {
        check_claims(json!({ "aud": aud }), "audience");
    }
    let open = TokenRules { issuer: None, audiences: Vec::new(), ..rules() };
    let anybody = json!({ "sub": "u-1", "exp": NOW + 1 }).to_string();
    check_under(open, &signed(HEADER, &anybody), "u-1");
    for sub in [json!(null), json!(""), json!(7), json!(["u-1"])] {
        check_claims(json!({ "sub": sub }), "subject");
    }
}

#[test]
fn times_have_both_sides() {
    check_claims(json!({ "exp": NOW - 29 }), "u-1");
    check_claims(json!({ "exp": NOW - 30 }), "expired");
    check_claims(json!({ "exp": NOW as f64 + 0.5 }), "u-1");
    check_claims(json!({ "exp": 253_402_300_799_u64 }), "u-1");
    for exp in [
        json!(null),
        json!("1900000000"),
        json!(-1),
        json!(1e300),
        json!(253_402_300_800_u64),
        json!([1]),
    ] {
        check_claims(json!({ "exp": exp }), "expiry");
    }
    check_claims(json!({ "nbf": NOW + 30 }), "u-1");
    check_claims(json!({ "nbf": NOW + 31 }), "not-yet");
    check_claims(json!({ "nbf": "soon" }), "time");
    check_claims(json!({ "iat": NOW + 30 }), "u-1");
    check_claims(json!({ "iat": NOW + 31 }), "issued-later");
    check_claims(json!({ "iat": true }), "time");
    check_claims(json!({ "iat": null }), "u-1");
}

#[test]
fn age_counts_when_the_policy_says_so() {
    let aged = |max_age| TokenRules { max_age: Some(max_age), ..rules() };
    check_under(aged(70), &good(), "u-1");
    check_under(aged(69), &good(), "max-age");
    let mut undated = claims();
    undated.as_object_mut().unwrap().remove("iat");
    check_under(aged(70), &signed(HEADER, &undated.to_string()), "max-age");
}

#[test]
fn what_is_remembered_still_ends() {
    let keyring = Keyring::new(keys(&set()), rules());
    let token = good();
    let at = |now| keyring.identify(&token, now).map_err(|it| it.reason());
    assert_eq!(at(NOW).unwrap().expires(), NOW + 130);
    assert!(at(NOW + 129).is_ok());
    assert_eq!(at(NOW + 130).unwrap_err(), "expired");
    // A clock that is set back does not bring it back before its time either.
    assert_eq!(at(NOW - 131).unwrap_err(), "issued-later");
    assert!(at(NOW).is_ok());
}

/// What is left out of a set with one key, or what is wrong with the set.
#[track_caller]
fn check_key(jwk: Value, expect: Unusable) {
    let all = Algorithm::NAMES.map(|(_, it)| it);
    let text = json!({ "keys": [jwk] }).to_string();
    let expect = NoKeySet::NoKeys(vec![LeftOut { n: 1, why: expect }]);
    assert_eq!(KeySet::read(text.as_bytes(), &all).unwrap_err(), expect, "{text}");
}

#[test]
fn keys_are_bound_when_they_are_read() {
    let (rsa, ec) = (set()["keys"][0].clone(), set()["keys"][1].clone());
    let with = |key: &Value, name: &str, value: Value| {
        let mut key = key.clone();
        key[name] = value;
        key
    };
    check_key(json!(1), Unusable::Malformed);
    check_key(json!({ "kty": "LMS" }), Unusable::Type);
    check_key(with(&rsa, "alg", json!("RSA-OAEP")), Unusable::Algorithm);
    check_key(with(&rsa, "alg", json!("HS256")), Unusable::Algorithm);
    check_key(with(&rsa, "use", json!("enc")), Unusable::Purpose);
    check_key(with(&rsa, "key_ops", json!(["sign"])), Unusable::Purpose);
    check_key(with(&rsa, "d", json!("AQAB")), Unusable::Private);
    check_key(with(&rsa, "n", json!("AQAB")), Unusable::Short);
    check_key(with(&rsa, "n", json!("+/==")), Unusable::Malformed);
    check_key(with(&ec, "crv", json!("secp256k1")), Unusable::Curve);
    check_key(with(&ec, "crv", json!("P-384")), Unusable::Malformed);
    check_key(with(&ec, "x", json!("AQAB")), Unusable::Malformed);
    check_key(json!({ "kty": "oct", "k": part(&"k".repeat(31)) }), Unusable::Short);
    let short = json!({ "kty": "oct", "k": part(&"k".repeat(47)), "alg": "HS384" });
    check_key(short, Unusable::Algorithm);
    let only = KeySet::read(SET.as_bytes(), &[Algorithm::Es256]).unwrap();
    assert_eq!((only.0.n_keys(), only.1), (1, vec![LeftOut { n: 1, why: Unusable::NotAllowed }]));
}

#[test]
fn zeros_ahead_of_a_number_change_nothing() {
    let mut padded = set();
    for name in ["n", "e"] {
        let key = &mut padded["keys"][0][name];
        let bytes = URL_SAFE_NO_PAD.decode(key.as_str().unwrap()).unwrap();
        *key = json!(URL_SAFE_NO_PAD.encode([&[0], &*bytes].concat()));
    }
    let keyring = Keyring::new(keys(&padded), rules());
    assert_eq!(keyring.identify(&by_rsa(), NOW).unwrap().subject(), Some("u-1"));
}

#[test]
fn sets_are_bounded_and_have_each_name_once() {
    let all = Algorithm::NAMES.map(|(_, it)| it);
    let read = |text: &str| KeySet::read(text.as_bytes(), &all).map(|it| it.0.n_keys());
    let keys = set()["keys"].as_array().unwrap().clone();
    let twice = json!({ "keys": [keys[0], keys[1], keys[0]] });
    assert_eq!(read(&twice.to_string()), Err(NoKeySet::DuplicateKid("rs-1".into())));
    for text in ["[]", "{}", r#"{"keys":{}}"#] {
        assert_eq!(read(text), Err(NoKeySet::NotASet));
    }
    assert_eq!(read(r#"{"keys":[]}"#), Err(NoKeySet::NoKeys(Vec::new())));
    assert!(matches!(read(r#"{"keys":[],"keys":[]}"#), Err(NoKeySet::Json(_))));
    // Of different kinds they are alternatives (RFC 7517 §4.5).
    let mut kinds = set();
    for it in kinds["keys"].as_array_mut().unwrap() {
        it["kid"] = json!("one");
    }
    let keyring = Keyring::new(super::tests::keys(&kinds), rules());
    let of = |alg| signed(&format!(r#"{{"alg":"{alg}","kid":"one"}}"#), &claims().to_string());
    assert!(keyring.identify(&of("HS256"), NOW).is_ok());
    assert_eq!(keyring.identify(&of("RS256"), NOW).unwrap_err().reason(), "signature");
    let many = |n| json!({ "keys": vec![json!({ "kty": "?" }); n] }).to_string();
    assert!(matches!(read(&many(100)), Err(NoKeySet::NoKeys(_))));
    assert_eq!(read(&many(101)), Err(NoKeySet::TooMany));
    assert_eq!(read(&" ".repeat(256 * 1024 + 1)), Err(NoKeySet::TooLarge));
}

#[test]
fn a_token_without_a_key_name_needs_exactly_one_key() {
    let mut both = set();
    let mut other = both["keys"][2].clone();
    other["kid"] = json!("hs-2");
    both["keys"].as_array_mut().unwrap().push(other);
    let keyring = Keyring::new(keys(&both), rules());
    let nameless = signed(r#"{"alg":"HS256"}"#, &claims().to_string());
    assert_eq!(keyring.identify(&nameless, NOW).unwrap_err().reason(), "ambiguous-key");
    assert!(keyring.identify(&good(), NOW).is_ok());
}

/// A token that the RSA key of the corpus has signed.
fn by_rsa() -> String {
    let signing: Value = serde_json::from_str(RSA).unwrap();
    let der = base64::engine::general_purpose::STANDARD
        .decode(signing["rs-1"]["der"].as_str().unwrap())
        .unwrap();
    let header = jsonwebtoken::Header {
        kid: Some("rs-1".into()),
        ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256)
    };
    jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_rsa_der(&der)).unwrap()
}

#[test]
fn the_corpus_key_signs_for_us() {
    check(&by_rsa(), "u-1");
}
