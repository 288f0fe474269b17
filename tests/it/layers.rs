//! The architecture as a test: a layer uses only what its row in `src/lib.rs` allows.
//!
//! Every `crate::<layer>` path in `src/` is looked at, in code and in doc links alike. Tests inside a module may use
//! more: what stands below `#[cfg(test)]` is left out.

use std::fs;
use std::path::{Path, PathBuf};

/// Layer, and the layers that it may name.
const ALLOWED: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("integrity", &[]),
    ("store", &[]),
    ("event", &["domain", "integrity"]),
    ("evidence", &["domain"]),
    ("projection", &["domain", "event"]),
    ("ledger", &["domain", "integrity", "store", "event", "evidence", "projection"]),
    ("query", &["domain", "integrity", "event", "projection", "ledger"]),
    ("guide", &[]),
    ("exchange", &["domain", "integrity", "event", "ledger"]),
    ("cli", &["domain", "integrity", "event", "evidence", "ledger", "query", "exchange"]),
];

/// Outside crates that live in some places only.
const HOMES: &[(&str, &[&str])] = &[
    ("schemars", &["src/domain/", "src/integrity/", "src/query/", "src/cli/"]),
    ("sled", &["src/store/sled.rs", "src/store/sled/"]),
    ("zstd", &["src/store/bundle.rs", "src/store/compressed.rs"]),
    ("bincode", &["src/ledger/facts/"]),
    ("clap", &["src/cli/"]),
    ("csv", &["src/cli/", "src/exchange/table/"]),
    ("flate2", &["src/exchange/table/reader.rs"]),
    ("rust_iso3166", &["src/domain/party.rs", "src/exchange/table/countries.rs"]),
    ("deunicode", &["src/exchange/table/roster.rs"]),
    ("httparse", &["src/exchange/witness/"]),
    ("ureq", &["src/exchange/witness/"]),
    ("signal_hook", &["src/main.rs"]),
    ("comfy_table", &["src/cli/"]),
    ("annotate_snippets", &["src/cli/"]),
    ("anstyle", &["src/cli/"]),
    ("ssh_key", &["src/integrity/"]),
    ("ed25519_dalek", &["src/integrity/"]),
    ("sha2", &["src/integrity/"]),
    ("blake3", &["src/integrity/"]),
    ("edtf_core", &["src/domain/date.rs"]),
    ("html5gum", &["src/evidence/"]),
    ("encoding_rs", &["src/evidence/"]),
    ("lopdf", &["src/evidence/pdf.rs", "src/evidence/pdf/"]),
    ("granit_parser", &["src/exchange/"]),
];

#[test]
fn a_layer_names_only_what_its_row_allows() {
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        let Some(layer) = layer_of(&path) else { continue };
        let row = ALLOWED.iter().find(|(name, _)| *name == layer).unwrap_or_else(|| panic!("no row for layer {layer}"));
        for used in layers_named(&code) {
            if used != layer && !row.1.contains(&used.as_str()) {
                wrong.push(format!("{path} uses {used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "layers crossed:\n{}", wrong.join("\n"));
}

#[test]
fn an_outside_crate_stays_in_its_home() {
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        for (name, homes) in HOMES {
            if mentions_crate(&code, name) && !homes.iter().any(|home| path.starts_with(home)) {
                wrong.push(format!("{path} uses {name}, which belongs to {}", homes.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_library_neither_prints_nor_reads_clock_or_environment() {
    const FORBIDDEN: &[&str] = &[
        "println!",
        "eprintln!",
        "print!(",
        "SystemTime::now",
        "now_utc",
        "env::var",
        "env::args",
        "stdout()",
        "stdin()",
    ];
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        if path == "src/main.rs" {
            continue;
        }
        wrong.extend(FORBIDDEN.iter().filter(|word| code.contains(**word)).map(|word| format!("{path} has {word}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_folder_of_src_is_a_layer_with_a_row() {
    for entry in fs::read_dir(root().join("src")).expect("src is there") {
        let entry = entry.expect("src can be listed");
        if entry.path().is_dir() {
            let name = entry.file_name().into_string().expect("layer names are ASCII");
            assert!(ALLOWED.iter().any(|(layer, _)| *layer == name), "src/{name} has no row");
        }
    }
}

fn mentions_crate(code: &str, name: &str) -> bool {
    code.match_indices(&format!("{name}::"))
        .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
}

/// The layers in `crate::layer` and `crate::{layer, …}` paths.
fn layers_named(code: &str) -> Vec<String> {
    code.match_indices("crate::")
        .filter(|(at, _)| !code[..*at].ends_with('$'))
        .map(|(at, _)| &code[at + "crate::".len()..])
        .inspect(|rest| assert!(!rest.starts_with('{'), "one `use crate::<layer>::…` line a layer"))
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>())
        .filter(|name| ALLOWED.iter().any(|(layer, _)| layer == name))
        .collect()
}

fn layer_of(path: &str) -> Option<String> {
    let inside = path.strip_prefix("src/")?;
    if inside == "lib.rs" || inside == "main.rs" {
        return None;
    }
    Some(inside.split(['/', '.']).next().unwrap_or_default().to_owned())
}

/// Each file of `src/` with its path from the top, without its unit tests.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(&root().join("src"), &mut found);
    assert!(found.len() > 10, "the walk over src/ lost its way");
    found
}

fn collect(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("src can be listed") {
        let path = entry.expect("src can be listed").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let code = fs::read_to_string(&path).expect("sources are UTF-8");
            let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
            let name = path.strip_prefix(root()).expect("below the top").to_string_lossy().replace('\\', "/");
            found.push((name, code));
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
