//! Admission: what makes an announcement fit to become an event.
//!
//! Refuse the malformed, report the contradictory. Sources disagree, and a ledger of evidence must be able to hold
//! that: what contradicts the history is admitted with a warning, what is malformed is not. Every problem of a batch is
//! found at once.

mod by_hash;
mod counts;
pub mod draft;
mod encodings;
mod erasure;
mod evidence;
pub mod finding;
mod history;
mod personal;
mod references;
mod text;
mod unkept;

use crate::event::snapshot::Events;
use crate::ledger::state::Planned;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;
use serde_json::Value;

use crate::domain::announcement::{Announcement, Body, Kind};
use crate::domain::id::{AnnouncementId, Namespace};
use crate::domain::timestamp::Timestamp;
use crate::event::canonical::NotCanonical;
use crate::event::statement;
use crate::event::written::{CanonicalAnnouncement, Written};
use crate::integrity::digest::{ContentHash, Salt};
use crate::ledger::admission::draft::{Batch, Draft};
use crate::ledger::admission::finding::{Code, Finding};
use crate::ledger::state::registry::{Registry, described};
use crate::ledger::state::relevance::{About, note_strike};
use crate::projection::review::Review;

use by_hash::ByHash;

pub use evidence::days_after;
pub use history::{irregular, occurred};
pub use personal::Salts;

/// Fewer drafts than these are not worth a thread of their own.
const FEWEST_DRAFTS: usize = 64;

/// Documents to be kept, by their addresses.
pub type Documents = BTreeMap<String, ToKeep>;

/// A document to be kept.
#[derive(Debug)]
pub struct ToKeep {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Of a personal one, what lies beside it.
    pub salt: Option<Salt>,
}

/// A batch that may be appended.
#[derive(Debug, Default)]
pub struct Admitted {
    /// The announcements that are new, with the position of their drafts.
    pub new: Vec<AdmittedDraft>,
    /// Drafts that are events already, with the position of the event.
    pub already: Vec<(usize, u64)>,
    /// Documents that the new events name.
    pub documents: Documents,
}

/// An announcement that is to become an event.
#[derive(Debug)]
pub struct AdmittedDraft {
    /// The position of its draft in the batch.
    pub draft: usize,
    /// Its id.
    pub id: AnnouncementId,
    /// The announcement, with its evidence.
    pub announcement: Announcement,
    /// The same in canonical form.
    pub written: CanonicalAnnouncement,
}

/// Names that batches before this one would have brought, had they not been refused: things and announcements.
pub type Refused = BTreeSet<(Namespace, String)>;

/// Checks a batch against the ledger.
///
/// Returns what may be appended, unless a finding refuses it, and every finding. That a name in `refused` is missing is
/// none. It would be recorded at `recorded`.
pub(crate) fn admit(
    ledger: &Planned<'_>,
    batch: &Batch,
    (refused, recorded): (&Refused, Timestamp),
    salts: &mut Salts,
) -> (Admitted, Vec<Finding>) {
    let (events, index) = (ledger.events(), &ledger.index);
    let mut findings = Vec::new();
    let described = Scope::of(index, batch, refused, &mut findings);
    let documents = evidence::read(batch, (events, index), salts, &mut findings);
    let prepared = evidence::prepare(&documents);

    let at_hand = evidence::AtHand {
        documents: &documents,
        prepared: &prepared,
        recorded: Some(recorded),
        quotes: count_quotes(batch),
    };
    let look = |(position, draft): (usize, &Draft)| Looked::at(position, draft, &described, &at_hand);
    let looked: Vec<Looked> = batch.drafts.par_iter().enumerate().with_min_len(FEWEST_DRAFTS).map(look).collect();

    let review = OnceCell::new();
    let by_hash = OnceCell::new();
    let (seen, about, admitted) = (HashMap::new(), About::default(), Admitted::default());
    let mut desk = Desk { ledger, events, index, by_hash, salts, review, seen, about, admitted };
    for ((position, draft), looked) in batch.drafts.iter().enumerate().zip(looked) {
        let Looked { mut announcement, written, in_texts, in_evidence } = looked;
        let before = findings.len();
        findings.extend(in_texts);
        if written.is_none() {
            references::resolve(position, draft, &mut announcement, &described, &desk, &mut findings);
        }
        let is_sound = findings[before..].iter().chain(&in_evidence).all(|finding| !finding.code.refuses_again());
        let written = written.unwrap_or_else(|| Written::of(&announcement).checked());
        let place = is_sound.then(|| desk.place(position, draft, &announcement, written));
        if let Some(Ok(Place::Taken(seq))) = place {
            // It was admitted once: what came after it, or is later now, does not change that.
            desk.admitted.already.push((position, seq));
            continue;
        }
        history::check(position, (draft, &announcement), &described, &desk, &mut findings);
        findings.extend(in_evidence);
        match place {
            Some(Ok(Place::Free(id, written))) if findings[before..].iter().all(|finding| !finding.code.refuses()) => {
                desk.take(AdmittedDraft { draft: position, id, announcement, written }, &mut findings);
            }
            Some(Err(finding)) => findings.push(finding),
            Some(Ok(_)) | None => {}
        }
    }
    for (position, fragment) in (batch.drafts.len()..).zip(&batch.fragments) {
        text::check(position, fragment, &mut findings);
        references::check(position, fragment, &described, &desk, &mut findings);
        history::check_dates(position, fragment, &mut findings);
        evidence::check(position, fragment, &at_hand, &mut findings);
    }
    let mut admitted = desk.admitted;
    admitted.documents = evidence::kept(documents, index);
    (admitted, findings)
}

