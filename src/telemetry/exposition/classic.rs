//! The text format that came before OpenMetrics, which most tools still ask for:
//! `text/plain; version=0.0.4`.

use std::fmt::{self, Write as _};

use crate::telemetry::{Family, Labels, PREFIX, Rows, exposition::family::Measured};

pub(super) fn write(families: &[Family]) -> Result<String, fmt::Error> {
    let mut out = String::new();
    families.iter().try_for_each(|it| family(it, &mut out))?;
    Ok(out)
}

fn family(family: &Family, out: &mut String) -> fmt::Result {
    let (kind, suffix) = match &family.rows {
        Rows::Counters(_) => ("counter", "_total"),
        Rows::Gauges(_) => ("gauge", ""),
        Rows::Histograms(_) => ("histogram", ""),
        Rows::Info(_) => ("gauge", "_info"),
    };
    let name = format!("{PREFIX}_{}{suffix}", family.name);
    writeln!(out, "# HELP {name} {}\n# TYPE {name} {kind}", family.help)?;
    match &family.rows {
        Rows::Counters(rows) | Rows::Gauges(rows) => {
            rows.iter().try_for_each(|(labels, n)| sample(out, &name, (labels, None), n))
        }
        Rows::Histograms(rows) => {
            rows.iter().try_for_each(|(labels, it)| histogram(out, &name, labels, it))
        }
        Rows::Info(labels) => sample(out, &name, (labels, None), &1),
    }
}

fn histogram(out: &mut String, name: &str, labels: &Labels, it: &Measured) -> fmt::Result {
    let bounds = it.bounds.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
    let (bucket, mut below) = (format!("{name}_bucket"), 0_u64);
    for (bound, n) in bounds.zip(&it.buckets) {
        below = below.saturating_add(*n);
        sample(out, &bucket, (labels, Some(&bound)), &below)?;
    }
    sample(out, &format!("{name}_sum"), (labels, None), &it.sum)?;
    sample(out, &format!("{name}_count"), (labels, None), &it.count())
}

fn sample(
    out: &mut String,
    name: &str,
    (labels, bound): (&Labels, Option<&str>),
    value: &dyn fmt::Display,
) -> fmt::Result {
    out.push_str(name);
    let labels = labels.iter().map(|(key, value)| (*key, value.as_str()));
    let mut before = '{';
    for (key, value) in labels.chain(bound.map(|it| ("le", it))) {
        write!(out, "{before}{key}=\"")?;
        for it in value.chars() {
            match it {
                '\\' => out.push_str("\\\\"),
                '"' => out.push_str("\\\""),
                '\n' => out.push_str("\\n"),
                it => out.push(it),
            }
        }
        out.push('"');
        before = ',';
    }
    if before == ',' {
        out.push('}');
    }
    writeln!(out, " {value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: Rows, expect: &str) {
        let family = Family { name: "a", help: "What it is", rows };
        assert_eq!(write(&[family]).unwrap(), expect);
    }

    #[test]
    fn every_kind_is_written_as_the_tools_read_it() {
        let labels = || vec![("x", "a\"\\\nb".to_owned()), ("y", String::new())];
        check(
            Rows::Counters(vec![(Labels::new(), 3), (labels(), 4)]),
            "# HELP portcullis_a_total What it is\n# TYPE portcullis_a_total counter\n\
             portcullis_a_total 3\nportcullis_a_total{x=\"a\\\"\\\\\\nb\",y=\"\"} 4\n",
        );
        let (bounds, buckets) = (vec![0.005, 1.0], vec![1, 0, 2]);
        check(
            Rows::Histograms(vec![(Labels::new(), Measured { bounds, buckets, sum: 7.5 })]),
            "# HELP portcullis_a What it is\n# TYPE portcullis_a histogram\n\
             portcullis_a_bucket{le=\"0.005\"} 1\nportcullis_a_bucket{le=\"1\"} 1\n\
             portcullis_a_bucket{le=\"+Inf\"} 3\nportcullis_a_sum 7.5\nportcullis_a_count 3\n",
        );
        check(
            Rows::Info(vec![("v", "1".into())]),
            "# HELP portcullis_a_info What it is\n# TYPE portcullis_a_info gauge\n\
             portcullis_a_info{v=\"1\"} 1\n",
        );
    }
}
