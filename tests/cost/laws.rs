//! The laws of the static cost, on random schemas, operations and answers.
//!
//! `PORTCULLIS_CASES` asks for more than the 2,000 cases of a usual run.

use std::sync::Arc;

use crate::{
    executor::{Executor, Work},
    query::{Number, Query, Selection, Spelling},
    support::{self, model, operation, price_of, schema},
    world::{DEFAULT_LIST, Random, World},
};
use portcullis::{
    cost::{
        Counter, DefaultList, Defaults, Model, Price, Settings, Shape, compile, compile_within,
        explain,
    },
    json,
    operation::coerce,
};
use proptest::{
    prelude::any,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};

struct Case {
    random: Random,
    world: World,
    query: Query,
    model: Arc<Model>,
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let world = World::random(&mut random);
        let query = Query::random(&mut random, &world);
        let defaults = Defaults { list: DefaultList::Assumed(DEFAULT_LIST), ..Defaults::default() };
        let model = model(&schema(&world.sdl()), &Settings { defaults, ..Settings::default() });
        Self { random, world, query, model }
    }

    fn price(&self, query: &Query, spelling: Spelling) -> Price {
        let text = query.text(&self.world, spelling);
        let variables = if spelling.literals { serde_json::json!({}) } else { query.variables() };
        price_of(&self.model, &text, &variables).unwrap_or_else(|why| panic!("{why:?}\n{text}"))
    }

    fn plain(&self) -> Price {
        self.price(&self.query, Spelling::default())
    }

    fn most(&self) -> Work {
        Executor { world: &self.world, query: &self.query }.most()
    }
}

