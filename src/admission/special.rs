//! What is special about a document or about the way it came, before any rule is asked.

use crate::{
    admission::{
        Request,
        judge::{Bench, Ready, Refused},
        known::{Judgeable, Known},
        named::not_in_list,
        totals::Totals,
    },
    identity::Method,
    policy::DocumentSettings,
    schema::OperationKind,
    verdict::{Code, Mode, Violation, ids},
};

impl Bench<'_> {
    /// Judges one request, under the settings of its document if it has any.
    pub(super) fn judge_document(
        &self,
        request: &Request<'_>,
        (known, method): (&Known, Method),
        totals: &mut Totals,
    ) -> Result<Ready, Refused> {
        // First of all, as validation is: neither the way nor a size may tell it from an unknown one.
        if let Some(violation) = self.concealed(known) {
            return Err(Refused::for_one(violation));
        }
        let Known::Judgeable(document) = known else { return self.judge(request, known, totals) };
        if method == Method::Get && document.kind != OperationKind::Query {
            return Err(Refused::for_one(not_by_get()));
        }
        let settings = document.listed.and_then(|it| self.policy.documents.library.settings(it));
        let own = self.under(settings).map_err(Refused::for_one)?;
        let mut ready = own.judge(request, known, totals)?;
        ready.item.reported.extend(self.unlisted(document));
        Ok(ready)
    }

    pub(super) fn under(self, settings: Option<&DocumentSettings>) -> Result<Self, Violation> {
        let Some(settings) = settings else { return Ok(self) };
        if !settings.when.evaluate(self.asked, None).holds() {
            return Err(not_for_this_caller());
        }
        Ok(Self { profile: settings.profile.unwrap_or(self.profile), ..self })
    }

    /// What would have been refused, were trusted documents required.
    fn unlisted(&self, document: &Judgeable) -> Option<Violation> {
        let watches = self.policy.documents.require == Some(Mode::Report);
        (watches && document.listed.is_none()).then(|| Violation {
            detail: "would have been refused: unknown document".into(),
            ..not_in_list()
        })
    }
}

fn not_by_get() -> Violation {
    let public = "only queries may come by GET";
    Violation::new(ids::GET, Code::METHOD_NOT_ALLOWED, public)
}

pub(super) fn not_for_this_caller() -> Violation {
    Violation::new(ids::DOCUMENTS, Code::FORBIDDEN, "this document may not be sent")
        .detailed("`when` of the settings of this document does not hold")
}
