//! Reading the events of one log: many of them have most of their words in common, and each is read once.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::domain::announcement::{Announcement, Body, Kind, Standing};
use crate::domain::date::Date;
use crate::domain::id::{AnnouncementId, Origin, Recorder};
use crate::domain::source::{Evidence, Source};
use crate::domain::timestamp::Timestamp;
use crate::event::canonical;
use crate::event::statement::{Event, EventError, Header, VERSION, split};
use crate::integrity::digest::{self, EventHash};

/// The most texts that are kept of a kind, so that reading does not grow with the log.
const MAX_KNOWN: usize = 4096;

/// Reads the events of one log, and keeps what they have in common: sources above all, of which there are few.
#[derive(Debug, Default)]
pub struct EventReader {
    ledgers: Known<Origin>,
    recorded: Known<Timestamp>,
    recorders: Known<Recorder>,
    sources: Known<Arc<Source>>,
}

/// Values by the text that they were read from. The last is at hand: the events of a batch resemble each other.
#[derive(Debug)]
struct Known<T> {
    last: Option<(Box<str>, T)>,
    all: HashMap<Box<str>, T, foldhash::fast::RandomState>,
}

/// A statement as it stands in the line; body and sources wait until it is known what they are.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    announced: Option<Date>,
    batch: u64,
    #[serde(borrow, deserialize_with = "as_it_stands")]
    body: &'a str,
    #[serde(borrow)]
    evidence: Vec<EvidenceLine<'a>>,
    id: AnnouncementId,
    kind: Kind,
    ledger: Origin,
    no_evidence: Option<String>,
    note: Option<String>,
    prev: EventHash,
    recorded: Timestamp,
    recorder: Recorder,
    seq: u64,
    source_ref: Option<String>,
    #[serde(default)]
    standing: Standing,
    v: u64,
    #[serde(default)]
    wording: BTreeMap<String, String>,
}

/// Evidence as it stands in the line.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct EvidenceLine<'a> {
    at: Option<(u64, u64)>,
    quote: Option<String>,
    #[serde(borrow, deserialize_with = "as_it_stands")]
    source: &'a str,
}

impl EventReader {
    /// Reads an event's bytes as [`Event::recall`] does.
    ///
    /// # Errors
    ///
    /// Every [`EventError`].
    pub fn event(&mut self, bytes: &[u8]) -> Result<Event, EventError> {
        self.hashed(bytes, digest::event_hash(bytes))
    }

    /// The same of bytes whose hash was computed when they were taken from the store.
    ///
    /// # Errors
    ///
    /// Every [`EventError`].
    pub fn hashed(&mut self, bytes: &[u8], hash: EventHash) -> Result<Event, EventError> {
        let (statement, signature) = split(bytes)?;
        self.read(statement, signature, &canonical::members(statement)?, hash)
    }

    fn read(
        &mut self,
        statement: &str,
        signature: Option<&str>,
        members: &[(&str, &str)],
        hash: EventHash,
    ) -> Result<Event, EventError> {
        // Whatever is odd is read once more in the plain way, which says what is wrong with it.
        let line = match self.line(members) {
            Some(line) => line,
            None => serde_json::from_str(statement).map_err(|error| not_statement(&error))?,
        };
        if line.v != VERSION {
            return Err(EventError::NotStatement(format!("`v` is {}", line.v)));
        }
        if (line.seq == line.batch) != signature.is_some() {
            let signed = signature.is_some();
            return Err(EventError::Signature { seq: line.seq, batch: line.batch, signed });
        }
        if line.no_evidence.is_some() && !line.evidence.is_empty() {
            return Err(EventError::NotStatement("`no_evidence` beside evidence".to_owned()));
        }
        let evidence = line.evidence.into_iter().map(|line| self.evidence(line)).collect::<Result<_, _>>()?;
        let mut body = serde_json::Deserializer::from_str(line.body);
        Ok(Event {
            header: Header {
                batch: line.batch,
                ledger: line.ledger,
                prev: line.prev,
                recorded: line.recorded,
                recorder: line.recorder,
                seq: line.seq,
            },
            id: line.id,
            announcement: Announcement {
                announced: line.announced,
                standing: line.standing,
                note: line.note,
                wording: line.wording,
                source_ref: line.source_ref,
                body: Body::read(line.kind, &mut body).map_err(|error| not_statement(&error))?,
                evidence,
                no_evidence: line.no_evidence,
            },
            signature: signature.map(str::to_owned),
            hash,
        })
    }

    /// The same, and refuses a statement that says it in other bytes than this version writes.
    ///
    /// # Errors
    ///
    /// Every [`EventError`].
    pub fn strict(&mut self, bytes: &[u8], hash: EventHash) -> Result<Event, EventError> {
        let (statement, signature) = split(bytes)?;
        let members = canonical::members(statement)?;
        let event = self.read(statement, signature, &members, hash)?;
        event.check_form(statement, &members)?;
        Ok(event)
    }

