//! Announcement files: YAML, TOML, JSON or NDJSON into drafts, with the place of every value for what is wrong with it.
//!
//! Out of scope: whether an announcement may be appended. That is admission's, which names fields; [`AnnouncementFile`]
//! knows where they stand.

mod decode;
pub(in crate::exchange) mod documents;
mod evidence;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde_json::{Map, Value};

use crate::domain::announcement::{Announcement, Body, Kind, Standing};
use crate::domain::date::Date;
use crate::domain::id::{AnnouncementId, Namespace};
use crate::domain::shape::Field;
use crate::exchange::fields::{ANNOUNCEMENTS, COMMON, KIND};
use crate::exchange::form::date_keys;
use crate::exchange::place::SourceText;
use crate::exchange::tree::{self, Entry, Format, Node, SyntaxFault};
use crate::ledger::admission::draft::Fragment;
use crate::ledger::admission::finding::{Code, Finding};
use crate::ledger::{Batch, Brought, Draft};

use decode::Decoder;
use documents::DocumentFolder;
use evidence::EvidenceAt;

/// A problem with its place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileProblem {
    /// Bytes of the file's text.
    pub span: Range<usize>,
    /// What kind of problem.
    pub code: Code,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A file that was read: what it announces, and where each value stands.
#[derive(Debug)]
pub struct AnnouncementFile {
    /// The file's name and text.
    pub source: SourceText,
    /// The drafts.
    pub batch: Batch,
    /// What is wrong with the file itself.
    pub problems: Vec<FileProblem>,
    /// The number of problems beyond those, if it has very many.
    pub more: usize,
    /// Whether nothing is known of what it announces: it does not parse.
    pub is_unread: bool,
    places: Vec<Places>,
}

/// Where the values of one draft stand.
#[derive(Debug, Default, Clone)]
struct Places {
    own: Range<usize>,
    fields: BTreeMap<String, Range<usize>>,
}

impl AnnouncementFile {
    /// Reads a file's bytes. Documents are looked for in `folder`, and below it.
    pub fn read(name: &str, format: Option<Format>, bytes: &[u8], folder: &Path) -> Self {
        let text = match tree::decode(bytes) {
            Ok(text) => text,
            Err(fault) => {
                let shown = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
                let shown = String::from_utf8_lossy(&shown[..shown.len().min(fault.span.end + 80)]).into_owned();
                return Self::faulty(name, shown, vec![fault]);
            }
        };
        let format = format.unwrap_or_else(|| Format::sniff(&text));
        let nodes = match tree::read(format, &text) {
            Ok(nodes) => nodes,
            Err(faults) => return Self::faulty(name, text, faults),
        };
        let mut reading = Reading::new(folder);
        match format {
            Format::Ndjson => {
                for node in &nodes {
                    reading.announcement(node);
                }
            }
            Format::Yaml | Format::Toml | Format::Json => {
                for node in &nodes {
                    reading.file(node);
                }
            }
        }
        Self {
            source: SourceText { name: name.to_owned(), text },
            batch: reading.batch,
            problems: reading.decoder.problems,
            more: reading.decoder.more,
            is_unread: false,
            // Findings count fragments behind the drafts.
            places: [reading.places, reading.fragment_places].concat(),
        }
    }

    fn faulty(name: &str, text: String, faults: Vec<SyntaxFault>) -> Self {
        Self {
            source: SourceText { name: name.to_owned(), text },
            batch: Batch::default(),
            problems: faults.into_iter().map(FileProblem::from).collect(),
            more: 0,
            is_unread: true,
            places: Vec::new(),
        }
    }

    /// A finding of admission, at its place.
    pub fn place(&self, finding: &Finding) -> FileProblem {
        let span = self.places.get(finding.draft).map_or(0..0, |places| places.of(&finding.field));
        FileProblem { span, code: finding.code, message: finding.message.clone(), hint: finding.hint.clone() }
    }

    /// The line of a draft's announcement, from 1.
    pub fn line(&self, draft: usize) -> usize {
        self.places.get(draft).map_or(1, |places| self.source.line_column(places.own.start).0)
    }
}

impl From<SyntaxFault> for FileProblem {
    fn from(fault: SyntaxFault) -> Self {
        let code = Code::ALL.iter().find(|code| code.as_str() == fault.code).copied().unwrap_or(Code::Syntax);
        Self { span: fault.span, code, message: fault.message, hint: fault.hint }
    }
}

impl Places {
    /// The place of a field, else of what it stands in, else of the announcement.
    fn of(&self, field: &str) -> Range<usize> {
        let mut field = field;
        loop {
            if let Some(span) = self.fields.get(field) {
                return span.clone();
            }
            match field.rfind(['.', '[']) {
                Some(at) => field = &field[..at],
                None => return self.own.clone(),
            }
        }
    }
}

