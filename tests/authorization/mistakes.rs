//! What is wrong or suspicious in the block, told at load.

use std::{fs, path::Path, sync::Arc};

use portcullis::{diagnostic::Source, policy};

const JWT: &str =
    "{ issuer: https://id.example, audience: api, keys: { url: https://id.example/keys } }";

/// The codes of what is told, each with the text that it points at.
#[track_caller]
fn check(rules: &str, expect: &[(&str, &str)]) {
    let text = format!(
        "version: 1\nname: t\nschema: {{ file: authorization.graphql }}\n\
         identity: {{ jwt: {JWT} }}\n\
         conditions: {{ staff: has(claims.staff) }}\nauthorization: {rules}\n"
    );
    let source = Arc::new(Source { name: "policy.yaml".into(), text: text.as_str().into() });
    let mut resolve = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules").join(name);
        let text = fs::read_to_string(path).map_err(|it| it.to_string())?;
        Ok(Arc::new(Source { name: name.into(), text: text.into() }))
    };
    let (_, found) = policy::load(source, &mut resolve);
    let told = found.iter().map(|it| {
        let place = it.place.as_ref().and_then(|(source, at)| source.text.get(at.clone()));
        (it.code, place.unwrap_or_default())
    });
    assert_eq!(told.collect::<Vec<_>>(), expect, "{rules}");
}

#[test]
fn what_is_not_in_the_schema() {
    let on = |it: &str| format!("{{ rules: [{{ on: [{it}], allow: always }}] }}");
    check(&on("User.emial"), &[("unknown-coordinate", "User.emial")]);
    check(&on("Usr"), &[("unknown-coordinate", "Usr")]);
    check(&on("'*.nothing'"), &[("unknown-coordinate", "'*.nothing'")]);
    check(&on("'@nothing'"), &[("unknown-coordinate", "'@nothing'")]);
    check(&on("'@tag(name)'"), &[("not-a-coordinate", "'@tag(name)'")]);
    check(&on("'@tag(nmae: a)'"), &[("unknown-coordinate", "'@tag(nmae: a)'")]);
    check(&on("'@tag(name: [a])'"), &[("not-a-coordinate", "'@tag(name: [a])'")]);
    check(&on("a.b.c"), &[("not-a-coordinate", "a.b.c")]);
    check(&on("'Query.user(id:)'"), &[("wrong-place", "'Query.user(id:)'")]);
    check(&on("Result"), &[("wrong-place", "Result")]);
    check("{ rules: [{ on: [], allow: always }] }", &[("empty-list", "[]")]);
}

/// What introspection asks for is not decided here.
#[test]
fn what_belongs_to_introspection() {
    let on = |it: &str| format!("{{ rules: [{{ on: [{it}], allow: staff }}] }}");
    for it in ["Query.__schema", "Query.__type", "__Type.name", "__Schema", "__Schema.types"] {
        check(&on(it), &[("wrong-place", it)]);
    }
    check(&on("'*.ofType'"), &[("wrong-place", "'*.ofType'")]);
    check(&on("'__Type.*'"), &[("wrong-place", "'__Type.*'")]);
    check(&on("Query.__typename"), &[("unknown-coordinate", "Query.__typename")]);
    check(&on("__Type.nme"), &[("unknown-coordinate", "__Type.nme")]);
    check(&on("'*.name'"), &[("wrong-place", "'*.name'")]);
}

#[test]
fn conditions_that_say_nothing() {
    let allow = |it: &str| format!("{{ rules: [{{ on: [Query.me], allow: {it} }}] }}");
    check(&allow("stafff"), &[("wrong-expression", "stafff")]);
    check(&allow("value == 1"), &[("wrong-expression", "value == 1")]);
    check(&allow("staff"), &[]);
    check(&allow("true"), &[]);
    check("{ rules: [{ on: [Query.me] }] }", &[("missing-key", "{ on: [Query.me] }")]);
}

