//! Personal documents: whoever has the events, the facts or an export can learn nothing of them, not even by guessing, and
//! whoever has the ledger can read and check them. The worries are a hash or a passage that slips out somewhere, a second
//! commitment for the same file, and a document or a salt that is swapped without being noticed.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use servanda::integrity::digest::{Salt, commitment, document_hash};
use servanda::ledger::DraftDocument;
use servanda::ledger::verify::Layer;

use crate::support::Desk;

pub(crate) const LETTER: &str = "Dear colleague,\nMrs Example of 5 Sample Street signed on 18 October.\nYours\n";
const QUOTE: &str = "Mrs Example of 5 Sample Street signed";
/// Personal evidence in two announcements, of which one has an id.
pub(crate) const FILE: &str = "\
source: { publisher: The host, grade: host, document: letter.txt, personal: true }
announcements:
  - { kind: party, id: pakistan, name: Pakistan, type: state, evidence: { none: made up } }
  - { kind: agreement, id: ilrs, title: ILRS, type: programme, evidence: { none: made up } }
  - { kind: joining, id: joins, party: pakistan, agreement: ilrs, occurred: 2023-10-18, quote: Mrs Example of 5 Sample Street signed }
  - { kind: milestone, agreement: ilrs, act: opened, occurred: 2023-10-18, quote: [signed on 18 October, Dear colleague] }
";

/// A desk with a ledger of that file.
pub(crate) fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("letter.txt", LETTER);
    desk.write("file.yaml", FILE);
    let answer = desk.run("append --init --ledger l file.yaml");
    assert_eq!(answer.code, 0, "{}", answer.err);
    desk
}

/// The files of a folder and below it.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// The faults of a layer, by `verify`.
pub(crate) fn faults(desk: &Desk, layer: Layer) -> Vec<String> {
    let report = desk.run("verify --ledger l --json").json();
    let layers = report["layers"].as_array().expect("layers");
    let own = layers.iter().find(|of| of["layer"] == layer.as_str()).expect("every layer is told of");
    let faults = own["faults"].as_array().expect("faults");
    let others = layers.iter().filter(|of| of["layer"] != layer.as_str() && of["verdict"] == "fail").count();
    assert_eq!(others, 0, "another layer fails: {report:#}");
    faults.iter().map(|fault| fault["what"].as_str().expect("words").to_owned()).collect()
}

/// The address of the letter, and where it and its salt lie.
pub(crate) fn kept(desk: &Desk) -> (String, PathBuf, PathBuf) {
    let shown = desk.run("source list --ledger l --json").json();
    let sources = shown["sources"].as_array().expect("sources");
    let commit = sources.iter().find_map(|source| source["document"]["commit"].as_str()).expect("one is personal");
    let folder = desk.path().join("l/documents");
    (commit.to_owned(), folder.join(commit), folder.join(format!("{commit}.salt")))
}

#[test]
fn a_personal_document_is_committed_to_and_its_quotes_are_places() {
    let desk = desk();
    let (commit, document, salt) = kept(&desk);
    assert_eq!(fs::read(document).expect("it is kept"), LETTER.as_bytes());
    let salt: [u8; 32] = fs::read(salt).expect("it lies beside it").try_into().expect("32 bytes");
    assert_eq!(commitment(&Salt::from_bytes(salt), LETTER.as_bytes()).to_string(), commit);

    let event = desk.run("show joins --ledger l --raw").out;
    let statement: Value = serde_json::from_str(event.lines().next().expect("a statement")).expect("JSON");
    let document = json!({ "commit": commit, "len": LETTER.len(), "type": "text/plain" });
    assert_eq!(statement["evidence"][0]["source"]["document"], document);
    let start = LETTER.find(QUOTE).expect("it stands there");
    assert_eq!(statement["evidence"][0]["at"], json!([start, start + QUOTE.len()]));
    assert_eq!(statement["evidence"][0].as_object().map(serde_json::Map::len), Some(2), "there is no quote");

    let verified = desk.run("verify --ledger l");
    assert_eq!(verified.code, 0, "{}", verified.out);
    assert!(verified.out.contains("1 of 1 files") && verified.out.contains("3 quotes"), "{}", verified.out);
}

#[test]
fn whoever_has_the_ledger_can_read_it() {
    let desk = desk();
    let (commit, ..) = kept(&desk);
    assert_eq!(desk.run(&format!("source text {} --ledger l", &commit[..8])).out, LETTER);
    let shown = desk.run(&format!("source show {} --ledger l", &commit[..8])).out;
    assert!(shown.contains(&format!("“{QUOTE}”")) && shown.contains("personal"), "{shown}");
    let why = desk.run("why pakistan ilrs --on 2023-10-19 --ledger l").out;
    assert!(why.contains("a passage, bytes") && why.contains("line 2") && !why.contains("Example"), "{why}");
    let check = desk.run("source check --ledger l");
    assert!(check.code == 0 && check.out.contains("3 of 3"), "{}", check.out);
}

