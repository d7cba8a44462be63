//! The bazaar corpus: cases, their bytes, and whether an outcome is the right one.

use std::{collections::HashSet, fs, net::SocketAddr, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use portcullis::sources::now;
use serde_json::{Value, json};

use crate::support::{
    socket::{Client, Seen},
    wire::{Message, request},
};

/// A case of the corpus.
pub(crate) struct Case(Value);

/// What became of a case: empty is good.
pub(crate) type Complaint = String;

pub(crate) fn cases(file: &str) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/bazaar").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|it| panic!("{}: {it}", path.display()));
    text.lines().map(|it| Case(serde_json::from_str(it).expect(it))).collect()
}

/// A token by `rs-1`.
pub(crate) fn sign(claims: &Value) -> String {
    let keys: Value = serde_json::from_str(KEYS).expect("JSON");
    let der = STANDARD.decode(keys["rs-1"]["der"].as_str().expect("a key")).expect("base64");
    let header = Header { kid: Some("rs-1".to_owned()), ..Header::new(Algorithm::RS256) };
    encode(&header, claims, &EncodingKey::from_rsa_der(&der)).expect("a token")
}

const KEYS: &str = include_str!("../corpus/bazaar/keys/signing.json");

impl Case {
    pub(crate) fn id(&self) -> &str {
        self.0["id"].as_str().unwrap_or_default()
    }

    pub(crate) fn class(&self) -> &str {
        self.0["class"].as_str().unwrap_or_default()
    }

    pub(crate) fn why(&self) -> &str {
        self.0["why"].as_str().unwrap_or_default()
    }

    /// Words of the reason for which it is refused.
    pub(crate) fn reasons(&self) -> HashSet<&str> {
        let words = self.0["reject_reason"].as_str().unwrap_or_default().split('|');
        let exceeded = self.0["limits_exceeded"].as_array().into_iter().flatten();
        words.chain(exceeded.filter_map(Value::as_str)).collect()
    }

    pub(crate) fn is_refused(&self) -> bool {
        self.0["expect"] == "reject"
    }

    pub(crate) fn transport(&self) -> &str {
        self.0["request"]["transport"].as_str().unwrap_or_default()
    }

    pub(crate) fn method(&self) -> &str {
        self.0["request"]["method"].as_str().unwrap_or_default()
    }

    pub(crate) fn has_claims(&self) -> bool {
        !self.0["claims"].is_null()
    }

    pub(crate) fn body(&self) -> Option<Vec<u8>> {
        let request = &self.0["request"];
        match (request["body"].as_str(), request["body_b64"].as_str()) {
            (Some(text), _) => Some(text.as_bytes().to_vec()),
            (None, Some(coded)) => Some(STANDARD.decode(coded).expect("base64")),
            (None, None) => None,
        }
    }

