//! How long it takes to know who asks: a token that was never seen, by algorithm, and one that was
//! seen before.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench that cannot go on has failed"
)]

use std::{hint::black_box, sync::Arc};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use criterion::{Criterion, criterion_group, criterion_main};
use jsonwebtoken::{EncodingKey, Header, encode};
use portcullis::identity::{Algorithm, KeySet, Keyring, TokenRules};
use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData as _};
use serde_json::{Value, json};

const NOW: u64 = 1_800_000_000;
const SIGNING: &str = include_str!("../tests/corpus/bazaar/keys/signing.json");
const PUBLISHED: &str = include_str!("../tests/corpus/bazaar/keys/jwks.json");

fn identity(criterion: &mut Criterion) {
    let signing: Value = serde_json::from_str(SIGNING).expect("JSON");
    let published: Value = serde_json::from_str(PUBLISHED).expect("JSON");
    let der = |kid: &str| STANDARD.decode(signing[kid]["der"].as_str().expect("a key"));
    let pair = KeyPair::generate_for(&PKCS_ED25519).expect("a key");
    let ed = json!({
        "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(pair.der_bytes()),
    });
    let secret = [7; 32];
    let hs = json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode(secret) });
    let rsa = EncodingKey::from_rsa_der(&der("rs-1").expect("base64"));
    let ec = EncodingKey::from_ec_der(&der("es-1").expect("base64"));
    let keys = [
        ("RS256", jsonwebtoken::Algorithm::RS256, rsa, published["keys"][0].clone()),
        ("ES256", jsonwebtoken::Algorithm::ES256, ec, published["keys"][1].clone()),
        (
            "EdDSA",
            jsonwebtoken::Algorithm::EdDSA,
            EncodingKey::from_ed_der(&pair.serialize_der()),
            ed,
        ),
        ("HS256", jsonwebtoken::Algorithm::HS256, EncodingKey::from_secret(&secret), hs),
    ];
    let mut group = criterion.benchmark_group("token");
    for (name, algorithm, key, jwk) in keys {
        let token = encode(&Header::new(algorithm), &claims(), &key).expect("a token");
        let (rules, set) = (rules(), key_set(&jwk));
        group.bench_function(format!("{name}-cold"), |it| {
            it.iter(|| rules.verify(&set, black_box(&token), NOW));
        });
        let keyring = Keyring::new(set, rules);
        group.bench_function(format!("{name}-seen"), |it| {
            it.iter(|| keyring.identify(black_box(&token), NOW));
        });
    }
    group.finish();
}

fn claims() -> Value {
    json!({
        "sub": "u-1001", "roles": ["CUSTOMER", "SELLER"], "iss": "https://id.example",
        "aud": "api", "iat": NOW - 60, "exp": NOW + 600, "amr": ["pwd", "otp"],
        "email": "someone@example.com", "auth_time": NOW - 60,
    })
}

fn rules() -> TokenRules {
    TokenRules {
        issuer: Some("https://id.example".into()),
        audiences: vec!["api".into()],
        algorithms: Algorithm::NAMES.map(|(_, it)| it).to_vec(),
        leeway: 30,
        max_age: None,
        max_bytes: 8 * 1024,
    }
}

fn key_set(jwk: &Value) -> Arc<KeySet> {
    let text = json!({ "keys": [jwk] }).to_string();
    let all = Algorithm::NAMES.map(|(_, it)| it);
    Arc::new(KeySet::read(text.as_bytes(), &all).expect("a key set").0)
}

criterion_group!(benches, identity);
criterion_main!(benches);
