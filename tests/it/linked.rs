//! A ledger in a folder that others own, who put links in its way: the worries are a backup that takes in what lies elsewhere, the
//! system's own account that writes through a link where only it may, and one that gives away what was never the ledger's.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;

use crate::personal::files;
use crate::shared::{ANNA, BORIS, Office};
use crate::support::done;

/// What nobody but its owner may read.
const SECRET: &str = "the private half of a key";

/// A folder with a secret in it, of an account alone.
fn secret(office: &Office, within: &str, (uid, gid): (u32, u32)) -> PathBuf {
    let folder = office.path(within);
    fs::create_dir(&folder).expect("a fresh folder");
    fs::write(folder.join("id_ed25519"), SECRET).expect("there is room");
    for (path, mode) in [(folder.join("id_ed25519"), 0o600), (folder.clone(), 0o700)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("root may");
        chown(&path, Some(uid), Some(gid)).expect("root may");
    }
    folder
}

/// Whether a file below a folder has the secret in it.
fn has_secret(below: &Path) -> bool {
    let has = |file: &PathBuf| {
        fs::read(file).is_ok_and(|bytes| bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()))
    };
    files(below).iter().any(has)
}

/// A ledger of anna's that boris works in too, with a backup of it.
fn office() -> Option<(Office, String)> {
    let office = Office::founded(0o2770)?;
    office.file("anna", "text.txt", "A mission was announced.\n");
    let source = "source: { publisher: P, grade: host, document: text.txt }";
    let mission = "{ kind: mission, id: m, title: M, quote: A mission was announced }";
    office.file("anna", "a.yaml", &format!("{source}\nannouncements: [{mission}]\n"));
    for line in ["append a.yaml", "checkpoint", "backup all.backup"] {
        done(&office.by("anna", "022", line));
    }
    let backup = office.path("anna/all.backup").display().to_string();
    Some((office, backup))
}

/// Has the store be one that must be repaired.
fn damage(office: &Office) {
    let db = office.path("group/l/sled/db");
    let mut bytes = fs::read(&db).expect("it is there");
    bytes[4000..200_000].fill(0x55);
    fs::write(&db, bytes).expect("root may");
}

#[test]
fn a_backup_takes_in_nothing_that_a_link_in_the_ledger_leads_to() {
    let Some((office, _)) = office() else { return };
    let [of_boris, of_root] = [secret(&office, "boris/ssh", BORIS), secret(&office, "root/ssh", (0, 0))];
    for (who, folder) in [("boris", &of_boris), ("root", &of_root)] {
        for name in ["evidence", "checkpoints", "documents"] {
            let link = office.path("group/l").join(name);
            let aside = office.path("group/aside");
            let was_there = fs::rename(&link, &aside).is_ok();
            symlink(folder, &link).expect("nothing is there");
            let answer = office.by(who, "022", &format!("backup {name}.backup"));
            assert_eq!(answer.code, 3, "{who}: {name}: {}{}", answer.out, answer.err);
            assert!(answer.err.contains(&format!("{name} is a link")), "{who}: {}", answer.err);
            assert!(!has_secret(&office.path(&format!("{who}/{name}.backup"))), "{who}: {name}");
            fs::remove_file(&link).expect("it is ours");
            if was_there {
                fs::rename(aside, link).expect("it was there");
            }
        }
    }
}

#[test]
fn a_backup_says_which_names_are_links_and_left_out() {
    let Some((office, _)) = office() else { return };
    let of_root = secret(&office, "root/ssh", (0, 0));
    let evidence = office.path("group/l/evidence");
    fs::create_dir_all(&evidence).expect("there is room");
    symlink(of_root.join("id_ed25519"), evidence.join("a")).expect("nothing is there");
    let answer = office.by("root", "022", "backup b");
    assert_eq!(answer.code, 1, "{}{}", answer.out, answer.err);
    assert!(answer.err.contains("evidence/a is a link") && !has_secret(&office.path("root/b")), "{}", answer.err);
}

