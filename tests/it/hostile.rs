//! Files made to harm: too large, too deep, binary, leading out of their folder, or driving the terminal that shows them.
//!
//! Each is refused with a message, in bounded memory, without a panic; and nothing that is printed holds a character
//! that steers a terminal or hides from a reader.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Desk};

/// More than a file of full size needs, in KiB of address space.
const MEMORY_KIB: usize = 1 << 21;
const MIB: usize = 1 << 20;

/// Texts that steer a terminal, reorder what surrounds them, or cannot be seen.
pub(crate) const HARMFUL: &[&str] = &[
    "x\u{1b}[31mx",
    "x\u{1b}]52;c;Zm9v\u{7}x",
    "x\u{9b}31mx",
    "x\u{7f}x",
    "x\u{8}x",
    "x\u{0}x",
    "x\u{202e}x",
    "x\u{2066}x",
    "x\u{200b}x",
    "x\u{ad}x",
    "x\u{feff}x",
    "x\u{e0041}x",
];

/// Runs the binary with little memory, and checks what holds of every answer.
pub(crate) fn run(desk: &Desk, arguments: &[&str]) -> Answer {
    let own = desk.command(arguments);
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("ulimit -v {MEMORY_KIB}; exec \"$0\" \"$@\"")).arg(own.get_program());
    command.args(own.get_args()).current_dir(desk.path()).env_clear();
    command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.output().expect("the binary runs");
    let answer = Answer::of(&output);
    for stream in [&output.stdout, &output.stderr] {
        let text = std::str::from_utf8(stream).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
        let raw: Vec<char> = text.chars().filter(|c| *c != '\n' && harms(*c)).collect();
        assert!(raw.is_empty(), "{arguments:?}: {raw:?} in {text:?}");
    }
    answer
}

