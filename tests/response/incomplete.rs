//! Answers that go on, whose upstream ends cleanly with something that is not complete.

use crate::{
    streams::{EVENTS_HEAD, INVALID, INVALID_EVENT, PARTS_HEAD, stream, stream_of},
    upstream::Act::{self, Say},
};

const EVENT: &str = "event: next\ndata: {\"data\":{\"me\":{\"id\":1}}}\n\n";
const PART: &str = "\r\n---\r\nContent-Type: application/json\r\n\r\n{\"data\":{\"me\":null}}";

#[track_caller]
fn check_events(acts: &'static [Act], expect: &str) {
    for response in ["errors: mask", "contract: enforce", "extensions: []"] {
        let (got, is_whole) = stream(response, "text/event-stream", acts);
        assert_eq!((&*got, is_whole), (expect, true), "{response} {acts:?}");
    }
}

#[track_caller]
fn check_parts(acts: &'static [Act], expect: &str) {
    let parts = "multipart/mixed, application/json";
    let later = r#"{"query":"{ me { id } ... @defer { users { id } } }"}"#;
    for response in ["errors: mask", "contract: enforce", "extensions: []"] {
        let (got, is_whole) = stream_of(later, response, parts, acts);
        assert_eq!((&*got, is_whole), (expect, true), "{response} {acts:?}");
    }
}

#[test]
fn an_event_without_its_empty_line_is_not_lost_without_a_word() {
    let unnamed = INVALID_EVENT.replacen("event: next\n", "", 1);
    check_events(&[EVENTS_HEAD, Say("<html>oops</html>")], &unnamed);
    check_events(&[EVENTS_HEAD, Say("data: {\"data\":{\"me\":null}}\n")], &unnamed);
    check_events(&[EVENTS_HEAD, Say("event: next\ndata: {\"data\":{\"me\":null}}")], INVALID_EVENT);
    // Its name is not there yet, and its reader waits for one.
    check_events(&[EVENTS_HEAD, Say(EVENT), Say("ev")], &format!("{EVENT}{INVALID_EVENT}"));
}

#[test]
fn what_no_reader_misses_may_be_incomplete() {
    check_events(&[EVENTS_HEAD], "");
    check_events(&[EVENTS_HEAD, Say(": a\n: b")], "");
    check_events(&[EVENTS_HEAD, Say("\u{feff}: a\r\n")], "");
    check_events(&[EVENTS_HEAD, Say(EVENT), Say(":\nid: 1\nretry: 9")], EVENT);
    const OVER: &[Act] = &[EVENTS_HEAD, Say("event: complete\n\n"), Say("data: {\"half")];
    check_events(OVER, "event: complete\n\n");
}

#[test]
fn a_part_without_a_boundary_behind_it_is_not_lost_without_a_word() {
    let answer = format!(
        "\r\n---\r\ncontent-type: application/json\r\n\r\n\
         {{\"errors\":[{INVALID}],\"hasNext\":false}}\r\n-----\r\n"
    );
    check_parts(&[PARTS_HEAD, Say(PART)], &answer);
    check_parts(&[PARTS_HEAD, Say(PART), Say(PART)], &format!("{PART}{answer}"));
    const OTHER: Act = Say("\r\n--other\r\n\r\n{\"data\":{\"me\":null}}\r\n--other--\r\n");
    check_parts(&[PARTS_HEAD, OTHER], &answer);
    check_parts(&[PARTS_HEAD, Say("<html>oops</html>")], &answer);
}

#[test]
fn parts_that_end_behind_a_boundary_are_complete() {
    check_parts(&[PARTS_HEAD], "");
    check_parts(&[PARTS_HEAD, Say(PART), Say("\r\n---\r\n")], &format!("{PART}\r\n---"));
    check_parts(&[PARTS_HEAD, Say(PART), Say("\r\n-----")], &format!("{PART}\r\n-----\r\n"));
}
