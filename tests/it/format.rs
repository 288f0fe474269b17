//! That the bytes of an event are the only bytes that mean it: everything else is refused, at the very limit too.

use servanda::domain::announcement::Announcement;
use servanda::domain::governance::Retraction;
use servanda::domain::timestamp::Timestamp;
use servanda::event::statement::{MAX_EVENT, MAX_STATEMENT, write_statement};
use servanda::event::{Event, EventError, Header};
use servanda::integrity::digest::genesis_prev;

use crate::support::{moment, name};

const LINE: &str = concat!(
    r#"{"batch":9,"body":{"act":"signature","agreement":"ilrs","occurred":"2023-10-18","party":"pakistan"},"#,
    r#""evidence":[],"id":"pakistan-joins-ilrs","kind":"joining","ledger":"test.example/ledger","#,
    r#""no_evidence":"made up","#,
    r#""prev":"3dd36cac71b6b1d61eec9db16f6102589d95152ada593b8b21cc07896e4b1633","#,
    r#""recorded":"2026-11-22T09:30:00.000Z","recorder":"recorder","seq":8,"v":1}"#,
);

/// A date as events write it, and another way in which it can be written.
const DATES: &[(&str, &str)] = &[("2023-10-18~", "2023~-10~-18~"), ("2023?-10-18", "?2023-10-18")];

fn accepts(line: &str) {
    let read = Event::read(format!("{line}\n").as_bytes());
    assert!(read.is_ok(), "{line}\n{read:?}");
}

/// The line with one change is refused, and the reason says why.
fn refuses(from: &str, to: &str, because: &str) {
    assert!(LINE.contains(from), "{from} is not there to be changed");
    let line = LINE.replacen(from, to, 1);
    let error = Event::read(format!("{line}\n").as_bytes()).expect_err(&line);
    assert!(error.to_string().contains(because), "{line}\n{error}");
}

/// A header and an announcement whose statement has that many bytes with its line feed.
fn statement_of(len: usize) -> Result<String, EventError> {
    let header = Header {
        batch: 1,
        ledger: name("test.example/ledger"),
        prev: genesis_prev("test.example/ledger"),
        recorded: moment(0),
        recorder: name("recorder"),
        seq: 0,
    };
    let of_reason = |reason: String| {
        let announcement = Announcement::of(Retraction { retracts: name("it"), reason });
        write_statement(&header, &name("id"), &announcement)
    };
    let frame = of_reason("x".to_owned()).expect("a short statement").len() - 1;
    of_reason("x".repeat(len - frame))
}

#[test]
fn a_statement_fills_its_limit_and_not_a_byte_more() {
    let line = statement_of(MAX_STATEMENT).expect("it fits");
    assert_eq!((line.len(), MAX_STATEMENT), (64_511, 64_511));
    assert!(Event::read(line.as_bytes()).is_ok());
    assert_eq!(statement_of(MAX_STATEMENT + 1), Err(EventError::StatementTooLong(64_512)));
    let longer = line.replacen("xx", "xxx", 1);
    assert_eq!(Event::read(longer.as_bytes()), Err(EventError::StatementTooLong(64_512)));
}

#[test]
fn an_event_that_is_too_long_is_refused_unread() {
    let mut bytes = format!("{LINE}\n").into_bytes();
    bytes.resize(MAX_EVENT, b'x');
    assert_eq!(Event::read(&bytes), Err(EventError::Signature { seq: 8, batch: 9, signed: true }));
    bytes.push(b'x');
    assert_eq!(Event::read(&bytes), Err(EventError::TooLong(65_536)));
}

