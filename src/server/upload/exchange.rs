//! The steps of a request with files, in the place of those of one without.

use tokio::time::Instant;

use crate::{
    policy::Uploads,
    server::{
        arriving::Arriving,
        charges::Charges,
        exchange::{Exchange, Judged, Served},
        held::Held,
        logged::Stopwatch,
        upload::{Bounds, Upload},
    },
    transport::{Refusal, proofs},
    upstream::Head,
};

impl Exchange<'_> {
    /// A request with files: judged before they are read.
    pub(in crate::server) async fn upload(
        &self,
        body: Arriving,
        (boundary, uploads): (Box<str>, Uploads),
        charges: Charges,
        held: &Held,
    ) -> Result<Served, Refusal> {
        let bounds = Bounds { body: self.limits(), uploads };
        let upload = Upload::begin(body, &boundary, bounds, held).await;
        if upload.is_err() {
            self.well_formed()?;
        }
        let upload = upload?;
        let watch = Stopwatch::start(self.site.index());
        let judged = self.judge(&upload.operations, Some(&upload.map), charges).await;
        if !matches!(judged, Ok(Judged::Forward(_))) {
            watch.stop();
        }
        match judged {
            Ok(judged) => self.send(judged, upload, watch).await,
            Err(refusal) => {
                upload.discard().await;
                Err(refusal)
            }
        }
    }

    /// Forwards what was judged, and its files as they come.
    async fn send(
        &self,
        judged: Judged,
        upload: Upload,
        mut watch: Stopwatch,
    ) -> Result<Served, Refusal> {
        let forward = async |admitted, head: Head<'_>| {
            let lane = self.client.lane(self.site);
            let proofs = proofs(&self.head.headers, self.state.http());
            let (files, passing) = upload.pass(proofs.map(|(name, it)| (name, it.clone())));
            watch.hand_over();
            let Some(files) = files else {
                let asked = self.asked();
                let answer = lane.forward(admitted, head, asked.until_head());
                let answered = asked.head(answer).await;
                watch.stop();
                return Ok((answered?, asked));
            };
            let until = Instant::now().checked_add(self.client.worker.deadlines().request);
            let until = until.unwrap_or_else(Instant::now);
            let answer = lane.forward_files(admitted, files, head, until).await;
            watch.stop_at(passing.over());
            match answer {
                // The upstream answers when it has the files, and its time runs from then.
                Ok(answer) => {
                    if passing.over().is_none() {
                        // Or before: what it does not want to have is not read.
                        self.client.abandoned.note();
                    }
                    Ok((answer, self.asked()))
                }
                Err(fault) => {
                    let found = passing.objection().await;
                    self.well_formed()?;
                    Err(found.map_or_else(|| fault.into(), Refusal::from))
                }
            }
        };
        self.relay(judged, forward).await
    }
}