/// What holds for every announcement of a file that does not say otherwise.
#[derive(Debug, Default, Clone)]
struct Top {
    announced: Option<(Date, Range<usize>)>,
    standing: Option<Standing>,
    evidence: EvidenceAt,
}

struct Reading<'f> {
    decoder: Decoder,
    documents: DocumentFolder<'f>,
    top: Top,
    batch: Batch,
    places: Vec<Places>,
    fragment_places: Vec<Places>,
}

impl<'f> Reading<'f> {
    fn new(folder: &'f Path) -> Self {
        Self {
            decoder: Decoder::default(),
            documents: DocumentFolder::new(folder),
            top: Top::default(),
            batch: Batch::default(),
            places: Vec::new(),
            fragment_places: Vec::new(),
        }
    }

    fn file(&mut self, node: &Node) {
        let Some(entries) = self.decoder.map(node, "an announcement file") else { return };
        let top: Vec<&str> = COMMON.iter().filter(|key| key.at_top).map(|key| key.name).collect();
        let known = [&top[..], &[ANNOUNCEMENTS]].concat();
        self.decoder.only(entries, &known, "at the top of a file");
        self.top = Top {
            announced: self.date_at(entries, "announced"),
            standing: self.standing(entries),
            evidence: evidence::read(entries, &mut self.decoder, &mut self.documents),
        };
        self.decoder.settle_seasons(&BTreeMap::new());
        let Some(list) = find(entries, ANNOUNCEMENTS) else {
            let hint = "an announcement file is `announcements:` and a list, each with its `kind`";
            self.decoder.say(first_key(node), Code::MissingKey, "there are no `announcements`".to_owned(), hint);
            return;
        };
        for node in self.decoder.items(list, ANNOUNCEMENTS) {
            self.announcement(node);
        }
    }

    fn announcement(&mut self, node: &Node) {
        let Some(entries) = self.decoder.map(node, "an announcement") else { return };
        let Some(kind) = self.kind(node, entries) else { return };
        let before = self.decoder.count();
        let mut places = Places {
            own: find(entries, KIND).map_or_else(|| node.span.clone(), |kind| kind.span.clone()),
            ..Places::default()
        };

        let record = kind.record();
        let is_own = |key: &str| record.field(key).is_some();
        let common = |key: &&str| !is_own(key);
        let mut known: Vec<&str> = vec![KIND];
        known.extend(record.fields.iter().map(Field::name));
        known.extend(COMMON.iter().map(|key| key.name).filter(common));
        let meant = self.decoder.only(entries, &known, &format!("in a {kind}"));

        let body = self.decoder.fields(record, (entries, &meant), &places.own, "", &mut places.fields);
        for entry in entries {
            places.fields.entry(entry.key.clone()).or_insert_with(|| entry.value.span.clone());
        }
        let common: Vec<Entry> = entries.iter().filter(|entry| !is_own(&entry.key)).cloned().collect();
        let positions = std::mem::take(&mut self.decoder.positions);
        let mut fragment = Fragment { body: Some((kind, body.clone())), positions, ..Fragment::default() };
        let draft = self.draft(kind, body, &common, &mut places, &mut fragment);
        match draft {
            Some(draft) if self.decoder.count() == before => {
                let Fragment { sources, quotes, positions, .. } = fragment;
                self.batch.drafts.push(Draft { sources, quotes, positions, ..draft });
                self.places.push(places);
            }
            _ => {
                self.remember_described(kind, entries);
                self.batch.fragments.push(fragment);
                self.fragment_places.push(places);
            }
        }
    }

    fn kind(&mut self, node: &Node, entries: &[Entry]) -> Option<Kind> {
        let Some(value) = find(entries, KIND) else {
            let hint = "say what it is about, for example `kind: joining`";
            self.decoder.say(first_key(node), Code::MissingKey, "an announcement needs its `kind`".to_owned(), hint);
            return None;
        };
        let kind: Kind = self.decoder.parsed_word(value, Kind::ALL.iter().map(|kind| kind.as_str()), KIND)?;
        if !kind.is_written_in_files() {
            let hint = match kind {
                Kind::Genesis => "`servanda init` writes it",
                Kind::ClockCorrected => "`servanda clock correct` writes it",
                Kind::LogKeyChanged => "`servanda key replace-log` writes it, and makes the key",
                Kind::Erasure => "`servanda source erase` writes it, and deletes the documents",
                Kind::Policy => "`servanda policy set` writes it",
                Kind::Attestation => "`servanda attest` writes it",
                Kind::Reaffirmation => "`servanda reaffirm` writes it",
                _ => "a command of its own writes it",
            };
            let message = format!("`{kind}` is not written in announcement files");
            self.decoder.say(value.span.clone(), Code::KindNotHere, message, hint);
            return None;
        }
        Some(kind)
    }