#[test]
fn a_signature_is_there_exactly_at_the_end_of_a_batch() {
    accepts(LINE);
    refuses(r#""batch":9"#, r#""batch":8"#, "event 8 of the batch that ends with 8 is not signed");
    let signed = format!("{LINE}\nanything");
    assert_eq!(Event::read(signed.as_bytes()), Err(EventError::Signature { seq: 8, batch: 9, signed: true }));
    let end = signed.replacen(r#""batch":9"#, r#""batch":8"#, 1);
    assert_eq!(Event::read(end.as_bytes()).expect("a signed end").signature.as_deref(), Some("anything"));
    // An empty line is a byte after the statement, and so a signature block.
    assert!(Event::read(format!("{LINE}\n\n").as_bytes()).is_err());
}

#[test]
fn only_version_1_is_read() {
    refuses(r#""v":1"#, r#""v":2"#, "`v` is 2");
    refuses(r#""v":1"#, r#""v":0"#, "`v` is 0");
    refuses(r#","v":1"#, "", "missing field `v`");
}

#[test]
fn a_key_that_version_1_does_not_have_is_refused_wherever_it_stands() {
    refuses(r#","v":1"#, r#","v":1,"w":1"#, "unknown field `w`");
    refuses(r#""party":"pakistan""#, r#""party":"pakistan","patty":"x""#, "unknown field `patty`");
    let source = r#"[{"source":{"grade":"press","publisher":"x"}}]"#;
    let line = LINE.replace("[]", source).replace(r#""no_evidence":"made up","#, "");
    accepts(&line);
    for (from, to) in [("\"x\"}", "\"x\",\"q\":1}"), ("}}]", "},\"to\":1}]")] {
        assert!(Event::read(format!("{}\n", line.replace(from, to)).as_bytes()).is_err(), "{to}");
    }
}

#[test]
fn every_key_of_the_header_is_needed() {
    for key in ["batch", "evidence", "id", "kind", "ledger", "prev", "recorded", "recorder", "seq", "v"] {
        let mut value: serde_json::Value = serde_json::from_str(LINE).expect("JSON");
        value.as_object_mut().expect("an object").remove(key);
        let error = Event::read(format!("{value}\n").as_bytes()).expect_err(key);
        assert!(error.to_string().contains(&format!("missing field `{key}`")), "{error}");
    }
}

#[test]
fn line_ends_and_byte_order_marks_of_other_systems_are_refused() {
    let refused = |text: String, because: &str| {
        let error = Event::read(text.as_bytes()).expect_err(&text);
        assert!(error.to_string().contains(because), "{error}");
    };
    refused(LINE.to_owned(), "does not end with a line feed");
    refused(String::new(), "does not end with a line feed");
    refused("\n".to_owned(), "expected an object");
    refused(format!("{LINE}\r\n"), "carriage return");
    refused(format!("{LINE}\nsig\r\n"), "carriage return");
    refused(format!("\u{feff}{LINE}\n"), "expected an object");
    let mut bytes = format!("{LINE}\n").into_bytes();
    bytes[2] = 0xff;
    assert_eq!(Event::read(&bytes), Err(EventError::NotUtf8(2)));
}

#[test]
fn a_value_equal_to_its_default_is_left_out() {
    refuses(r#""seq":8,"v":1"#, r#""seq":8,"standing":"confirmed","v":1"#, "written otherwise");
    refuses(r#""act":"signature""#, r#""act":"unspecified""#, "written otherwise");
    let agreement = |rest: &str| {
        let body = format!(r#"{{"id":"ilrs",{rest}"title":"ILRS","type":"programme"}}"#);
        let line = LINE.replace("joining", "agreement");
        line.replace(r#"{"act":"signature","agreement":"ilrs","occurred":"2023-10-18","party":"pakistan"}"#, &body)
    };
    accepts(&agreement(""));
    accepts(&agreement(r#""membership":{"delay":1,"in_force":"stated"},"#));
    for default in [r#"{"delay":0}"#, r#"{"in_force":"derived"}"#, r#"{"delay":1,"in_force":"derived"}"#] {
        let line = agreement(&format!(r#""membership":{default},"#));
        assert!(Event::read(format!("{line}\n").as_bytes()).is_err(), "{line}");
    }
}

#[test]
fn a_date_is_written_in_its_one_form() {
    refuses(r#""2023-10-18""#, r#"" 2023-10-18""#, "not a statement");
    for (one, other) in DATES {
        accepts(&LINE.replace("2023-10-18", one));
        refuses("2023-10-18", other, "written otherwise");
    }
}

#[test]
fn a_record_is_not_written_as_an_array() {
    let body = r#"{"act":"signature","agreement":"ilrs","occurred":"2023-10-18","party":"pakistan"}"#;
    refuses(body, r#"["pakistan","ilrs","signature","2023-10-18"]"#, "written otherwise");
    let line = LINE.replace(r#""no_evidence":"made up","#, "");
    let source = line.replace("[]", r#"[{"source":["x","y","https://example.org","2023","2024","press"]}]"#);
    assert!(Event::read(format!("{source}\n").as_bytes()).is_err(), "{source}");
}

#[test]
fn a_reason_for_no_evidence_stands_only_where_there_is_none() {
    let source = r#"[{"source":{"grade":"press","publisher":"x"}}]"#;
    refuses("[]", source, "`no_evidence` beside evidence");
}

#[test]
fn a_moment_has_milliseconds_and_is_utc() {
    for other in ["2026-11-22T09:30:00Z", "2026-11-22T09:30:00.000+00:00", "2026-11-22 09:30:00.000Z"] {
        assert!(other.parse::<Timestamp>().is_err());
        refuses("2026-11-22T09:30:00.000Z", other, "UTC time");
    }
}
