//! Names of one kind, each once, and where they stand.
//!
//! A few are compared one by one; many are sorted, so that hostile lists cost little more.

/// The position of every name.
pub(super) struct Names<'a> {
    /// Sorted when there are more than a few.
    all: Vec<(&'a str, u32)>,
}

impl<'a> Names<'a> {
    /// Nothing when a name occurs twice.
    pub(super) fn unique(names: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut all: Vec<_> = names.zip(0..).collect();
        are_distinct(&mut all).then_some(Self { all })
    }

    /// Where the name stands.
    pub(super) fn position(&self, name: &str) -> Option<u32> {
        let found = if self.all.len() <= FEW {
            self.all.iter().find(|(it, _)| *it == name)
        } else {
            let found = self.all.binary_search_by(|(it, _)| (*it).cmp(name)).ok();
            found.and_then(|it| self.all.get(it))
        };
        found.map(|(_, position)| *position)
    }
}

/// True when no name occurs twice. More than a few names, or such with one that does, are sorted
/// after.
pub(super) fn are_distinct(names: &mut [(&str, u32)]) -> bool {
    if names.len() <= FEW {
        let mut rest = &*names;
        let mut is_distinct = true;
        while let Some(((first, _), others)) = rest.split_first() {
            is_distinct &= others.iter().all(|(it, _)| it != first);
            rest = others;
        }
        if is_distinct {
            return true;
        }
    }
    names.sort_unstable();
    names.iter().zip(names.iter().skip(1)).all(|((a, _), (b, _))| a != b)
}

/// Up to so many, comparing all pairs takes fewer steps than sorting does.
const FEW: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(n: u32) {
        let names: Vec<String> = (0..n).map(|it| format!("n{}", it.wrapping_mul(7) % n)).collect();
        let all = || names.iter().map(|it| &**it);
        let found = Names::unique(all()).unwrap();
        for (name, at) in all().zip(0..) {
            assert_eq!(found.position(name), Some(at));
        }
        assert_eq!(found.position("n"), None);
        assert!(Names::unique(all().chain(["n0"])).is_none());
    }

    #[test]
    fn few_and_many_names_are_found_and_unique() {
        [1, 2, 11, 12, 13, 100].into_iter().for_each(check);
    }
}
