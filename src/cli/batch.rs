//! `portcullis explain --batch`: many documents, a line of JSON in and out for each.
//!
//! A bad line is answered in its place, and the rest goes on. Draws no trees.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Write as _},
    path::Path,
    sync::Arc,
};

use serde_json::{Value, json};

use crate::{
    admission::{Appraisal, Appraiser, CostFigures, Request},
    cli::{Exit, terminal},
    cost::Price,
    identity::{Caller, Identity},
    json as strict,
    policy::{Policy, ProfileIdx},
    sources,
};

/// Reads the lines of a file, or of standard input for `-`, and writes one for each to stdout.
pub(super) fn run(
    path: &Path,
    policy: &Policy,
    profile: Option<ProfileIdx>,
) -> Result<Exit, String> {
    let lines: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(path).map_err(|it| format!("`{}`: {it}", path.display()))?;
        Box::new(BufReader::with_capacity(BUFFER, file))
    };
    let mut appraiser = Appraiser::new(policy, profile, sources::now());
    answer_all(&mut appraiser, lines).map_err(|it| format!("`{}`: {it}", path.display()))
}

fn answer_all(appraiser: &mut Appraiser<'_>, mut lines: Box<dyn BufRead>) -> io::Result<Exit> {
    let mut out = BufWriter::with_capacity(BUFFER, io::stdout().lock());
    let mut exit = Exit::Fine;
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        let answer = answer(appraiser, &line).unwrap_or_else(|why| {
            exit = Exit::Misuse;
            json!({ "error": why })
        });
        if let Err(why) = writeln!(out, "{answer}") {
            terminal::note(Err(why));
            return Ok(exit);
        }
        line.clear();
    }
    terminal::note(out.flush());
    Ok(exit)
}

fn answer(appraiser: &mut Appraiser<'_>, line: &[u8]) -> Result<Value, String> {
    let tree = strict::read(line, LIMITS).map_err(|it| format!("not JSON: {it}"))?;
    let root = tree.root();
    if root.kind() != strict::Kind::Object {
        return Err("not an object".to_owned());
    }
    let member = |name: &str| root.member(name).filter(|it| it.kind() != strict::Kind::Null);
    let text = |name: &str| {
        let wrong = || format!("`{name}` is not a string");
        member(name).map(|it| it.literal().ok_or_else(wrong)).transpose()
    };
    let request = Request {
        query: text("document")?,
        document_id: text("documentId")?.map(strict::Literal::into_text),
        operation_name: text("operationName")?.map(strict::Literal::into_text),
        variables: member("variables"),
        ..Request::default()
    };
    if request.query.is_none() && request.document_id.is_none() {
        return Err("`document` is missing".to_owned());
    }
    if request.variables.is_some_and(|it| it.kind() != strict::Kind::Object) {
        return Err("`variables` is not an object".to_owned());
    }
    let response = member("response").map(|it| it.text().as_bytes());
    let caller = caller(member("claims"))?;
    Ok(as_json(&appraiser.appraise(&request, &caller, response)))
}

/// The caller with these claims; an anonymous one without.
fn caller(claims: Option<strict::Value<'_>>) -> Result<Caller, String> {
    let Some(claims) = claims else { return Ok(Caller::default()) };
    let claims = serde_json::from_str(claims.text());
    let claims = claims.map_err(|_| "`claims` is not an object".to_owned())?;
    Ok(Caller { identity: Some(Arc::new(Identity::new(claims))), ..Caller::default() })
}

fn as_json(appraisal: &Appraisal) -> Value {
    let codes: Vec<_> = appraisal.codes.iter().map(|it| it.as_str()).collect();
    let mut answer = json!({
        "verdict": if codes.is_empty() { "admit" } else { "reject" },
        "codes": codes,
        "cost": appraisal.cost.as_ref().map(figures),
    });
    if let (Some(Price { types, fields }), Value::Object(answer)) = (appraisal.actual, &mut answer)
    {
        answer.insert("actual".to_owned(), json!({ "type": types, "field": fields }));
    }
    answer
}

fn figures(cost: &CostFigures) -> Value {
    let CostFigures { price, combined, is_exact } = cost;
    json!({
        "type": price.types,
        "field": price.fields,
        "combined": combined,
        "exact": is_exact,
        "saturated": price.is_saturated(),
    })
}

/// Responses may be large and deep; the one who runs this owns the file.
const LIMITS: strict::Limits = strict::Limits { depth: 1000, values: u32::MAX, lists: None };

const BUFFER: usize = 1 << 18;
