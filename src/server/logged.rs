//! Refusals as the operator learns of them, whatever the transport.

use crate::{
    telemetry::{Failed, Refused, RequestId, Shed, UpstreamFailed},
    transport::Refusal,
    verdict::Fault,
};

/// Logs and counts a refusal.
pub(super) fn refusal(refusal: &Refusal, id: RequestId) {
    match refusal {
        Refusal::Fault(Fault::Busy { code, retry: _, detail }) => {
            Shed { id, code: *code, detail }.emit();
        }
        Refusal::Fault(Fault::Client(violation)) => {
            Refused { id, found: std::slice::from_ref(violation) }.emit();
        }
        Refusal::Fault(Fault::Internal { detail }) => {
            Failed { id, detail }.emit();
        }
        Refusal::Fault(Fault::Upstream { code, detail }) => {
            UpstreamFailed { id, code: *code, detail }.emit();
        }
        Refusal::Limited(exceeded) => {
            Refused { id, found: std::slice::from_ref(&exceeded.violation) }.emit();
        }
        Refusal::Rejected(rejected) => Refused { id, found: &rejected.found }.emit(),
    }
}
