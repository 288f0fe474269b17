//! That the examples with which help begins run as they stand, that shells can complete what we say, and that `man` can
//! show it. The worry is help that helps nobody.

use std::fs;
use std::process::Command;

use servanda::cli::command_line;
use servanda::domain::timestamp::Timestamp;
use servanda::ledger::{Batch, Clock, Folder, KeyFile, Ledger, Options};

use crate::import::gzip;
use crate::support::{Desk, access, body, draft, fixture};
use crate::witness_http::Served;

/// The examples of a command, without the words that explain them.
fn examples(command: &clap::Command) -> Vec<String> {
    let text = command.get_before_help().map(ToString::to_string).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.strip_prefix("  servanda "));
    lines.map(|line| format!("servanda {}", line.split("   ").next().unwrap_or(line).trim_end())).collect()
}

/// A folder with the founding case as its ledger, and the files that examples name.
fn desk() -> Desk {
    let desk = Desk::with_ilrs(&["october-2023", "other-sources"]);
    fs::rename(desk.path().join("ilrs.servanda"), desk.path().join(".servanda")).expect("a ledger can be moved");
    let party = |id: &str| {
        format!(
            "evidence: {{ none: made up }}\nannouncements:\n  - {{ kind: party, id: {id}, name: {id}, type: state }}\n"
        )
    };
    desk.write("october-2023.yaml", party("one"));
    desk.write("new.yaml", party("two"));
    fs::create_dir(desk.path().join("announcements")).expect("a folder can be made");
    desk.write("announcements/01.yaml", party("three"));
    tables(&desk);
    fs::create_dir(desk.path().join(".ssh")).expect("a folder can be made");
    let key = desk.path().join("config/servanda/recorder_ed25519");
    fs::copy(key, desk.path().join(".ssh/id_ed25519")).expect("there is a key");
    for (seed, name) in (1..).zip(["ana", "ana-2027", "boris", "boris-2027", "cleo"]) {
        KeyFile::create(&desk.path().join(name), &[seed; 32], name).expect("a key can be made");
    }
    recorders(&desk);
    desk
}

/// The reviewer `boris`, and what `cleo` recorded before her key came into other hands.
fn recorders(desk: &Desk) {
    desk.write(
        "cleo.yaml",
        "evidence: { none: made up }
announcements:
  - { kind: party, id: four, name: four, type: state }
  - { kind: party, id: five, name: five, type: state }
",
    );
    for line in [
        "key add boris --public @boris.pub --role reviewer --role recorder",
        "key add cleo --public @cleo.pub",
        "append cleo.yaml --key cleo",
        "key revoke @cleo.pub --because compromised",
    ] {
        let answer = desk.run(&format!("{line} --ledger .servanda"));
        assert_eq!(answer.code, 0, "{line}: {}", answer.err);
    }
}

/// Something that was recorded under a clock far ahead.
fn accident(desk: &Desk) {
    let key = KeyFile::read(&desk.path().join("config/servanda/recorder_ed25519")).expect("the key is there");
    let mut ledger = Ledger::open(&Folder::at(desk.path().join(".servanda")), &access()).expect("it opens");
    let id = format!("early-{}", ledger.head().len);
    let drafts = vec![draft(body("mission", serde_json::json!({ "id": id, "title": "A mission" })))];
    let batch = Batch { drafts, ..Batch::default() };
    let ahead = Timestamp::from_unix_ms(4_000_000_000_000).map(Clock::said_to_be_right).expect("a moment");
    ledger.append(&[batch], Options::default(), &key, ahead).expect("the clock is said to be right");
}

/// The tables that examples import.
fn tables(desk: &Desk) {
    let read = |name: &str| fs::read(fixture(name)).expect("the fixture is there");
    desk.write("members.csv", read("tables/members.csv"));
    desk.write("map.toml", read("tables/map.toml"));
    let status = "Participant,Signature,\"Ratification, Accession(a)\"\nPakistan,8 Jun 1994,\nPeru 2,,9 Jun 1994 a\n";
    for name in ["genocide.csv", "IV-1.csv", "IV-3.csv"] {
        desk.write(name, status);
    }
    desk.write("agreements.csv", read("manytreaties/agreements.csv"));
    desk.write("actions.csv.gz", gzip(&read("manytreaties/actions.csv")));
}