/// What the schema says of an argument tells, too.
#[test]
fn conditions_that_are_never_true_or_false() {
    let allow = |it: &str| format!("{{ rules: [{{ on: [Query.me, Query.user], allow: {it} }}] }}");
    for it in ["1 + 1", "\"'staff'\"", "field", "claims", "args", "'!claims'"] {
        check(&allow(it), &[("wrong-expression", it)]);
    }
    let on = |on: &str, it: &str| format!("{{ rules: [{{ on: [{on}], allow: {it} }}] }}");
    check(&on("Query.user", "args.id"), &[("wrong-expression", "args.id")]);
    check(&on("Query.user, Query.actor", "'!args.id'"), &[("wrong-expression", "'!args.id'")]);
    // Asked of a field without the argument it has no answer, and of many fields nobody knows.
    check(&allow("args.id"), &[]);
    check(&on("'*.user'", "args.id"), &[]);
    check(&allow("claims.admin"), &[]);
    check(&allow("operation.trusted"), &[]);
}

/// What is told of a rule `{ on, allow }` over a small schema: each with its help.
#[track_caller]
fn check_compared(on: &str, allow: &str, expect: &[(&str, &str)]) {
    let schema = "type Query { me: User user(id: ID!, role: Role, n: Int, by: In, any: Any): User }
        enum Role { ADMIN STAFF } input In { role: Role roles: [Role!] } scalar Any
        interface Node { id: ID! } type User implements Node { id: ID! friends(n: Int): [User!] }";
    let text = format!(
        "version: 1\nname: t\nschema: {{ file: s }}\n\
         authorization: {{ rules: [{{ on: ['{on}'], allow: '{allow}' }}] }}\n"
    );
    let source = |text: &str| Arc::new(Source { name: "s".into(), text: text.into() });
    let (policy, found) = policy::load(source(&text), &mut |_| Ok(source(schema)));
    let told = found.iter().map(|it| (&*it.message, it.help.as_deref().unwrap_or_default()));
    assert_eq!(told.collect::<Vec<_>>(), expect, "{allow}");
    assert_eq!(policy.is_some(), expect.is_empty(), "{allow}");
}