#[test]
fn neither_its_hash_nor_its_words_are_anywhere_else() {
    let desk = desk();
    let (commit, document, salt_file) = kept(&desk);
    for line in [
        "checkpoint --ledger l",
        "export tiles public --with-documents --with-proofs --ledger l",
        "export ndjson events.ndjson --ledger l",
        "export csv history --output history.csv --ledger l",
        "certify pakistan ilrs --on 2023-10-19 --output c.certificate --ledger l",
        "verify --export public --vkey @public/log.vkey",
    ] {
        let answer = desk.run(line);
        assert_eq!(answer.code, 0, "{line}: {} {}", answer.out, answer.err);
    }
    let hash = document_hash(LETTER.as_bytes());
    let salt = fs::read(&salt_file).expect("it is there");
    let letter = desk.path().join("letter.txt");
    let secrets =
        [b"Mrs Example".to_vec(), hash.to_string().into_bytes(), hash.as_bytes().to_vec(), salt.clone(), hex(&salt)];
    let mut looked_at = 0;
    for file in files(desk.path()) {
        let own = [&document, &salt_file, &letter, &desk.path().join("file.yaml")];
        if own.contains(&&file) {
            continue;
        }
        assert!(!file.to_string_lossy().contains(&hash.to_string()), "{}", file.display());
        let is_public = file.starts_with(desk.path().join("public"));
        assert!(!is_public || !file.to_string_lossy().contains(&commit), "{}", file.display());
        let bytes = fs::read(&file).expect("it can be read");
        for secret in &secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{} has {:?}", file.display(), String::from_utf8_lossy(secret));
        }
        looked_at += 1;
    }
    assert!(looked_at > 15, "only {looked_at} files");
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

#[test]
fn the_same_file_again_is_the_same_events() {
    let desk = desk();
    let before = files(&desk.path().join("l/documents"));
    let answer = desk.run("append --ledger l file.yaml");
    assert_eq!((answer.code, answer.out.lines().next()), (0, Some("file.yaml: already there (4 announcements)")));
    assert_eq!(files(&desk.path().join("l/documents")), before);
    // Another announcement that rests on the same letter names it by the same commitment.
    let more = FILE.split("  - { kind: party").next().expect("the top").to_owned()
        + "  - { kind: milestone, agreement: ilrs, act: established, occurred: 2023-10-18, quote: Yours }\n";
    desk.write("more.yaml", &more);
    assert_eq!(desk.run("append --ledger l more.yaml").code, 0);
    assert_eq!(files(&desk.path().join("l/documents")), before);
}

#[test]
fn two_files_of_one_append_commit_to_a_document_once() {
    let desk = Desk::new();
    desk.write("letter.txt", LETTER);
    desk.write("other/letter.txt", LETTER);
    desk.write("file.yaml", FILE);
    let top = FILE.lines().next().expect("it has lines");
    desk.write(
        "other/more.yaml",
        format!("{top}\nannouncements:\n  - {{ kind: milestone, agreement: ilrs, act: established, occurred: 2023, quote: Yours }}\n"),
    );
    let answer = desk.run("append --init --ledger l file.yaml other/more.yaml");
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert_eq!(files(&desk.path().join("l/documents")).len(), 2, "a document and its salt");
}

#[test]
fn what_a_killed_append_left_is_used_by_the_next() {
    let desk = Desk::new();
    desk.write("letter.txt", LETTER);
    desk.write("file.yaml", FILE);
    assert_eq!(desk.run("init --ledger l").code, 0);
    let salt = [7; 32];
    let commit = commitment(&Salt::from_bytes(salt), LETTER.as_bytes()).to_string();
    desk.write(&format!("l/documents/{commit}.salt"), salt);
    assert_eq!(desk.run("append --ledger l file.yaml").code, 0);
    assert_eq!(kept(&desk).0, commit);
}

#[test]
fn where_the_salt_is_gone_the_same_announcements_are_still_the_same() {
    let desk = desk();
    let (_, document, salt) = kept(&desk);
    fs::remove_file(document).expect("it was there");
    fs::remove_file(salt).expect("it was there");
    let answer = desk.run("append --ledger l file.yaml");
    assert_eq!((answer.code, answer.out.lines().next()), (0, Some("file.yaml: already there (4 announcements)")));
    assert_eq!(files(&desk.path().join("l/documents")), Vec::<PathBuf>::new());
}

