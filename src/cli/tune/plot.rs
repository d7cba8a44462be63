//! Axes and marks of the report's pictures, as SVG. Colours come from the style.

use maud::{Markup, html};

use crate::cli::tune::sampled::float;

/// A direction of a picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// The numbers at its ends.
    low: f64,
    high: f64,
    /// Their places.
    from: f64,
    to: f64,
}

/// The inner field of a picture: its edges.
pub(super) const LEFT: f64 = 52.0;
pub(super) const RIGHT: f64 = 508.0;
pub(super) const TOP: f64 = 18.0;
pub(super) const BOTTOM: f64 = 288.0;
/// All of a picture.
pub(super) const VIEW: &str = "0 0 520 332";

impl Axis {
    /// Logarithmic, around all numbers above 0.
    pub(super) fn around(numbers: impl Iterator<Item = f64>, (from, to): (f64, f64)) -> Self {
        let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
        for it in numbers.filter(|it| it.is_finite() && *it > 0.0) {
            (low, high) = (low.min(it), high.max(it));
        }
        if low > high {
            (low, high) = (1.0, 10.0);
        }
        // Some room, and at least a factor of four.
        let middle = (low * high).sqrt();
        Self {
            low: (low / 1.15).min(middle / 2.0),
            high: (high * 1.15).max(middle * 2.0),
            from,
            to,
        }
    }

    pub(super) fn horizontal(numbers: impl Iterator<Item = f64>) -> Self {
        Self::around(numbers, (LEFT, RIGHT))
    }

    pub(super) fn vertical(numbers: impl Iterator<Item = f64>) -> Self {
        Self::around(numbers, (BOTTOM, TOP))
    }

    /// The place of a number, never beyond the ends.
    pub(super) fn at(&self, number: f64) -> f64 {
        let number = number.clamp(self.low, self.high);
        let share = (number / self.low).ln() / (self.high / self.low).ln();
        self.from + (self.to - self.from) * share
    }

    /// Whether a number is between the ends.
    pub(super) fn shows(&self, number: f64) -> bool {
        self.low <= number && number <= self.high
    }

    /// Numbers at even distances, both ends included.
    pub(super) fn steps(&self, n: u32) -> impl Iterator<Item = f64> {
        let (low, ratio, n) = (self.low, self.high / self.low, f64::from(n));
        let mut at = 0.0;
        std::iter::from_fn(move || {
            let step = (at <= n).then(|| low * ratio.powf(at / n));
            at += 1.0;
            step
        })
    }

    /// Round numbers to be written beside it, six or so.
    fn ticks(&self) -> Vec<f64> {
        let all = |wanted: &[f64]| -> Vec<f64> {
            let decades = (-6..=18).map(|it| 10.0_f64.powi(it));
            let numbers = decades.flat_map(|it| wanted.iter().map(move |digit| digit * it));
            numbers.filter(|it| self.shows(*it)).collect()
        };
        let fine = all(&[1.0, 2.0, 5.0]);
        if fine.len() > 7 { all(&[1.0]) } else { fine }
    }
}

/// The frame of a picture with the numbers of its axes.
pub(super) fn frame(x: &Axis, y: Option<&Axis>, (x_name, y_name): (&str, &str)) -> Markup {
    html! {
        @for tick in x.ticks() {
            @let at = place(x.at(tick));
            line.grid x1=(at) x2=(at) y1=(TOP) y2=(BOTTOM) {}
            text x=(at) y=(place(BOTTOM + 16.0)) text-anchor="middle" { (number(tick)) }
        }
        @if let Some(y) = y {
            @for tick in y.ticks() {
                @let at = place(y.at(tick));
                line.grid x1=(LEFT) x2=(RIGHT) y1=(at) y2=(at) {}
                text x=(place(LEFT - 7.0)) y=(place(y.at(tick) + 4.0)) text-anchor="end" { (number(tick)) }
            }
        }
        line.axis x1=(LEFT) x2=(RIGHT) y1=(BOTTOM) y2=(BOTTOM) {}
        text.name x=(place(f64::midpoint(LEFT, RIGHT))) y=(place(BOTTOM + 36.0)) text-anchor="middle" { (x_name) }
        text.name x="14" y=(place(f64::midpoint(TOP, BOTTOM))) text-anchor="middle"
            transform=(format!("rotate(-90 14 {})", f64::midpoint(TOP, BOTTOM))) { (y_name) }
    }
}

/// A dot that tells what it is to who points at it.
pub(super) fn dot((x, y): (f64, f64), class: &str, title: &str) -> Markup {
    html! {
        circle class=(class) cx=(place(x)) cy=(place(y)) r="3.2" { title { (title) } }
    }
}

