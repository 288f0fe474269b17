//! Verifies a published log of which one file was changed: the first bytes say which and how, the rest is what is put there. It
//! never passes if an entry, a tile, a proof or a copied key is another, nor if the checkpoint says something else.
#![no_main]

use std::ffi::OsString;
use std::fs;
use std::io::{Cursor, empty};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use servanda::cli::environment::Surroundings;
use servanda::cli::run;
use servanda::integrity::checkpoint::Verified;
use servanda::integrity::proof_file::InclusionFile;
use servanda_fuzz::{KnownLog, log_key, moment};

/// A published log, and what its files have.
struct Published {
    folder: PathBuf,
    files: Vec<(PathBuf, Vec<u8>)>,
}

fuzz_target!(init: { (small(), large()) }, |bytes: &[u8]| {
    let [which, file, how, at_high, at_low, rest @ ..] = bytes else { return };
    let log = if *which == b'l' { large() } else { small() };
    let (path, original) = &log.files[usize::from(*file) % log.files.len()];
    let at = usize::from(u16::from_be_bytes([*at_high, *at_low])).min(original.len());
    let (before, after) = original.split_at(at);
    let changed = match how {
        b'd' => None,
        // In place of the whole file.
        b'w' => Some(rest.to_vec()),
        // Cut off, and gone on with.
        b'c' => Some([before, rest].concat()),
        // Put between.
        b'i' => Some([before, rest, after].concat()),
        // In place of as many bytes.
        _ => Some([before, rest, after.get(rest.len()..).unwrap_or_default()].concat()),
    };
    match &changed {
        Some(bytes) => fs::write(path, bytes).expect("it can be written"),
        None => fs::remove_file(path).expect("it is there"),
    }
    let passed = passes(&log.folder);
    fs::write(path, original).expect("it can be written");
    if passed {
        let is_same = changed.as_ref() == Some(original);
        assert!(is_same || is_allowed(log, path, original, changed.as_deref()), "{} passes", path.display());
    }
});

/// Whether a file that was changed may pass: nobody vouches for other signatures beside the log's, nor for extra data of a
/// proof, and a proof that is not there is none.
fn is_allowed(log: &Published, path: &Path, original: &[u8], changed: Option<&[u8]>) -> bool {
    let name = path.strip_prefix(&log.folder).expect("it lies in there");
    let is_proof = name.starts_with("proofs");
    let Some(changed) = changed else { return is_proof || name.starts_with("checkpoints") };
    let note = |bytes: &[u8]| Some(Verified::open(bytes, &log_key()).ok()?.alone());
    let proof = |bytes: &[u8]| {
        let file = InclusionFile::parse(str::from_utf8(bytes).ok()?).ok()?;
        Some((file.index, file.path, note(file.checkpoint.as_bytes())?))
    };
    let is_same_note = note(changed).is_some() && note(changed) == note(original);
    is_same_note || (is_proof && proof(changed).is_some() && proof(changed) == proof(original))
}

fn small() -> &'static Published {
    static LOG: OnceLock<Published> = OnceLock::new();
    LOG.get_or_init(|| Published::new(2))
}

fn large() -> &'static Published {
    static LOG: OnceLock<Published> = OnceLock::new();
    LOG.get_or_init(|| Published::new(256))
}

impl Published {
    fn new(missions: usize) -> Self {
        let log = KnownLog::new(missions);
        let mut files = Vec::new();
        walk(&log.published, &mut files);
        files.sort();
        assert!(passes(&log.published), "it is published as it should be");
        Self { folder: log.published, files }
    }
}

fn walk(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("it can be listed") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            walk(&path, files);
        } else if files.iter().filter(|(file, _)| file.parent() == path.parent()).count() < 16 {
            let bytes = fs::read(&path).expect("it can be read");
            files.push((path, bytes));
        }
    }
}

/// What `verify --export` says of a folder.
fn passes(folder: &Path) -> bool {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut around = Surroundings {
        now: moment(10_000),
        clock: &|| moment(10_000),
        utc_offset_s: 0,
        elapsed: &|| Duration::ZERO,
        watch_interrupt: &|| Ok(Box::new(|| false)),
        watch_hangup: &|| Ok(Box::new(|| false)),
        variable: &|_| None,
        folder: folder.to_owned(),
        pid: std::process::id(),
        entropy: &|| Ok([5; 32]),
        stdin: &mut empty(),
        out: &mut Cursor::new(&mut out),
        err: &mut Cursor::new(&mut err),
        show: &|_| (),
        out_is_terminal: false,
        err_is_terminal: false,
        width: None,
    };
    let key = log_key().to_string();
    let arguments = ["servanda", "verify", "--export", ".", "--vkey", &key, "--json"].map(OsString::from);
    let code = run(arguments, &mut around);
    let said = String::from_utf8(out).expect("answers are text");
    assert!(code <= 4, "exit {code}");
    assert_eq!(code == 0, said.contains("\"passed\":true"), "exit {code}: {said}");
    assert!(code == 0 || !said.is_empty() || !err.is_empty(), "exit {code} without a word");
    code == 0
}
