//! Histories in a line each: what was told of one agreement, the `pact`, as events in memory, and who is what then.

use serde_json::{Value, json};

use servanda::domain::announcement::{Announcement, Standing};
use servanda::domain::date::Date;
use servanda::domain::day::Day;
use servanda::domain::id::{AnnouncementId, Origin, Recorder};
use servanda::domain::source::Evidence;
use servanda::domain::window::Certainty;
use servanda::event::{Event, Header, Snapshot};
use servanda::integrity::EventHash;
use servanda::ledger::Draft;
use servanda::query::members::{Member, Members, Question, members};
use servanda::query::{Known, Prefer, RecordedBy, Reported, Standpoint};

use crate::support::{body, draft, moment};

/// One announcement, before it has a place.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    kind: &'static str,
    fields: Value,
    id: Option<String>,
    announced: Option<String>,
    standing: Standing,
    grade: Option<String>,
    published: Option<String>,
    recorder: String,
}

/// Any announcement, by the keys of its kind.
pub(crate) fn told(kind: &'static str, fields: Value) -> Told {
    Told {
        kind,
        fields,
        id: None,
        announced: None,
        standing: Standing::Confirmed,
        grade: None,
        published: None,
        recorder: "recorder".to_owned(),
    }
}

/// The party joins the pact, by an act that is not told.
pub(crate) fn joined(party: &str, occurred: &str) -> Told {
    told("joining", json!({"party": party, "agreement": "pact", "occurred": occurred}))
}

/// The party comes to the pact by an act.
pub(crate) fn did(party: &str, act: &str, occurred: &str) -> Told {
    joined(party, occurred).with("act", act)
}

/// The party withdraws from the pact.
pub(crate) fn left(party: &str, occurred: &str) -> Told {
    undid(party, "withdrawal", occurred)
}

/// The party departs by an act.
pub(crate) fn undid(party: &str, act: &str, occurred: &str) -> Told {
    told("departure", json!({"party": party, "agreement": "pact", "act": act, "occurred": occurred}))
}

/// The pact is suspended or resumed, for all parties.
pub(crate) fn paused(act: &str, occurred: &str) -> Told {
    told("suspension", json!({"agreement": "pact", "act": act, "occurred": occurred}))
}

/// The party speaks about how it is bound by the pact.
pub(crate) fn remarked(party: &str, act: &str, occurred: &str) -> Told {
    told("statement", json!({"party": party, "agreement": "pact", "act": act, "occurred": occurred}))
}

/// Something is expected of the party, since that announcement.
pub(crate) fn expected(party: &str, announced: &str) -> Told {
    told("prospect", json!({"parties": [party], "agreement": "pact", "what": "joining", "stage": "in-talks"}))
        .announced(announced)
}

/// Something happened to the pact as a whole.
pub(crate) fn milestone(act: &str, occurred: &str) -> Told {
    told("milestone", json!({"agreement": "pact", "act": act, "occurred": occurred}))
}

/// An announcement is taken back.
pub(crate) fn retracted(id: &str) -> Told {
    told("retraction", json!({"retracts": id, "reason": "recorded by mistake"}))
}

/// An announcement is denied.
pub(crate) fn disputed(id: &str) -> Told {
    told("dispute", json!({"of": id}))
}

/// An announcement is said again by somebody else.
pub(crate) fn confirmed(id: &str) -> Told {
    told("confirmation", json!({"of": id}))
}

/// An announcement is corrected by another.
pub(crate) fn corrected(id: &str, replacement: &Told) -> Told {
    let replacement = json!({"kind": replacement.kind, "body": replacement.fields});
    told("correction", json!({"corrects": id, "because": "better-information", "replacement": replacement}))
}

