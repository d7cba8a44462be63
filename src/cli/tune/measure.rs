//! Sends what is to be measured, one request at a time, and takes the time.
//!
//! Every round has an order of its own, so that what drifts while it runs meets all rows alike.

use std::{io::IsTerminal as _, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use tokio::{
    task::spawn_local,
    time::{Instant, sleep_until, timeout},
};

use crate::{
    calibration::Random,
    cli::{link::Known, tune::plan::Row},
    config::{UpstreamHttp, UpstreamUrl},
    sources::{
        DialError, Dialer, now,
        signed_link::{self, Signer},
    },
};

/// Whom to ask, and how.
#[derive(Debug)]
pub(super) struct Asking<'a> {
    pub(super) upstream: &'a UpstreamUrl,
    pub(super) known: &'a Known,
    pub(super) headers: &'a [(HeaderName, HeaderValue)],
    /// The metric of `Server-Timing` that counts; nothing: the time until the answer is here.
    pub(super) metric: Option<&'a str>,
    /// Rounds that count; one more comes before them.
    pub(super) repeats: usize,
    /// Requests in a second, at most.
    pub(super) rate: u32,
    pub(super) patience: Duration,
    pub(super) seed: u64,
}

/// What became of a row.
#[derive(Debug, Default)]
pub(super) struct Measured {
    /// Milliseconds, of every time that it was sent.
    pub(super) took: Vec<f64>,
    /// Its answer has errors, or no data.
    pub(super) is_refused: bool,
}

/// Is told every row with its first answer, once.
pub(super) type First<'f> = &'f mut dyn FnMut(usize, &[u8]);

/// Measures every row.
///
/// # Errors
/// When the upstream cannot be asked, or fails.
pub(super) async fn measure(
    asking: &Asking<'_>,
    rows: &[Row],
    first: First<'_>,
) -> Result<Vec<Measured>, String> {
    let bar = bar(rows.len().saturating_mul(asking.repeats.saturating_add(1)));
    let measured = rounds(asking, rows, first, &bar).await;
    bar.finish_and_clear();
    measured
}

async fn rounds(
    asking: &Asking<'_>,
    rows: &[Row],
    first: First<'_>,
    bar: &ProgressBar,
) -> Result<Vec<Measured>, String> {
    let mut measured: Vec<Measured> = rows.iter().map(|_| Measured::default()).collect();
    let bodies: Vec<Bytes> = rows.iter().map(|it| it.body().into()).collect();
    let mut random = Random::seeded(asking.seed);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let mut line = Line::new(asking);
    let mut refusal = None;
    for round in 0..=asking.repeats {
        random.shuffle(&mut order);
        for at in &order {
            bar.inc(1);
            let (Some(it), Some(row), Some(body)) =
                (measured.get_mut(*at), rows.get(*at), bodies.get(*at))
            else {
                continue;
            };
            if it.is_refused {
                continue;
            }
            let sent = line.ask(body.clone()).await;
            let answer = sent.map_err(|why| format!("`{}`: {why}", row.name))?;
            if round > 0 {
                it.took.push(answer.took);
            } else if is_whole(&answer.body) {
                first(*at, &answer.body);
            } else {
                it.is_refused = true;
                refusal.get_or_insert(answer.body);
            }
        }
        most_answered(&measured, refusal.as_deref().unwrap_or_default())?;
    }
    Ok(measured)
}

/// What is not answered now is not answered later.
fn most_answered(measured: &[Measured], refusal: &[u8]) -> Result<(), String> {
    let n_refused = measured.iter().filter(|it| it.is_refused).count();
    if n_refused.saturating_mul(2) > measured.len() {
        return Err(format!(
            "{n_refused} of {} operations were answered with errors{}",
            measured.len(),
            first_error(refusal)
        ));
    }
    Ok(())
}

/// Whether an answer has data and no errors.
fn is_whole(body: &[u8]) -> bool {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    answer.get("data").is_some_and(Value::is_object) && answer.get("errors").is_none()
}

/// What an answer with errors says.
fn first_error(body: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let message = answer.pointer("/errors/0/message").and_then(Value::as_str).unwrap_or_default();
    let printable: String = message.chars().filter(|it| !it.is_control()).take(200).collect();
    if printable.is_empty() { printable } else { format!(": {printable}") }
}

/// An answer of the upstream.
pub(super) struct Answer {
    /// Milliseconds.
    pub(super) took: f64,
    body: Bytes,
}

/// A connection that is kept.
pub(super) struct Line<'a> {
    asking: &'a Asking<'a>,
    sender: Option<SendRequest<Full<Bytes>>>,
    /// Not before: the rate.
    next: Instant,
}

impl<'a> Line<'a> {
    pub(super) fn new(asking: &'a Asking<'a>) -> Self {
        Self { asking, sender: None, next: Instant::now() }
    }

    /// Asks as soon as the rate allows.
    async fn ask(&mut self, body: Bytes) -> Result<Answer, String> {
        sleep_until(self.next).await;
        let pause = Duration::from_secs(1) / self.asking.rate.max(1);
        self.next = Instant::now() + pause;
        self.ask_now(body).await
    }

    /// Asks at once.
    pub(super) async fn ask_now(&mut self, body: Bytes) -> Result<Answer, String> {
        let patience = self.asking.patience;
        let answered = timeout(patience, self.exchange(body)).await;
        answered.map_err(|_elapsed| format!("no answer in {} s", patience.as_secs()))?
    }