/// What an expression compares with must be there: with `!=` a slip would open.
#[test]
fn coordinates_that_are_not_there() {
    let check = |allow: &str, never: &str, what: &str, help: &str| {
        let message = format!("{never}: the schema has no such {what}");
        check_compared("User.id", allow, &[(&message, help)]);
    };
    let field = "field of an object type";
    let friends = "did you mean `User.friends`?";
    let never = "`parent.field` is never `User.friend`";
    check(r#"parent.field != "User.friend""#, never, field, friends);
    let never = "`field` is never `Node.id`";
    check(r#"!(field in ["User.id", "Node.id"])"#, never, field, "did you mean `User.id`?");
    let never = "`root.field` is never `me`";
    check(r#"root.field != "me""#, never, "root field", "did you mean `Query.me`?");
    let never = "`root.field` is never `User.friends`";
    let help = "write the type and the field, as in `Query.me`";
    check(r#"root.field != "User.friends""#, never, "root field", help);
    let right = r#"parent.field in ["Query.me", "User.friends"] || root.field == "Query.user""#;
    check_compared("User.id", right, &[]);
    check_compared("Node.id", r#"field == "User.id" || field != "User.__typename""#, &[]);
}

#[test]
fn values_that_an_argument_never_has() {
    let check = |allow: &str, message: &str, help: &str| {
        check_compared("Query.user", allow, &[(message, help)]);
    };
    let role = |of: &str| format!("`{of}` is of type `Role` and never `admin`");
    let admin = "did you mean `ADMIN`?";
    check(r#"args.role != "admin""#, &role("args.role"), admin);
    check(r#"args["by"].role != "admin""#, &role("args.by.role"), admin);
    check(r#""admin" in args.by.roles"#, &role("args.by.roles"), admin);
    let never = "`args.id` is of type `ID` and never equal to a literal without quotes";
    check("args.id == 7", never, "write it between quotes: it is a text");
    let never = "`args.n` is of type `Int` and never equal to what is no number";
    check(r#"args.n != "7""#, never, "compare it with a number");
    for right in [
        r#""STAFF" in args.by.roles && args.role == "ADMIN""#,
        r#"args.n == 7 && args.id == "7" && args.any == 7"#,
        r#"args.any == "7" && args.id != null"#,
    ] {
        check_compared("Query.user", right, &[]);
    }
}

#[test]
fn arguments_that_are_not_there() {
    let none = "`Query.user` has no argument `rol`";
    check_compared("Query.user", "has(args.rol)", &[(none, "did you mean `role`?")]);
    let none = "no field that the rule is on has an argument `other`";
    check_compared("User", "args.other == 1", &[(none, "")]);
    check_compared("*.friends", "args.n == 1", &[]);
    check_compared("User", "args.n == 1", &[]);
}

/// What stands around a field is known as well: `root.args` of every root field that leads there.
#[test]
fn what_the_fields_around_never_have() {
    let check = |allow: &str, message: &str, help: &str| {
        check_compared("User.id", allow, &[(message, help)]);
    };
    let id =
        |of: &str| format!("`{of}` is of type `ID` and never equal to a literal without quotes");
    let quotes = "write it between quotes: it is a text";
    check("root.args.id != 5", &id("root.args.id"), quotes);
    check("root.args[\"id\"] != 5", &id("root.args.id"), quotes);
    check("parent.args.id != 5", &id("parent.args.id"), quotes);
    let never = "`parent.args.role` is of type `Role` and never `admin`";
    check(r#"parent.args.role != "admin""#, never, "did you mean `ADMIN`?");
    let never = "`parent.args.n` is of type `Int` and never equal to what is no number";
    check(r#"parent.args.n != "5""#, never, "compare it with a number");
    let none = "no root field above has an argument `idd`";
    check("!has(root.args.idd)", none, "did you mean `id`?");
    check("!has(parent.args.nn)", "no field around has an argument `nn`", "did you mean `n`?");
    let none = "`In` has no field `rol`";
    check("!has(root.args.by.rol)", none, "did you mean `role`?");
    for right in [
        // Of `Query.user`, and of no other: it is one of those that lead there.
        r#"parent.args.id == "7" && root.args.role == "ADMIN""#,
        "has(parent.args.n) && has(root.args.by.role) && !has(root.args.any.x)",
        r#"root.args.any == "7" || root.args.any != 7"#,
        r#""ADMIN" in root.args.by.roles"#,
    ] {
        check_compared("User.id", right, &[]);
        check_compared("Node.id", right, &[]);
        check_compared("*.id", right, &[]);
    }
    // Around a root field there is none.
    check_compared("Query.user", "parent.args.nope == 1", &[]);
}

#[test]
fn lists_and_objects_are_no_literals() {
    let check = |allow: &str, message: &str, help: &str| {
        check_compared("Query.user", allow, &[(message, help)]);
    };
    let list = "`args.by.roles` is a list and never equal to a literal";
    let help = r#"ask what is in it, as in `"a" in args.by.roles`"#;
    check(r#"args.by.roles != "ADMIN""#, list, help);
    let object = "`args.by` is of type `In` and never equal to a literal";
    check(r#"args.by != "ADMIN""#, object, "compare a field of it");
}

/// There is no answer for anybody, whatever is sent.
#[test]
fn nothing_is_in_a_text_or_a_number() {
    let check = |allow: &str, of: &str, ty: &str| {
        let message = format!("`in` looks into a list or a map: `{of}` is of type `{ty}`");
        let help = format!("write `{of} == …`, or `{of}.contains(…)` for a part of a text");
        check_compared("Query.user", allow, &[(&message, &help)]);
    };
    check(r#""a" in args.id"#, "args.id", "ID");
    check("args.any in args.id", "args.id", "ID");
    check("!(7 in args.n)", "args.n", "Int");
    check(r#""ADMIN" in args.by.role"#, "args.by.role", "Role");
    for right in [
        "args.role in args.by.roles",
        r#""role" in args.by"#,
        r#""a" in args.any || args.id in args.any"#,
        "args.id in [args.any]",
    ] {
        check_compared("Query.user", right, &[]);
    }
}

#[test]
fn rules_in_the_way_of_each_other() {
    let twice =
        "{ rules: [{ on: [Query.me], allow: always }, { on: ['Query.me'], allow: never }] }";
    check(twice, &[("duplicate-rule", "'Query.me'")]);
    let all_have_their_own =
        "{ rules: [{ on: [Audit.entries], allow: staff }, { on: [Audit], allow: never }] }";
    check(all_have_their_own, &[("shadowed-rule", "Audit")]);
    // What an interface has is decided by those who implement it.
    let on = |on: &str| {
        format!(
            "{{ default: allow, rules: [{{ on: [{on}], allow: never }}, \
             {{ on: [User.email, Shop.email], allow: staff }}] }}"
        )
    };
    check(&on("Actor.email"), &[("shadowed-rule", "Actor.email")]);
    check(&on("\"*.email\""), &[("shadowed-rule", "\"*.email\"")]);
    check(&on("Actor"), &[]);
    check(&on("Actor.email").replace(", Shop.email", ""), &[]);
}

/// A rule on one way to a type is none on the other ways.
#[test]
fn a_block_that_allows_nothing() {
    for block in ["{ default: deny }", "{ rules: [] }", "{ default: deny, rules: [] }"] {
        check(block, &[("admits-nothing", block)]);
    }
    check("{ default: allow }", &[]);
    check("{ default: deny, mode: report }", &[]);
}

/// A rule on a directive that nothing carries is not in the way of others: it guards nothing.
#[test]
fn a_directive_that_nothing_carries() {
    let on = |it: &str| {
        format!("{{ rules: [{{ on: [Query], allow: always }}, {{ on: [{it}], allow: never }}] }}")
    };
    let absent = r#"'@tag(name: "absent")'"#;
    check(&on(absent), &[("no-effect", absent)]);
    check(&on(r#"'@tag(name: "internal")'"#), &[]);
}

/// The help names the way out that fits: a schema with directives is no schema from introspection.
#[test]
fn a_directive_that_stands_elsewhere() {
    let told = |carrier: &str| {
        let schema = format!(
            "directive @m(k: String) on UNION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION \
             type Query {{ a: U old: Int @deprecated }} type T {{ a: Int }} {carrier}"
        );
        let text = "version: 1\nname: t\nschema: { file: s }\n\
                    authorization: { default: allow, rules: [{ on: ['@m(k: \"un\")'], allow: never }] }\n";
        let source = |text: &str| Arc::new(Source { name: "x".into(), text: text.into() });
        let (_, found) = policy::load(source(text), &mut |_: &str| Ok(source(&schema)));
        let idle = found.iter().find(|it| it.code == "no-effect");
        idle.map(|it| (it.message.clone(), it.help.clone().unwrap_or_default()))
    };
    let message = "no object, interface or field carries";
    let (on_union, help) = told("union U @m(k: \"un\") = T").unwrap_or_default();
    assert!(on_union.starts_with(message) && help.starts_with("let it stand on"), "{help}");
    let (nowhere, help) = told("union U = T").unwrap_or_default();
    assert!(nowhere.starts_with(message) && help.contains("introspection"), "{help}");
}

#[test]
fn ways_around_a_rule() {
    let on_me = "{ default: allow, rules: [{ on: [Query.me], allow: staff }] }";
    check(on_me, &[("open-path", "Query.me")]);
    let one_of_two = "{ default: allow, rules: [{ on: [Query.metrics, Query.me], allow: staff }] }";
    check(one_of_two, &[("open-path", "Query.me")]);
    let on_the_type_too = "{ default: allow, rules: [{ on: [Query.me], allow: staff }, { on: [User.email], allow: staff }] }";
    check(on_the_type_too, &[]);
    let no_other_way = "{ rules: [{ on: [Query.me], allow: staff }] }";
    check(no_other_way, &[]);
}