    /// The bytes of the request.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let case = &self.0["request"];
        if let Some(raw) = case["raw_b64"].as_str() {
            return STANDARD.decode(raw).expect("base64");
        }
        let mut headers = vec![("Host", "bazaar.example")];
        for header in case["headers"].as_array().into_iter().flatten() {
            headers.push((header[0].as_str().expect("name"), header[1].as_str().expect("value")));
        }
        let token = self.token();
        if let Some(token) = &token {
            headers.push(("Authorization", token));
        }
        let path = case["path"].as_str().unwrap_or("/graphql");
        request(self.method(), path, &headers, self.body().as_deref())
    }

    /// How often it is sent.
    pub(crate) fn repeats(&self) -> usize {
        self.0["repeat"].as_u64().and_then(|it| it.try_into().ok()).unwrap_or(1)
    }

    /// The same by another subject.
    pub(crate) fn by(&self, subject: &str) -> Self {
        let mut case = self.0.clone();
        case["claims"]["sub"] = subject.into();
        Self(case)
    }

    /// The bytes of one repeat, with a value of its own in the header that varies.
    pub(crate) fn bytes_of_repeat(&self, n: usize) -> Vec<u8> {
        let mut case = self.0.clone();
        if let Some(name) = case["vary_header"].as_str().map(str::to_owned) {
            let headers = case["request"]["headers"].as_array_mut().expect("headers");
            headers.push(json!([name, format!("198.51.100.{}", n % 256)]));
        }
        Self(case).bytes()
    }

    /// `Authorization` with the claims of the case, signed as its README says; cases about tokens
    /// carry their own.
    fn token(&self) -> Option<String> {
        let mut claims = self.0["claims"].as_object()?.clone();
        if self.0["jwt_literal"] == true {
            return None;
        }
        let now = now().0;
        let ours = json!({
            "iss": "https://id.bazaar.example", "aud": "bazaar-api", "iat": now, "exp": now + 600,
        });
        for (name, value) in ours.as_object().into_iter().flatten() {
            claims.entry(name.clone()).or_insert_with(|| value.clone());
        }
        Some(format!("Bearer {}", sign(&Value::Object(claims))))
    }

    /// Says the frames of a case over a WebSocket; what is heard until every operation has an
    /// answer, or the end.
    pub(crate) fn heard(&self, to: SocketAddr) -> Vec<String> {
        let case = &self.0["request"];
        let mut headers = Vec::new();
        for header in case["headers"].as_array().into_iter().flatten() {
            headers.push((header[0].as_str().expect("name"), header[1].as_str().expect("value")));
        }
        let token = self.token();
        headers.extend(token.as_deref().map(|it| ("Authorization", it)));
        let mut client = match Client::open_at(to, case["path"].as_str().expect("path"), &headers) {
            Ok(client) => client,
            Err(status) => return vec![format!("status {status}")],
        };
        let frames = case["frames"].as_array().into_iter().flatten();
        let frames: Vec<_> = frames.filter_map(Value::as_str).collect();
        let mut n_due = frames.iter().filter(|it| it.contains("subscribe")).count();
        frames.iter().for_each(|it| client.say(it));
        let mut heard = Vec::new();
        while n_due > 0 || !frames.iter().any(|it| it.contains("subscribe")) {
            let word = client.hear_short();
            n_due =
                n_due.saturating_sub(usize::from(!["connection_ack", "pong"].contains(&&*word)));
            if word != "pong" {
                heard.push(word.clone());
            }
            if word.starts_with("close") || word == "gone" {
                break;
            }
        }
        heard
    }

    /// Whether what was heard is right.
    pub(crate) fn judge_socket(&self, heard: &[String], seen: &Seen) -> Complaint {
        let n = seen.operations().len();
        let is_refusal =
            |it: &String| ["status 4", "close", "error"].iter().any(|word| it.starts_with(word));
        match (self.is_refused(), n, heard.last()) {
            (true, 0, Some(last)) if is_refusal(last) => String::new(),
            (false, 1, Some(last)) if last == "next 1" => match seen.header(0, "x-user-id") {
                Some(_) => String::new(),
                None => "the upstream does not know who it is".to_owned(),
            },
            _ => format!("{n} operations reached the upstream"),
        }
    }

    /// Whether a refusal is clean and nothing went on.
    pub(crate) fn judge_refusal(&self, answer: Option<&Message>, reached: &[Message]) -> Complaint {
        if let Some(message) = reached.first() {
            return format!("reached the upstream: {}", String::from_utf8_lossy(&message.body));
        }
        match answer {
            None if self.0["request"]["raw_b64"].is_string() => String::new(),
            None => "closed without an answer".to_owned(),
            Some(answer) if answer.status() >= 500 => format!("status {}", answer.status()),
            Some(answer) if answer.status() >= 400 => String::new(),
            Some(answer) => format!("status {}", answer.status()),
        }
    }

    /// Whether a legitimate request went on and was answered.
    pub(crate) fn judge_forward(&self, answer: Option<&Message>, reached: &[Message]) -> Complaint {
        let Some(answer) = answer else { return "closed without an answer".to_owned() };
        let text = String::from_utf8_lossy(&answer.body);
        if reached.len() != 1 {
            return format!("not forwarded: status {} {text}", answer.status());
        }
        let items = match answer.json() {
            Some(Value::Array(items)) => items,
            Some(item) => vec![item],
            None => Vec::new(),
        };
        let is_good = answer.status() == 200
            && !items.is_empty()
            && items.iter().all(|it| *it == json!({ "data": {} }));
        if is_good {
            self.judge_headers(&reached[0])
        } else {
            format!("status {} {text}", answer.status())
        }
    }

    /// Whether the upstream saw a header that it must not see: `name`, or `name=value`; or missed
    /// one that it must see: `missing:name`.
    fn judge_headers(&self, reached: &Message) -> Complaint {
        let rules = self.0["must_not_reach_upstream"].as_array().into_iter().flatten();
        let broken = rules.filter_map(Value::as_str).find(|rule| {
            let (name, unwanted) = match rule.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (*rule, None),
            };
            match name.strip_prefix("missing:") {
                Some(name) => reached.header(name).is_none(),
                None => reached
                    .headers
                    .iter()
                    .any(|(it, value)| it == name && unwanted.is_none_or(|it| it == value)),
            }
        });
        broken.map_or(String::new(), |rule| format!("reached the upstream: {rule}"))
    }
}

/// A copy of the folder whose policy has these rates instead of its own.
pub(crate) fn bazaar_with(rates: &str) -> tempfile::TempDir {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/bazaar");
    let folder = tempfile::tempdir().expect("a folder");
    copy(&from, folder.path());
    let path = folder.path().join("policy.yaml");
    let policy = fs::read_to_string(&path).expect("a policy");
    let (others, own) = policy.split_once("\nrates:").expect("rates at the end");
    let rates = if rates == INTENT { format!("\nrates:{own}") } else { rates.to_owned() };
    fs::write(&path, format!("{others}{rates}")).expect("write");
    folder
}

/// The rates that the policy has itself, as `policy-intent.md` says them.
pub(crate) const INTENT: &str = "its own";

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder").map_while(Result::ok) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&target).expect("a folder");
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copy");
        }
    }
}