/// Whether a character steers a terminal, reorders its surroundings or leaves no trace. Joiners and variation selectors
/// are letters' business.
fn harms(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

fn desk() -> Desk {
    let desk = Desk::new();
    let answer = desk.run("init --ledger ledger");
    assert_eq!(answer.code, 0, "{}", answer.err);
    desk
}

/// Appends a file that must be refused, and returns what was said.
fn refused(desk: &Desk, name: &str) -> String {
    let answer = run(desk, &["append", "--ledger", "ledger", name]);
    assert!([1, 3].contains(&answer.code), "{name:?}: exit {}: {}", answer.code, answer.err);
    assert!(answer.err.starts_with("error"), "{name:?}: {}", answer.err);
    assert_eq!(answer.out, "", "{name:?}");
    answer.err
}

fn check(desk: &Desk, name: &str, content: impl AsRef<[u8]>, said: &str) {
    desk.write(name, content);
    let err = refused(desk, name);
    assert!(err.contains(said), "{name:?}: no `{said}` in {}", &err[..err.len().min(2000)]);
}

fn announcing(announcement: &Value) -> String {
    json!({"evidence": {"none": "x"}, "announcements": [announcement]}).to_string()
}

#[test]
fn files_that_are_no_text_are_refused() {
    let desk = desk();
    check(&desk, "empty.yaml", "", "E0103");
    check(&desk, "blank.json", " \n\t\n", "E0103");
    check(&desk, "elf.yaml", b"\x7fELF\x02\x01\x01\0\0\0", "E0102");
    check(&desk, "nul.toml", b"a = 1\0\n", "E0102");
    check(&desk, "utf16.json", b"\xff\xfe{\0}\0", "E0102");
    check(&desk, "latin1.ndjson", b"{\"kind\": \"\xe9\"}\n", "E0102");
    // Bytes of a small generator, without a seed that could be lucky.
    let noise: Vec<u8> = (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    check(&desk, "noise.yaml", noise, "E0102");
    check(&desk, "prose.yaml", "Pakistan joined the programme.\n", "E0109");
    check(&desk, "number.json", "42", "E0109");
}

#[test]
fn files_of_full_size_and_beyond_are_refused_in_bounded_memory() {
    let desk = desk();
    let laughs = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nannouncements:\n".to_owned();
    check(&desk, "laughs.yaml", laughs + &"  - *c\n".repeat(10 * MIB / 7), "E0106");
    desk.write("aliases.yaml", "- *a\n".repeat(17 * MIB / 5));
    let aliases = OpenOptions::new().write(true).open(desk.path().join("aliases.yaml")).expect("it was written");
    aliases.set_len(100 << 20).expect("a file can grow");
    assert!(refused(&desk, "aliases.yaml").contains("E0105"));
    for ending in ["yaml", "json", "ndjson", "toml"] {
        check(&desk, &format!("brackets.{ending}"), "[".repeat(16 * MIB), "E0105");
    }
}

#[test]
fn what_is_nested_too_deep_is_refused_in_every_format() {
    let desk = desk();
    let deep = "[".repeat(5000) + &"]".repeat(5000);
    check(&desk, "flow.yaml", format!("announcements: {deep}\n"), "E0105");
    check(&desk, "block.yaml", "- ".repeat(5000) + "x\n", "E0105");
    check(&desk, "deep.json", format!("{{\"announcements\": {deep}}}"), "E0105");
    check(&desk, "deep.ndjson", format!("{{\"kind\": {deep}}}\n"), "E0105");
    check(&desk, "deep.toml", format!("announcements = {deep}\n"), "E0105");
    check(&desk, "keys.toml", "a.".repeat(5000) + "a = 1\n", "E0105");
}

#[test]
fn long_lines_keys_and_words_are_refused_shortly() {
    let desk = desk();
    let long = "k".repeat(8 * MIB);
    check(&desk, "key.json", format!("{{\"announcements\": [{{\"kind\": \"party\", \"{long}\": 1}}]}}"), "E0107");
    check(&desk, "word.json", format!("{{\"announcements\": [{{\"kind\": \"{long}\"}}]}}"), "E0110");
    check(&desk, "id.json", announcing(&json!({"kind": "retraction", "retracts": long, "reason": "x"})), "E0111");
    check(&desk, "line.yaml", format!("announced: {long}\nannouncements: []\n"), "E0201");
    for name in ["key.json", "word.json", "id.json", "line.yaml"] {
        assert!(refused(&desk, name).len() < 10_000, "{name} is told at length");
    }
    check(
        &desk,
        "note.json",
        announcing(&json!({"kind": "party", "id": "x", "name": "X", "type": "state", "note": "n ".repeat(35_000)})),
        "E0801",
    );
}

#[test]
fn more_values_than_anybody_writes_are_refused_soon() {
    let desk = desk();
    let keys: Vec<String> = (0..300_000).map(|number| format!("\"k{number}\":1")).collect();
    check(&desk, "keys.json", format!("{{\"announcements\": [{{\"kind\": \"party\", {}}}]}}", keys.join(",")), "E0107");
    // As many names as could be meant, and as many that lead nowhere.
    let party = |n| json!({"kind": "party", "id": format!("party-{n}"), "name": "X", "type": "state", "acts_for": format!("q{n}-party")});
    let parties: Vec<Value> = (0..20_000).map(party).collect();
    check(&desk, "names.json", json!({"evidence": {"none": "x"}, "announcements": parties}).to_string(), "E0301");
}

#[test]
fn a_text_that_harms_is_refused_wherever_it_stands() {
    let desk = desk();
    desk.write("note.md", "a note");
    for harmful in HARMFUL {
        let with = |key: &str, value: Value| {
            let mut party = json!({"kind": "party", "id": "x", "name": "X", "type": "state"});
            party[key] = value;
            party
        };
        let sourced = |publisher: &str, title: &str, document: &str, quote: &str| {
            let source = json!({"publisher": publisher, "title": title, "grade": "press", "document": document});
            json!({"kind": "agreement", "id": "y", "title": "Y", "type": "treaty", "source": source, "quote": quote})
        };
        let text = if harmful.chars().any(char::is_control) { "E0601" } else { "E0602" };
        // A quote may hold what cannot be seen, but this one stands nowhere.
        let quote = if text == "E0601" { text } else { "E0504" };
        let unread = [
            ("E0502", sourced("P", "T", &format!("{harmful}.md"), "a note")),
            ("E0111", with("id", json!(harmful))),
            ("E0111", with("acts_for", json!(harmful))),
            ("E0111", with("country", json!(harmful))),
            ("E0110", with("type", json!(harmful))),
            ("E0110", with("kind", json!(harmful))),
            ("E0201", with("from", json!(harmful))),
            ("E0107", with(harmful, json!("x"))),
        ];
        let inadmissible = [
            (text, with("name", json!(harmful))),
            (text, with("also_known_as", json!([harmful]))),
            (text, with("note", json!(harmful))),
            (text, with("evidence", json!({"none": harmful}))),
            (text, with("wording", json!({"from": harmful}))),
            (text, sourced(harmful, "T", "note.md", "a note")),
            (text, sourced("P", harmful, "note.md", "a note")),
            (quote, sourced("P", "T", "note.md", harmful)),
        ];
        let (expected, announcements): (Vec<_>, Vec<_>) = unread.into_iter().chain(inadmissible).unzip();
        let file = json!({"evidence": {"none": "x"}, "announcements": announcements});
        desk.write("harmful.json", file.to_string());
        let err = refused(&desk, "harmful.json");
        let told: Vec<&str> = err.lines().filter_map(|line| line.strip_prefix("error[")?.get(..5)).collect();
        assert_eq!(told, expected, "{harmful:?}: {err}");
    }
}

#[test]
fn a_line_break_in_a_name_is_refused_and_in_a_note_it_is_a_space() {
    let desk = desk();
    for line_break in ["\r", "\n", "\r\n", "\u{85}", "\u{2028}"] {
        let text = format!("all is well{line_break}error: all is lost");
        check(
            &desk,
            "name.json",
            announcing(&json!({"kind": "party", "id": "x", "name": text, "type": "state"})),
            "E0601",
        );
        let id = format!("noted-{:x}", u32::from(line_break.chars().next_back().unwrap_or_default()) + 0xa00);
        desk.write(
            "note.json",
            announcing(&json!({"kind": "party", "id": id, "name": "X", "type": "state", "note": text})),
        );
        let answer = run(&desk, &["append", "--ledger", "ledger", "note.json"]);
        assert_eq!(answer.code, 0, "{line_break:?}: {}", answer.err);
        let shown = run(&desk, &["show", "--ledger", "ledger", &format!("party:{id}")]);
        assert!(shown.out.contains("\"all is well error: all is lost\""), "{line_break:?}: {}", shown.out);
    }
}

#[test]
fn documents_are_read_from_the_folder_of_the_file_and_never_from_outside() {
    let desk = desk();
    desk.write("outside.md", "secret");
    desk.write("in/side.md", "plain");
    desk.write("in/folder.md/x", "");
    desk.write("in/latin1.md", b"caf\xe9");
    desk.write("in/scan.png", "%PDF-1.7");
    let absolute = desk.path().join("outside.md").display().to_string();
    for (document, said) in [
        ("../outside.md", "outside the folder"),
        ("sub/../../outside.md", "outside the folder"),
        (absolute.as_str(), "outside the folder"),
        ("missing.md", "cannot be read"),
        ("folder.md", "is not a file"),
        ("scan.png", "no kind that can be read"),
        ("", "no kind that can be read"),
        ("..", "no kind that can be read"),
        ("latin1.md", "not UTF-8"),
        ("a\u{0}.md", "cannot be read"),
    ] {
        let source = json!({"publisher": "P", "grade": "press", "document": document});
        let party = json!({"kind": "party", "id": "x", "name": "X", "type": "state"});
        check(&desk, "in/file.json", json!({"source": source, "announcements": [party]}).to_string(), said);
        assert!(!refused(&desk, "in/file.json").contains("secret"));
    }
}

#[cfg(unix)]
#[test]
fn links_out_of_the_folder_are_not_followed() {
    let desk = desk();
    desk.write("outside.md", "secret");
    let file = "{\"source\": {\"publisher\": \"P\", \"grade\": \"press\", \"document\": \"LINK\"}, \"announcements\": [{\"kind\": \"party\", \"id\": \"x\", \"name\": \"X\", \"type\": \"state\"}]}";
    desk.write("in/real.md", "plain");
    for (link, target) in [("out.md", "../outside.md"), ("etc.txt", "/etc/passwd"), ("loop.md", "loop.md")] {
        std::os::unix::fs::symlink(target, desk.path().join("in").join(link)).expect("links can be made");
        check(&desk, "in/file.json", file.replace("LINK", link), "E0502");
    }
    std::os::unix::fs::symlink("real.md", desk.path().join("in/inside.md")).expect("links can be made");
    desk.write("in/file.json", file.replace("LINK", "inside.md"));
    assert_eq!(run(&desk, &["append", "--ledger", "ledger", "in/file.json"]).code, 0);
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_document_is_refused_without_waiting_for_it() {
    let desk = desk();
    let pipe = desk.path().join("pipe.md");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there");
    assert!(made.success());
    desk.write("file.yaml", "source: { publisher: P, grade: press, document: pipe.md }\nannouncements:\n  - { kind: party, id: x, name: X, type: state }\n");
    let (done, finished) = mpsc::channel();
    let released = thread::scope(|scope| {
        scope.spawn(|| done.send(refused(&desk, "file.yaml")));
        let answer = finished.recv_timeout(Duration::from_mins(1));
        if answer.is_err() {
            // Somebody to write to it, so that the test ends.
            drop(File::options().write(true).open(&pipe));
        }
        answer
    });
    assert!(released.expect("it does not wait").contains("is not a file"));
}

#[test]
fn a_folder_takes_no_folder_for_a_file_and_a_missing_file_is_named() {
    let desk = desk();
    fs::create_dir(desk.path().join("empty")).expect("a folder can be made");
    fs::create_dir_all(desk.path().join("nested/inner.yaml")).expect("a folder can be made");
    assert!(refused(&desk, "empty").contains("there is no announcement file in empty"));
    assert!(refused(&desk, "nested").contains("there is no announcement file in nested"));
    assert!(refused(&desk, "missing.yaml").contains("missing.yaml cannot be read"));
}

#[test]
fn a_key_that_stands_twice_is_refused_in_every_format() {
    let desk = desk();
    check(&desk, "twice.yaml", "announcements: []\nannouncements: []\n", "E0104");
    check(&desk, "twice.toml", "announced = 2023\nannounced = 2024\n", "E0104");
    check(&desk, "twice.json", "{\"announcements\": [], \"announcements\": []}", "E0104");
    check(&desk, "twice.ndjson", "{\"kind\": \"party\", \"k\\u0069nd\": \"genesis\"}\n", "E0104");
}

#[test]
fn json_with_half_a_character_is_refused() {
    let desk = desk();
    for escape in ["\\ud800", "\\udc00", "\\ud800x", "\\udc00\\ud800"] {
        check(&desk, "half.json", format!("{{\"announcements\": \"{escape}\"}}"), "E0101");
        check(&desk, "half.ndjson", format!("{{\"{escape}\": 1}}\n"), "E0101");
    }
}

#[test]
fn ids_lead_nowhere() {
    let desk = desk();
    for id in ["a b", "../x", "..", "/etc", "a\\b", "a\u{0}", "é", "x@y", "", "1", "-a", &"x".repeat(129)] {
        check(&desk, "id.json", announcing(&json!({"kind": "party", "id": id, "name": "X", "type": "state"})), "E0111");
    }
}

#[test]
fn names_of_files_and_words_of_the_command_line_are_shown_safely() {
    let desk = desk();
    // Names of files hold no NUL.
    let all = HARMFUL.concat().replace('\0', "");
    for harmful in [&all, HARMFUL[0], HARMFUL[2]] {
        let name = format!("{harmful}.yaml");
        refused(&desk, &name);
        check(&desk, &name, "announcements: [{ kind: joning }]\n", "E0110");
        desk.write(&name, "evidence: { none: x }\nannouncements: [{ kind: party, id: x, name: X, type: state }]\n");
        for arguments in [
            vec!["append", "--ledger", "ledger", &name, "--dry-run"],
            vec!["append", "--init", "--ledger", &format!("{harmful}.servanda"), &name],
            vec!["init", "--ledger", &format!("{harmful}.ledger")],
            vec!["log", "--ledger", harmful],
            vec!["log", &format!("--{harmful}")],
            vec!["log", "--format", harmful],
            vec!["log", "--ledger", "ledger", "--key", harmful],
            vec!["members", "--ledger", "ledger", harmful],
            vec!["members", "--ledger", "ledger", "x", "--on", harmful],
            vec!["history", "--ledger", "ledger", harmful],
            vec!["show", "--ledger", "ledger", harmful],
            vec!["source", "show", "--ledger", "ledger", harmful],
            vec!["template", harmful],
            vec!["init", "--origin", harmful],
            vec![harmful],
        ] {
            run(&desk, &arguments);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_file_name_that_is_no_text_is_taken_as_it_is() {
    use std::os::unix::ffi::OsStringExt;
    let desk = desk();
    let name = OsString::from_vec(b"caf\xe9.yaml".to_vec());
    fs::write(desk.path().join(Path::new(&name)), "announcements: [{ kind: joning }]\n").expect("it can be written");
    let answer =
        Answer::of(&desk.command([OsString::from("append"), "--ledger=ledger".into(), name]).output().expect("runs"));
    assert_eq!(answer.code, 1, "{}", answer.err);
    assert!(answer.err.contains("caf\u{fffd}.yaml:1:25"), "{}", answer.err);
}

#[test]
fn an_id_that_looks_like_another_is_told_and_one_that_does_not_is_not() {
    let desk = desk();
    let describe = |ids: &[&str]| {
        let party = |id: &&str| format!("  - {{ kind: party, id: {id}, name: N, type: company }}\n");
        let text =
            format!("evidence: {{ none: made up }}\nannouncements:\n{}", ids.iter().map(party).collect::<String>());
        desk.write("ids.yaml", text);
        let answer = desk.run("append --dry-run --ledger ledger ids.yaml");
        assert_eq!(answer.code, 0, "{}", answer.err);
        answer.err.matches("W0903").count()
    };
    for [one, other] in [["mill", "mi11"], ["o-1", "O-l"], ["modern", "modem"], ["vvest", "west"], ["a.b", "a_b"]] {
        assert_eq!(describe(&[one, other]), 1, "{one} and {other}");
    }
    for [one, other] in [["mall", "mill"], ["a-1", "a-2"], ["ab", "a-b"], ["us", "uk"]] {
        assert_eq!(describe(&[one, other]), 0, "{one} and {other}");
    }
}
