//! Two texts as a unified diff.

use std::fmt::Write as _;

/// What `patch` takes; empty when the texts are the same.
pub(in crate::cli) fn unified(name: &str, before: &str, after: &str) -> String {
    // With their ends: some lines end in CRLF, and the last one may have none.
    let (old, new) = (before.split_inclusive('\n'), after.split_inclusive('\n'));
    let (old, new): (Vec<&str>, Vec<&str>) = (old.collect(), new.collect());
    let steps = steps(&old, &new);
    let mut out = String::new();
    let mut at = 0_usize;
    // The budget of this loop is the steps.
    while let Some(first) = next_change(&steps, at) {
        let from = first.saturating_sub(CONTEXT).max(at);
        let mut to = first;
        while let Some(next) = next_change(&steps, to) {
            if next > to.saturating_add(CONTEXT * 2) {
                break;
            }
            to = next.saturating_add(1);
        }
        let to = to.saturating_add(CONTEXT).min(steps.len());
        if out.is_empty() {
            let name = below_here(name);
            let _ = writeln!(out, "--- a/{name}\n+++ b/{name}");
        }
        hunk(&mut out, &steps, from..to);
        at = to;
    }
    out
}

/// A path as `git apply` takes it: one that leads elsewhere is that of a file here.
fn below_here(path: &str) -> &str {
    let path = path.trim_start_matches("./");
    let leads_elsewhere = path.starts_with('/') || path.split('/').any(|it| it == "..");
    if leads_elsewhere { path.rsplit('/').next().unwrap_or(path) } else { path }
}

/// A line, and whether it is in the old text, in the new one, or in both.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step<'t> {
    Both(&'t str),
    New(&'t str),
    Old(&'t str),
}

fn next_change(steps: &[Step<'_>], from: usize) -> Option<usize> {
    let rest = steps.get(from..)?;
    Some(from.saturating_add(rest.iter().position(|it| !matches!(it, Step::Both(_)))?))
}

fn hunk(out: &mut String, steps: &[Step<'_>], range: std::ops::Range<usize>) {
    let count = |steps: &[Step<'_>]| {
        let old = steps.iter().filter(|it| !matches!(it, Step::New(_))).count();
        (old, steps.iter().filter(|it| !matches!(it, Step::Old(_))).count())
    };
    let (old_from, new_from) = count(steps.get(..range.start).unwrap_or_default());
    let shown = steps.get(range).unwrap_or_default();
    let (n_old, n_new) = count(shown);
    let (old_from, new_from) = (old_from.saturating_add(1), new_from.saturating_add(1));
    let _ = writeln!(out, "@@ -{old_from},{n_old} +{new_from},{n_new} @@");
    for step in shown {
        let (sign, line) = match step {
            Step::Both(line) => (' ', line),
            Step::New(line) => ('+', line),
            Step::Old(line) => ('-', line),
        };
        out.push(sign);
        out.push_str(line);
        if !line.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}

/// By the longest common subsequence: a policy has some hundred lines, so that a table is small.
fn steps<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<Step<'t>> {
    let width = new.len().saturating_add(1);
    let mut table = vec![0_u32; old.len().saturating_add(1).saturating_mul(width)];
    let cell = |i: usize, j: usize| i.saturating_mul(width).saturating_add(j);
    let at = |table: &[u32], i, j| table.get(cell(i, j)).copied().unwrap_or(0);
    for (i, one) in old.iter().enumerate().rev() {
        for (j, other) in new.iter().enumerate().rev() {
            let best = if one == other {
                at(&table, i.saturating_add(1), j.saturating_add(1)).saturating_add(1)
            } else {
                at(&table, i.saturating_add(1), j).max(at(&table, i, j.saturating_add(1)))
            };
            if let Some(it) = table.get_mut(cell(i, j)) {
                *it = best;
            }
        }
    }
    let (mut i, mut j, mut steps) = (0_usize, 0_usize, Vec::new());
    loop {
        match (old.get(i), new.get(j)) {
            (None, None) => return steps,
            (Some(one), Some(other)) if one == other => {
                steps.push(Step::Both(one));
                (i, j) = (i.saturating_add(1), j.saturating_add(1));
            }
            (Some(one), other)
                if other.is_none()
                    || at(&table, i.saturating_add(1), j) >= at(&table, i, j.saturating_add(1)) =>
            {
                steps.push(Step::Old(one));
                i = i.saturating_add(1);
            }
            (_, Some(other)) => {
                steps.push(Step::New(other));
                j = j.saturating_add(1);
            }
            (Some(_), None) => return steps,
        }
    }
}

/// 3 lines, as everywhere.
const CONTEXT: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_with_what_is_around_them() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n";
        let after = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n11\n12\n13\n";
        let expect = "--- a/p\n+++ b/p\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n\
                      @@ -10,3 +10,4 @@\n 10\n 11\n 12\n+13\n";
        assert_eq!(unified("p", before, after), expect);
        assert_eq!(unified("p", before, before), "");
    }

    #[test]
    fn ends_of_lines_are_as_they_are() {
        let head = "--- a/p\n+++ b/p\n";
        let expect = format!("{head}@@ -1,1 +1,1 @@\n-a: 1\r\n+a: 2\r\n");
        assert_eq!(unified("p", "a: 1\r\n", "a: 2\r\n"), expect);
        let none = "\\ No newline at end of file\n";
        let expect = format!("{head}@@ -1,1 +1,2 @@\n-a: 1\n{none}+a: 1\n+b: 2\n{none}");
        assert_eq!(unified("p", "a: 1", "a: 1\nb: 2"), expect);
    }
}
