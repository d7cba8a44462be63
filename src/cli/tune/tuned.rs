//! From milliseconds to the numbers of a policy: weights, list sizes, and the model with them.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    calibration::{Fill, Fit, Weight, median},
    cost::{Defaults, Entry, Layer, List, Model, Settings},
    schema::{Bound, Coordinate, FieldId, Schema},
};

/// What a tuned file says.
#[derive(Debug)]
pub(super) struct Tuned {
    /// The milliseconds of one unit of cost.
    pub(super) unit: f64,
    /// What everything else costs; nothing: as before.
    pub(super) defaults: Option<Defaults>,
    /// By coordinate: the weight, and the place in the fit.
    pub(super) weights: Vec<(Box<str>, i64, usize)>,
    /// By coordinate: the size that was thought before, and the one that was seen.
    pub(super) lists: Vec<(Box<str>, u32, u32)>,
    /// The model of the policy with all of this.
    pub(super) model: Arc<Model>,
}

/// The model without what was tuned before.
pub(super) fn untuned(model: &Model) -> Result<Arc<Model>, String> {
    let settings = model.settings();
    let defaults = settings.untuned;
    bound(model.schema(), &Settings { defaults, tuned: Layer::default(), ..settings.clone() })
}

/// What a coordinate weighs as long as nothing was measured.
pub(super) fn prior(model: &Model, coordinate: &str) -> f64 {
    let weight = field(model.schema(), coordinate).map_or(0, |it| model.call_weight(it));
    super::sampled::float(weight)
}

impl Tuned {
    /// What was measured, over a model that was not tuned.
    pub(super) fn of(
        base: &Model,
        fit: &Fit,
        fills: &BTreeMap<Box<str>, Fill>,
    ) -> Result<Self, String> {
        let settings = base.settings();
        let is_plain = settings.defaults == Defaults::default() && has_default_weights(base);
        let scale = if is_plain { SCALE } else { 1 };
        let unit = unit(fit) / f64::from(scale);
        let defaults = is_plain.then(|| {
            let mut defaults = settings.defaults;
            defaults.fields.object = defaults.fields.object.saturating_mul(scale);
            defaults.mutation = defaults.mutation.saturating_mul(scale);
            defaults
        });
        let weights = weights(base, fit, unit);
        let lists = lists(base, fills);
        let list = |assumed: u32| List { assumed: Some(assumed), ..List::default() };
        let layer = Layer {
            weights: weights.iter().filter_map(|(on, it, _)| entry(on, *it)).collect(),
            lists: lists.iter().filter_map(|(on, _, it)| entry(on, list(*it))).collect(),
        };
        let settings = Settings {
            defaults: defaults.unwrap_or(settings.defaults),
            tuned: layer,
            ..settings.clone()
        };
        let model = bound(base.schema(), &settings)?;
        Ok(Self { unit, defaults, weights, lists, model })
    }
}

/// The milliseconds of a call of weight 1; where calls take nothing on the whole, of a usual one.
fn unit(fit: &Fit) -> f64 {
    let positive = fit.weights.iter().skip(2).map(|it| it.value).filter(|it| *it > 0.0);
    let usual = median(&positive.collect::<Vec<_>>()).unwrap_or(1.0);
    if fit.prior > usual * 1e-3 { fit.prior } else { usual }
}

fn weights(base: &Model, fit: &Fit, unit: f64) -> Vec<(Box<str>, i64, usize)> {
    let weight = |(coordinate, place): (&str, &usize)| {
        let found: &Weight = fit.weights.get(*place)?;
        let is_leaf = prior(base, coordinate) <= 0.0;
        // What can be asked for a thousand times is not free.
        let least = if is_leaf { 0 } else { 1 };
        let rounded = rounded(found.value / unit).max(least);
        let is_said = found.rows >= crate::calibration::FEW && !(is_leaf && rounded == 0);
        is_said.then(|| (coordinate.into(), rounded, *place))
    };
    fit.places.iter().map(|(on, it)| (&**on, it)).filter_map(weight).collect()
}

/// Lists whose size nothing tells: as long as 99 of a hundred are, and never shorter than was seen
/// when they were fewer.
fn lists(base: &Model, fills: &BTreeMap<Box<str>, Fill>) -> Vec<(Box<str>, u32, u32)> {
    let list = |(coordinate, fill): (&str, &Fill)| {
        let assumed = base.assumed(field(base.schema(), coordinate)?).filter(|_| fill.is_list)?;
        let seen = match fill.longest_but(ONE_IN_A_HUNDRED) {
            Some(seen) => seen,
            None => fill.longest.max(assumed.into()),
        };
        let seen = u32::try_from(seen).unwrap_or(u32::MAX).max(1);
        (seen != assumed).then(|| (coordinate.into(), assumed, seen))
    };
    fills.iter().map(|(on, it)| (&**on, it)).filter_map(list).collect()
}

fn has_default_weights(model: &Model) -> bool {
    let schema = model.schema();
    let defaults = Defaults::default();
    let usual = [defaults.fields.object, defaults.fields.leaf, defaults.mutation].map(u64::from);
    let mut fields = schema.types().flat_map(|(id, _)| schema.fields(id));
    fields.all(|it| usual.contains(&model.call_weight(it)))
}

fn bound(schema: &Arc<Schema>, settings: &Settings) -> Result<Arc<Model>, String> {
    let model = Model::new(schema, settings);
    let first = |found: crate::diagnostic::Diagnostics| {
        found.iter().next().map(|it| it.message.clone()).unwrap_or_default()
    };
    model.map(|(model, _warnings)| Arc::new(model)).map_err(first)
}

fn field(schema: &Schema, coordinate: &str) -> Option<FieldId> {
    let bound = Coordinate::parse(coordinate)?.bind(schema);
    bound.into_iter().find_map(|it| match it {
        Bound::Field(field) => Some(field),
        Bound::Input(_) | Bound::Type(_) => None,
    })
}

fn entry<T>(on: &str, value: T) -> Option<Entry<T>> {
    Some(Entry { on: Coordinate::parse(on)?, value, place: None })
}

#[expect(clippy::cast_possible_truncation, reason = "a cast of a fraction saturates")]
fn rounded(weight: f64) -> i64 {
    weight.round() as i64
}

/// A usual call weighs 10, so that one of half its cost can be told from it.
const SCALE: u32 = 10;
const ONE_IN_A_HUNDRED: f64 = 0.01;
