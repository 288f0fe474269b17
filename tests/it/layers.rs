//! The architecture as a test: a layer uses only what its row in `src/lib.rs` allows.
//!
//! Every `crate::<layer>` path in `src/` is looked at, in code and in doc links alike; within [`servanda::ledger`] every path to
//! a wing, and whatever is named through that layer's door counts as of the wing that it comes from. No layer hands on what
//! another has, so that nobody comes by it past its row. Tests inside a module may use more: what stands below
//! `#[cfg(test)]` is left out, and files that are called so.

use std::collections::BTreeMap;
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
    ("exchange", &["domain", "integrity", "event", "evidence", "ledger"]),
    ("cli", &["domain", "integrity", "store", "event", "evidence", "ledger", "query", "exchange"]),
];

/// Wing of the ledger, and the wings that it may name.
const WINGS: &[(&str, &[&str])] = &[
    ("folder", &[]),
    ("state", &[]),
    ("documents", &["folder"]),
    ("keys", &["folder", "state"]),
    ("facts", &["folder"]),
    ("log", &["folder", "state", "documents", "keys", "facts"]),
    ("admission", &["state", "documents"]),
    ("write", &["folder", "state", "documents", "keys", "facts", "log", "admission"]),
    ("verify", &["folder", "state", "documents", "facts", "log"]),
    ("publish", &["folder", "state", "log", "verify"]),
    ("recover", &["folder", "state", "documents", "log", "verify", "publish"]),
    ("status", &["folder", "state", "facts", "log"]),
    // For unit tests alone.
    ("testing", &["folder", "keys", "log", "admission", "write"]),
];

/// Layer, another that it may name, and the parts of that which it may.
const PARTS: &[(&str, &str, &[&str])] = &[
    ("query", "ledger", &["folder", "state", "documents", "facts", "log"]),
    ("exchange", "ledger", &["state", "keys", "log", "admission", "write", "publish", "recover"]),
    ("cli", "store", &["StoreError", "acting", "durable_file", "folder", "documents"]),
];

/// What a layer gives as its own though another has it: words of its answers.
const HANDED: &[(&str, &[&str])] = &[("query", &["Prefer", "Reason", "Reported", "Status"])];

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
fn a_wing_of_the_ledger_names_only_what_its_row_allows() {
    let sources = sources();
    let door = door("ledger", &sources);
    let mut wrong = Vec::new();
    for (path, code) in &sources {
        let Some(wing) = part_of(path, "ledger") else { continue };
        let row = WINGS.iter().find(|(name, _)| *name == wing).unwrap_or_else(|| panic!("no row for wing {wing}"));
        for name in named_in(code, "ledger") {
            let used = door.get(&name).unwrap_or(&name);
            if door.contains_key(&name) {
                wrong.push(format!("{path} goes through the door for {name}, which is in {used}"));
            } else if *used != wing && !row.1.contains(&used.as_str()) {
                wrong.push(format!("{path} uses {used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "wings crossed:\n{}", wrong.join("\n"));
}

#[test]
fn of_some_layers_others_name_some_parts_only() {
    let sources = sources();
    let mut wrong = Vec::new();
    for (layer, other, parts) in PARTS {
        let door = door(other, &sources);
        for (path, code) in sources.iter().filter(|(path, _)| layer_of(path).as_deref() == Some(layer)) {
            let used = named_in(code, other).into_iter().map(|name| door.get(&name).cloned().unwrap_or(name));
            wrong.extend(
                used.filter(|used| !parts.contains(&used.as_str())).map(|used| format!("{path}: {other}::{used}")),
            );
        }
    }
    assert!(wrong.is_empty(), "parts that are not for others:\n{}", wrong.join("\n"));
}

#[test]
fn the_wings_stand_in_their_order_and_need_only_those_before_them() {
    let text = fs::read_to_string(root().join("src/ledger/mod.rs")).expect("it is there");
    let listed: Vec<&str> = text.lines().filter_map(|line| line.split_once("mod ")?.1.strip_suffix(';')).collect();
    let rows: Vec<&str> = WINGS.iter().map(|(wing, _)| *wing).collect();
    assert_eq!(listed, rows, "the rows, and the order in which `mod.rs` lists the wings");
    for (place, (wing, allowed)) in WINGS.iter().enumerate() {
        assert!(allowed.iter().all(|used| rows[..place].contains(used)), "{wing} needs a wing that comes later");
    }
}

#[test]
fn no_layer_hands_on_what_another_has() {
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        let Some(layer) = layer_of(&path) else { continue };
        let handed = HANDED.iter().find(|(name, _)| *name == layer).map_or(&[][..], |(_, names)| *names);
        for statement in code.split(';').filter_map(|text| text.rsplit_once("pub use crate::")) {
            let (other, names) = statement.1.split_once("::").expect("a path in a layer");
            let last = names.rsplit("::").next().unwrap_or_default().trim_matches(['{', '}']);
            let is_handed = last.split(',').all(|name| handed.contains(&name.trim()));
            if other != layer && !is_handed {
                wrong.push(format!("{path} hands on {}", statement.1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_path_leaves_a_layer_or_a_wing_by_where_it_is_from_here() {
    // As many steps up as lead out of the layer, or out of the wing.
    let steps = |path: &str| {
        let inside = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        inside.split('/').count() - usize::from(path.starts_with("src/ledger/") && path != "src/ledger/mod.rs")
    };
    let is_relative = |(path, code): &(String, String)| code.contains(&"super::".repeat(steps(path).max(1)));
    let relative = sources().into_iter().filter(is_relative).map(|(path, _)| path);
    assert_eq!(relative.collect::<Vec<_>>(), Vec::<String>::new(), "a path from `super` is one that no row sees");
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

/// What stands behind `crate::<layer>::` in code: one name, or each of those in braces.
fn named_in(code: &str, layer: &str) -> Vec<String> {
    let start = format!("crate::{layer}::");
    let ident = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut names = Vec::new();
    for (at, _) in code.match_indices(&start) {
        let rest = &code[at + start.len()..];
        match rest.strip_prefix('{').and_then(|rest| rest.split_once("};")) {
            Some((inside, _)) => {
                let mut depth = 0;
                let is_top = |c: char| {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    c == ',' && depth == 0
                };
                names.extend(inside.split(is_top).map(|name| ident(name.trim())));
            }
            None => names.push(ident(rest)),
        }
    }
    names.retain(|name| !name.is_empty() && name != "self");
    names
}

/// Where that comes from which a layer's `mod.rs` hands out, by its names.
fn door(layer: &str, sources: &[(String, String)]) -> BTreeMap<String, String> {
    let path = format!("src/{layer}/mod.rs");
    let (_, code) = sources.iter().find(|(name, _)| *name == path).expect("every layer has one");
    let mut names = BTreeMap::new();
    for (_, statement) in code.split(';').filter_map(|text| text.rsplit_once("pub use ")) {
        let (part, rest) = statement.split_once("::").expect("a path in a part");
        let last = rest.rsplit("::").next().unwrap_or_default().trim_matches(['{', '}', '\n']);
        let all = last.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        names.extend(all.map(|name| (name, part.to_owned())));
    }
    names
}

/// The part of a layer that a file is in; none, for the layer's own.
fn part_of(path: &str, layer: &str) -> Option<String> {
    let inside = path.strip_prefix(&format!("src/{layer}/"))?;
    let part = inside.split(['/', '.']).next().unwrap_or_default();
    (inside != "mod.rs").then(|| part.to_owned())
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
        } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
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
