//! The header that shows that a request was not sent unasked goes on with the files, and stands in
//! for nothing that upstreams are told by us.

use portcullis::{digest::Digest, sources::load_policy};

use crate::{Case, POLICY, SCHEMA, headers, one_file};

#[test]
fn a_proof_goes_on_and_tells_nothing_of_who_asks() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys.yaml");
    let hash = Digest::of(b"anns-key");
    std::fs::write(&keys, format!("- {{ hash: 'sha256:{hash}', claims: {{ sub: ann }} }}\n"))
        .unwrap();
    let identity = |csrf: &str| {
        POLICY.replace("http: {", &format!("http: {{ csrf_header: [{csrf}],"))
            + &format!(
                "identity: {{ api_keys: {{ header: x-api-key, file: {} }}, \
                 forward: {{ x-tenant: claims.sub }} }}\n",
                keys.display()
            )
    };
    let case = Case::with(&identity("x-shop-preflight"));
    let ours = [("x-tenant", "ann"), ("x-forwarded-for", "127.0.0.1"), ("via", "1.1 portcullis")];
    let mut headers = headers();
    headers.extend([("X-Api-Key", "anns-key"), ("X-Shop-Preflight", "1")]);
    headers.extend([("X-Tenant", "shop"), ("X-Forwarded-For", "6.6.6.6"), ("Via", "1.1 evil")]);
    headers.extend([("X-User-Id", "u-1"), ("X-Portcullis-Signature", "t=1,v1=00")]);
    let (answer, got) = case.send(&headers, &one_file("x"));
    assert_eq!((answer.status(), got.len()), (200, 1));
    for (name, value) in ours {
        let all: Vec<_> = got[0].headers.iter().filter(|(it, _)| it == name).collect();
        assert_eq!(all, [&(name.to_owned(), value.to_owned())]);
    }
    assert_eq!(got[0].header("x-shop-preflight"), Some("1"));
    for name in ["x-user-id", "x-portcullis-signature", "apollo-require-preflight"] {
        assert_eq!(got[0].header(name), None, "{name}");
    }
    let policy = folder.path().join("policy.yaml");
    std::fs::write(folder.path().join("test.graphql"), SCHEMA).unwrap();
    for spoofed in ["x-tenant", "x-forwarded-for", "via", "x-user-id", "x-portcullis-signature"] {
        std::fs::write(&policy, identity(&format!("x-shop-preflight, {spoofed}"))).unwrap();
        let (none, found) = load_policy(&policy);
        assert!(none.is_none() && found.has_errors(), "{spoofed}");
    }
}