impl Told {
    /// With one more key.
    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.fields[key] = value.into();
        self
    }

    /// Under that id.
    pub(crate) fn named(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }

    /// Made public then.
    pub(crate) fn announced(mut self, date: &str) -> Self {
        self.announced = Some(date.to_owned());
        self
    }

    /// Made public on the day on which it occurred.
    pub(crate) fn at_once(self) -> Self {
        let occurred = self.fields["occurred"].as_str().expect("an act has a day").to_owned();
        self.announced(&occurred)
    }

    /// On the word of a source that was published then.
    pub(crate) fn published(mut self, date: &str) -> Self {
        self.published = Some(date.to_owned());
        self
    }

    /// Only said to be so.
    pub(crate) fn reported(mut self) -> Self {
        self.standing = Standing::Reported;
        self
    }

    /// On the word of a source of that grade.
    pub(crate) fn graded(mut self, grade: &str) -> Self {
        self.grade = Some(grade.to_owned());
        self
    }

    /// Recorded by that recorder.
    pub(crate) fn by(mut self, recorder: &str) -> Self {
        recorder.clone_into(&mut self.recorder);
        self
    }

    /// Its kind.
    pub(crate) fn kind(&self) -> &'static str {
        self.kind
    }

    /// Whether it only denies or repeats what another says.
    pub(crate) fn only_comments(&self) -> bool {
        matches!(self.kind, "dispute" | "confirmation")
    }

    /// As it would be appended.
    pub(crate) fn draft(&self) -> Draft {
        let mut draft = draft(body(self.kind, self.fields.clone()));
        draft.id = self.id.as_deref().map(|id| AnnouncementId::parse(id).expect("an id"));
        draft.announcement.announced = self.announced.as_deref().map(|date| Date::parse(date).expect("a date"));
        draft.announcement.standing = self.standing;
        draft
    }

    fn event(&self, seq: u64) -> Event {
        let mut announcement = Announcement::of(body(self.kind, self.fields.clone()));
        announcement.announced = self.announced.as_deref().map(|date| Date::parse(date).expect("a date"));
        announcement.standing = self.standing;
        if self.grade.is_some() || self.published.is_some() {
            let mut source = json!({"publisher": "Somebody", "grade": self.grade.as_deref().unwrap_or("secondary")});
            if let Some(published) = &self.published {
                source["published"] = json!(published);
            }
            let evidence = json!({ "source": source });
            announcement.evidence = vec![serde_json::from_value::<Evidence>(evidence).expect("evidence")];
        }
        let own = self.id.clone().map(|id| AnnouncementId::parse(&id).expect("an id"));
        let number = || AnnouncementId::parse(&format!("event-{seq}")).expect("an id");
        Event {
            header: Header { recorder: Recorder::parse(&self.recorder).expect("a recorder"), ..header(seq) },
            id: own.or_else(|| announcement.description_id()).unwrap_or_else(number),
            announcement,
            signature: None,
            hash: hash(seq),
        }
    }
}

fn origin() -> Origin {
    Origin::parse("test.example/given").expect("an origin")
}

fn header(seq: u64) -> Header {
    Header {
        batch: seq,
        ledger: origin(),
        prev: hash(seq.wrapping_sub(1)),
        recorded: moment(i64::try_from(seq).expect("tests have few events")),
        recorder: Recorder::parse("recorder").expect("a recorder"),
        seq,
    }
}

fn hash(seq: u64) -> EventHash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seq.to_be_bytes());
    EventHash::from_bytes(bytes)
}

/// What was told of the pact; event 0 describes it.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) snapshot: Snapshot,
    known: Known,
    reported: Reported,
    prefer: Prefer,
}

