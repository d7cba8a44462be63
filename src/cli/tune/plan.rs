//! What is sent, in which order: operations that a policy can price, in rounds of their own order
//! each.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    admission::{Past, Recalled, Request},
    calibration::{Random, Tally},
    cli::tune::input::Asked,
    cost::{Model, compile},
    diagnostic::suggestion,
    digest::Digest,
    document::{self, other_number},
    json::{self, Kind, Literal},
    operation::{Operation, Variables, coerce},
    policy::Policy,
    schema::OperationKind,
};

/// An operation that can be sent.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) asked: Asked,
    pub(super) operation: Arc<Operation>,
    /// Rows of one shape differ in variables only.
    pub(super) shape: u64,
    /// For people.
    pub(super) name: Box<str>,
}

/// What was asked for, sorted out.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// What is sent.
    pub(super) rows: Vec<Row>,
    /// Everything that can be priced: what is legitimate.
    pub(super) legitimate: Vec<Row>,
    /// Why the others are not sent, and how many there are.
    pub(super) left_out: BTreeMap<Box<str>, u64>,
}

impl Row {
    /// Does something with its variables, as the schema reads them.
    pub(super) fn with_variables<T>(&self, then: impl FnOnce(&Variables<'_>) -> T) -> Option<T> {
        let tree = json::read(self.asked.variables.as_bytes(), json::Limits::default()).ok()?;
        let root = Some(tree.root()).filter(|it| it.kind() == Kind::Object);
        let variables = coerce(self.operation.schema(), self.operation.variables(), root).ok()?;
        Some(then(&variables))
    }

    /// What it can cost under a model.
    pub(super) fn price(&self, model: &Arc<Model>) -> Option<u64> {
        let program = compile(model, &self.operation);
        let price = self.with_variables(|it| program.price(it).ok())??;
        Some(price.combined(model.measure()))
    }

    /// How often it counts.
    pub(super) fn times(&self) -> u64 {
        self.asked.times.unwrap_or(1)
    }

    /// The body of its request.
    pub(super) fn body(&self) -> String {
        let mut body = String::from("{\"query\":");
        json::push_escaped(&mut body, &self.asked.text);
        if let Some(name) = &self.asked.operation {
            body.push_str(",\"operationName\":");
            json::push_escaped(&mut body, name);
        }
        body.push_str(",\"variables\":");
        body.push_str(&self.declared());
        body.push('}');
        body
    }

    /// Its variables without what the operation does not declare.
    fn declared(&self) -> String {
        let given: Option<serde_json::Map<String, serde_json::Value>> =
            serde_json::from_str(&self.asked.variables).ok();
        let mut given = given.unwrap_or_default();
        given.retain(|name, _| self.operation.variables().iter().any(|it| *it.name == **name));
        serde_json::Value::Object(given).to_string()
    }
}

impl Plan {
    /// Of what was asked for; mutations are sent only when they are listed by name.
    pub(super) fn new(policy: &Arc<Policy>, asked: Vec<Asked>, mutations: &[String]) -> Self {
        let mut plan = Self::default();
        let mut past = Past::new(Arc::clone(policy));
        let mut listed: BTreeSet<(u64, Box<str>)> = BTreeSet::new();
        for asked in asked {
            match row(&mut past, policy, asked) {
                Err((why, shape)) => {
                    let is_new = listed.insert((shape, why.into()));
                    plan.leave(why, is_new.into());
                }
                // A manifest lists one operation in every way that it may be written.
                Ok(row)
                    if row.asked.times.is_none()
                        && !listed.insert((row.shape, row.asked.variables.clone())) => {}
                Ok(row) => match unfit(&row, mutations) {
                    None => plan.rows.push(row),
                    Some(why) => {
                        plan.leave(why, row.times());
                        plan.legitimate.push(row);
                    }
                },
            }
        }
        plan
    }

    /// What to say of a mutation that is listed by name, and that nobody asks for.
    pub(super) fn lacks(&self, mutation: &str) -> Option<String> {
        let all = self.rows.iter().chain(&self.legitimate);
        let mutations = all.filter(|it| it.operation.kind() == OperationKind::Mutation);
        let names: BTreeSet<&str> = mutations.map(|it| &*it.name).collect();
        if names.contains(mutation) {
            return None;
        }
        let meant = suggestion(mutation, names).map(|it| format!(": did you mean `{it}`?"));
        let meant = meant.unwrap_or_default();
        Some(format!("none of the operations is a mutation called `{mutation}`{meant}"))
    }