/// The same cases at every run; other ones, as many as `PORTCULLIS_CASES` says.
fn law(check: impl Fn(Case) -> Result<(), String>) {
    let cases = std::env::var("PORTCULLIS_CASES").ok().and_then(|it| it.parse().ok());
    let config = Config {
        cases: cases.unwrap_or(2_000),
        failure_persistence: None,
        max_shrink_iters: 0,
        ..Config::default()
    };
    let mut runner = match cases {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    let result = runner.run(&any::<u64>(), |seed| {
        let case = Case::new(seed);
        let text = case.query.text(&case.world, Spelling::default());
        let context = format!("{text}\n{}\n{}", case.query.variables(), case.world.sdl());
        check(case).map_err(|why| TestCaseError::fail(format!("{why}\n{context}")))
    });
    if let Err(why) = result {
        panic!("{why}");
    }
}

fn same<T: PartialEq + std::fmt::Debug>(got: &T, expect: &T) -> Result<(), String> {
    if got == expect { Ok(()) } else { Err(format!("{got:?}, not {expect:?}")) }
}

fn price(work: Work) -> Price {
    Price { types: work.types as u64, fields: work.fields as u64 }
}

fn is_within(small: Price, large: Price) -> Result<(), String> {
    if small.types <= large.types && small.fields <= large.fields {
        return Ok(());
    }
    Err(format!("{small:?} is above {large:?}"))
}

#[test]
fn no_answer_costs_more_than_its_price() {
    law(answers_are_within);
}

/// One key on two disjoint types, free on one of them: the counter took the price of the other.
#[test]
fn no_answer_costs_more_where_a_key_is_free_on_one_type() {
    answers_are_within(Case::new(7_866_760_302_152_305_429)).unwrap();
}

fn answers_are_within(mut case: Case) -> Result<(), String> {
    let text = case.query.text(&case.world, Spelling::default());
    let operation = operation(case.model.schema(), &text);
    let variables = case.query.variables().to_string();
    let tree = json::read(variables.as_bytes(), json::Limits::default()).unwrap();
    let variables = coerce(case.model.schema(), operation.variables(), Some(tree.root())).unwrap();
    let fixed = compile(&case.model, &operation).price(&variables).unwrap();
    let shape = Arc::new(Shape::new(&case.model, &operation));
    for _ in 0..3 {
        let executor = Executor { world: &case.world, query: &case.query };
        let (data, work) = executor.run(&mut case.random);
        is_within(price(work), fixed)?;
        let mut counter = Counter::new(&shape, &variables);
        let answer = format!("{{\"errors\":[{{\"a\":[]}}],\"data\":{data}}}");
        for piece in answer.as_bytes().chunks(7) {
            counter.push(piece);
        }
        let actual = counter.finish();
        same(&actual.is_complete, &true)?;
        same(&actual.lists.iter().any(|it| it.is_over()), &false)?;
        is_within(actual.price, price(work))?;
        if case.world.is_uniform() {
            same(&actual.price, &price(work))?;
        }
    }
    Ok(())
}

#[test]
fn price_is_the_most_that_any_answer_can_cost() {
    law(|case| same(&case.plain(), &price(case.most())));
}

#[test]
fn spelling_does_not_change_the_price() {
    let usual = Spelling::default();
    let spellings = [
        Spelling { literals: true, ..usual },
        Spelling { inlined: true, ..usual },
        Spelling { aliases: "other_", ..usual },
        Spelling { reversed: true, ..usual },
        Spelling { doubled: true, ..usual },
        Spelling { wrapped: true, ..usual },
        Spelling { with_skipped: true, ..usual },
    ];
    law(|case| {
        let plain = case.plain();
        for spelling in spellings {
            same(&case.price(&case.query, spelling), &plain)
                .map_err(|it| format!("{spelling:?}: {it}"))?;
        }
        Ok(())
    });
}

#[test]
fn larger_slices_never_lower_the_price() {
    law(|case| {
        let mut larger = case.query.clone();
        for number in &mut larger.numbers {
            if let Some(Some(given)) = &mut number.given {
                *given += 1;
            }
        }
        is_within(case.plain(), case.price(&larger, Spelling::default()))
    });
}

#[test]
fn more_selections_never_lower_the_price() {
    law(|mut case| {
        let mut less = case.query.clone();
        let mut place = &mut less.selections;
        loop {
            if place.is_empty() {
                return Ok(());
            }
            let at = case.random.upto(place.len());
            let goes_down = case.random.one_in(2);
            match &place[at] {
                Selection::Field { below, .. } | Selection::Inline { below, .. }
                    if goes_down && !below.is_empty() => {}
                _ => {
                    place.remove(at);
                    break;
                }
            }
            let (Selection::Field { below, .. } | Selection::Inline { below, .. }) = &mut place[at]
            else {
                return Ok(());
            };
            place = below;
        }
        is_within(case.price(&less, Spelling::default()), case.plain())
    });
}

#[test]
fn spent_budget_gives_a_higher_bound() {
    law(|case| {
        let text = case.query.text(&case.world, Spelling::default());
        let operation = operation(case.model.schema(), &text);
        let sum = compile_within(&case.model, &operation, 0);
        let sum = support::price(&sum, &operation, &case.query.variables()).unwrap();
        is_within(case.plain(), sum)
    });
}

#[test]
fn conditions_that_are_not_known_are_taken_at_their_highest() {
    law(|mut case| {
        for number in &mut case.query.numbers {
            *number = Number { given: None, ..*number };
        }
        let text = case.query.text(&case.world, Spelling::default());
        let operation = operation(case.model.schema(), &text);
        let ceiling = compile(&case.model, &operation).ceiling().unwrap();
        let mut highest = Price::default();
        for bits in 0..8_u8 {
            case.query.booleans = (0..3).map(|it| bits >> it & 1 == 1).collect();
            let price = case.plain();
            highest.types = highest.types.max(price.types);
            highest.fields = highest.fields.max(price.fields);
        }
        same(&ceiling, &highest)
    });
}

#[test]
fn explanation_adds_up() {
    law(|mut case| {
        let text = case.query.text(&case.world, Spelling::default());
        let operation = operation(case.model.schema(), &text);
        let text = case.query.variables().to_string();
        let tree = json::read(text.as_bytes(), json::Limits::default()).unwrap();
        let variables =
            coerce(case.model.schema(), operation.variables(), Some(tree.root())).unwrap();
        let limit = case.random.below(40);
        let told = explain(&case.model, &operation, &variables, limit).unwrap();
        same(&told.price, &case.plain())?;
        let program = compile(&case.model, &operation);
        let by_root = program.by_root(&variables).unwrap();
        let roots = by_root.iter().fold(Price::default(), |sum, it| sum + it.price);
        same(&roots, &told.price)?;
        // The dearest region by both measures together is one, by each alone maybe another.
        let own = told.coordinates.iter().fold(Price::default(), |sum, it| sum + it.1);
        is_within(own, told.price)
    });
}

#[test]
fn advice_is_the_largest_that_passes() {
    law(|mut case| {
        let limit = case.random.below(60);
        let text = case.query.text(&case.world, Spelling::default());
        let operation = operation(case.model.schema(), &text);
        let variables = case.query.variables().to_string();
        let tree = json::read(variables.as_bytes(), json::Limits::default()).unwrap();
        let variables =
            coerce(case.model.schema(), operation.variables(), Some(tree.root())).unwrap();
        let told = explain(&case.model, &operation, &variables, limit).unwrap();
        let measure = case.model.measure();
        for (at, number) in case.query.numbers.clone().into_iter().enumerate() {
            let name = format!("n{at}");
            let advice = told.slices.iter().find(|it| it.variable.as_deref() == Some(&*name));
            let Some(advice) = advice else { continue };
            let mut passes = |value: u32| {
                case.query.numbers[at].given = Some(Some(value));
                let passes = case.plain().combined(measure) <= limit;
                case.query.numbers[at] = number;
                passes
            };
            match advice.largest {
                None => same(&passes(0), &false)?,
                Some(value) => {
                    same(&passes(value), &true)?;
                    if value < i32::MAX as u32 {
                        same(&passes(value + 1), &false)?;
                    }
                }
            }
        }
        Ok(())
    });
}