#[test]
fn every_example_in_help_runs_as_it_stands() {
    let desk = desk();
    let bin = fs::canonicalize(env!("CARGO_BIN_EXE_servanda")).expect("the binary is built");
    let path = format!("{}:/usr/bin:/bin", bin.parent().expect("it lies in a folder").display());
    let all = command_line();
    let nested = all.get_subcommands().flat_map(clap::Command::get_subcommands);
    let commands = std::iter::once(&all).chain(all.get_subcommands()).chain(nested);
    let lines: Vec<String> = commands.flat_map(examples).collect();
    assert!(lines.len() > 40, "only {} examples", lines.len());
    let shell = |line: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(desk.path()).env_clear();
        shell.envs([("PATH", path.as_str()), ("COLUMNS", "100")]).env("HOME", desk.path());
        shell.env("XDG_CONFIG_HOME", desk.path().join("config"));
        shell.env("EDITOR", "sed -i s/better-information/never-true/");
        shell
    };
    let run = |line: &str| {
        if line.contains(" clock correct ") {
            accident(&desk);
        }
        let output = shell(line).output().expect("there is a shell");
        // Of a ledger that nobody keeps it tells what there is to do, and ends with 1.
        let has_answered = output.status.success() || (line.contains(" status") && output.status.code() == Some(1));
        assert!(has_answered, "{line}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let is_served = |line: &&String| line.contains(" witness serve ");
    let is_asked = |line: &&String| line.contains(" checkpoint witness ");
    lines.iter().filter(|line| !is_served(line) && !is_asked(line)).for_each(|line| run(line));
    // Witnesses are asked while they are served, each at a port that is free.
    for line in lines.iter().filter(is_served) {
        let listen = if line.contains("--listen") { "" } else { " --listen 127.0.0.1:0" };
        let served = Served::of(&mut shell(&format!("exec {line}{listen}")));
        let key = fs::read_to_string(desk.path().join("witness.vkey")).expect("an example wrote it");
        desk.write("policy", format!("witness desk {} {}\nquorum desk\n", key.trim_end(), served.url));
        for line in lines.iter().filter(is_asked) {
            run(&line.replace("http://127.0.0.1:7080", &served.url));
        }
        assert_eq!(served.end().0, Some(0), "{line}");
    }
}

#[test]
fn help_of_every_command_begins_with_two_to_four_examples() {
    let all = command_line();
    for command in std::iter::once(&all).chain(all.get_subcommands()) {
        let count = examples(command).len();
        assert!((2..=4).contains(&count), "{} has {count} examples", command.get_name());
    }
}

#[test]
fn completions_know_every_command() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = desk.run(&format!("completions {shell}"));
        assert_eq!(script.code, 0, "{}", script.err);
        for command in command_line().get_subcommands() {
            assert!(script.out.contains(command.get_name()), "{shell} does not know {}", command.get_name());
        }
    }
    desk.write("servanda.bash", &desk.run("completions bash").out);
    let checked = Command::new("bash").arg("-n").arg(desk.path().join("servanda.bash")).status();
    assert!(checked.expect("there is a bash").success());
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let desk = Desk::new();
    let main = desk.run("man");
    assert!(main.out.starts_with(".ie") && main.out.contains(".TH servanda 1"), "{:.200}", main.out);
    assert_eq!(desk.run("man man1").code, 0);
    for command in command_line().get_subcommands() {
        let page = desk.path().join(format!("man1/servanda-{}.1", command.get_name()));
        let page = fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        assert!(page.contains(".SH NAME") && page.contains(".SH EXAMPLES"), "{}", command.get_name());
    }
    assert!(desk.path().join("man1/servanda-source-list.1").is_file());
}
