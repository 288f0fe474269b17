//! One desk for all tests: a ledger in a temporary folder, the binary, and announcements in a line each.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use servanda::cli::exit::Exit;
use servanda::domain::announcement::{Announcement, Body};
use servanda::domain::id::{Origin, Recorder};
use servanda::domain::source::{Grade, Source};
use servanda::domain::timestamp::Timestamp;
use servanda::event::Snapshot;
use servanda::integrity::{EVENT_NAMESPACE, SigningKey};
use servanda::ledger::write::genesis::{NewLedger, StagedLedger};
use servanda::ledger::{
    Access, AppendError, Appended, Batch, Draft, Folder, KeyFile, Ledger, Log, Options, Signer, User,
};

use crate::answers;

/// A temporary folder with a configuration folder of its own, in which the binary runs.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    /// Has the desk's account remember nothing of where logs ended, as another account does.
    pub(crate) fn forget_what_was_seen(&self) {
        let logs = fs::read_dir(self.path().join("state/servanda/_logs")).expect("it remembers logs").flatten();
        let of_log = logs.flat_map(|name| fs::read_dir(name.path()).into_iter().flatten().flatten());
        for of_log in of_log {
            let _ = fs::remove_file(of_log.path().join("seen"));
        }
    }

    /// An empty desk.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder can be made") }
    }

    /// Where everything lies.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file below the desk, with its folders.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("folders can be made");
        fs::write(&path, content).expect("a file can be written");
        path
    }

    /// The binary with its arguments, in the desk's folder and with nothing of the caller's environment.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_servanda"));
        command.args(arguments).current_dir(self.path()).env_clear().env("XDG_CONFIG_HOME", self.path().join("config"));
        command.env("XDG_STATE_HOME", self.path().join("state"));
        command.env("XDG_CACHE_HOME", self.path().join("cache"));
        command
    }

    /// A ledger below the desk, for the account that the binary has here.
    pub(crate) fn ledger(&self, name: &str) -> Folder {
        of_account(self.path(), name)
    }

    /// Runs the binary with words that have no spaces in them.
    pub(crate) fn run(&self, line: &str) -> Answer {
        Answer::of(&self.command(line.split_whitespace()).output().expect("the binary runs"))
    }

    /// A ledger of the fixtures' folders, in `ilrs.servanda`.
    pub(crate) fn with_ilrs(folders: &[&str]) -> Self {
        let desk = Self::new();
        let mut arguments = ["append", "--init", "--ledger", "ilrs.servanda", "--origin", "test.example/ilrs"]
            .map(str::to_owned)
            .to_vec();
        arguments.extend(folders.iter().map(|folder| fixture(&format!("ilrs/{folder}")).display().to_string()));
        let answer = Answer::of(&desk.command(arguments).output().expect("the binary runs"));
        assert_eq!(answer.code, 0, "{}", answer.err);
        desk
    }
}

/// What the binary answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The exit code; −1 if a signal ended it.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Answer {
    /// Reads a finished process. Whatever it answers in JSON is held against its published schema, and what it tells people is
    /// in words of theirs, whatever befell it.
    #[track_caller]
    pub(crate) fn of(output: &Output) -> Self {
        let answer = Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        if answer.out.starts_with("{\"schema\":") {
            answers::check(&answer.json());
        }
        // Every code is one of the table; 124 is that of `timeout`, and beyond 128 are signals.
        let is_told = Exit::ALL.iter().any(|exit| i32::from(exit.code()) == answer.code);
        assert!(is_told || [-1, 124, 126].contains(&answer.code) || answer.code > 128, "{answer:?}");
        for raw in ["panicked", "Os { code", "ReportableBug", "sled::"] {
            assert!(!answer.err.contains(raw), "{answer:?}");
        }
        answer
    }

    /// The answer as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("no JSON ({error}): {} {}", self.out, self.err))
    }
}

