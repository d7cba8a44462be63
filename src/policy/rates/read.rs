//! Reads the list of the file, and what profiles lay over its numbers.

use std::{num::NonZeroU32, sync::Arc};

use crate::{
    diagnostic::Diagnostics,
    policy::{
        Credentials,
        rates::{Allowance, Counts, OnError, Pace, Paced, Rate, RateKey, key, pace},
        settings,
    },
    schema::{Coordinate, FieldId, FieldSet, OperationKind, Schema},
    verdict::Mode,
    yaml::{Fields, Node, scalar, shape},
};

/// What rates are read against.
#[derive(Clone, Copy)]
pub(in crate::policy) struct Ground<'g> {
    pub(in crate::policy) schema: &'g Schema,
    pub(in crate::policy) credentials: &'g Credentials,
    pub(in crate::policy) mode: Mode,
    /// Only listed documents pass.
    pub(in crate::policy) lists_documents: bool,
}

/// Reads the list.
pub(in crate::policy) fn read(
    node: &Node,
    ground: Ground<'_>,
    found: &mut Diagnostics,
) -> Vec<Arc<Rate>> {
    let mut rates: Vec<Arc<Rate>> = Vec::new();
    for item in shape::list(node, found) {
        let Some(rate) = rate(item, ground, found) else { continue };
        if rates.iter().any(|it| it.name == rate.name) {
            let message = format!("there is a rate `{}` already", rate.name);
            found.push(item.error("duplicate-rate", message));
        }
        rates.push(Arc::new(rate));
    }
    rates
}

/// Reads the numbers of a profile; rates that it does not name are those of the file.
pub(in crate::policy) fn lay_over(
    node: &Node,
    base: &[Arc<Rate>],
    found: &mut Diagnostics,
) -> Vec<Arc<Rate>> {
    let mut rates = base.to_vec();
    for item in shape::list(node, found) {
        let mut fields = Fields::of(item, "profiles.rates", found);
        let name =
            fields.require("name", found).and_then(|it| Some((it, scalar::text(it, found)?)));
        let allowance = allowance(item, &mut fields, found);
        fields.finish(found);
        let (Some((node, name)), Some(allowance)) = (name, allowance) else { continue };
        let Some(rate) = rates.iter_mut().find(|it| *it.name == *name) else {
            let error = node.error("unknown-rate", format!("the file has no rate `{name}`"));
            found.push(error.did_you_mean(name, base.iter().map(|it| &*it.name)));
            continue;
        };
        if rate.counts == Counts::Requests && rate.key == RateKey::Address {
            let message = format!("`{name}` is counted before anybody knows who asks");
            found.push(node.error("not-per-profile", message).help("change it in the file"));
        } else if !fits(rate, &allowance, item, found) {
            continue;
        } else {
            *rate = Arc::new(Rate { allowance, ..Rate::clone(rate) });
        }
    }
    rates
}

fn rate(node: &Node, ground: Ground<'_>, found: &mut Diagnostics) -> Option<Rate> {
    let mut fields = Fields::of(node, "rates", found);
    let name = fields.require("name", found).and_then(|it| name(it, found));
    let key_node = fields.require("key", found);
    let allowance = allowance(node, &mut fields, found);
    let on = fields.take("on", found).map(|it| (it, called(it, ground.schema, found)));
    let spend = fields.take_with_key("spend", found);
    let count = fields.take_with_key("count", found);
    let normalise = fields.take_with_key("normalise", found);
    let on_error = fields.take("on_error", found);
    let mode = fields.take("mode", found).and_then(|it| settings::mode(it, found));
    fields.finish(found);
    let fields = on.as_ref().and_then(|(_, it)| it.as_ref()).map_or(&[][..], FieldSet::as_slice);
    // Beside an unknown field, an argument of it cannot be found either.
    let is_on_unknown = on.as_ref().is_some_and(|(_, it)| it.is_none());
    let key_node = key_node.filter(|_| !is_on_unknown);
    let key = key_node.and_then(|it| key::read(it, (normalise, fields), ground, found));
    let counts = counts((node, ground.schema), on, (spend, count), found);
    let on_error =
        on_error.and_then(|it| scalar::word(it, &ON_ERROR_WORDS, found)).unwrap_or_default();
    let mode = mode.unwrap_or(ground.mode);
    let rate =
        Rate { name: name?, key: key?, allowance: allowance?, counts: counts?, on_error, mode };
    fits(&rate, &rate.allowance, node, found).then_some(rate)
}

/// `limit` and `burst`, or `concurrency`.
fn allowance(node: &Node, fields: &mut Fields<'_>, found: &mut Diagnostics) -> Option<Allowance> {
    let concurrency = fields.take_with_key("concurrency", found);
    let burst = fields.take_with_key("burst", found);
    let most = 1..=u64::from(u32::MAX);
    let number = |it: &Node, found: &mut Diagnostics| {
        scalar::number(it, most.clone(), found)
            .and_then(|it| NonZeroU32::new(u32::try_from(it).ok()?))
    };
    let Some((_, concurrency)) = concurrency else {
        let pace = fields.require("limit", found).and_then(|it| pace::read(it, found))?;
        let at = burst.map(|(_, it)| it);
        let burst = match at {
            Some(it) => number(it, found)?,
            None => pace.n,
        };
        return paced(at.unwrap_or(node), pace, burst, found);
    };
    let limit = fields.take_with_key("limit", found);
    for (key, _) in [limit, burst].into_iter().flatten() {
        let error = key.error("contradiction", "`concurrency` counts what runs at a time");
        found.push(error.help("write two rates"));
    }
    number(concurrency, found).map(Allowance::InFlight)
}

