//! Known weights, found again.

use super::*;

/// Rows of a machine that takes so long for each call, give or take some percent.
fn world(truth: &[(&str, f64)], n: usize, noise: f64) -> Vec<Row> {
    let mut random = Random::seeded(42);
    let row = |shape: usize| {
        let mut row = Row { shape: shape as u64, took: 2.0, ..Row::default() };
        for (coordinate, takes) in truth {
            let calls = random.below(4) as u64;
            if calls > 0 {
                row.calls.insert((*coordinate).into(), calls);
                row.took += calls as f64 * takes;
            }
        }
        row.kilobytes = random.fraction() * 10.0;
        row.took += row.kilobytes * 0.1;
        row.took *= 1.0 + noise * (random.fraction() * 2.0 - 1.0);
        row
    };
    (0..n).map(row).collect()
}

const TRUTH: [(&str, f64); 6] = [
    ("Query.a", 5.0),
    ("Query.b", 0.5),
    ("A.c", 1.0),
    ("A.d", 12.0),
    ("A.leaf", 0.0),
    ("A.slow_leaf", 3.0),
];

fn prior(coordinate: &str) -> f64 {
    f64::from(u8::from(!coordinate.ends_with("leaf")))
}

fn fitted(rows: &[Row]) -> Fit {
    fit(rows, prior, Effort { resamples: 100, seed: 1 })
}

fn weight<'f>(fit: &'f Fit, coordinate: &str) -> &'f Weight {
    &fit.weights[fit.places[coordinate]]
}

#[test]
fn weights_are_found_within_their_intervals() {
    let fit = fitted(&world(&TRUTH, 240, 0.1));
    for (coordinate, takes) in TRUTH {
        let found = weight(&fit, coordinate);
        assert!(found.interval.contains(takes), "{found:?} {takes}");
        let width = found.interval.high - found.interval.low;
        assert!(width < 0.2 * takes + 0.4, "{found:?}");
        assert_eq!(found.identified, Identified::Yes, "{coordinate}");
    }
    let quality = fit.quality.unwrap();
    assert!(quality.spearman > 0.98 && quality.median_error < 0.06, "{quality:?}");
    assert!(quality.r2_log > 0.95 && quality.p90_error < 0.12, "{quality:?}");
    assert_eq!((fit.shapes, quality.objections()), (240, vec![]));
}

#[test]
fn intervals_are_narrower_with_more_rows_and_with_less_noise() {
    let width = |n: usize, noise: f64| {
        let fit = fitted(&world(&TRUTH, n, noise));
        let it = weight(&fit, "A.d").interval;
        it.high - it.low
    };
    let (few, many, quiet) = (width(60, 0.3), width(480, 0.3), width(60, 0.03));
    assert!(many < few * 0.7 && quiet < few * 0.3, "{few} {many} {quiet}");
}

#[test]
fn noise_alone_is_no_fit() {
    let mut rows = world(&TRUTH, 100, 0.0);
    let mut random = Random::seeded(3);
    rows.iter_mut().for_each(|it| it.took = 0.1 + random.fraction() * 10.0);
    let quality = fitted(&rows).quality.unwrap();
    assert!(!quality.objections().is_empty(), "{quality:?}");
}

#[test]
fn what_goes_together_is_not_identified() {
    let mut rows = world(&TRUTH, 200, 0.02);
    for it in &mut rows {
        let calls = it.calls.get("A.c").copied();
        it.calls.extend(calls.map(|n| ("A.twin".into(), n)));
    }
    let fit = fitted(&rows);
    let twin = weight(&fit, "A.twin");
    assert_eq!(twin.identified, Identified::With(Column::Field("A.c".into())));
    let both = twin.value + weight(&fit, "A.c").value;
    assert!((both - 1.0).abs() < 0.2, "{both}");
    assert!(twin.interval.contains(0.5), "{twin:?}");
}

#[test]
fn what_is_rare_takes_what_its_type_does() {
    let mut rows = world(&TRUTH, 100, 0.02);
    for (n, it) in rows.iter_mut().enumerate().filter(|it| it.0 < 16) {
        it.calls.insert(if n < 8 { "B.x" } else { "B.y" }.into(), 2);
        it.took += 8.0;
    }
    let fit = fitted(&rows);
    assert_eq!(fit.places["B.x"], fit.places["B.y"]);
    let others = weight(&fit, "B.x");
    assert_eq!(others.column, Column::Others { of: "B".into(), are_leaves: false });
    assert_eq!((others.identified.clone(), others.rows), (Identified::Rare, 16));
    assert!((others.value - 4.0).abs() < 0.5, "{others:?}");
}

#[test]
fn one_shape_cannot_be_crossed_with_others() {
    let mut rows = world(&TRUTH, 30, 0.0);
    rows.iter_mut().for_each(|it| it.shape = 1);
    assert_eq!(fitted(&rows).quality, None);
    assert_eq!(fitted(&[]).quality, None);
}

#[test]
fn quantiles_of_the_normal_distribution() {
    for (share, expect) in [(0.975, 1.960), (0.995, 2.576), (0.9999, 3.719)] {
        assert!((quantile(share) - expect).abs() < 0.002, "{share}");
    }
}
