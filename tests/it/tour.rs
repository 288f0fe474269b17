//! The pages that tell how the program is used: every command in them is run, and what it prints is compared with what the page
//! says. The README's tour is deleted then, and run once more.
//!
//! In a block marked `console`, a line that begins with `$ ` is run in a fresh folder; what follows is its output, standard
//! output first. A block marked `yaml NAME` is written to the file of that name. In pages of the guide, a block marked `sh` is
//! run by a shell, a variable that it exports holds from there on, and of a `crontab` each line is run once; all of it has to
//! succeed. Hashes, keys, times of recording and numbers of bytes differ from ledger to ledger, and count as equal.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::services::container;
use crate::support::{Answer, Desk, fixture, tell as tell_left_out};

/// The top of the project.
const TOP: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_readme_prints_what_the_program_prints_and_does_so_again_for_who_begins_again() {
    let readme = fs::read_to_string(Path::new(TOP).join("README.md")).expect("there is a README");
    let desk = Desk::new();
    std::os::unix::fs::symlink(fixture(""), desk.path().join("fixtures")).expect("a link can be made");
    check(&readme, &desk);
    // Whoever begins again has an account that remembers what was signed the first time.
    assert_eq!(desk.run("checkpoint --ledger ilrs.servanda").code, 0);
    let kept = ["state", "config", "fixtures"];
    for entry in fs::read_dir(desk.path()).expect("it can be listed").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if kept.iter().all(|kept| *kept != name) {
            let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
            removed.expect("it is ours");
        }
    }
    check(&readme, &desk);
}

#[test]
fn a_ledger_is_kept_for_years_by_the_commands_of_the_guide() {
    let page = fs::read_to_string(Path::new(TOP).join("src/guide/keeping.md")).expect("there is the page");
    let mut is_code = false;
    for line in page.lines() {
        is_code ^= line.starts_with("```");
        // What the program prints is as long as it is.
        assert!(is_code || line.chars().count() <= 120, "more than 120 columns: {line}");
    }
    let desk = Desk::new();
    let bin = fs::canonicalize(env!("CARGO_BIN_EXE_servanda")).expect("the binary is built");
    let here = || {
        let mut here = Command::new("env");
        here.current_dir(desk.path());
        here
    };
    play(&page, (desk.path(), bin.parent().expect("it lies in a folder")), &here);
}

/// The account of whoever has none, which ssh-keygen knows by a name.
const NOBODY: u32 = 65_534;

#[test]
fn a_newcomer_keeps_a_ledger_by_the_guide_alone_where_only_their_own_folder_can_be_written() {
    let page = fs::read_to_string(Path::new(TOP).join("src/guide/keeping.md")).expect("there is the page");
    let desk = Desk::new();
    fs::copy(env!("CARGO_BIN_EXE_servanda"), desk.path().join("servanda")).expect("there is room");
    fs::create_dir(desk.path().join("data")).expect("there is room");
    let prepare = format!("chmod 755 . && chown {NOBODY}:{NOBODY} data && unshare --mount true");
    let prepared =
        Command::new("sh").args(["-c", &prepare]).current_dir(desk.path()).output().expect("there is a shell");
    let contained = || container(&desk, NOBODY);
    let reached = contained().arg("../servanda").arg("--version").output();
    if !prepared.status.success() || !reached.is_ok_and(|reached| reached.status.success()) {
        tell_left_out("left out: only root makes a container of a process");
        return;
    }
    play(&page, (&desk.path().join("data"), desk.path()), &contained);
}

