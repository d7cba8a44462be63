//! The policy that is judged beside the one in force: read with it, and read again when it changes.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    admission::CacheLimits,
    diagnostic::{Diagnostic, Diagnostics, Source},
    digest::Digest,
    sources::{Loaded, Watch, read_policy},
    telemetry::{GraphIndex, PolicyKept},
    traffic::Shadow,
};

/// Keeps a next policy current.
#[derive(Debug)]
pub(super) struct Beside {
    /// Whose policy it stands beside.
    graph: GraphIndex,
    path: PathBuf,
    watch: Watch,
    digest: Digest,
    /// The upstream's schema, as the policy in force had it when this one was read.
    introspected: Option<Arc<Source>>,
    shadow: Arc<Shadow>,
}

/// Why there is none.
#[derive(Debug)]
pub(super) enum NotBeside {
    Bad(Diagnostics),
    Io(io::Error),
}

impl Beside {
    /// Reads it for the first time, with the upstream's schema if that was asked for.
    pub(super) fn open(
        (path, graph): (&Path, GraphIndex),
        cache: CacheLimits,
        introspected: Option<Arc<Source>>,
    ) -> Result<Self, NotBeside> {
        let Loaded { policy, mut found, files, lacks_introspection } =
            read_policy(path, introspected.as_ref());
        let Some(policy) = policy else {
            if lacks_introspection {
                found.push(not_asked());
            }
            return Err(NotBeside::Bad(found));
        };
        let digest = policy.digest;
        let shadow = Arc::new(Shadow::start(Arc::new(policy), cache).map_err(NotBeside::Io)?);
        let watch = Watch::new(files);
        Ok(Self { graph, path: path.to_owned(), watch, digest, introspected, shadow })
    }

    pub(super) const fn shadow(&self) -> &Arc<Shadow> {
        &self.shadow
    }

    /// Reads it again if its files have changed, or the upstream's schema has.
    pub(super) fn look(&mut self, introspected: Option<&Arc<Source>>) {
        let is_other = introspected.map(Arc::as_ptr) != self.introspected.as_ref().map(Arc::as_ptr);
        if self.watch.has_changed() || is_other {
            self.reload(introspected);
        }
    }

    /// Says how it did so far, and reads it again.
    pub(super) fn ask(&mut self, introspected: Option<&Arc<Source>>) {
        if !self.reload(introspected) {
            self.shadow.stand();
        }
    }

    /// True when it is another one now.
    fn reload(&mut self, introspected: Option<&Arc<Source>>) -> bool {
        self.introspected = introspected.cloned();
        let Loaded { policy, mut found, files, lacks_introspection } =
            read_policy(&self.path, introspected);
        self.watch = Watch::new(files);
        let Some(policy) = policy else {
            if lacks_introspection {
                found.push(not_asked());
            }
            PolicyKept { graph: self.graph, found: &found }.emit();
            return false;
        };
        if policy.digest == self.digest {
            return false;
        }
        self.digest = policy.digest;
        self.shadow.replace(Arc::new(policy));
        true
    }
}

/// Only the policy in force asks the upstream.
fn not_asked() -> Diagnostic {
    let message = "the policy in force does not ask the upstream for its schema";
    Diagnostic::error("no-introspection", message).help("name a file with the schema")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::telemetry::COUNTERS;

    fn told(fields: &str) -> Arc<Source> {
        let text = format!("type Query {{ {fields} }}").into();
        Arc::new(Source { name: "told".into(), text })
    }

    #[test]
    fn the_upstreams_schema_of_today_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("next.yaml");
        let write = |schema: &str| {
            fs::write(&path, format!("version: 1\nname: next\nschema: {schema}\n")).unwrap();
        };
        fs::write(folder.path().join("s.graphql"), "type Query { a: Int }").unwrap();
        write("{ file: s.graphql }");
        let which = (&*path, GraphIndex::NONE);
        let mut beside = Beside::open(which, CacheLimits::default(), None).unwrap();
        let digest = |it: &Beside| it.shadow.seen().digest;
        let from_file = digest(&beside);
        write("{ introspect: 5m }");
        let failures = || COUNTERS.reload_failures.value();
        let before = failures();
        beside.ask(None);
        assert!(failures() > before, "nobody was told");
        assert_eq!(digest(&beside), from_file);
        let (one, other) = (told("a: Int"), told("a: Int b: Int"));
        beside.look(Some(&one));
        let first = digest(&beside);
        beside.look(Some(&one));
        assert_eq!(digest(&beside), first);
        beside.look(Some(&other));
        assert!(first != from_file && digest(&beside) != first);
    }
}
