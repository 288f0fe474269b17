//! Reads announcement files, the first byte says in which format, and admits what they announce to a ledger. Every problem
//! lies within the file and can be shown safely; what is admitted is read again as the same.
#![no_main]

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::slice;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use servanda::cli::diagnostic::{Level, Problem, render};
use servanda::domain::announcement::Body;
use servanda::exchange::announcement_file::{AnnouncementFile, FileProblem};
use servanda::exchange::tree::Format;
use servanda::ledger::write::genesis::StagedLedger;
use servanda::ledger::{AppendError, Options};
use servanda_fuzz::{folder, founded, key, moment};

/// A document that seeds name.
const TIMES: &str = include_str!("../../../fixtures/ilrs/october-2023/sources/technology-times-2023-10.md");

/// The most problems that are shown, of one file.
const SHOWN: usize = 20;

thread_local! {
    static LEDGER: RefCell<StagedLedger> = RefCell::new(founded("ledger"));
}

fuzz_target!(|bytes: &[u8]| {
    let Some((format, bytes)) = bytes.split_first() else { return };
    let (format, name) = match format {
        b'y' => (Some(Format::Yaml), "a.yaml"),
        b't' => (Some(Format::Toml), "a.toml"),
        b'j' => (Some(Format::Json), "a.json"),
        b'n' => (Some(Format::Ndjson), "a.ndjson"),
        _ => (None, "-"),
    };
    let mut file = AnnouncementFile::read(name, format, bytes, documents());
    check_problems(&file, file.problems.clone());
    let Ok(()) = file.batch.bring_salts(|| Ok::<_, std::convert::Infallible>([5; 32]));
    let problems = LEDGER.with_borrow_mut(|founded| admit(founded, &file));
    check_problems(&file, problems);
});

/// What the ledger would say; what it takes is checked.
fn admit(founded: &mut StagedLedger, file: &AnnouncementFile) -> Vec<FileProblem> {
    let how = Options { dry_run: true, ..Options::default() };
    let findings = match founded.ledger.append(slice::from_ref(&file.batch), how, &key(), moment(1000)) {
        Ok(appended) => {
            let preview = appended.preview.expect("it was asked for");
            for event in preview.new.events() {
                let body = &event.announcement.body;
                let again = Body::read(body.kind(), body.to_value()).expect("it was admitted");
                assert_eq!(&again, body);
            }
            appended.batches.into_iter().flat_map(|outcome| outcome.warnings).collect()
        }
        Err(AppendError::NotAdmissible { findings }) => findings.concat(),
        Err(_) => Vec::new(),
    };
    findings.iter().map(|finding| file.place(finding)).collect()
}

fn check_problems(file: &AnnouncementFile, problems: Vec<FileProblem>) {
    let text = &file.source.text;
    let shown = |FileProblem { span, code, message, hint }: FileProblem| {
        assert!(span.start <= span.end && span.end <= text.len(), "{span:?} of {} bytes: {message}", text.len());
        Problem { level: Level::Error, code: code.to_string(), title: message, label: None, span, hint }
    };
    let problems: Vec<Problem> = problems.into_iter().map(shown).take(SHOWN).collect();
    let rendered = render(&file.source, &problems, 100, false);
    assert!(!rendered.contains(|c: char| c.is_control() && c != '\n'), "{rendered:?}");
    if let Some(problem) = problems.first() {
        assert!(rendered.starts_with(&format!("error[{}]", problem.code)), "{rendered}");
    }
}

/// A folder with documents that files may name.
fn documents() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = folder().join("documents");
        fs::create_dir_all(folder.join("sources")).expect("a folder can be made");
        fs::write(folder.join("sources/technology-times-2023-10.md"), TIMES).expect("it can be written");
        let said = "Pakistan signed the agreement on 18 October 2023.\n";
        fs::write(folder.join("a.md"), said).expect("it can be written");
        fs::write(folder.join("a.html"), format!("<p>{said}</p>")).expect("it can be written");
        folder
    })
}