/// Looks at each draft of a batch by itself: at its texts and its evidence, not at what it names nor at what it follows.
///
/// Returns the announcements as they would be recorded, with their evidence, and every finding.
pub fn look(batch: &Batch) -> (Vec<Announcement>, Vec<Finding>) {
    let (mut findings, mut salts) = (Vec::new(), Salts::default());
    let documents = evidence::read(batch, (Events::of(&[], &[]), &Registry::default()), &mut salts, &mut findings);
    let prepared = evidence::prepare(&documents);
    let quotes = count_quotes(batch);
    let at_hand = evidence::AtHand { documents: &documents, prepared: &prepared, recorded: None, quotes };
    let look = |(position, draft): (usize, &Draft)| {
        let mut announcement = draft.announcement.clone();
        text::admit(position, &mut announcement, &mut findings);
        evidence::admit(position, draft, &mut announcement, &at_hand, &mut findings);
        announcement
    };
    let announcements = batch.drafts.iter().enumerate().map(look).collect();
    (announcements, findings)
}

/// How many passages are looked for.
fn count_quotes(batch: &Batch) -> usize {
    batch.drafts.iter().map(|draft| draft.quotes.len()).sum()
}

/// A draft, as far as it can be looked at by itself.
struct Looked {
    announcement: Announcement,
    /// Its canonical form, unless the things that it names have yet to be found.
    written: Option<Result<CanonicalAnnouncement, NotCanonical>>,
    in_texts: Vec<Finding>,
    in_evidence: Vec<Finding>,
}

impl Looked {
    fn at(position: usize, draft: &Draft, scope: &Scope<'_>, at_hand: &evidence::AtHand<'_>) -> Self {
        let mut announcement = draft.announcement.clone();
        let (mut in_texts, mut in_evidence) = (Vec::new(), Vec::new());
        text::admit(position, &mut announcement, &mut in_texts);
        evidence::admit(position, draft, &mut announcement, at_hand, &mut in_evidence);
        let settled = references::is_settled(&announcement.body, scope);
        let written = settled.then(|| Written::of(&announcement).checked());
        Self { announcement, written, in_texts, in_evidence }
    }
}

/// The names that a refused batch would have brought.
pub fn names(batch: &Batch) -> impl Iterator<Item = (Namespace, String)> {
    let things = batch.drafts.iter().filter_map(|draft| described(&draft.announcement.body));
    let things = things.map(|thing| (thing.namespace, thing.id.to_ascii_lowercase()));
    let ids = batch.drafts.iter().filter_map(|draft| draft.id.clone().or_else(|| draft.announcement.description_id()));
    things.chain(ids.map(|id| (Namespace::Announcement, id.folded())))
}

/// What is described, by the ledger and by the batch.
struct Scope<'a> {
    batch: Registry<'static>,
    ledger: &'a Registry<'a>,
    also: &'a Batch,
    refused: &'a Refused,
    /// By folded announcement id: the first and the last draft that gives it to itself.
    given: HashMap<String, (usize, usize)>,
}