    /// The draft without its evidence, which goes into the fragment: it is told of even if the rest cannot be read.
    fn draft(
        &mut self,
        kind: Kind,
        body: Map<String, Value>,
        common: &[Entry],
        places: &mut Places,
        fragment: &mut Fragment,
    ) -> Option<Draft> {
        let body = Body::read(kind, Value::Object(body));
        let id = find(common, "id").and_then(|node| self.announcement_id(node));
        let announced = match find(common, "announced") {
            Some(_) => self.date_at(common, "announced"),
            None => self.top.announced.clone(),
        };
        fragment.announced = announced.as_ref().map(|(date, _)| date.clone());
        let own = evidence::read(common, &mut self.decoder, &mut self.documents);
        let brought = if own.sources.is_empty() { Brought::ByFile } else { Brought::ByItself };
        let mut evidence = own.or(&self.top.evidence);
        let standing = self.standing(common).or(self.top.standing).unwrap_or_default();
        let note = find(common, "note").and_then(|node| self.decoder.text(node, "note"));
        let wording = self.wording(common, kind);
        self.decoder.settle_seasons(&wording);
        if let Some((_, span)) = &announced {
            places.fields.entry("announced".to_owned()).or_insert_with(|| span.clone());
        }
        places.fields.extend(evidence.places());
        if evidence.unread {
            // The file is refused for it; the rest of the announcement is looked at as if it rested on something.
            evidence = EvidenceAt { none: Some(("unread".to_owned(), 0..0)), ..EvidenceAt::default() };
        }
        let EvidenceAt { sources, quotes, none, .. } = evidence;
        fragment.unsupported = sources.is_empty() && none.is_none() && !kind.is_about_ledger();
        fragment.sources = sources.into_iter().map(|(source, _)| source).collect();
        fragment.quotes = quotes.into_iter().map(|(quote, _)| quote).collect();
        let announcement = Announcement {
            announced: announced.map(|(date, _)| date),
            standing,
            note,
            wording,
            no_evidence: none.map(|(reason, _)| reason),
            // A body that does not decode was told of, field by field.
            ..Announcement::of(body.ok()?)
        };
        Some(Draft { id, brought, ..Draft::of(announcement) })
    }

    fn announcement_id(&mut self, node: &Node) -> Option<AnnouncementId> {
        let text = self.decoder.text(node, "id")?;
        AnnouncementId::parse(&text)
            .map_err(|error| self.decoder.say(node.span.clone(), Code::NotId, error.to_string(), &error.hint()))
            .ok()
    }

    fn date_at(&mut self, entries: &[Entry], key: &str) -> Option<(Date, Range<usize>)> {
        let node = find(entries, key)?;
        Some((self.decoder.date(node, key)?, node.span.clone()))
    }

    fn standing(&mut self, entries: &[Entry]) -> Option<Standing> {
        let node = find(entries, "standing")?;
        self.decoder.parsed_word(node, Standing::ALL.iter().map(|word| word.as_str()), "standing")
    }

    /// The source's own words, each beside a date that the announcement may have.
    fn wording(&mut self, entries: &[Entry], kind: Kind) -> BTreeMap<String, String> {
        let Some(node) = find(entries, "wording") else { return BTreeMap::new() };
        let Some(words) = self.decoder.map(node, "`wording`") else { return BTreeMap::new() };
        let known: Vec<&str> = date_keys(kind.record()).into_iter().collect();
        self.decoder.only(words, &known, &format!("among the dates of a {kind}"));
        words
            .iter()
            .filter_map(|entry| Some((entry.key.clone(), self.decoder.text(&entry.value, &entry.key)?)))
            .collect()
    }

    /// What could not be read still has its names, so that naming it is no second mistake.
    fn remember_described(&mut self, kind: Kind, entries: &[Entry]) {
        let mut remember = |namespace, node: Option<&Node>| {
            let folded = node.and_then(Node::text).map(str::to_ascii_lowercase);
            self.batch.also_described.extend(folded.map(|name| (namespace, name)));
        };
        if !kind.is_description() {
            remember(Namespace::Announcement, find(entries, "id"));
        }
        let (namespace, node) = match kind {
            Kind::Party => (Namespace::Party, find(entries, "id")),
            Kind::Agreement => (Namespace::Agreement, find(entries, "id")),
            Kind::Mission => (Namespace::Mission, find(entries, "id")),
            Kind::Memorandum => {
                let agreement = find(entries, "agreement").and_then(|node| node.entries());
                (Namespace::Agreement, agreement.and_then(|entries| find(entries, "id")))
            }
            _ => return,
        };
        remember(namespace, node);
    }
}

/// The value of a key.
fn find<'n>(entries: &'n [Entry], key: &str) -> Option<&'n Node> {
    entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
}

/// A short place for what is wrong with a map as a whole.
fn first_key(node: &Node) -> Range<usize> {
    node.entries().and_then(|entries| entries.first()).map_or_else(|| node.span.clone(), |entry| entry.key_span.clone())
}
