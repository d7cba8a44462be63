//! The verb `demo`, through the binary.

#![cfg(feature = "demo")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::Command;

#[track_caller]
fn check(flags: &[&str], code: i32, expect: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    let output = command.arg("demo").args(flags).output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(expect), "{text}");
    assert!(!text.contains("--tls-cert"), "{text}");
}

#[test]
fn what_is_tried_once_listens_where_it_likes() {
    check(&["--once"], 0, "requests reached the shop");
    for flag in ["--listen=127.0.0.1:0", "--admin=127.0.0.1:0"] {
        check(&["--once", flag], 2, "cannot be used with");
    }
}

#[test]
fn it_is_for_this_machine_alone() {
    check(&["--listen=0.0.0.0:4100"], 2, "`--listen 127.0.0.1:4100`");
    check(&["--listen=[::]:4100"], 2, "the demo has no TLS");
}