impl<'a> Scope<'a> {
    /// Collects the descriptions of a batch; two ids that differ only in case are told.
    fn of(ledger: &'a Registry<'a>, batch: &'a Batch, refused: &'a Refused, findings: &mut Vec<Finding>) -> Self {
        let mut scope = Self { batch: Registry::default(), ledger, also: batch, refused, given: HashMap::new() };
        for (position, draft) in batch.drafts.iter().enumerate() {
            if let Some(id) = &draft.id {
                scope.given.entry(id.folded()).or_insert((position, position)).1 = position;
            }
            if let Some(new) = described(&draft.announcement.body) {
                let known = ledger.thing(new.namespace, new.id).or_else(|| scope.batch.thing(new.namespace, new.id));
                if let Some(known) = known.filter(|known| *known != new.id) {
                    let message = format!("the {} `{}` differs only in case from `{known}`", new.namespace, new.id);
                    let hint = format!("use `{known}`, or another id");
                    findings.push(Finding::new(position, new.field, Code::CaseOnly, message).hint(hint));
                }
                let alike = || ledger.alike(new.namespace, new.id).or_else(|| scope.batch.alike(new.namespace, new.id));
                if let Some(alike) = known.is_none().then(alike).flatten() {
                    let message = format!("the {} `{}` looks like `{alike}`, which is another", new.namespace, new.id);
                    let hint =
                        "if it is meant to be the same, use that id; else give it one that nobody takes for the other";
                    findings.push(Finding::new(position, new.field, Code::Confusable, message).hint(hint));
                }
            }
            scope.batch.describe(&draft.announcement, position as u64);
        }
        scope
    }

    /// Whether a name is missing only because what would have brought it was refused, which is told elsewhere.
    fn is_refused(&self, namespace: Namespace, folded: String) -> bool {
        let name = (namespace, folded);
        self.also.also_described.contains(&name) || self.refused.contains(&name)
    }
}

/// The announcements that were looked at so far.
struct Desk<'a> {
    ledger: &'a Planned<'a>,
    events: Events<'a>,
    index: &'a Registry<'a>,
    /// The hashes of its events, once somebody has asked.
    by_hash: OnceCell<ByHash>,
    salts: &'a Salts,
    /// What counts in the ledger, once somebody has asked.
    review: OnceCell<Review<'a>>,
    /// By folded id: the position in `admitted.new`.
    seen: HashMap<String, usize>,
    /// The corrections and retractions among `admitted.new`, at the places that they would have in the log.
    about: About,
    admitted: Admitted,
}

/// Where an announcement belongs.
enum Place {
    /// Among the new ones, under its id.
    Free(AnnouncementId, CanonicalAnnouncement),
    /// It is the event at that position, or would be.
    Taken(u64),
}

impl Desk<'_> {
    /// The events whose hashes begin with these digits; none, unless they are 8 or more.
    fn beginning(&self, digits: &str) -> Vec<u64> {
        self.by_hash.get_or_init(|| ByHash::of(self.ledger.stands())).beginning(digits)
    }

    /// Finds the id of an announcement, and whether it is there already.
    fn place(
        &self,
        position: usize,
        draft: &Draft,
        announcement: &Announcement,
        written: Result<CanonicalAnnouncement, NotCanonical>,
    ) -> Result<Place, Finding> {
        let not_text = |error: NotCanonical| Finding::new(position, "", Code::ControlCharacter, error.to_string());
        let written = written.map_err(not_text)?;
        let content = written.content_hash();
        let id = draft_id(draft, announcement, content).map_err(|message| {
            let hint = if announcement.body.kind().is_description() {
                "leave `id` out of a description: its announcement is named for the thing"
            } else {
                "choose another id"
            };
            Finding::new(position, "id", Code::ReservedId, message).hint(hint)
        })?;
        let (known, known_id, seq) = match (self.index.announcement(&id), self.seen.get(&id.folded())) {
            (Some(seq), _) => {
                let event = self.events.at(usize::try_from(seq).expect("events are in memory"));
                (&*event.announcement, &event.id, seq)
            }
            (None, Some(&place)) => {
                let new = &self.admitted.new[place];
                (&new.announcement, &new.id, (self.events.len() + place) as u64)
            }
            (None, None) => {
                let alike = || self.salts.indistinguishable(announcement, (self.events, self.index));
                let alike = draft.id.is_none().then(alike).flatten();
                return Ok(alike.map_or_else(|| Place::Free(id, written), Place::Taken));
            }
        };
        if *known_id != id && announcement.body.kind().is_description() {
            // It was told of the thing that is described.
            Ok(Place::Free(id, written))
        } else if *known_id != id {
            let message = format!("the announcement id `{id}` differs only in case from `{known_id}`");
            Err(Finding::new(position, "id", Code::CaseOnly, message).hint("choose another id"))
        } else if statement::content_hash(known) == Ok(content)
            || self.salts.indistinguishable(announcement, (self.events, self.index)) == Some(seq)
        {
            Ok(Place::Taken(seq))
        } else {
            Err(other_content(position, &id, known, announcement, seq))
        }
    }

    /// Gives an announcement its place among the new ones, unless it rests on what was erased.
    fn take(&mut self, new: AdmittedDraft, findings: &mut Vec<Finding>) {
        let before = findings.len();
        erasure::check(new.draft, &new.announcement, (self.events, self.index), findings);
        if findings.len() > before {
            return;
        }
        let place = self.admitted.new.len();
        note_strike(&mut self.about, &new.announcement.body, self.events.len() + place);
        self.seen.insert(new.id.folded(), place);
        self.admitted.new.push(new);
    }
}

