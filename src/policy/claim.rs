//! A claim as settings name it: `claims.sub`, `claims.realm_access.roles`, and in brackets a name
//! that is no word, `claims["https://shop.example/tenant"]`, as expressions have it.

/// The way to a claim, from the outermost name on; nothing when the text is none.
pub(super) fn parse(text: &str) -> Option<Vec<Box<str>>> {
    let mut rest = text.strip_prefix("claims")?;
    let mut path = Vec::new();
    // Budget: the text, of which every turn takes a name.
    while !rest.is_empty() {
        let (name, behind) = match rest.strip_prefix('.') {
            Some(word) => word.split_at(word.find(|it| !is_word(it)).unwrap_or(word.len())),
            None => in_brackets(rest)?,
        };
        if name.is_empty() {
            return None;
        }
        path.push(name.into());
        rest = behind;
    }
    Some(path).filter(|it| !it.is_empty())
}

/// As it is written.
pub(super) fn write(path: &[Box<str>]) -> String {
    let name = |it: &str| match it.chars().all(is_word) {
        true => format!(".{it}"),
        false if it.contains('"') => format!("['{it}']"),
        false => format!("[\"{it}\"]"),
    };
    format!("claims{}", path.iter().map(|it| name(it)).collect::<String>())
}

fn in_brackets(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('[')?;
    let quote = inside.chars().next().filter(|it| matches!(it, '"' | '\''))?;
    let (name, behind) = inside.get(1..)?.split_once(quote)?;
    Some((name, behind.strip_prefix(']')?))
}

const fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let path = parse(text).unwrap();
        assert_eq!(path.iter().map(|it| &**it).collect::<Vec<_>>(), expect);
        assert_eq!(parse(&write(&path)), Some(path), "{text}");
    }

    #[test]
    fn names_are_words_or_stand_in_brackets() {
        check("claims.sub", &["sub"]);
        check("claims.realm_access.roles", &["realm_access", "roles"]);
        check(r#"claims["https://a.example/b.c"]"#, &["https://a.example/b.c"]);
        check("claims['a\"b'].c['d e']", &["a\"b", "c", "d e"]);
        assert_eq!(write(&["a".into(), "b-c".into()]), r#"claims.a["b-c"]"#);
    }

    #[test]
    fn all_else_is_no_claim() {
        for text in [
            "claims",
            "claims.",
            "claims..a",
            "claims.a b",
            "claims.a-b",
            "claim.a",
            "args.a",
            "claimsa",
            "claims[a]",
            "claims[\"\"]",
            "claims[\"a\"",
            "claims['a\"]",
            "claims[\"a\"]b",
            "claims[]",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
