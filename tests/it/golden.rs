//! That bytes written years ago still mean what they meant: golden events of format 1.
//!
//! `fixtures/golden/v1` is frozen: files are only added. `SERVANDA_BLESS_NEW=1` writes those that are missing, and never
//! touches one that is there. `HASHES` lists what other implementations have to find for the same bytes.

mod bodies;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use bodies::{ORIGIN, announcements};
use servanda::domain::announcement::{Announcement, Kind};
use servanda::domain::id::AnnouncementId;
use servanda::domain::shape::{Record, Shape};
use servanda::event::Event;
use servanda::event::statement::{Header, content_hash, default_id, split, write_statement};
use servanda::integrity::SigningKey;
use servanda::integrity::digest::{event_hash, genesis_prev};
use servanda::integrity::signature::{self, EVENT_NAMESPACE};

use crate::support::{fixture, name};

const HASHES_HEAD: &str = "# name, event hash, content hash, leaf\n";
/// Positions in the golden ledger, and its last possible one.
const SEQ: u64 = 41;
const SEQ_MAX: u64 = (1 << 53) - 1;

/// A golden event, as it was made.
struct Golden {
    name: String,
    header: Header,
    id: AnnouncementId,
    announcement: Announcement,
}

impl Golden {
    fn all() -> Vec<Self> {
        let mut all: Vec<Self> = announcements().into_iter().map(|(file, said)| Self::alone(file, said)).collect();
        let joining = all.iter().find(|golden| golden.name == "joining").expect("a joining is golden");
        let mut member = Self::alone("batch-member", joining.announcement.clone());
        member.header.batch = SEQ + 2;
        all.push(member);
        all
    }

    /// An event that is a batch of its own.
    fn alone(file: &str, announcement: Announcement) -> Self {
        let content = content_hash(&announcement).expect("golden announcements are canonical");
        let (seq, prev) = match file {
            "genesis" => (0, genesis_prev(ORIGIN)),
            "minimal-joining" => (SEQ_MAX, event_hash(file.as_bytes())),
            _ => (SEQ, event_hash(file.as_bytes())),
        };
        let header = Header {
            batch: seq,
            ledger: name(ORIGIN),
            prev,
            recorded: name("2026-11-22T09:30:00.125Z"),
            recorder: name("desk@ministry.example"),
            seq,
        };
        let id = match file {
            "joining" => name("pakistan-joins-ilrs"),
            _ => default_id(&announcement, content),
        };
        Self { name: file.to_owned(), header, id, announcement }
    }

    /// The bytes that this program writes for it.
    fn written(&self) -> Vec<u8> {
        signed(&self.header, &self.id, &self.announcement)
    }

    fn path(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.event", self.name))
    }

    /// The bytes that were written once.
    fn kept(&self) -> Vec<u8> {
        fs::read(self.path(folder())).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// The line of `HASHES` for it.
    fn hashes(&self, bytes: &[u8]) -> String {
        let content = content_hash(&self.announcement).expect("golden announcements are canonical");
        let leaf = Sha256::new().chain_update([0]).chain_update(bytes).finalize();
        format!("{} {} {content} {leaf:x}", self.name, event_hash(bytes))
    }
}

#[test]
fn events_are_written_byte_for_byte_as_ever() {
    for golden in Golden::all() {
        let (written, kept) = (golden.written(), golden.kept());
        assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(&kept), "{}", golden.name);
        assert_eq!(written, kept, "{}", golden.name);
    }
}

#[test]
fn a_golden_event_reads_back_into_what_was_announced() {
    for golden in Golden::all() {
        let bytes = golden.kept();
        let event = Event::read(&bytes).unwrap_or_else(|error| panic!("{}: {error}", golden.name));
        assert_eq!(event.header, golden.header, "{}", golden.name);
        assert_eq!(event.id, golden.id, "{}", golden.name);
        assert_eq!(event.announcement, golden.announcement, "{}", golden.name);
        assert_eq!(event.hash, event_hash(&bytes), "{}", golden.name);
        assert_eq!(signed(&event.header, &event.id, &event.announcement), bytes, "{}", golden.name);
    }
}

#[test]
fn a_golden_signature_is_the_test_keys_and_stands_where_a_batch_ends() {
    for golden in Golden::all() {
        let bytes = golden.kept();
        let (statement, armor) = split(&bytes).expect("a golden event");
        assert_eq!(armor.is_some(), golden.name != "batch-member", "{}", golden.name);
        let Some(armor) = armor else { continue };
        let signer = signature::verify(armor, EVENT_NAMESPACE, format!("{statement}\n").as_bytes());
        assert_eq!(signer, Ok(key().public()), "{}", golden.name);
    }
}

#[test]
fn other_implementations_are_told_every_hash() {
    let listed = fs::read_to_string(folder().join("HASHES")).expect("the list is there");
    let hashes = |golden: &Golden| golden.hashes(&golden.kept());
    let expected: BTreeSet<String> = Golden::all().iter().map(hashes).chain([origin_line()]).collect();
    let lines: Vec<&str> = listed.strip_prefix(HASHES_HEAD).expect("it begins with its columns").lines().collect();
    assert_eq!(lines.len(), expected.len(), "one line a golden event, and one for the origin");
    assert_eq!(lines.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), expected);
}