/// The kinds whose announcements have ids that begin with the kind and a colon.
const NAMED_BY_KIND: [Kind; 6] =
    [Kind::Party, Kind::Agreement, Kind::Mission, Kind::Policy, Kind::Attestation, Kind::ClockCorrected];

/// The id of an announcement: the thing's for a description, else the one given, else one made of the content.
fn draft_id(draft: &Draft, announcement: &Announcement, content: ContentHash) -> Result<AnnouncementId, String> {
    let own = statement::default_id(announcement, content);
    match &draft.id {
        Some(given) if announcement.body.kind().is_description() && *given != own => {
            Err(format!("a description's announcement is `{own}`, not `{given}`"))
        }
        Some(given) => {
            let kind = announcement.body.kind();
            let begins =
                |of: &&Kind| given.folded().strip_prefix(of.as_str()).is_some_and(|rest| rest.starts_with(':'));
            match NAMED_BY_KIND.iter().find(begins) {
                Some(of) if of.is_description() && !kind.is_description() => {
                    Err(format!("`{given}` can only be the id of a description"))
                }
                Some(of) if !of.is_description() && *of != kind => {
                    Err(format!("`{given}` can only be the id of another kind: {of}"))
                }
                _ => Ok(given.clone()),
            }
        }
        None => Ok(own),
    }
}

/// The same id with other content, told field by field.
fn other_content(position: usize, id: &AnnouncementId, known: &Announcement, new: &Announcement, seq: u64) -> Finding {
    let differences = differences(known, new).join("; ");
    let (code, what, hint) = if new.body.kind().is_description() {
        let hint = "add a `correction` if the description was wrong, or give `from: DATE` if the thing changed";
        (Code::SecondDescription, "described", hint)
    } else {
        (Code::OtherContent, "announced", "choose another id, or add a `correction` if it was wrong")
    };
    let message = format!("`{id}` is {what} otherwise by event {seq}: {differences}");
    Finding::new(position, "id", code, message).hint(hint)
}

/// Where two announcements differ, as `occurred: 2023-10-18 there, 2023-10-19 here`.
fn differences(known: &Announcement, new: &Announcement) -> Vec<String> {
    let mut flat: BTreeMap<String, [Option<String>; 2]> = BTreeMap::new();
    for (side, announcement) in [known, new].into_iter().enumerate() {
        let value = statement::content(announcement);
        flatten(&value, "", &mut |path, text| flat.entry(path).or_default()[side] = Some(text));
    }
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
    let mut differing: Vec<_> = flat.into_iter().filter(|(_, [there, here])| there != here).collect();
    // What is told is cut when it is long: what the announcement says comes before what it rests on.
    differing.sort_by_key(|(path, _)| path.starts_with("evidence"));
    differing
        .into_iter()
        .map(|(path, [there, here])| format!("{path} is {} there and {} here", shown(&there), shown(&here)))
        .collect()
}

fn flatten(value: &Value, path: &str, visit: &mut dyn FnMut(String, String)) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let path = if path.is_empty() || path == "body" { key.clone() } else { format!("{path}.{key}") };
                flatten(value, &path, visit);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                flatten(item, &format!("{path}[{index}]"), visit);
            }
        }
        Value::String(text) => visit(path.to_owned(), format!("`{text}`")),
        Value::Null | Value::Bool(_) | Value::Number(_) => visit(path.to_owned(), value.to_string()),
    }
}

/// Whether a body tells of the world, and so needs evidence.
fn needs_evidence(body: &Body) -> bool {
    !body.kind().is_about_ledger()
}
