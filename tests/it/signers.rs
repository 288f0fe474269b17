//! Keys that are not simply in a file: behind a passphrase, in `ssh-agent`. The worries are a key that has to lie on the disk
//! in the clear to be of use, and an event that another key signed than the one that was named. `ssh-keygen`, `ssh-agent` and
//! `ssh-add` are OpenSSH's own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use servanda::ledger::KeyFile;

use crate::support::{Answer, Desk};

const FILE: &str =
    "evidence: { none: made up }\nannouncements:\n  - { kind: party, id: one, name: one, type: state }\n";

/// A ledger whose admin has the key file `admin`, and an announcement file.
fn desk() -> Desk {
    let desk = Desk::new();
    for (seed, name) in (1..).zip(["admin", "other"]) {
        KeyFile::create(&desk.path().join(name), &[seed; 32], name).expect("a key can be made");
    }
    desk.write("file.yaml", FILE);
    assert_eq!(desk.run("init --ledger l --key admin").code, 0);
    desk
}

/// Runs a line of shell in the desk's folder, with OpenSSH's programs and ours.
fn shell(desk: &Desk, line: &str) -> Answer {
    let bin = fs::canonicalize(env!("CARGO_BIN_EXE_servanda")).expect("the binary is built");
    let path = format!("{}:/usr/bin:/bin", bin.parent().expect("it lies in a folder").display());
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(desk.path()).env_clear().env("PATH", path).env("HOME", desk.path());
    shell.env("XDG_STATE_HOME", desk.path().join("state"));
    Answer::of(&shell.output().expect("there is a shell"))
}

fn is_whole(desk: &Desk, events: usize) {
    let verified = desk.run("verify --ledger l --json");
    assert_eq!((verified.code, verified.json()["events"].as_u64()), (0, Some(events as u64)), "{}", verified.out);
}

#[test]
fn an_agent_signs_for_a_public_key_without_a_private_one_on_the_disk() {
    let desk = desk();
    let signed = shell(
        &desk,
        "ssh-agent sh -c 'ssh-add -q admin && rm admin && servanda append --ledger l --key admin.pub file.yaml'",
    );
    assert_eq!(signed.code, 0, "{}", signed.err);
    is_whole(&desk, 2);
}

#[test]
fn an_agent_without_the_key_signs_nothing() {
    let desk = desk();
    for agent in ["ssh-agent sh -c 'ssh-add -q other && rm admin && ", "sh -c 'rm -f admin && "] {
        let refused = shell(&desk, &format!("{agent}servanda append --ledger l --key admin.pub file.yaml'"));
        assert_eq!(refused.code, 3, "{}", refused.err);
        assert!(refused.err.contains("ssh-keygen did not sign with"), "{}", refused.err);
        assert!(refused.err.contains("ssh-add -l"), "{}", refused.err);
        is_whole(&desk, 1);
    }
}

#[test]
fn a_key_with_a_passphrase_signs_once_that_is_given() {
    let desk = desk();
    assert_eq!(shell(&desk, "ssh-keygen -q -p -P '' -N secret -f admin").code, 0);
    let ask = desk.write("ask", "#!/bin/sh\necho secret\n");
    fs::set_permissions(&ask, fs::Permissions::from_mode(0o700)).expect("it is ours");
    let append = "servanda append --ledger l --key admin file.yaml";
    let asked = |words: &str| format!("SSH_ASKPASS=./{words} SSH_ASKPASS_REQUIRE=force {append}");
    assert_eq!(shell(&desk, &asked("nobody")).code, 3);
    is_whole(&desk, 1);
    let signed = shell(&desk, &asked("ask"));
    assert_eq!(signed.code, 0, "{}", signed.err);
    is_whole(&desk, 2);
}

#[test]
fn a_program_that_signs_with_another_key_or_nonsense_is_not_believed() {
    let desk = desk();
    assert_eq!(shell(&desk, "ssh-keygen -q -p -P '' -N secret -f admin").code, 0);
    let scripts = [
        (
            "#!/bin/sh\nexec /usr/bin/ssh-keygen -q -Y sign -n servanda-event-v1 -f other\n",
            "expected a signature by SHA256:",
        ),
        ("#!/bin/sh\nexec /usr/bin/ssh-keygen -q -Y sign -n other-purpose -f other\n", "namespace"),
        ("#!/bin/sh\ncat > /dev/null; echo nonsense\n", "the armor is not written as ssh-keygen writes it"),
        ("#!/bin/sh\nexit 7\n", "it ended with"),
    ];
    fs::create_dir(desk.path().join("bin")).expect("a folder can be made");
    for (script, because) in scripts {
        let program = desk.write("bin/ssh-keygen", script);
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("it is ours");
        let refused = shell(&desk, "PATH=\"$PWD/bin:$PATH\" exec servanda append --ledger l --key admin file.yaml");
        assert_eq!(refused.code, 3, "{}", refused.err);
        assert!(refused.err.contains(because), "{because}: {}", refused.err);
        is_whole(&desk, 1);
    }
}