    /// Keeps so many rows, taken at random.
    pub(super) fn cut(&mut self, most: usize, seed: u64) {
        if self.rows.len() > most {
            Random::seeded(seed).shuffle(&mut self.rows);
            let over = self.rows.split_off(most);
            self.leave("beyond `--max-requests`", over.len() as u64);
            self.legitimate.extend(over);
        }
    }

    /// Different shapes among what is sent.
    pub(super) fn shapes(&self) -> usize {
        let shapes: BTreeSet<u64> = self.rows.iter().map(|it| it.shape).collect();
        shapes.len()
    }

    /// What everything legitimate costs under a model, as often as it was asked for.
    pub(super) fn costs(&self, model: &Arc<Model>) -> Tally {
        let mut tally = Tally::default();
        for row in self.rows.iter().chain(&self.legitimate) {
            if let Some(cost) = row.price(model) {
                tally.add_times(cost, row.times());
            }
        }
        tally
    }

    fn leave(&mut self, why: &str, n: u64) {
        if n == 0 {
            return;
        }
        let count = self.left_out.entry(why.into()).or_default();
        *count = count.saturating_add(n);
    }
}

/// A row, or why there is none and the shape of what there is.
fn row(past: &mut Past, policy: &Policy, asked: Asked) -> Result<Row, (&'static str, u64)> {
    let hash = Digest::of(asked.text.as_bytes());
    let recalled = Recalled {
        request: Request {
            query: Some(Literal::of(&asked.text)),
            operation_name: asked.operation.as_deref().map(Into::into),
            ..Request::default()
        },
        has_text: true,
        document: Some(hash),
        bytes: asked.text.len() as u64,
        variables_bytes: None,
        hidden: crate::admission::Hidden::Nothing,
        found: Vec::new(),
        refused: None,
    };
    if !asked.is_whole && has_other_numbers(&asked) {
        let shape = shape(&hash, asked.operation.as_deref());
        return Err(("the log holds it without its numbers, which may say what it costs", shape));
    }
    let unread = ("the policy cannot read it", shape(&hash, asked.operation.as_deref()));
    let operation = past.operation(&recalled).ok_or(unread)?;
    let name = asked
        .operation
        .clone()
        .unwrap_or_else(|| format!("{hash}").chars().take(12).collect::<String>().into());
    let canonical = document::canonical_text(operation.document(), operation.id());
    let shape = shape(&Digest::of(canonical.as_bytes()), None);
    let row = Row { asked, operation, shape, name };
    row.price(&policy.cost).ok_or(("its variables are missing or wrong", shape))?;
    Ok(row)
}

/// Whether a number of it may stand for another one, which the log does not hold.
fn has_other_numbers(asked: &Asked) -> bool {
    let variables = json::read(asked.variables.as_bytes(), json::Limits::default());
    let Ok(variables) = variables else { return true };
    let given = variables.root().descendants().filter(|it| it.kind() == Kind::Number);
    let written = asked.text.split(|it: char| !it.is_ascii_digit());
    let is_other = |it: &str| other_number(it).is_some_and(|other| *other == *it);
    given.map(json::Value::text).chain(written).any(is_other)
}

/// Why a row is not sent.
fn unfit(row: &Row, mutations: &[String]) -> Option<&'static str> {
    match row.operation.kind() {
        OperationKind::Mutation if !mutations.iter().any(|it| **it == *row.name) => {
            Some("a mutation that `--mutation` does not list")
        }
        OperationKind::Subscription => Some("a subscription"),
        _ if !row.asked.is_whole => Some("the log holds it without its values"),
        OperationKind::Mutation | OperationKind::Query => None,
    }
}

/// The beginning of a hash of what makes a shape.
fn shape(hash: &Digest, operation: Option<&str>) -> u64 {
    let Digest(all) = Digest::of_all(&[&hash.0, operation.unwrap_or_default().as_bytes()]);
    let first = all.first_chunk::<8>();
    first.map_or(0, |it| u64::from_be_bytes(*it))
}
