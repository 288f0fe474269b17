//! What tests have in common that look at the calls which the program makes to the system, with `strace`.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Command;

use crate::support::{Answer, Desk, tell};

/// Whether calls can be traced here; if not, it is said why a test is left out.
pub(crate) fn can_trace() -> bool {
    let why = match Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).output() {
        Err(error) => format!("strace: {error}"),
        Ok(output) if !output.status.success() => String::from_utf8_lossy(&output.stderr).into_owned(),
        Ok(_) => return true,
    };
    tell(&format!("left out: {why}"));
    false
}

/// Runs the program on the ledger `l` under `strace`, which writes into `trace`.
pub(crate) fn traced(desk: &Desk, line: &str, options: &[&str]) -> Answer {
    traced_with(desk, line, options, |_| ())
}

/// The same with something done to the command first.
pub(crate) fn traced_with(desk: &Desk, line: &str, options: &[&str], with: impl FnOnce(&mut Command)) -> Answer {
    let own = desk.command(line.split_whitespace().chain(["--ledger", "l"]));
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-y", "-o"]).arg(desk.path().join("trace")).args(options);
    command.arg(own.get_program()).args(own.get_args()).current_dir(desk.path()).env_clear();
    command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("PATH", "/usr/bin:/bin");
    with(&mut command);
    Answer::of(&command.output().expect("strace runs"))
}

/// A desk with the same files. Most of a store's file is empty, and is not written.
pub(crate) fn copied(base: &Desk) -> Desk {
    let desk = Desk::new();
    copy(base.path(), desk.path());
    desk
}

/// Copies a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("there is room");
    for entry in fs::read_dir(from).expect("it can be listed") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("it has a name"));
        if path.is_dir() {
            copy(&path, &target);
            continue;
        }
        let (mut read, mut written) =
            (File::open(&path).expect("it is ours"), File::create(&target).expect("there is room"));
        let (mut at, mut block, zeros) = (0_u64, vec![0; 1 << 16], vec![0; 1 << 16]);
        loop {
            let len = read.read(&mut block).expect("it can be read");
            if len == 0 {
                break;
            }
            if block[..len] != zeros[..len] {
                written.seek(SeekFrom::Start(at)).expect("it is a file");
                written.write_all(&block[..len]).expect("there is room");
            }
            at += len as u64;
        }
        written.set_len(at).expect("there is room");
        fs::set_permissions(&target, fs::metadata(&path).expect("it is there").permissions()).expect("it is ours");
    }
}

/// A ledger `l` with some documents, signed at each append.
pub(crate) fn base() -> Desk {
    let desk = Desk::with_ilrs(&["october-2023"]);
    fs::rename(desk.path().join("ilrs.servanda"), desk.path().join("l")).expect("a ledger can be moved");
    let settings = desk.path().join("l/servanda.toml");
    let text = fs::read_to_string(&settings).expect("text");
    fs::write(settings, text.replacen("= \"on-request\"", "= \"each-append\"", 1)).expect("it is ours");
    assert_eq!(desk.run("checkpoint --ledger l").code, 0);
    desk
}

/// Writes files of parties: their ids begin with the file's name.
pub(crate) fn write_parties(desk: &Desk, files: &[&str], parties: usize, document: Option<&str>) {
    for file in files {
        let mut text = match document {
            Some(document) => {
                desk.write("files/note.txt", document);
                "source: { publisher: Somebody, grade: press, document: note.txt }\nannouncements:\n".to_owned()
            }
            None => "evidence: { none: made up }\nannouncements:\n".to_owned(),
        };
        let quote = if document.is_some() { ", quote: a note" } else { "" };
        for number in 0..parties {
            text += &format!("  - {{ kind: party, id: {file}-{number}, name: P, type: company{quote} }}\n");
        }
        desk.write(&format!("files/{file}.yaml"), text);
    }
}
