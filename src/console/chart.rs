//! Pictures as SVG: a line of the last minutes, and bars. Colours come from the style.

use maud::{Markup, html};

use crate::{console::format, telemetry::Distribution};

/// Two lines of the last minutes; both with the same scale.
pub(super) fn spark(tenths: &[(u64, u64)], label: &str) -> Markup {
    let most = tenths.iter().map(|it| it.0.max(it.1)).max().unwrap_or(0).max(10);
    let points = |of: fn(&(u64, u64)) -> u64| {
        let start = SPARK.0.saturating_sub(step(tenths.len().saturating_sub(1)));
        let point = |(n, it): (usize, &(u64, u64))| {
            let y =
                SPARK.1.saturating_sub(of(it).saturating_mul(SPARK.1 - 4) / most).saturating_sub(2);
            format!("{},{y}", start.saturating_add(step(n)))
        };
        tenths.iter().enumerate().map(point).collect::<Vec<_>>().join(" ")
    };
    let box_ = format!("0 0 {} {}", SPARK.0, SPARK.1);
    html! {
        svg.spark viewBox=(box_) preserveAspectRatio="none" role="img" aria-label=(label) {
            polyline.all points=(points(|it| it.0)) {}
            polyline.no points=(points(|it| it.1)) {}
        }
    }
}

fn step(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(0).saturating_mul(2)
}

/// A bar of so much of the most.
pub(super) fn bar(n: u64, most: u64, class: &str) -> Markup {
    let width = n.saturating_mul(100).checked_div(most).unwrap_or(0).max(1);
    html! {
        svg.bar viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" {
            rect class=(class) x="0" y="0" width=(width) height="8" rx="1" {}
        }
    }
}

/// The costs of what was admitted and refused, and where the limit is.
pub(super) fn costs(admitted: &Distribution, refused: &Distribution, limit: Option<u64>) -> Markup {
    let n_buckets = admitted.buckets.len();
    let all = admitted.buckets.iter().zip(&refused.buckets);
    let most = all.map(|(a, b)| a.saturating_add(*b)).max().unwrap_or(0).max(1);
    let under_limit = limit.map(|limit| admitted.bounds.partition_point(|it| *it < limit));
    let limit_x = under_limit.map(|it| column(it.saturating_add(1)));
    let height = |n: u64| n.saturating_mul(TALL).div_ceil(most);
    let width = column(n_buckets).saturating_add(8);
    html! {
        svg.costs viewBox=(format!("0 0 {width} {}", TALL + 34)) role="img"
            aria-label="Histogram of static costs against the limit; the table below says the same" {
            @for (n, (a, b)) in admitted.buckets.iter().zip(&refused.buckets).enumerate() {
                @let (x, a, b) = (column(n), height(*a), height(*b));
                rect.yes x=(x + 2) y=(TALL + 12 - a) width=(COLUMN - 4) height=(a) {}
                rect.no x=(x + 2) y=((TALL + 12).saturating_sub(a + b)) width=(COLUMN - 4) height=(b) {}
            }
            line.axis x1="0" x2=(width) y1=(TALL + 12) y2=(TALL + 12) {}
            @for (n, bound) in admitted.bounds.iter().enumerate().filter(|it| it.0 % 3 == 0) {
                text.tick x=(column(n + 1)) y=(TALL + 28) text-anchor="middle" { (format::axis(*bound)) }
            }
            @if let (Some(x), Some(limit)) = (limit_x, limit) {
                line.limit x1=(x) x2=(x) y1="6" y2=(TALL + 16) {}
                text.limit x=(x + 4) y="12" { "limit " (format::count(limit)) }
            }
        }
    }
}

fn column(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(0).saturating_mul(COLUMN)
}

/// Width and height of the small picture.
const SPARK: (u64, u64) = (240, 44);
/// Width of a bucket.
const COLUMN: u64 = 26;
/// Height of the tallest one.
const TALL: u64 = 110;