/// A line through places.
pub(super) fn path(points: impl Iterator<Item = (f64, f64)>, class: &str) -> Markup {
    let points: Vec<_> = points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    html! { polyline class=(class) points=(points.join(" ")) {} }
}

/// A line from the top down, with a word.
pub(super) fn mark(x: &Axis, at: f64, (class, word): (&str, &str), row: u32) -> Markup {
    let place_ = x.at(at);
    let is_right = place_ > f64::midpoint(LEFT, RIGHT);
    let (anchor, shift) = if is_right { ("end", -5.0) } else { ("start", 5.0) };
    html! {
        line class=(class) x1=(place(place_)) x2=(place(place_)) y1=(TOP - 8.0) y2=(BOTTOM) {}
        text class=(class) x=(place(place_ + shift)) y=(place(TOP + 2.0 + 15.0 * f64::from(row)))
            text-anchor=(anchor) { (word) }
    }
}

/// A place, to a tenth.
pub(super) fn place(at: f64) -> String {
    format!("{at:.1}")
}

/// `0.5`, `20`, `3k`, `12M`
pub(super) fn number(it: f64) -> String {
    let short = |it: f64, unit: &str| {
        let text = format!("{it:.2}");
        format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
    };
    match it {
        _ if it >= 1e12 => format!("{it:.0e}"),
        _ if it >= 1e9 => short(it / 1e9, "G"),
        _ if it >= 1e6 => short(it / 1e6, "M"),
        _ if it >= 1e3 => short(it / 1e3, "k"),
        _ if it < 0.01 => format!("{it}"),
        _ => short(it, ""),
    }
}

/// Milliseconds for a person.
pub(super) fn milliseconds(it: f64) -> String {
    match it {
        _ if it >= 1000.0 => format!("{:.2} s", it / 1000.0),
        _ if it >= 10.0 => format!("{it:.1} ms"),
        _ if it >= 0.1 => format!("{it:.2} ms"),
        _ if it > 0.0 => format!("{:.1} µs", it * 1000.0),
        _ => "0".to_owned(),
    }
}

/// Counts in buckets of even width: by bucket its ends and how many are in it.
pub(super) fn buckets(
    axis: &Axis,
    all: impl Iterator<Item = (u64, u64)>,
    n: u32,
) -> Vec<(f64, f64, u64)> {
    let steps: Vec<f64> = axis.steps(n).collect();
    let pairs = steps.iter().zip(steps.iter().skip(1));
    let mut buckets: Vec<(f64, f64, u64)> = pairs.map(|(a, b)| (*a, *b, 0)).collect();
    for (it, times) in all {
        let place = buckets.partition_point(|bucket| bucket.1 < float(it).max(axis.low));
        if let Some(bucket) = buckets.get_mut(place) {
            bucket.2 = bucket.2.saturating_add(times);
        }
    }
    buckets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let check = |it: f64, expect: &str| assert_eq!(number(it), expect);
        check(0.005, "0.005");
        check(0.5, "0.5");
        check(20.0, "20");
        check(1000.0, "1k");
        check(2_500_000.0, "2.5M");
        check(1e12, "1e12");
        assert_eq!(milliseconds(0.0321), "32.1 µs");
        assert_eq!(milliseconds(1234.0), "1.23 s");
    }

    #[test]
    fn an_axis_goes_around_what_it_shows() {
        let axis = Axis::horizontal([1.0, 100.0].into_iter());
        assert!(axis.at(1.0) > LEFT && axis.at(100.0) < RIGHT);
        assert!((axis.at(10.0) - 280.0).abs() < 0.1);
        assert_eq!(axis.ticks(), [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        assert_eq!((axis.at(0.0), axis.at(1e9)), (LEFT, RIGHT));
        for odd in [vec![], vec![5.0], vec![0.0, f64::NAN, f64::INFINITY]] {
            let axis = Axis::horizontal(odd.into_iter());
            assert!(axis.at(5.0).is_finite() && !axis.ticks().is_empty());
        }
    }

    #[test]
    fn every_number_is_in_a_bucket() {
        let axis = Axis::horizontal([1.0, 1000.0].into_iter());
        let all = [(0, 2), (1, 3), (30, 1), (1000, 4)];
        let buckets = buckets(&axis, all.into_iter(), 20);
        assert_eq!(buckets.len(), 20);
        assert_eq!(buckets.iter().map(|it| it.2).sum::<u64>(), 10);
    }
}