/// A page of the guide, by somebody at home in a folder, with the program in another.
#[track_caller]
fn play(page: &str, (home, bin): (&Path, &Path), begin: &dyn Fn() -> Command) {
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let mut around = BTreeMap::from([("PATH".to_owned(), OsString::from(path)), ("COLUMNS".to_owned(), "100".into())]);
    around.insert("HOME".to_owned(), home.into());
    let shell = |script: &str, around: &BTreeMap<String, OsString>| {
        let mut shell = begin();
        shell.args(["sh", "-e", "-c", script]).env_clear().envs(around);
        Answer::of(&shell.output().expect("there is a shell"))
    };
    for (kind, block) in blocks(page) {
        match kind.split_once(' ') {
            Some(("yaml", name)) => fs::write(home.join(name), &block).expect("there is room"),
            None if kind == "sh" => {
                let exported = block.lines().filter_map(|line| line.strip_prefix("export ")?.split_once('='));
                around.extend(exported.map(|(name, value)| (name.to_owned(), value.into())));
                let answer = shell(&block, &around);
                assert_eq!(answer.code, 0, "{block}{}{}", answer.out, answer.err);
            }
            None if kind == "crontab" => {
                for line in block.lines() {
                    let command = line.splitn(6, char::is_whitespace).nth(5).expect("five fields stand before it");
                    let answer = shell(command, &around);
                    assert_eq!((answer.code, answer.out + &answer.err), (0, String::new()), "{line}");
                }
            }
            None if kind == "console" => {
                let mut said = String::new();
                for line in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
                    tell(line, &shell(line, &around), &mut said);
                }
                assert_eq!(steady(&said), steady(&block), "the page is not what the program says; it says:\n{said}");
            }
            _ => {}
        }
    }
}

/// What a command answered, as a page has it.
fn tell(line: &str, answer: &Answer, text: &mut String) {
    let _ = write!(text, "$ {line}\n{}{}", answer.out, answer.err);
    if answer.code != 0 {
        let _ = writeln!(text, "(exit code {})", answer.code);
    }
}

/// The commands of the tour print what it says.
#[track_caller]
fn check(readme: &str, desk: &Desk) {
    let mut commands = 0;
    for (kind, block) in blocks(readme) {
        match kind.split_once(' ') {
            Some(("yaml", name)) => {
                desk.write(name, &block);
            }
            None if kind == "console" => {
                let said = played(desk, &block, &mut commands);
                assert_eq!(steady(&said), steady(&block), "the README is not what the program says; it says:\n{said}");
            }
            _ => {}
        }
    }
    assert!(commands >= 10, "the tour has only {commands} commands");
}

/// Runs the commands of a block, and gives the block as it should be.
fn played(desk: &Desk, block: &str, commands: &mut usize) -> String {
    let mut text = String::new();
    for line in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let mut words = line.split_whitespace();
        assert_eq!(words.next(), Some("servanda"), "the tour runs only servanda: {line}");
        let output = desk.command(words).env("COLUMNS", "100").output().expect("the binary runs");
        *commands += 1;
        tell(line, &Answer::of(&output), &mut text);
    }
    text
}

/// The fenced blocks of a Markdown text, with what stands behind the fence.
fn blocks(markdown: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in markdown.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(kind), None) => open = Some((kind.to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

/// The text without what differs from ledger to ledger.
fn steady(text: &str) -> String {
    let words = |line: &str| {
        let words: Vec<String> = line.trim_end().split(' ').map(steady_word).collect();
        words.join(" ")
    };
    text.lines().map(words).collect::<Vec<_>>().join("\n")
}

fn steady_word(word: &str) -> String {
    let bare = word.trim_end_matches(['.', ',', ';']);
    let hash = [8, 16, 64].contains(&bare.len())
        && bare.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
        && bare.bytes().any(|b| b.is_ascii_digit());
    let key = bare.starts_with("SHA256:") || bare.starts_with("AAAA") || bare.contains('+');
    let time = bare.contains(':') && bare.bytes().filter(u8::is_ascii_digit).count() >= 4;
    let today =
        bare.starts_with("20") && bare.len() == 10 && bare.starts_with(|c: char| c.is_ascii_digit()) && this_year(bare);
    let bytes = bare.len() >= 5 && bare.bytes().all(|b| b.is_ascii_digit());
    let path = bare.starts_with('/');
    // Roots and signatures: 32 bytes, and a key's id with 64.
    let base64 = [44, 92].contains(&bare.len()) && bare.ends_with('=');
    if base64 || hash || key || time || today || bytes || path { "…".to_owned() } else { word.to_owned() }
}

/// A day of recording: the fixtures tell of nothing after 2025.
fn this_year(word: &str) -> bool {
    word[..4].parse::<u32>().is_ok_and(|year| year > 2025)
}
