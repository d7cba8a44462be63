//! A span that has not ended.

use std::{borrow::Cow, rc::Rc};

use http::StatusCode;

use crate::{
    telemetry::{Fact, Kind, RequestId, Span, TraceContext, Tracer, now_nanos},
    verdict::Item,
};

/// A span that has not ended. It ends when it is dropped, whatever happens.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) tracer: Rc<Tracer>,
    pub(super) span: Span,
    has_ended: bool,
}

impl Open {
    pub(super) fn begin(
        tracer: &Rc<Tracer>,
        parent: Option<TraceContext>,
        kind: Kind,
        name: Cow<'static, str>,
    ) -> Self {
        let context = tracer.next(parent);
        let span = Span {
            context,
            parent: parent.map_or(0, |it| it.span),
            state: None,
            kind,
            name,
            begun: if context.is_sampled { now_nanos() } else { 0 },
            ended: 0,
            facts: Vec::new(),
            is_failed: false,
        };
        Self { tracer: Rc::clone(tracer), span, has_ended: false }
    }

    pub(super) const fn is_told(&self) -> bool {
        self.span.context.is_sampled
    }

    pub(super) fn text(&mut self, key: &'static str, text: &str) {
        if self.is_told() {
            self.span.facts.push((key, Fact::text(text)));
        }
    }

    pub(super) fn number(&mut self, key: &'static str, n: u64) {
        if self.is_told() {
            self.span.facts.push((key, Fact::Number(n)));
        }
    }

    /// Which request it is, and for which graph.
    pub(super) fn request(&mut self, id: RequestId) {
        self.text("portcullis.request_id", &id.to_string());
        id.graph().name().into_iter().for_each(|it| self.text("portcullis.graph", it));
    }

    /// What was asked for, by operations that were admitted.
    pub(super) fn operations(&mut self, items: &[Item], name: Option<&str>) {
        let Some(first) = items.first().filter(|_| self.is_told()) else { return };
        self.span.name = Cow::Borrowed(first.kind.keyword());
        self.text("graphql.operation.type", first.kind.keyword());
        name.into_iter().for_each(|it| self.text("graphql.operation.name", it));
        let hash = format!("sha256:{}", first.document.digest());
        self.text("portcullis.document", &hash);
        let costs = items.iter().filter_map(|it| it.cost);
        if let Some(cost) = costs.reduce(u64::saturating_add) {
            self.number("portcullis.cost", cost);
        }
        if items.len() > 1 {
            self.number("graphql.batch.size", u64::try_from(items.len()).unwrap_or(u64::MAX));
        }
    }

    /// Nothing came back.
    pub(super) const fn fail(&mut self) {
        self.span.is_failed = true;
        self.has_ended = true;
    }

    /// It went as it should.
    pub(super) const fn succeed(&mut self) {
        self.has_ended = true;
    }

    pub(super) fn end(&mut self, status: StatusCode, is_failed: bool) {
        self.number("http.response.status_code", status.as_u16().into());
        self.span.is_failed = is_failed;
        self.has_ended = true;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.is_told() {
            return;
        }
        if !self.has_ended {
            self.text("error.type", "cancelled");
        }
        self.span.ended = now_nanos();
        let (state, name) = (self.span.state.take(), std::mem::take(&mut self.span.name));
        let facts = std::mem::take(&mut self.span.facts);
        let Span { context, parent, kind, begun, ended, is_failed, .. } = self.span;
        let span = Span { context, parent, state, kind, name, begun, ended, facts, is_failed };
        self.tracer.put(span);
    }
}