#[test]
fn whose_the_way_is_decides_as_whom_the_systems_own_account_restores() {
    let Some((office, backup)) = office() else { return };
    let only_roots = office.path("root/only");
    fs::create_dir(&only_roots).expect("a fresh folder");
    fs::set_permissions(&only_roots, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let link = office.path("anna/there");
    symlink(&only_roots, &link).expect("nothing is there");
    std::os::unix::fs::lchown(&link, Some(ANNA.0), Some(ANNA.1)).expect("root may");
    let there = link.join("l").display().to_string();
    let refused = office.by("root", "022", &format!("restore {backup} {there}"));
    assert!(refused.code == 3 && files(&only_roots).is_empty(), "{}{}", refused.out, refused.err);
    // A folder that everybody may write is its owner's all the same.
    let open = office.path("anna/open");
    fs::create_dir(&open).expect("a fresh folder");
    chown(&open, Some(ANNA.0), Some(ANNA.1)).expect("root may");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).expect("root may");
    let there = open.join("l").display().to_string();
    done(&office.by("root", "022", &format!("restore {backup} {there}")));
    assert_eq!(fs::metadata(open.join("l")).expect("it is there").uid(), ANNA.0);
}

#[test]
fn the_systems_own_account_repairs_and_gives_away_nothing_that_it_did_not_make() {
    let Some((office, backup)) = office() else { return };
    let other = secret(&office, "group/l/other", (0, 0));
    let keys = office.path("group/l/keys");
    for (path, mode) in [(keys.join("log.key"), 0o640), (keys.clone(), 0o750)] {
        chown(&path, Some(0), Some(31_009)).expect("root may");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("root may");
    }
    damage(&office);
    done(&office.by("root", "022", &format!("repair --from {backup}")));
    for path in [keys.clone(), keys.join("log.key"), other.clone(), other.join("id_ed25519")] {
        assert_eq!(fs::metadata(&path).expect("it is there").uid(), 0, "{}", path.display());
    }
    done(&office.by("boris", "022", "verify"));
}

#[test]
fn the_systems_own_account_writes_nothing_where_a_link_in_the_folder_leads() {
    let Some((office, backup)) = office() else { return };
    let only_roots = office.path("root/only");
    fs::create_dir(&only_roots).expect("a fresh folder");
    fs::set_permissions(&only_roots, fs::Permissions::from_mode(0o700)).expect("it is ours");
    for name in ["documents", "checkpoints", "evidence", "keys"] {
        let link = office.path("group/l").join(name);
        let aside = office.path("group/aside");
        let was_there = fs::rename(&link, &aside).is_ok();
        symlink(&only_roots, &link).expect("nothing is there");
        damage(&office);
        let _ = office.by("root", "022", &format!("repair --from {backup}"));
        assert!(files(&only_roots).is_empty(), "{name}: {:?}", files(&only_roots));
        fs::remove_file(&link).expect("it is ours");
        if was_there {
            fs::rename(aside, link).expect("it was there");
        }
    }
    // Nor is anything restored into a folder that only the system's own account may write.
    symlink(&only_roots, office.path("anna/there")).expect("nothing is there");
    chown(office.path("root"), Some(0), Some(0)).expect("it is ours");
    let there = office.path("anna/there/l").display().to_string();
    let restored = office.by("root", "022", &format!("restore {backup} {there}"));
    assert_eq!(restored.code, 0, "whoever names a folder means it: {}", restored.err);
    assert_eq!(fs::metadata(only_roots.join("l")).expect("it is there").uid(), 0);
}

/// Gives boris a key with which keys are changed.
fn make_boris_admin(office: &Office) {
    fs::remove_dir_all(office.path("boris/.config/servanda")).expect("root may");
    office.key("boris", BORIS, 10);
    let key = office.path("boris.pub").display().to_string();
    done(&office.by("anna", "022", &format!("key add boris-2 --public @{key} --role admin")));
}