fn paced(node: &Node, pace: Pace, burst: NonZeroU32, found: &mut Diagnostics) -> Option<Allowance> {
    let full = pace.interval().as_nanos().saturating_mul(burst.get().into());
    if full > FULL_AT_MOST {
        let message = format!("a burst of {burst} takes {} s to come back", full / 1_000_000_000);
        let error = node.error("burst-too-large", message);
        found.push(error.help("burst × interval is at most 2⁶² ns, 146 years"));
        return None;
    }
    Some(Allowance::Paced(Paced { pace, burst }))
}

/// Whether there is anything to count at a time.
fn fits(rate: &Rate, allowance: &Allowance, node: &Node, found: &mut Diagnostics) -> bool {
    let is_in_flight = matches!(allowance, Allowance::InFlight(_));
    let message = match rate.counts {
        Counts::Cost if is_in_flight => "cost is spent in a time, not at a time",
        Counts::Failed(_) if is_in_flight => "failures are counted in a time, not at a time",
        Counts::Calls(_) | Counts::Cost | Counts::Failed(_) | Counts::Requests => return true,
    };
    found.push(node.error("contradiction", message).help("write `limit` for `concurrency`"));
    false
}

/// The field named by `on`, and its fields of the schema; none when there is no such field.
type On<'n> = (&'n Node, Option<FieldSet>);

/// A key and its value.
type Keyed<'n> = (&'n Node, &'n Node);

fn counts(
    (node, schema): (&Node, &Schema),
    on: Option<On<'_>>,
    (spend, count): (Option<Keyed<'_>>, Option<Keyed<'_>>),
    found: &mut Diagnostics,
) -> Option<Counts> {
    let words = [("requests", false), ("cost", true)];
    let spends_cost = spend.is_some_and(|(_, it)| scalar::word(it, &words, found) == Some(true));
    let words = [("all", false), ("failed", true)];
    let is_failed = count.is_some_and(|(_, it)| scalar::word(it, &words, found) == Some(true));
    if let (Some((key, _)), true, Some(_)) = (spend, spends_cost, &on) {
        let error = key.error("contradiction", "`on` counts calls, `spend: cost` counts cost");
        found.push(error.help("write two rates"));
    }
    match on {
        Some((_, None)) => None,
        Some((at, Some(fields))) if is_failed => {
            let roots = [OperationKind::Query, OperationKind::Mutation].map(|it| schema.root(it));
            let is_root = |it: &FieldId| roots.contains(&Some(schema.field(*it).parent));
            if !fields.as_slice().iter().all(is_root) {
                let error = at.error("contradiction", "only root fields are known to have failed");
                found.push(error.help("name the field of `Query` or `Mutation`"));
                return None;
            }
            Some(Counts::Failed(fields))
        }
        Some((_, Some(fields))) => Some(Counts::Calls(fields)),
        None if is_failed => {
            let error = node.error("contradiction", "`count: failed` counts calls of a field");
            found.push(error.help("name it: `on: Mutation.login`"));
            None
        }
        None if spends_cost => Some(Counts::Cost),
        None => Some(Counts::Requests),
    }
}

/// Clients read it in a header, in quotes.
fn name(node: &Node, found: &mut Diagnostics) -> Option<Box<str>> {
    let text = scalar::text(node, found)?;
    let is_fit = |it: u8| it.is_ascii_alphanumeric() || b"-_.".contains(&it);
    if text.len() > MAX_NAME || !text.bytes().all(is_fit) {
        let error = node.error("not-a-name", format!("`{text}` cannot be the name of a rate"));
        found.push(error.help("up to 64 letters, digits, `-`, `_` and `.`"));
        return None;
    }
    Some(text.into())
}

fn called(node: &Node, schema: &Schema, found: &mut Diagnostics) -> Option<FieldSet> {
    let text = scalar::text(node, found)?;
    let fields = Coordinate::parse(text).map(|it| it.called(schema)).unwrap_or_default();
    if fields.as_slice().is_empty() {
        let error = node.error("unknown-coordinate", format!("`{text}` is no field of the schema"));
        let all = schema.types().flat_map(|(id, _)| schema.fields(id));
        let known: Vec<_> = all.map(|it| schema.coordinate(it)).collect();
        found.push(error.did_you_mean(text, known.iter().map(|it| &**it)));
        return None;
    }
    Some(fields)
}

const ON_ERROR_WORDS: [(&str, OnError); 3] =
    [("allow", OnError::Allow), ("deny", OnError::Deny), ("local", OnError::Local)];

/// 2⁶² ns: with a time of as much, no sum passes 2⁶⁴.
const FULL_AT_MOST: u128 = 1 << 62;
/// 64: fits in a header with room for the others.
const MAX_NAME: usize = 64;
