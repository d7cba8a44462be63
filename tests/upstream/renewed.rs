//! Certificates of the way to the upstream that are replaced while requests go on.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
};

use portcullis::{
    server::{CertificateKeeper, Reload, Running},
    sources::UpstreamFiles,
};

use crate::{
    certificates::{Authority, Validity},
    check_failure, post,
    server::{Answers, Server},
    start, status,
};

fn ready(proxy: &Running) -> String {
    let mut stream = TcpStream::connect(proxy.admin_addr().unwrap()).unwrap();
    let get = b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    stream.write_all(get).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

const GOOD: &str = r#""upstream_certificate":{"failed_reload":null}"#;

#[test]
fn a_renewed_client_certificate_is_shown_and_a_bad_one_never() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let tls = authority.issue("localhost", Validity::Good).server(&["http/1.1"], Some(&clients));
    let server = Server::start(Some(tls), false, Answers::AtOnce);
    let folder = tempfile::tempdir().unwrap();
    let [ca, certificate, key] = ["ca", "cert", "key"].map(|it| folder.path().join(it));
    let write = |(first, second): (&str, &str)| {
        fs::write(&certificate, first).unwrap();
        fs::write(&key, second).unwrap();
    };
    let [expired, new] = [Validity::Expired, Validity::Good].map(|it| clients.issue("us", it));
    let (expired, new) = (expired.pems(), new.pems());
    fs::write(&ca, authority.pem()).unwrap();
    write((&expired.0, &expired.1));
    let identity = Some((certificate.clone(), key.clone()));
    let files = UpstreamFiles { ca: Some(ca.clone()), identity };
    let watch = files.watch().unwrap();
    let tls = files.load(&mut Default::default()).unwrap();
    let mut keeper = CertificateKeeper::of_upstreams(files, watch, vec![tls.clone()]);
    let proxy = start("https://localhost", server.address, |it| {
        it.upstream_tls = Some(tls);
        it.admin = Some(([127, 0, 0, 1], 0).into());
    });
    check_failure(&proxy, "502", "CertificateExpired");

    write((&new.0, &expired.1));
    assert_eq!(keeper.look(&proxy), None);
    assert_eq!(keeper.look(&proxy), Some(Reload::Kept));
    assert!(
        ready(&proxy).contains("the key does not belong to the certificate"),
        "{}",
        ready(&proxy)
    );
    check_failure(&proxy, "502", "CertificateExpired");

    write((&new.0, &new.1));
    assert_eq!(keeper.look(&proxy), None);
    assert_eq!(keeper.look(&proxy), Some(Reload::Replaced));
    assert_eq!(status(&post(&proxy)), "200");
    assert!(ready(&proxy).contains(GOOD), "{}", ready(&proxy));

    // Whom we trust is read again, too: connections that are open stay.
    fs::write(&ca, Authority::new().pem()).unwrap();
    assert_eq!(keeper.reload(&proxy), Reload::Replaced);
    assert_eq!(status(&post(&proxy)), "200");
}

#[test]
fn without_files_there_is_nothing_to_look_at() {
    assert!(UpstreamFiles::default().watch().is_none());
}
