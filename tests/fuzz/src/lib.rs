//! What the targets share: keys that are made of fixed seeds, and a small log that is the same in every run.

pub mod framed;
pub mod signed;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};
use servanda::domain::announcement::{Announcement, Body};
use servanda::domain::day::Day;
use servanda::domain::id::{Origin, Recorder};
use servanda::domain::timestamp::Timestamp;
use servanda::integrity::checkpoint::Verified;
use servanda::integrity::merkle::{Node, Tree};
use servanda::integrity::note_key::{WitnessKey, WitnessSigner};
use servanda::integrity::proof_file::ConsistencyFile;
use servanda::integrity::{LogSigner, SigningKey, Vkey};
use servanda::ledger::publish::tiles::{proof_file, publish, put};
use servanda::ledger::recover::backup::backup;
use servanda::ledger::state::authority::Authority;
use servanda::ledger::write::genesis::{NewLedger, StagedLedger};
use servanda::ledger::{Access, Batch, Draft, Folder, KeyFile, Ledger, Log, Options};
use servanda::query::certificate::certify;
use servanda::query::keys::keys;

/// The log's name.
pub const ORIGIN: &str = "fuzz.example/ledger";

/// How many events are published with a proof.
const PROOFS: usize = 8;

/// A folder of this process, in memory where the system has such a place. Who starts the process removes it, by `TMPDIR`.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| tempfile::tempdir().expect("a temporary folder can be made").keep())
}

/// The recorder's key.
pub fn key() -> KeyFile {
    KeyFile::of(SigningKey::from_seed(&[7; 32]))
}

/// The log's key.
pub fn log_signer() -> LogSigner {
    LogSigner::from_seed(ORIGIN, &[9; 32]).expect("a good name")
}

/// Its public half.
pub fn log_key() -> Vkey {
    log_signer().vkey()
}

/// A witness's key.
pub fn witness_signer() -> WitnessSigner {
    WitnessSigner::from_seed("witness.example", &[4; 32]).expect("a good name")
}

/// Its public half.
pub fn witness_key() -> WitnessKey {
    witness_signer().vkey()
}

/// How ledgers are opened here.
pub fn access() -> Access {
    Access { holder: format!("fuzz {}", std::process::id()), lock_timeout: Duration::from_secs(10) }
}

/// A moment that many milliseconds into 2026-11-23.
pub fn moment(ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(1_795_392_000_000 + ms).expect("a moment of 2026")
}

/// A ledger with its genesis and nothing else, open for writing, in a folder of that name.
pub fn founded(name: &str) -> StagedLedger {
    let founding = NewLedger {
        origin: Origin::parse(ORIGIN).expect("an origin"),
        recorder: Recorder::parse("recorder").expect("a recorder"),
        log_key_seed: &[9; 32],
        now: moment(0),
    };
    StagedLedger::new(&Folder::at(folder().join(name)), founding, &key(), &access()).expect("a ledger can be founded")
}

/// A draft that rests on nothing, and says why.
pub fn draft(kind: &str, fields: Value) -> Draft {
    let body = Body::read(kind.parse().expect("a kind"), fields).expect("the fields are of that kind");
    let no_evidence = Some("made up".to_owned());
    Draft::of(Announcement { no_evidence, ..Announcement::of(body) })
}

fn append(ledger: &mut Ledger, drafts: Vec<Draft>, ms: i64) {
    let batch = Batch { drafts, ..Batch::default() };
    ledger.append(&[batch], Options::default(), &key(), moment(ms)).expect("it is admissible");
}

/// The bytes of a ledger's backup.
fn backed_up(ledger: &Folder) -> Vec<u8> {
    let file = ledger.path().with_extension("backup");
    backup(ledger, &file, &access()).expect("nothing is there");
    std::fs::read(&file).expect("it was written")
}

/// A log whose every byte is known: a genesis, a party, an agreement, a joining, and missions.
pub struct KnownLog {
    /// The events' bytes.
    pub events: Vec<Vec<u8>>,
    /// The checkpoint behind the agreement.
    pub older: Verified,
    /// The checkpoint at the end, with a witness's signature under it.
    pub newer: Verified,
    /// For each event, the way from it to the root of `newer`.
    pub paths: Vec<Vec<Node>>,
    /// The proof that `newer` goes on from `older`.
    pub consistency: ConsistencyFile,
    /// Why the party is what it is, as a certificate.
    pub certificate: String,
    /// The log's ledger, backed up.
    pub backup: Vec<u8>,
    /// Where it is published, with proofs of its first events.
    pub published: PathBuf,
}

impl KnownLog {
    /// A log with that many missions at its end.
    pub fn new(missions: usize) -> Self {
        let name = format!("log-{missions}");
        let target = founded(&name).publish().expect("nothing is there");
        let mut ledger = Ledger::open(&target, &access()).expect("the ledger opens");
        let party = draft("party", json!({"id": "pakistan", "name": "Pakistan", "type": "state"}));
        let agreement = draft("agreement", json!({"id": "ilrs", "title": "ILRS", "type": "programme"}));
        append(&mut ledger, vec![party, agreement], 1000);
        let older = ledger.checkpoint(&log_signer()).expect("it can be signed");
        let joining = draft("joining", json!({"party": "pakistan", "agreement": "ilrs", "occurred": "2023-10-18"}));
        let mission = |number| draft("mission", json!({"id": format!("m{number}"), "title": "A mission"}));
        append(&mut ledger, std::iter::once(joining).chain((0..missions).map(mission)).collect(), 2000);
        let newer = ledger.checkpoint(&log_signer()).expect("it can be signed");
        drop(ledger);
        let backup = backed_up(&target);
        let log = Log::read(&target, &access()).expect("the log can be read");
        let snapshot = log.hashed_snapshot().expect("the chain holds");
        let cosigned = witness_signer().cosign(&newer, 1_795_392_100);
        let newer = newer.with([cosigned]);
        let size = newer.size();
        let tree = log.tree(size).expect("it is that large");
        let asked = ("pakistan", "ilrs", Day::parse("2023-10-19").expect("a day"));
        let certificate = certify(&log, &newer, &snapshot, asked).expect("the question has an answer");
        let published = folder().join(format!("{name}.public"));
        let beside = [
            ("log.vkey", format!("{}\n", log_key()).into_bytes()),
            ("allowed_signers", keys(&snapshot).allowed_signers().into_bytes()),
        ];
        publish(&log, &newer, &Authority::of(&snapshot.events), &published, &beside).expect("it can be published");
        for proof in log.proofs(&newer).expect("it can be proved").take(PROOFS) {
            let proof = proof.expect("it can be proved");
            put(&proof_file(&published, proof.index), proof.text().as_bytes()).expect("it can be written");
        }
        Self {
            events: (0..size).map(|seq| log.value(seq).expect("within").expect("it can be read")).collect(),
            paths: (0..size).map(|seq| tree.inclusion(seq, size).expect("within")).collect(),
            consistency: log.prove_consistency(&older, &newer).expect("it goes on"),
            backup,
            certificate: serde_json::to_string(&certificate).expect("it is JSON"),
            older,
            newer,
            published,
        }
    }
}