/// It was done.
#[track_caller]
pub(crate) fn done(answer: &Answer) {
    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
}

/// It was refused, for that reason.
#[track_caller]
pub(crate) fn refused(answer: &Answer, because: &str) {
    assert_eq!(answer.code, 1, "{}{}", answer.out, answer.err);
    assert!(answer.err.contains(because), "{}", answer.err);
}

/// Whether what takes long is to be done everywhere, and not only here and there.
pub(crate) fn is_long() -> bool {
    std::env::var_os("SERVANDA_TESTS_LONG").is_some()
}

/// Tells whoever runs the tests.
pub(crate) fn tell(what: &str) {
    writeln!(std::io::stderr(), "{what}").expect("somebody listens");
}

/// A fixture of the project.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// A moment that many milliseconds into 2026-11-23.
pub(crate) fn moment(ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(1_795_392_000_000 + ms).expect("a moment of 2026")
}

/// The key that tests sign with.
pub(crate) fn key() -> KeyFile {
    KeyFile::of(SigningKey::from_seed(&[7; 32]))
}

/// The armor of a statement, by a key at hand.
pub(crate) fn armor(key: &KeyFile, statement: &str) -> String {
    let given = key.sign(statement.as_bytes()).expect("the key is at hand");
    given.armor(&key.public(), EVENT_NAMESPACE, statement.as_bytes()).expect("it signs so")
}

/// How tests open a ledger.
pub(crate) fn access() -> Access {
    Access { holder: "test".to_owned(), lock_timeout: Duration::from_secs(10) }
}

/// A ledger below a desk's folder, for the account that the binary has there.
pub(crate) fn of_account(desk: &Path, name: &str) -> Folder {
    let user = User::at(&desk.join("state/servanda"), || Ok([5; 32])).expect("there is room");
    Folder::at(desk.join(name)).of(Arc::new(user)).with_scratch(desk)
}

/// A new ledger `ledger` below a folder, with its genesis.
pub(crate) fn found(folder: &Path) -> Folder {
    let target = of_account(folder, "ledger");
    let founding = NewLedger {
        origin: Origin::parse("test.example/ledger").expect("an origin"),
        recorder: Recorder::parse("recorder").expect("a recorder"),
        log_key_seed: &[9; 32],
        now: moment(0),
    };
    let founded = StagedLedger::new(&target, founding, &key(), &access()).expect("a ledger can be founded");
    founded.publish().expect("it can be moved into place")
}

/// A draft that rests on nothing, and says why.
pub(crate) fn draft(body: impl Into<Body>) -> Draft {
    let mut announcement = Announcement::of(body);
    announcement.no_evidence = Some("made up for a test".to_owned());
    Draft::of(announcement)
}

/// Appends one batch.
pub(crate) fn append(folder: &Folder, drafts: Vec<Draft>) -> Result<Appended, AppendError> {
    let mut ledger = Ledger::open(folder, &access()).expect("the ledger opens");
    let batch = Batch { drafts, ..Batch::default() };
    ledger.append(&[batch], Options::default(), &key(), moment(1000))
}

/// The log as a reader has it.
pub(crate) fn read(folder: &Folder) -> (Log, Snapshot) {
    let log = Log::read(folder, &access()).expect("the log can be read");
    let snapshot = log.snapshot().expect("the chain holds");
    (log, snapshot)
}

/// A body, from the keys of its kind in JSON.
pub(crate) fn body(kind: &str, fields: serde_json::Value) -> Body {
    Body::read(kind.parse().expect("a kind"), fields).expect("the fields are of that kind")
}

/// Anything that is written as one text: an id, a date, a code, a word.
pub(crate) fn name<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_value(text.into()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A source whose document is still to come.
pub(crate) fn source() -> Source {
    Source {
        publisher: "The host".to_owned(),
        title: None,
        url: None,
        published: None,
        retrieved: None,
        grade: Grade::Host,
        document: None,
    }
}
