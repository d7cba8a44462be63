//! The same requests while others come: how long they take when the upstream is busy.
//!
//! They come at random times, whether those before them are answered or not, as clients do.

use std::{cell::RefCell, future::poll_fn, task::Poll, time::Duration};

use bytes::Bytes;
use tokio::time::{Instant, sleep_until};

use crate::{
    calibration::Random,
    cli::tune::{
        measure::{Asking, Line, Measured, bar},
        outcome::Loaded,
        plan::Row,
    },
};

/// Times requests under a quarter, half and three quarters of a load, in requests in a second.
///
/// # Errors
/// When the upstream cannot be asked, fails, or is so late that requests pile up.
pub(super) async fn measure(
    asking: &Asking<'_>,
    (rows, measured): (&[Row], &[Measured]),
    full: u32,
) -> Result<Vec<Loaded>, String> {
    let answered = rows.iter().zip(measured).enumerate().filter(|it| !it.1.1.is_refused);
    let bodies: Vec<(usize, Bytes)> =
        answered.map(|(at, (row, _))| (at, row.body().into())).collect();
    let mut all = Vec::new();
    for percent in LEVELS {
        let rate = f64::from(full) * f64::from(percent) / 100.0;
        let timed = under(asking, &bodies, rate).await;
        all.push((percent, timed.map_err(|why| format!("under {percent} % load: {why}"))?));
    }
    Ok(all)
}

/// What the requests of one level share.
#[derive(Default)]
struct Shared<'a> {
    idle: Vec<Line<'a>>,
    timed: Vec<(usize, f64)>,
    open: usize,
    wrong: Option<String>,
}

async fn under(
    asking: &Asking<'_>,
    bodies: &[(usize, Bytes)],
    rate: f64,
) -> Result<Vec<(usize, f64)>, String> {
    let shared = RefCell::new(Shared::default());
    let mut random = Random::seeded(asking.seed);
    let bar = bar(REQUESTS);
    let mut next = Instant::now();
    let mut waiting = Vec::new();
    for _ in 0..REQUESTS {
        let Some((at, body)) = bodies.get(random.below(bodies.len())) else { break };
        // Times between arrivals that know nothing of each other.
        next += Duration::from_secs_f64(-(1.0 - random.fraction()).ln() / rate);
        waiting.push(Box::pin(one(asking, &shared, (*at, body.clone()), next)));
    }
    // Whichever is woken, all are asked: so few of them cost next to nothing.
    poll_fn(|ctx| {
        waiting.retain_mut(|it| it.as_mut().poll(ctx).is_pending());
        bar.set_position(REQUESTS.saturating_sub(waiting.len()) as u64);
        if waiting.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    drop(waiting);
    bar.finish_and_clear();
    let Shared { timed, wrong, .. } = shared.into_inner();
    wrong.map_or(Ok(timed), Err)
}

async fn one<'a>(
    asking: &'a Asking<'a>,
    shared: &RefCell<Shared<'a>>,
    (at, body): (usize, Bytes),
    when: Instant,
) {
    sleep_until(when).await;
    if shared.borrow().wrong.is_some() {
        return;
    }
    let open = shared.borrow().open;
    if open >= MOST_OPEN {
        let why = format!("{open} requests wait for an answer: it is more than it bears");
        shared.borrow_mut().wrong = Some(why);
        return;
    }
    shared.borrow_mut().open = open.saturating_add(1);
    let line = shared.borrow_mut().idle.pop();
    let mut line = line.unwrap_or_else(|| Line::new(asking));
    let answered = line.ask_now(body).await;
    let mut shared = shared.borrow_mut();
    shared.open = shared.open.saturating_sub(1);
    match answered {
        Ok(answer) => {
            shared.timed.push((at, answer.took));
            shared.idle.push(line);
        }
        Err(why) => shared.wrong = Some(why),
    }
}

const LEVELS: [u32; 3] = [25, 50, 75];
/// 400 of each: a hundredth of half of them is told by two.
const REQUESTS: usize = 400;
/// 256: more is a queue, not a load.
const MOST_OPEN: usize = 256;