#[test]
fn a_document_or_salt_that_is_not_the_one_is_named_by_the_layer_of_documents() {
    let desk = desk();
    let (commit, document, salt) = kept(&desk);
    let (sound, sound_salt) = (fs::read(&document).expect("kept"), fs::read(&salt).expect("kept"));
    let swapped = LETTER.replace("18", "19");
    for (bytes, salts, told) in [
        (Some(swapped.as_bytes()), Some(&sound_salt[..]), "with its salt"),
        (Some(b"short".as_slice()), Some(&sound_salt[..]), "has 5 bytes"),
        (Some(&sound[..]), Some(&[9; 32][..]), "with its salt"),
        (Some(&sound[..]), Some(&[9; 31][..]), "a salt of 31 bytes"),
        (Some(&sound[..]), None, "its salt is MISSING"),
        (None, Some(&sound_salt[..]), "is MISSING, and its salt is there"),
        (None, None, "is MISSING"),
    ] {
        for (path, content) in [(&document, bytes), (&salt, salts)] {
            let _ = fs::remove_file(path);
            if let Some(content) = content {
                fs::write(path, content).expect("it can be written");
            }
        }
        let found = faults(&desk, Layer::Documents);
        assert!(matches!(&found[..], [one] if one.contains(told) && one.contains(&commit)), "{told}: {found:?}");
        assert_eq!(desk.run("source check --ledger l").code, 1);
    }
    // With document and salt swapped for a pair that fits, it is another commitment.
    fs::write(&document, &swapped).expect("it can be written");
    fs::write(&salt, [1; 32]).expect("it can be written");
    assert_eq!(faults(&desk, Layer::Documents).len(), 1);
}

#[test]
fn a_place_outside_the_text_is_found() {
    let desk = desk();
    let (log, snapshot) = crate::support::read(&servanda::ledger::Folder::at(desk.path().join("l")));
    let len = LETTER.len() as u64;
    for (at, told) in [((0, 4), 0), ((0, len), 0), ((0, len + 1), 1), ((4, 4), 1), ((9, 4), 1), ((15, 16), 1)] {
        let mut events = snapshot.events.clone();
        let joining = events.iter_mut().find(|event| event.id.as_str() == "joins").expect("it is there");
        let mut announcement = (*joining.announcement).clone();
        announcement.evidence[0].at = Some(at);
        joining.announcement = announcement.into();
        let checked = servanda::ledger::verify::sources::check(&events, &log.shelf(), None);
        assert_eq!(checked[0].faults.len(), told, "{at:?}: {checked:?}");
    }
}

#[test]
fn a_ledger_is_restored_with_its_personal_documents_or_says_that_they_are_missing() {
    let desk = desk();
    assert_eq!(desk.run("export ndjson all.ndjson --ledger l").code, 0);
    let restored = desk.run("restore all.ndjson copy --documents l/documents");
    assert_eq!(restored.code, 0, "{} {}", restored.out, restored.err);
    assert_eq!(files(&desk.path().join("copy/documents")).len(), 2);
    let without = desk.run("restore all.ndjson bare");
    assert!(without.code == 1 && without.out.contains("is MISSING"), "{}", without.out);
}

#[test]
fn what_cannot_be_personal_is_refused() {
    let desk = desk();
    desk.write("page.html", "<p>Mrs Example signed.</p>");
    desk.write("open.txt", "Open to all.\n");
    let file = |source: &str| {
        format!(
            "source: {{ publisher: P, grade: host, {source} }}\nannouncements:\n  - {{ kind: milestone, agreement: ilrs, act: launched, occurred: 2023 }}\n"
        )
    };
    desk.write("open.yaml", file("document: open.txt"));
    assert_eq!(desk.run("append --ledger l open.yaml").code, 0);
    for (source, code, told) in [
        ("document: page.html, personal: true", "E0507", "plain text"),
        ("document: open.txt, personal: true", "E0507", "by its plain hash"),
        ("document: letter.txt", "E0507", "personal: true"),
        ("document: letter.txt, personal: yes", "E0110", "true"),
        ("personal: true", "E0112", "document"),
    ] {
        desk.write("case.yaml", file(source));
        let answer = desk.run("append --ledger l case.yaml");
        assert_eq!(answer.code, 1, "{source}");
        assert!(answer.err.contains(code) && answer.err.contains(told), "{source}: {}", answer.err);
    }
    // Said to be public, it is.
    desk.write("case.yaml", file("document: open.txt, personal: false"));
    assert_eq!(desk.run("append --ledger l case.yaml").code, 0);
}

#[test]
fn the_library_makes_no_salt_of_its_own() {
    use servanda::evidence::extract::MediaType;
    use servanda::ledger::{AppendError, DraftSource, Privacy};
    let desk = Desk::new();
    let folder = crate::support::found(desk.path());
    let mission = crate::support::body("mission", json!({ "id": "m", "title": "M" }));
    let mut draft = crate::support::draft(mission);
    draft.announcement.no_evidence = None;
    let document = DraftDocument {
        media: MediaType::Text,
        bytes: LETTER.as_bytes().into(),
        encoding: None,
        expected: None,
        privacy: Privacy::Personal { salt: None },
    };
    draft.sources = vec![DraftSource { source: crate::support::source(), document: Some(document) }];
    let refused = crate::support::append(&folder, vec![draft]).expect_err("there is no salt");
    let AppendError::NotAdmissible { findings } = refused else { panic!("{refused}") };
    assert!(findings[0][0].message.contains("no random bytes"), "{findings:?}");
}
