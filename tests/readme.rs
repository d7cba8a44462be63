//! The README's table of rules is the registry's.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{env, fmt::Write as _, fs, path::Path};

use portcullis::{
    diagnostic::{Colour, render},
    rules::{REGISTRY, Setting, Switch, Unit},
    sources::load_policy,
};

const BEGIN: &str = "<!-- rules: written by `PORTCULLIS_WRITE=1 cargo test --test readme` -->\n";
const END: &str = "<!-- end of rules -->";

/// Run with `PORTCULLIS_WRITE=1` to write the table anew.
#[test]
fn table_of_rules_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).expect("README.md is there");
    let (before, rest) = readme.split_once(BEGIN).expect("the table begins");
    let (_, after) = rest.split_once(END).expect("the table ends");
    let current = format!("{before}{BEGIN}{}{END}{after}", table());
    if env::var_os("PORTCULLIS_WRITE").is_some() {
        fs::write(&path, &current).expect("README.md can be written");
    } else {
        assert_eq!(readme, current);
    }
}

fn table() -> String {
    let mut table =
        String::from("| rule | setting | default | code | OWASP |\n|---|---|---|---|---|\n");
    for entry in REGISTRY {
        let meta = entry.meta;
        let page = format!("src/rules/{}.md", meta.id.replace('-', "_"));
        let default = default(&entry.setting);
        writeln!(
            table,
            "| [{}]({page}): {} | `{}` | {default} | `{}` | {} |",
            meta.id, meta.title, meta.setting, meta.code, meta.owasp
        )
        .expect("a string takes everything");
    }
    table
}

fn default(setting: &Setting) -> String {
    match setting {
        Setting::Limit { default, unit: Unit::Bytes, .. } => format!("{} KiB", default / 1024),
        Setting::Limit { default, unit: Unit::Count, .. } => default.to_string(),
        Setting::Input { .. } => "none".to_owned(),
        Setting::Bound { .. } | Setting::Shape { .. } => "see its page".to_owned(),
        Setting::Switch { default, .. } => match default {
            Switch::Allow => "allow".to_owned(),
            Switch::Deny => "deny".to_owned(),
            Switch::Report => "report".to_owned(),
        },
    }
}

#[test]
fn the_policy_is_one_that_passes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).expect("README.md is there");
    let (_, rest) = readme.split_once("```yaml\n# yaml-language-server").expect("it begins");
    let (policy, _) = rest.split_once("```").expect("it ends");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("policy.yaml");
    fs::write(&path, format!("#{policy}")).expect("write");
    fs::copy(root.join("policies/schema.graphql"), folder.path().join("shop.graphql"))
        .expect("copy");
    let (policy, found) = load_policy(&path);
    assert!(policy.is_some() && !found.has_faults(), "{}", render(&found, Colour::Plain));
}
