//! Points at which the tests of this crate make a request fail. In any other build they are nothing.
//!
//! Every step of a request stands behind one, so that a drill can show that no failure, wherever it
//! happens, lets a request through.

#[cfg(test)]
pub(crate) use drilled::{ALL, point, within};
#[cfg(not(test))]
pub(crate) use real::{point, within};

/// What comes right after a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Head,
    AddressRates,
    Route,
    Body,
    Json,
    Decode,
    Caller,
    CallerRates,
    Told,
    Judge,
    ItemRates,
    Watch,
    Forward,
    Place,
    Address,
}

#[cfg(not(test))]
mod real {
    use http::HeaderMap;

    use crate::{faults::Stage, verdict::Fault};

    /// Nothing happens here.
    #[inline]
    pub(crate) async fn point(_stage: Stage) -> Result<(), Fault> {
        Ok(())
    }

    /// Nothing is to happen.
    #[inline]
    pub(crate) fn within<F>(_headers: &HeaderMap, request: F) -> F {
        request
    }
}

#[cfg(test)]
mod drilled {
    use std::{future::pending, panic::resume_unwind};

    use http::HeaderMap;

    use crate::{faults::Stage, verdict::Fault};

    pub(crate) const ALL: &[Stage] = &[
        Stage::Head,
        Stage::AddressRates,
        Stage::Route,
        Stage::Body,
        Stage::Json,
        Stage::Decode,
        Stage::Caller,
        Stage::CallerRates,
        Stage::Told,
        Stage::Judge,
        Stage::ItemRates,
        Stage::Watch,
        Stage::Forward,
        Stage::Place,
        Stage::Address,
    ];

    /// How a step fails.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Kind {
        Error,
        Panic,
        Silence,
    }

    tokio::task_local! {
        static WANTED: Option<(Stage, Kind)>;
    }

    /// Fails if that is what the request wants.
    pub(crate) async fn point(stage: Stage) -> Result<(), Fault> {
        let wanted = WANTED.try_with(|it| *it).ok().flatten();
        match wanted.filter(|(it, _)| *it == stage).map(|(_, kind)| kind) {
            None => Ok(()),
            Some(Kind::Error) => Err(Fault::Internal { detail: "drill".into() }),
            // Without the message of a panic, of which there are thousands.
            Some(Kind::Panic) => resume_unwind(Box::new("drill")),
            Some(Kind::Silence) => pending().await,
        }
    }

    /// The request fails where its header `x-fault` says: number of the stage, kind.
    pub(crate) fn within<F: Future>(
        headers: &HeaderMap,
        request: F,
    ) -> impl Future<Output = F::Output> {
        WANTED.scope(wanted(headers), request)
    }

    fn wanted(headers: &HeaderMap) -> Option<(Stage, Kind)> {
        let (stage, kind) = headers.get("x-fault")?.to_str().ok()?.split_once(' ')?;
        let kind = match kind {
            "error" => Kind::Error,
            "panic" => Kind::Panic,
            _ => Kind::Silence,
        };
        Some((*ALL.get(stage.parse::<usize>().ok()?)?, kind))
    }
}
