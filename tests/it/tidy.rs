//! The manner as a test: what review would say again and again.

use std::fs;
use std::path::{Path, PathBuf};

use servanda::domain::id::MAX_ID;
use servanda::event::chain::{MAX_BATCH_BYTES, MAX_BATCH_LEN};
use servanda::event::statement::MAX_EVENT;
use servanda::evidence::extract::MAX_DOCUMENT_BYTES;
use servanda::exchange::table::{MAX_EXPANDED, MAX_RECORD};
use servanda::exchange::tree;
use servanda::integrity::note::MAX_NOTE;
use servanda::ledger::log::timestamps::MAX_REPLY;

#[test]
fn a_file_is_one_thought_of_at_most_500_lines() {
    for (path, text) in files_of(&["src", "tests", "benches"], "rs") {
        let lines = text.lines().count();
        assert!(lines <= 500, "{path} has {lines} lines");
    }
}

#[test]
fn every_source_file_opens_with_what_it_is() {
    for (path, text) in files_of(&["src", "tests", "benches"], "rs") {
        assert!(text.starts_with("//! "), "{path} does not open with a `//!` line");
    }
}

#[test]
fn no_stub_and_no_unexplained_ignore_is_left() {
    let stubs = [concat!("to", "do!("), concat!("unimple", "mented!("), concat!("FIX", "ME"), concat!("#[ign", "ore]")];
    for (path, text) in files_of(&["src", "tests", "benches"], "rs") {
        for stub in stubs {
            assert!(!text.contains(stub), "{path} contains {stub}");
        }
    }
}

#[test]
fn names_that_say_nothing_are_not_used_for_modules() {
    for (path, _) in files_of(&["src"], "rs") {
        for empty in ["util", "helper", "manager", "misc", "common", "info"] {
            let name = path.rsplit('/').next().unwrap_or_default();
            assert!(!name.starts_with(empty), "{path}: name the thing");
        }
    }
}

#[test]
fn text_files_are_utf8_with_unix_line_ends_and_no_trailing_space() {
    for ending in ["rs", "md", "yaml", "toml"] {
        for (path, text) in files_of(&["src", "tests", "benches", "fixtures"], ending) {
            assert!(!text.contains('\r'), "{path} has a carriage return");
            assert!(text.is_empty() || text.ends_with('\n'), "{path} does not end with a newline");
            if ending == "rs" {
                assert!(!text.lines().any(|line| line.ends_with([' ', '\t'])), "{path} has trailing white space");
            }
        }
    }
}

fn files_of(folders: &[&str], ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in folders {
        walk(&root().join(folder), ending, &mut found);
    }
    found
}

fn walk(folder: &Path, ending: &str, found: &mut Vec<(String, String)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("folders of the project can be listed").path();
        if path.is_dir() {
            // Inputs that are wrong on purpose, and what fuzzing builds and finds.
            let passed_over = ["hostile", "seeds", "corpus", "artifacts", "target"];
            if !path.file_name().is_some_and(|name| passed_over.iter().any(|other| *other == name)) {
                walk(&path, ending, found);
            }
        } else if path.extension().is_some_and(|own| own == ending) {
            let text = fs::read_to_string(&path).unwrap_or_else(|_| panic!("{} is not UTF-8", path.display()));
            found.push((path.strip_prefix(root()).expect("below the top").display().to_string(), text));
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_limits_that_the_readme_tells_are_those_of_the_code() {
    let readme = fs::read_to_string(root().join("README.md")).expect("it is there");
    let (_, section) = readme.split_once("## What is too much\n").expect("it has the section");
    let (section, _) = section.split_once("\n## ").expect("others follow");
    let numbers = |number: u64| {
        let digits = number.to_string();
        let groups = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group).into_owned());
        groups.collect::<Vec<_>>().join(",")
    };
    let mib = |bytes: usize| format!("{} MiB", bytes >> 20);
    let limits = [
        format!("| a file of announcements | {}, TOML {};", mib(tree::MAX_FILE), mib(tree::MAX_TOML)),
        format!("{} values, {} lists", numbers(tree::MAX_NODES as u64), tree::MAX_DEPTH),
        format!("| an event | {} bytes", numbers(MAX_EVENT as u64)),
        format!("| {} events, {} |", numbers(MAX_BATCH_LEN as u64), mib(MAX_BATCH_BYTES)),
        format!("| an id | {MAX_ID} bytes |"),
        format!("| a document | {},", mib(MAX_DOCUMENT_BYTES)),
        format!("| {} GiB expanded, {} MiB a row", MAX_EXPANDED >> 30, MAX_RECORD >> 20),
        format!("| a checkpoint | {},", mib(MAX_NOTE)),
        format!("| a timestamp | {} MiB |", MAX_REPLY >> 20),
    ];
    for limit in limits {
        assert!(section.contains(&limit), "{limit:?} is not in:\n{section}");
    }
}