    async fn exchange(&mut self, body: Bytes) -> Result<Answer, String> {
        let was_open = self.sender.is_some();
        let request = self.request(body.clone())?;
        let mut begun = Instant::now();
        let sender = self.connected(&mut begun).await?;
        let mut answer = sender.send_request(request).await;
        // A server may close an idle connection while we ask.
        if was_open && answer.is_err() {
            self.sender = None;
            let request = self.request(body)?;
            answer = self.connected(&mut begun).await?.send_request(request).await;
        }
        let answer = answer.map_err(|it| it.to_string())?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, MAX_BYTES).collect().await.map_err(|it| it.to_string())?;
        let took = begun.elapsed().as_secs_f64() * 1000.0;
        if head.status == StatusCode::TOO_MANY_REQUESTS {
            return Err("the upstream limits the rate; lower `--rate`".to_owned());
        }
        if head.status.is_server_error() || is_refusal(head.status) {
            return Err(format!("the upstream answers with {}", head.status));
        }
        let took = match self.asking.metric {
            None => took,
            Some(metric) => timing(&head.headers, metric)
                .ok_or_else(|| format!("no `{metric};dur=…` in `Server-Timing` of the answer"))?,
        };
        Ok(Answer { took, body: body.to_bytes() })
    }

    /// The connection; begins to count when it is open.
    async fn connected(
        &mut self,
        begun: &mut Instant,
    ) -> Result<&mut SendRequest<Full<Bytes>>, String> {
        let is_open = match &mut self.sender {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !is_open {
            let Asking { upstream, known, .. } = self.asking;
            let tls = known.tls.as_ref();
            let wire = Dialer::new(upstream, tls, UpstreamHttp::Http1).open().await;
            let wire = wire.map_err(|it| match it {
                DialError::Connect(it) => format!("the upstream cannot be reached: {it}"),
                DialError::NoTls => "nobody is trusted for TLS".to_owned(),
                DialError::Tls(it) => format!("no TLS with the upstream: {it}"),
            })?;
            let shaken = http1::handshake(TokioIo::new(wire)).await;
            let (sender, connection) = shaken.map_err(|it| it.to_string())?;
            // Its end is told to the exchange.
            spawn_local(async move { drop(connection.await) });
            self.sender = Some(sender);
        }
        *begun = Instant::now();
        self.sender.as_mut().ok_or_else(|| "no connection".to_owned())
    }

    fn request(&self, body: Bytes) -> Result<Request<Full<Bytes>>, String> {
        let Asking { upstream, headers, known, .. } = self.asking;
        let mut request = Request::post(http::Uri::from(upstream.path().clone()))
            .header(header::HOST, upstream.authority())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json");
        for (name, value) in *headers {
            request = request.header(name, value);
        }
        if let Some(key) = &known.key {
            let signature = Signer::new(key).sign(&Method::POST, upstream.path(), &body, now());
            request = request.header(&signed_link::HEADER, signature);
        }
        request.body(Full::new(body)).map_err(|it| it.to_string())
    }
}

/// Somebody does not let us in: no operation is to blame.
const fn is_refusal(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND)
}

/// The duration of a metric, in milliseconds.
fn timing(headers: &HeaderMap, wanted: &str) -> Option<f64> {
    let values = headers.get_all("server-timing").iter().filter_map(|it| it.to_str().ok());
    let mut metrics = values.flat_map(|it| it.split(','));
    metrics.find_map(|metric| {
        let mut parts = metric.split(';').map(str::trim);
        if parts.next() != Some(wanted) {
            return None;
        }
        let duration = parts.find_map(|it| it.strip_prefix("dur="))?;
        let duration: f64 = duration.trim_matches('"').parse().ok()?;
        Some(duration).filter(|it| it.is_finite() && *it >= 0.0)
    })
}

pub(super) fn bar(n: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(n as u64), ProgressDrawTarget::hidden());
    let style = ProgressStyle::with_template("measuring {bar:30} {pos}/{len} requests, {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    if std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::stderr());
    }
    bar
}

/// 64 MiB: a larger answer is no measurement of an operation that somebody should admit.
const MAX_BYTES: usize = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_found_by_its_name() {
        let check = |value: &'static str, expect: Option<f64>| {
            let mut headers = HeaderMap::new();
            headers.append("server-timing", HeaderValue::from_static("miss"));
            headers.append("server-timing", HeaderValue::from_static(value));
            assert_eq!(timing(&headers, "cpu"), expect, "{value}");
        };
        check("cpu;dur=12.5", Some(12.5));
        check("db;dur=53, cpu;desc=\"c\";dur=\"7\"", Some(7.0));
        check("cpu", None);
        check("cpu;dur=NaN", None);
        check("cpu;dur=-1", None);
        check("cpus;dur=1", None);
    }

    #[test]
    fn an_answer_is_whole_with_data_and_without_errors() {
        let check = |body: &str, expect: bool| assert_eq!(is_whole(body.as_bytes()), expect);
        check(r#"{"data":{"a":1}}"#, true);
        check(r#"{"data":{"a":null},"errors":[]}"#, false);
        check(r#"{"data":null}"#, false);
        check("<html>", false);
    }
}