#[test]
fn a_new_log_key_takes_the_place_of_no_file_that_holds_none() {
    let Some((office, _)) = office() else { return };
    let keys = office.path("group/l/keys");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o770)).expect("root may");
    let mine = office.path("boris/notes");
    fs::write(&mine, "my notes").expect("there is room");
    chown(&mine, Some(BORIS.0), Some(BORIS.1)).expect("root may");
    make_boris_admin(&office);
    fs::rename(keys.join("log.key"), office.path("anna/log.key")).expect("one file system");
    symlink(&mine, keys.join("log.key")).expect("nothing is there");
    let before = office.by("anna", "022", "log --json").json()["position"]["len"].clone();
    let refused = office.by("boris", "022", "key replace-log");
    assert_ne!(refused.code, 0, "{}", refused.out);
    assert_eq!(fs::read_to_string(&mine).expect("it is there"), "my notes");
    assert_eq!(office.by("anna", "022", "log --json").json()["position"]["len"], before, "{}", refused.err);
}

#[test]
fn whoever_cannot_lead_to_another_log_key_does_not_have_the_log_changed_to_it() {
    let Some((office, _)) = office() else { return };
    make_boris_admin(&office);
    let before = office.by("anna", "022", "log --json").json()["position"]["len"].clone();
    let refused = office.by("boris", "022", "key replace-log --log-key new.key");
    assert!(refused.code == 3 && refused.err.contains("keys"), "{}{}", refused.out, refused.err);
    assert_eq!(office.by("anna", "022", "log --json").json()["position"]["len"], before, "{}", refused.err);
}

#[test]
fn a_log_key_that_a_link_leads_to_is_replaced_only_where_who_asks_may() {
    let Some((office, _)) = office() else { return };
    let keys = office.path("group/l/keys");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o770)).expect("root may");
    make_boris_admin(&office);
    let elsewhere = office.path("anna/log.key");
    fs::rename(keys.join("log.key"), &elsewhere).expect("one file system");
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o640)).expect("root may");
    symlink(&elsewhere, keys.join("log.key")).expect("nothing is there");
    let before = office.by("anna", "022", "log --json").json()["position"]["len"].clone();
    let refused = office.by("boris", "022", "key replace-log");
    assert!(refused.code == 3 && refused.err.contains("put nothing there"), "{}{}", refused.out, refused.err);
    assert_eq!(office.by("anna", "022", "log --json").json()["position"]["len"], before, "{}", refused.err);
    done(&office.by("root", "022", "verify"));
}

#[test]
fn a_folder_that_changes_places_while_root_restores_into_it_leads_it_nowhere() {
    let Some(office) = Office::founded(0o2770) else { return };
    done(&office.by("anna", "022", "backup all.backup"));
    let only_roots = office.path("root/only");
    fs::create_dir(&only_roots).expect("a fresh folder");
    fs::write(only_roots.join("README"), "root's own").expect("there is room");
    fs::set_permissions(&only_roots, fs::Permissions::from_mode(0o700)).expect("it is ours");
    let target = office.path("anna/restored").display().to_string();
    let mut command = office.command("root", "022", &format!("restore - {target}"));
    let mut restoring =
        command.stdin(Stdio::piped()).stderr(Stdio::null()).stdout(Stdio::null()).spawn().expect("it runs");
    // It has made its folder before it waits for the input, which does not come yet.
    let staged = || {
        let names = fs::read_dir(office.path("anna")).expect("it can be listed").flatten();
        names.map(|entry| entry.path()).find(|path| {
            let is_staged = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".servanda-new-"));
            is_staged && path.join("sled/db").exists()
        })
    };
    let staged = loop {
        match staged() {
            Some(staged) => break staged,
            None => assert!(restoring.try_wait().expect("it can be asked").is_none(), "it ended without one"),
        }
        thread::yield_now();
    };
    fs::rename(&staged, office.path("anna/moved")).expect("anna may");
    symlink(&only_roots, &staged).expect("nothing is there");
    let bytes = fs::read(office.path("anna/all.backup")).expect("it is there");
    let mut input = restoring.stdin.take().expect("it is piped");
    // Whoever stopped reading has refused it.
    let _ = input.write_all(&bytes);
    drop(input);
    assert!(!restoring.wait().expect("it ends").success());
    assert_eq!(fs::read_to_string(only_roots.join("README")).expect("it is there"), "root's own");
    assert_eq!(fs::read_dir(&only_roots).expect("it can be listed").count(), 1);
}
