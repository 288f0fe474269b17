//! Where an account keeps what it remembers: where the environment says, and in nobody else's folder.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use crate::support::{Answer, Desk};

/// A desk with a ledger of a genesis alone.
fn founded() -> Desk {
    let desk = Desk::new();
    let answer = with(&desk, "init", &[]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    desk
}

/// Signs a checkpoint.
fn signed(desk: &Desk, variables: &[(&str, &str)]) -> Answer {
    with(desk, "checkpoint", variables)
}

/// Runs a command with these variables, by paths from the desk, alone.
fn with(desk: &Desk, command: &str, variables: &[(&str, &str)]) -> Answer {
    let mut command = desk.command([command, "--ledger", "ledger"]);
    command.env_remove("XDG_STATE_HOME");
    command.envs(variables.iter().map(|(name, path)| (name, desk.path().join(path))));
    Answer::of(&command.output().expect("the binary runs"))
}

/// The files below a folder of the desk.
fn files(desk: &Desk, folder: &str) -> Vec<PathBuf> {
    let mut open = vec![desk.path().join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found
}

#[track_caller]
fn check_remembered_in(variables: &[(&str, &str)], folder: &str) {
    let desk = founded();
    let answer = signed(&desk, variables);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""));
    assert!(!files(&desk, folder).is_empty(), "nothing is in {folder}");
    for other in ["named", "state", "home"].iter().filter(|other| !folder.starts_with(*other)) {
        assert!(!desk.path().join(other).exists(), "something is in {other}");
    }
    for file in files(&desk, folder).into_iter().filter(|file| file.to_string_lossy().contains("/_")) {
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().expect("a folder"))), (0o600, 0o700), "{}", file.display());
    }
}

#[test]
fn what_is_remembered_lies_where_the_environment_says() {
    let all = [("SERVANDA_STATE", "named"), ("XDG_STATE_HOME", "state"), ("HOME", "home")];
    check_remembered_in(&all, "named");
    check_remembered_in(&all[1..], "state/servanda");
    check_remembered_in(&all[2..], "home/.local/state/servanda");
}

#[test]
fn a_checkpoint_that_is_not_remembered_for_want_of_a_home_says_so() {
    let desk = founded();
    let answer = signed(&desk, &[]);
    assert_eq!(answer.code, 0);
    assert_eq!(
        answer.err,
        "warning: the checkpoint is kept beside the ledger alone, and not remembered: none of SERVANDA_STATE, \
         XDG_STATE_HOME and HOME says where; set SERVANDA_STATE to a folder of your own\n"
    );
}

#[test]
fn the_folder_of_another_user_is_neither_written_nor_made() {
    let desk = founded();
    let home = desk.path().join("home");
    fs::create_dir(&home).expect("there is room");
    // Only the system can give folders away, and everybody else finds those of the system.
    let (name, owner) = match chown(&home, Some(12345), None) {
        Ok(()) => ("home", 12345),
        Err(_) => ("/proc", fs::metadata("/proc").expect("it is there").uid()),
    };
    for variable in ["SERVANDA_STATE", "HOME"] {
        if (owner, variable) == (0, "HOME") {
            continue;
        }
        let answer = signed(&desk, &[(variable, name)]);
        assert_eq!(answer.code, 0);
        let says = answer.err.contains("not remembered: ") && answer.err.contains(&format!("belongs to user {owner};"));
        assert!(says, "{}", answer.err);
        assert_eq!(fs::read_dir(&home).expect("it is there").count(), 0);
    }
}