    /// The line put together from its members, without another pass over all of it; nothing, if anything is odd.
    ///
    /// Each member is read as the type that it has in [`Line`], so that nothing passes here that would not pass there.
    fn line<'a>(&mut self, members: &[(&'a str, &'a str)]) -> Option<Line<'a>> {
        let (mut batch, mut body, mut evidence, mut id, mut kind) = (None, None, None, None, None);
        let (mut ledger, mut prev, mut recorded, mut recorder) = (None, None, None, None);
        let (mut seq, mut v, mut standing, mut wording) = (None, None, None, None);
        let (mut announced, mut no_evidence, mut note, mut source_ref) = (None, None, None, None);
        for &(key, value) in members {
            match key {
                "announced" => announced = Some(text(value, |text| Date::parse(text).ok())?),
                "batch" => batch = Some(number(value)?),
                "body" => body = Some(value),
                "evidence" => evidence = Some(plain(value)?),
                "id" => id = Some(text(value, |text| AnnouncementId::parse(text).ok())?),
                "kind" => kind = Some(text(value, |text| text.parse().ok())?),
                "ledger" => ledger = Some(self.ledgers.read(value).ok()?),
                "no_evidence" => no_evidence = Some(plain(value)?),
                "note" => note = Some(plain(value)?),
                "prev" => prev = Some(text(value, |text| text.parse().ok())?),
                "recorded" => recorded = Some(self.recorded.read(value).ok()?),
                "recorder" => recorder = Some(self.recorders.read(value).ok()?),
                "seq" => seq = Some(number(value)?),
                "source_ref" => source_ref = Some(plain(value)?),
                "standing" => standing = Some(plain(value)?),
                "v" => v = Some(number(value)?),
                "wording" => wording = Some(plain(value)?),
                _ => return None,
            }
        }
        Some(Line {
            announced,
            batch: batch?,
            body: body?,
            evidence: evidence?,
            id: id?,
            kind: kind?,
            ledger: ledger?,
            no_evidence,
            note,
            prev: prev?,
            recorded: recorded?,
            recorder: recorder?,
            seq: seq?,
            source_ref,
            standing: standing.unwrap_or_default(),
            v: v?,
            wording: wording.unwrap_or_default(),
        })
    }

    fn evidence(&mut self, line: EvidenceLine<'_>) -> Result<Evidence, EventError> {
        let source = self.sources.read(line.source).map_err(|error| not_statement(&error))?;
        Ok(Evidence { source, quote: line.quote, at: line.at })
    }
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self { last: None, all: HashMap::default() }
    }
}

impl<T: Clone + DeserializeOwned> Known<T> {
    fn read(&mut self, text: &str) -> serde_json::Result<T> {
        if let Some((_, value)) = self.last.as_ref().filter(|(known, _)| **known == *text) {
            return Ok(value.clone());
        }
        let value = match self.all.get(text) {
            Some(value) => value.clone(),
            None => self.learn(text)?,
        };
        self.last = Some((text.into(), value.clone()));
        Ok(value)
    }

    fn learn(&mut self, text: &str) -> serde_json::Result<T> {
        let value: T = serde_json::from_str(text)?;
        if self.all.len() >= MAX_KNOWN {
            self.all.clear();
        }
        self.all.insert(text.into(), value.clone());
        Ok(value)
    }
}

/// A text without escapes, as what it stands for.
fn text<T>(value: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    let text = value.strip_prefix('"')?.strip_suffix('"')?;
    if text.contains('\\') { None } else { read(text) }
}

/// An integer; what is canonical has no other form.
fn number(value: &str) -> Option<u64> {
    if value.bytes().all(|byte| byte.is_ascii_digit()) { value.parse().ok() } else { None }
}

fn plain<'a, T: Deserialize<'a>>(value: &'a str) -> Option<T> {
    serde_json::from_str(value).ok()
}

fn as_it_stands<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'de str, D::Error> {
    <&RawValue>::deserialize(deserializer).map(RawValue::get)
}

fn not_statement(error: &serde_json::Error) -> EventError {
    EventError::NotStatement(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A statement with every member that there is.
    const STATEMENT: &str = concat!(
        r#"{"announced":"2023-10-20","batch":12,"body":{"party":"pakistan"},"evidence":[{"at":[0,4],"quote":"\"it\"","#,
        r#""source":{"grade":"press","publisher":"P"}}],"id":"party:a@2020","kind":"joining","ledger":"a.example/b","#,
        r#""no_evidence":"n","note":"é","prev":"3dd36cac71b6b1d61eec9db16f6102589d95152ada593b8b21cc07896e4b1633","#,
        r#""recorded":"2026-11-22T09:30:00.007Z","recorder":"desk","seq":12,"source_ref":"row 1","#,
        r#""standing":"reported","v":1,"wording":{"occurred":"in autumn"}}"#
    );

    /// Both ways of reading a statement agree: on the line, or on there being none.
    fn check(statement: &str) {
        let Ok(members) = canonical::members(statement) else { return };
        let plain = serde_json::from_str::<Line<'_>>(statement).ok();
        assert_eq!(EventReader::default().line(&members), plain, "{statement}");
    }

    #[test]
    fn a_line_put_together_from_its_members_is_the_one_that_is_read_as_a_whole() {
        let members = canonical::members(STATEMENT).expect("it is canonical");
        assert!(EventReader::default().line(&members).is_some());
        check(STATEMENT);
        for (at, _) in STATEMENT.char_indices() {
            for other in ["", "0", "9", "z", "_", "{", "[", "\"", "-"] {
                let rest: String = STATEMENT[at..].chars().skip(1).collect();
                check(&format!("{}{other}{rest}", &STATEMENT[..at]));
            }
        }
    }

    #[test]
    fn a_member_that_is_missing_or_of_another_shape_is_seen_both_ways() {
        let members = canonical::members(STATEMENT).expect("it is canonical");
        for left_out in 0..members.len() {
            for other in [None, Some("1"), Some("[1]"), Some("{\"a\":1}"), Some("\"a\""), Some("true")] {
                let kept = members.iter().enumerate().filter_map(|(index, (key, value))| {
                    let value = if index == left_out { other? } else { value };
                    Some(format!("\"{key}\":{value}"))
                });
                check(&format!("{{{}}}", kept.collect::<Vec<_>>().join(",")));
            }
        }
    }
}
