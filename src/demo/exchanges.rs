//! Requests to try against the demo: three that pass, and one for each family of rules that does
//! not.
//!
//! Data and the text that shows it; sending them and printing is the verb's.

use serde_json::json;

use crate::verdict::Code;

/// A request and what becomes of it under the policy of the demo.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// One line: what it is.
    pub title: &'static str,
    /// The body of the POST, JSON.
    pub body: String,
    /// What becomes of it.
    pub expected: Expected,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// It reaches the upstream, which answers without an error.
    Admitted,
    /// It is refused with this code and never reaches the upstream.
    Refused(Code),
}

/// All of them, in the order to show them.
#[must_use]
pub fn exchanges() -> [Exchange; 8] {
    [
        product_page(),
        search(),
        add_to_cart(),
        many_logins(),
        deep(),
        introspection(),
        email_of_another(),
        page_size(),
    ]
}

impl Exchange {
    /// The command that sends it, for a POSIX shell.
    #[must_use]
    pub fn curl(&self, url: &str) -> String {
        let (url, body) = (quoted(url), quoted(&self.body));
        format!("curl -s {url} -H 'content-type: application/json' -d {body}")
    }
}

impl Expected {
    /// The status of the answer.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Admitted => 200,
            Self::Refused(code) => code.status(),
        }
    }
}

fn product_page() -> Exchange {
    let query = "{ product(slug: \"cast-iron-pan\") { name price { amount currency } stars \
                 reviews(first: 2) { nodes { stars text author { name } } } } }";
    Exchange {
        title: "a product page",
        body: json!({ "query": query }).to_string(),
        expected: Expected::Admitted,
    }
}

fn search() -> Exchange {
    let query = "query Search($text: String!, $first: Int = 5) { \
                 search(text: $text, first: $first) { nodes { ...Hit } } } \
                 fragment Hit on SearchResult { __typename \
                 ... on Product { name slug } ... on Post { title author { name } } \
                 ... on User { name } }";
    let variables = json!({ "text": "on", "first": 3 });
    Exchange {
        title: "a search with a fragment and variables",
        body: json!({ "query": query, "variables": variables }).to_string(),
        expected: Expected::Admitted,
    }
}

fn add_to_cart() -> Exchange {
    let query = "mutation Add($input: AddToCartInput!) { \
                 addToCart(input: $input) { lines { quantity product { name } } total { amount } } }";
    let variables = json!({ "input": { "productId": "p2", "quantity": 2 } });
    Exchange {
        title: "a mutation: two tea pots into the cart",
        body: json!({ "query": query, "variables": variables }).to_string(),
        expected: Expected::Admitted,
    }
}

/// One over the default limits `repeats` (15), within `aliases` (60) and `root_fields` (20).
const N_LOGINS: usize = 16;

fn many_logins() -> Exchange {
    let one =
        |n| format!("a{n}: login(email: \"ada@shop.example\", password: \"{n:04}\") {{ token }}");
    let logins: Vec<String> = (1..=N_LOGINS).map(one).collect();
    Exchange {
        title: "an attack: sixteen passwords in one request, through aliases",
        body: json!({ "query": format!("mutation {{ {} }}", logins.join(" ")) }).to_string(),
        expected: Expected::Refused(Code::MAX_REPEATS_LIMIT),
    }
}

/// `post`, seven times `author latestPost`, `id`: one over the default limit `depth` (15).
const N_ROUNDS: usize = 7;

fn deep() -> Exchange {
    let rounds: Vec<String> = (1..=N_ROUNDS)
        .map(|n| {
            let inner = if n == N_ROUNDS { "id".to_owned() } else { format!("...F{}", n + 1) };
            format!("fragment F{n} on Post {{ author {{ latestPost {{ {inner} }} }} }}")
        })
        .collect();
    let query = format!("{{ post(id: \"t1\") {{ ...F1 }} }} {}", rounds.join(" "));
    Exchange {
        title: "an attack: depth sixteen, hidden in a chain of flat fragments",
        body: json!({ "query": query }).to_string(),
        expected: Expected::Refused(Code::MAX_DEPTH_LIMIT),
    }
}

fn introspection() -> Exchange {
    let query = "{ __schema { types { name fields { name } } } }";
    Exchange {
        title: "an attack: reading the whole schema",
        body: json!({ "query": query }).to_string(),
        expected: Expected::Refused(Code::INTROSPECTION_DISABLED),
    }
}

/// What is one's own below `viewer` is somebody else's below a review.
fn email_of_another() -> Exchange {
    let query = "{ product(slug: \"cast-iron-pan\") { reviews(first: 3) { nodes { \
                 author { ...Contact } } } } } fragment Contact on User { name email }";
    Exchange {
        title: "an attack: e-mail addresses of reviewers, through a fragment",
        body: json!({ "query": query }).to_string(),
        expected: Expected::Refused(Code::FORBIDDEN),
    }
}

fn page_size() -> Exchange {
    let query = "query All($n: Int!) { products(first: $n) { nodes { name } } }";
    Exchange {
        title: "an attack: the whole catalogue as one page",
        body: json!({ "query": query, "variables": { "n": 100_000 } }).to_string(),
        expected: Expected::Refused(Code::INPUT_NOT_ALLOWED),
    }
}

/// In single quotes for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{Expected, exchanges, quoted};
    use crate::demo::shop;

    /// The attacks are real: without the firewall the shop tells, for each password, that it is wrong.
    #[tokio::test]
    async fn shop_answers_all_but_for_the_wrong_passwords() {
        for exchange in exchanges() {
            let request: async_graphql::Request = serde_json::from_str(&exchange.body).unwrap();
            let answer = shop().execute(request).await;
            let failed: Vec<_> = answer.errors.iter().map(|it| it.message.as_str()).collect();
            let n_guesses = exchange.body.matches("login(").count();
            assert_eq!(failed, vec!["wrong e-mail address or password"; n_guesses]);
        }
    }

    #[test]
    fn three_pass_and_the_others_do_not() {
        let statuses = exchanges().map(|it| it.expected.status());
        assert_eq!(statuses, [200, 200, 200, 422, 422, 403, 403, 422]);
        assert_eq!(exchanges().map(|it| it.expected == Expected::Admitted)[..3], [true; 3]);
    }

    #[test]
    fn quotes_do_not_end_the_shell_word() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(
            exchanges()[5].curl("http://127.0.0.1:1/graphql"),
            "curl -s 'http://127.0.0.1:1/graphql' -H 'content-type: application/json' \
             -d '{\"query\":\"{ __schema { types { name fields { name } } } }\"}'"
        );
    }
}