/// What was told of a pact of that type.
pub(crate) fn pact(r#type: &str, history: impl IntoIterator<Item = Told>) -> Given {
    pact_with(r#type, &json!(null), history)
}

/// What was told of a pact with rules of its own.
pub(crate) fn pact_with(r#type: &str, membership: &Value, history: impl IntoIterator<Item = Told>) -> Given {
    let mut described = told("agreement", json!({"id": "pact", "title": "Pact", "type": r#type}));
    if !membership.is_null() {
        described = described.with("membership", membership.clone());
    }
    let all = std::iter::once(described).chain(history);
    let mut snapshot = Snapshot::new(origin());
    snapshot.extend((0..).zip(all).map(|(seq, told)| told.event(seq)));
    Given { snapshot, known: Known::default(), reported: Reported::LeftOut, prefer: Prefer::default() }
}

/// What was told of a programme.
pub(crate) fn programme(history: impl IntoIterator<Item = Told>) -> Given {
    pact("programme", history)
}

/// What was told of a treaty.
pub(crate) fn treaty(history: impl IntoIterator<Item = Told>) -> Given {
    pact("treaty", history)
}

impl Given {
    /// As it was recorded up to that event.
    pub(crate) fn recorded_by(&self, seq: u64) -> Self {
        Self { known: Known { recorded_by: Some(RecordedBy::Seq(seq)), ..self.known }, ..self.clone() }
    }

    /// As it was recorded up to the moment of that event.
    pub(crate) fn recorded_at(&self, seq: u64) -> Self {
        Self { known: Known { recorded_by: Some(RecordedBy::At(header(seq).recorded)), ..self.known }, ..self.clone() }
    }

    /// As it was announced by that day.
    pub(crate) fn announced_by(&self, day: &str) -> Self {
        Self { known: Known { announced_by: Some(self::day(day)), ..self.known }, ..self.clone() }
    }

    /// With what is only reported.
    pub(crate) fn with_reported(&self) -> Self {
        Self { reported: Reported::Included, ..self.clone() }
    }

    /// With other claims deciding where they conflict.
    pub(crate) fn preferring(&self, prefer: Prefer) -> Self {
        Self { prefer, ..self.clone() }
    }

    /// From where a day is asked for.
    pub(crate) fn standpoint(&self, on: Day) -> Standpoint {
        Standpoint { known: self.known, reported: self.reported, prefer: self.prefer, ..Standpoint::on(on) }
    }

    /// The whole answer on a day, former parties and strangers included.
    pub(crate) fn answer(&self, on: &str) -> Members {
        let question = Question { at: self.standpoint(day(on)), party_type: None, all: true };
        members(&self.snapshot, "pact", question).expect("the pact is described")
    }

    /// The row of one party.
    pub(crate) fn row(&self, party: &str, on: &str) -> Member {
        let found = self.answer(on).members.into_iter().find(|row| row.party == party);
        found.unwrap_or_else(|| panic!("nothing was told of {party}"))
    }
}

/// A day.
pub(crate) fn day(text: &str) -> Day {
    Day::parse(text).expect("a day")
}

/// Holds the answer on a day, `us member, fr possibly signatory`, against what is expected; whoever is nothing to
/// the pact is left out.
#[track_caller]
pub(crate) fn check(given: &Given, on: &str, expected: &str) {
    let said = |row: &Member| match row.certainty {
        Certainty::Certain => format!("{} {}", row.party, row.status),
        Certainty::Possible | Certainty::Not => format!("{} possibly {}", row.party, row.status),
    };
    let answer = given.answer(on);
    let rows: Vec<String> = answer.members.iter().filter(|row| row.status.as_str() != "none").map(said).collect();
    assert_eq!(rows.join(", "), expected, "on {on}");
}

/// Holds `since`, `until` and the events of a row against what is expected; `-` stands for no date.
#[track_caller]
pub(crate) fn check_row(given: &Given, (party, on): (&str, &str), since: &str, until: &str, events: &[u64]) {
    let row = given.row(party, on);
    let text = |date: &Option<Date>| date.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    assert_eq!((text(&row.since), text(&row.until)), (since.to_owned(), until.to_owned()), "{party} on {on}");
    assert_eq!(row.events, events, "{party} on {on}");
}