#[test]
fn every_golden_file_is_held_to_its_announcement() {
    let files: BTreeSet<PathBuf> = fs::read_dir(folder())
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| !path.ends_with("HASHES"))
        .collect();
    let golden = Golden::all();
    let named: BTreeSet<PathBuf> = golden.iter().map(|golden| golden.path(folder())).collect();
    assert_eq!(named.len(), golden.len(), "each name once");
    assert_eq!(files, named);
}

#[test]
fn every_key_of_every_kind_is_in_a_golden_event() {
    let mut found: BTreeMap<Kind, BTreeSet<String>> = BTreeMap::new();
    for golden in Golden::all() {
        let body = &golden.announcement.body;
        keys_of_value("", &body.to_value(), found.entry(body.kind()).or_default());
        assert!(Kind::ALL.iter().all(|kind| kind.as_str() != golden.name || *kind == body.kind()), "{}", golden.name);
    }
    for kind in Kind::ALL {
        assert!(Golden::all().iter().any(|golden| golden.name == kind.as_str()), "no {kind}.event");
        let mut expected = BTreeSet::new();
        keys_of_record("", kind.record(), &mut expected);
        let missing: Vec<_> = expected.difference(&found[kind]).collect();
        assert!(missing.is_empty(), "{kind}: {missing:?}");
    }
}

#[test]
fn every_key_beside_the_body_is_in_a_golden_event() {
    let mut found = BTreeSet::new();
    for golden in Golden::all() {
        let bytes = golden.kept();
        let (statement, _) = split(&bytes).expect("a golden event");
        let mut value: Value = serde_json::from_str(statement).expect("statements are JSON");
        for free in ["body", "wording"] {
            if let Some(value) = value.get_mut(free) {
                *value = Value::Bool(true);
            }
        }
        keys_of_value("", &value, &mut found);
    }
    let expected = "announced batch body evidence evidence.at evidence.quote evidence.source \
        evidence.source.document evidence.source.document.b3 evidence.source.document.commit \
        evidence.source.document.len evidence.source.document.text evidence.source.document.text.b3 \
        evidence.source.document.text.len evidence.source.document.type evidence.source.grade \
        evidence.source.published evidence.source.publisher evidence.source.retrieved evidence.source.title \
        evidence.source.url id kind ledger no_evidence note prev recorded recorder seq source_ref standing v wording";
    assert_eq!(found, expected.split_whitespace().map(str::to_owned).collect());
}

/// Writes what is missing.
fn bless(folder: &Path) {
    fs::create_dir_all(folder).expect("the folder can be made");
    let list = folder.join("HASHES");
    let mut listed = fs::read_to_string(&list).unwrap_or_else(|_| format!("{HASHES_HEAD}{}\n", origin_line()));
    for golden in Golden::all() {
        let path = golden.path(folder);
        if !path.exists() {
            fs::write(&path, golden.written()).expect("a golden file can be written");
        }
        let bytes = fs::read(&path).expect("it is there now");
        if !listed.lines().any(|line| line.split(' ').next() == Some(&golden.name)) {
            listed += &golden.hashes(&bytes);
            listed.push('\n');
        }
    }
    fs::write(list, listed).expect("the list can be written");
}

/// The origin stands where a name stands, and the first event's `prev` where hashes do.
fn origin_line() -> String {
    format!("{ORIGIN} {}", genesis_prev(ORIGIN))
}

fn signed(header: &Header, id: &AnnouncementId, announcement: &Announcement) -> Vec<u8> {
    let mut text = write_statement(header, id, announcement).expect("golden announcements fit");
    if header.ends_batch() {
        text += &key().sign(EVENT_NAMESPACE, text.as_bytes());
    }
    text.into_bytes()
}

fn key() -> SigningKey {
    SigningKey::from_seed(&[7; 32])
}

/// Where golden files are, with those that are missing written if that was asked for.
fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = fixture("golden/v1");
        if std::env::var_os("SERVANDA_BLESS_NEW").is_some_and(|value| value == "1") {
            bless(&folder);
        }
        folder
    });
    &FOLDER
}

/// The way to every key, lists passed through. What replaces a corrected announcement is of a kind that is told elsewhere.
fn keys_of_record(path: &str, record: &Record, found: &mut BTreeSet<String>) {
    for field in record.fields {
        let path = format!("{path}{}", field.name());
        let mut shape = field.shape;
        while let Shape::List(inner) = shape {
            shape = *inner;
        }
        if let Shape::Record(inner) = shape {
            keys_of_record(&format!("{path}."), inner, found);
        }
        found.insert(path);
    }
}

fn keys_of_value(path: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                found.insert(format!("{path}{key}"));
                keys_of_value(&format!("{path}{key}."), value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys_of_value(path, item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
