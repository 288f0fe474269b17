//! Ledgers whose stores are damaged, made whole. The worries are a repair that loses what the damaged store still had, that
//! puts an older or another ledger in its place without a word, that brings back what was erased, and one that was stopped.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::backup::{all, append, document, forget, founding_case};
use crate::lost_keys::shell;
use crate::personal::{LETTER, desk as personal_desk, files, kept};
use crate::support::{Answer, Desk, done, fixture, refused};

/// Removes what says how many events a ledger had.
fn forget_end(desk: &Desk, ledger: &str) {
    fs::remove_file(desk.path().join(ledger).join("HEAD")).expect("it is there");
    // A ledger that was only founded has none.
    let _ = fs::remove_file(desk.path().join(ledger).join("sled.check"));
}

/// What a damaged store may look like.
const DAMAGES: [&str; 4] = ["cut", "zeros", "no file", "no folder"];

/// Damages the store so.
fn damage(desk: &Desk, how: &str) {
    let sled = desk.path().join("l/sled");
    let db = sled.join("db");
    let whole = fs::read(&db).expect("it is there");
    let done = match how {
        "cut" => fs::write(&db, &whole[..8192]),
        "zeros" => fs::write(&db, vec![0; whole.len()]),
        "no file" => fs::remove_file(&db),
        _ => fs::remove_dir_all(&sled),
    };
    done.expect("it is ours");
}

#[test]
fn a_damaged_ledger_is_made_whole_from_what_comes_once_as_a_stream() {
    let desk = founding_case();
    append(&desk, "l", "newer");
    done(&desk.run("backup b --ledger l"));
    done(&desk.run("export ndjson all.ndjson --ledger l"));
    let sound = all(&desk, "l");
    for how in DAMAGES {
        for (from, name) in [("b", "-"), ("b", "/dev/stdin"), ("all.ndjson", "-"), ("all.ndjson", "/dev/stdin")] {
            damage(&desk, how);
            done(&shell(&desk, &format!("cat {from} | servanda repair --from {name} --ledger l")));
            assert!(all(&desk, "l") == sound, "{how}, {from} as {name}");
        }
    }
    damage(&desk, "no folder");
    let nothing = shell(&desk, "servanda repair --from - --ledger l < /dev/null");
    assert_eq!(nothing.code, 1, "{}", nothing.err);
}

#[test]
fn a_damaged_ledger_is_made_whole_from_a_backup_an_export_or_what_was_published() {
    for from in ["b", "all.ndjson", "public"] {
        let desk = founding_case();
        done(&desk.run("backup b --ledger l"));
        done(&desk.run("export ndjson all.ndjson --ledger l"));
        done(&desk.run("export tiles public --with-documents --ledger l"));
        let sound = all(&desk, "l");
        for how in DAMAGES {
            damage(&desk, how);
            let broken = desk.run("verify --ledger l");
            assert_ne!(broken.code, 0, "{how}");
            let repaired = desk.run(&format!("repair --from {from} --ledger l"));
            assert_eq!(repaired.code, 0, "{how} from {from}: {}{}", repaired.out, repaired.err);
            assert!(all(&desk, "l") == sound, "{how} from {from}");
        }
        append(&desk, "l", "goes-on");
        done(&desk.run("checkpoint --ledger l"));
        done(&desk.run("verify --ledger l"));
        let kept = fs::read_dir(desk.path().join("l"))
            .expect("a folder")
            .filter(|entry| {
                entry.as_ref().expect("an entry").file_name().to_string_lossy().starts_with("sled.damaged-")
            })
            .count();
        // Without a folder there was nothing.
        assert_eq!(kept, 3, "what was damaged is not deleted");
    }
}

#[test]
fn newer_events_that_the_damaged_store_still_has_are_saved() {
    let desk = founding_case();
    done(&desk.run("backup b --ledger l"));
    append(&desk, "l", "one");
    append(&desk, "l", "two");
    let sound = all(&desk, "l");
    let repaired = desk.run("repair --from b --ledger l");
    done(&repaired);
    assert!(repaired.err.contains("and 2 events that only the damaged store had"), "{}", repaired.err);
    assert!(all(&desk, "l") == sound);
}

#[test]
fn a_repair_that_would_lose_events_changes_nothing_unless_that_is_accepted() {
    let desk = founding_case();
    done(&desk.run("backup b --ledger l"));
    append(&desk, "l", "one");
    fs::write(desk.path().join("l/sled/db"), b"nothing").expect("it is ours");
    refused(&desk.run("repair --from b --ledger l"), "the last 1 are lost");
    assert_eq!(fs::read(desk.path().join("l/sled/db")).expect("it is there"), b"nothing", "it is as it was");
    assert!(desk.path().join("l/HEAD").is_file());
    done(&desk.run("repair --from b --despite-known --ledger l"));
    append(&desk, "l", "instead");
    done(&desk.run("checkpoint --ledger l"));
    fs::write(desk.path().join("l/sled/db"), b"nothing").expect("it is ours");
    forget_end(&desk, "l");
    refused(&desk.run("repair --from b --ledger l"), "ROLLBACK");
    forget(&desk);
    refused(&desk.run("repair --from b --ledger l"), "ROLLBACK");
}

#[test]
fn a_ledger_is_not_repaired_with_another_or_with_nothing() {
    let desk = founding_case();
    done(&desk.run("init --ledger other --origin test.example/other"));
    done(&desk.run("backup others --ledger other"));
    refused(
        &desk.run("repair --from others --ledger l"),
        "what was given is of the ledger test.example/other, not of test.example/ilrs",
    );
    desk.write("text", "nothing\n");
    refused(&desk.run("repair --from text --ledger l"), "neither a backup nor an export");
    desk.write("empty", "");
    refused(&desk.run("repair --from empty --ledger l"), "is empty");
    assert_eq!(desk.run("repair --from nowhere --ledger l").code, 3);
    assert_eq!(desk.run("repair --from others --ledger nowhere").code, 3);
    done(&desk.run("verify --ledger l"));
    let left = fs::read_dir(desk.path().join("l"))
        .expect("a folder")
        .filter(|entry| entry.as_ref().expect("an entry").file_name().to_string_lossy().starts_with(".servanda"))
        .count();
    assert_eq!(left, 0, "nothing is left over");
}

#[test]
fn a_repair_that_is_killed_leaves_a_ledger_that_is_repaired_again() {
    let desk = founding_case();
    done(&desk.run("backup b --ledger l"));
    let sound = all(&desk, "l");
    for round in 0..10_u64 {
        fs::write(desk.path().join("l/sled/db"), b"nothing").expect("it is ours");
        let mut child = desk
            .command(["repair", "--from", "b", "--ledger", "l"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        thread::sleep(Duration::from_millis(8 * round));
        let _ = child.kill();
        let _ = child.wait();
        assert!(desk.path().join("l/sled").is_dir(), "one or the other");
        done(&desk.run("repair --from b --ledger l"));
        assert!(all(&desk, "l") == sound);
    }
}

#[test]
fn what_was_erased_since_the_backup_is_not_brought_back_by_a_repair() {
    let desk = personal_desk();
    done(&desk.run("backup b --ledger l"));
    let name = document(&desk, "l").file_name().expect("a file").to_string_lossy().into_owned();
    done(&desk.run(&format!("source erase {name:.8} --authority Court --reason Order --ledger l")));
    done(&desk.run("repair --from b --ledger l"));
    assert_eq!(files(&desk.path().join("l/documents")), Vec::<PathBuf>::new());
    let everywhere = files(desk.path()).into_iter().filter(|file| file.file_name().is_some_and(|own| own != "b"));
    for file in everywhere {
        let bytes = fs::read(&file).expect("it can be read");
        let has_it = bytes.windows(20).any(|bytes| bytes == &LETTER.as_bytes()[..20]);
        assert!(!has_it || file.parent() == Some(desk.path()), "{} has the letter", file.display());
    }
}

#[test]
fn a_repair_puts_altered_documents_right() {
    let desk = founding_case();
    done(&desk.run("backup b --ledger l"));
    let sound = all(&desk, "l");
    fs::write(document(&desk, "l"), "other bytes\n").expect("it is ours");
    assert_eq!(desk.run("verify --ledger l").code, 1);
    let repaired = desk.run("repair --from b --ledger l");
    done(&repaired);
    assert!(repaired.err.contains("1 altered file is put right"), "{}", repaired.err);
    assert!(all(&desk, "l") == sound);
}

#[test]
fn a_repair_knows_a_ledger_by_its_own_store_and_waits_for_who_has_it_open() {
    let desk = founding_case();
    for folder in ["one", "two"] {
        done(&desk.run(&format!("init --ledger {folder}/same --origin test.example/same")));
        forget(&desk);
    }
    done(&desk.run("backup others --ledger two/same"));
    forget_end(&desk, "one/same");
    refused(&desk.run("repair --from others --ledger one/same"), "event 0 is known as another, by the store");

    done(&desk.run("backup old --ledger l"));
    append(&desk, "l", "one");
    forget_end(&desk, "l");
    let store = fs::File::open(desk.path().join("l/sled/db")).expect("it is there");
    store.lock().expect("nobody has it");
    let waited = desk.run("repair --from old --despite-known --lock-timeout 1 --ledger l");
    assert_eq!(waited.code, 3, "{}", waited.err);
    drop(store);
    done(&desk.run("repair --from old --ledger l"));
    done(&desk.run("show party:one --ledger l"));
}

#[test]
fn what_is_given_and_ends_within_a_batch_is_refused_at_once() {
    let desk = founding_case();
    let lines = desk.run("export ndjson --ledger l").out;
    let cut: String = lines.split_inclusive('\n').take(39).collect();
    desk.write("cut.ndjson", cut);
    fs::write(desk.path().join("l/sled/db"), b"nothing").expect("it is ours");
    forget_end(&desk, "l");
    refused(&desk.run("repair --from cut.ndjson --ledger l"), "in the middle of a batch");
}

#[test]
fn a_repair_puts_back_the_name_and_the_checkpoints_and_clears_what_others_left() {
    let desk = founding_case();
    done(&desk.run("backup b --ledger l"));
    let sound = all(&desk, "l");
    let checkpoint = files(&desk.path().join("l/checkpoints")).pop().expect("it was signed");
    let left = desk.write("l/.servanda-new-left/documents/letter", "Dear Sir");
    fs::write(checkpoint, "no checkpoint\n").expect("it is ours");
    for text in [None, Some("format = ")] {
        let settings = desk.path().join("l/servanda.toml");
        match text {
            None => fs::remove_file(settings).expect("it is there"),
            Some(text) => fs::write(settings, text).expect("it is ours"),
        }
        assert_eq!(desk.run("verify --ledger l").code, 3);
        done(&desk.run("repair --from b --ledger l"));
        assert!(all(&desk, "l") == sound);
    }
    assert!(!left.exists(), "it is not left for ever");
    append(&desk, "l", "goes-on");
}

#[test]
fn newer_events_are_found_with_whichever_key_they_begin_and_also_in_a_store_that_was_moved_away() {
    let desk = founding_case();
    done(&desk.run("backup b --ledger l"));
    let others = fixture("ilrs/other-sources").display().to_string();
    done(&Answer::of(&desk.command(["append", "--ledger", "l", &others]).output().expect("the binary runs")));
    let sound = all(&desk, "l");
    let (store, moved) = (desk.path().join("l/sled"), desk.path().join("l/sled.damaged-7"));
    let mut damaged = fs::read(store.join("db")).expect("it is there");
    damaged[..30].fill(0);
    fs::write(store.join("db"), &damaged).expect("it is ours");
    let repaired = desk.run("repair --from b --ledger l");
    done(&repaired);
    assert!(repaired.err.contains("and 17 events that only the damaged store had"), "{}", repaired.err);
    assert!(all(&desk, "l") == sound);
    // Where two folders cannot change places in one step, a crash can leave this.
    let laid_aside = desk.path().join("l/sled.damaged-1");
    fs::remove_dir_all(&store).expect("it is ours");
    fs::rename(laid_aside, moved).expect("it is ours");
    done(&desk.run("repair --from b --ledger l"));
    assert!(all(&desk, "l") == sound);
}

#[test]
fn what_lies_behind_a_damage_is_not_lost_by_looking_at_it() {
    let desk = founding_case();
    done(&desk.run("backup b --ledger l"));
    append(&desk, "l", "one");
    append(&desk, "l", "two");
    done(&desk.run("verify --ledger l"));
    let sound = all(&desk, "l");
    let db = desk.path().join("l/sled/db");
    for at in [5_000, 30_000, 60_000] {
        let mut damaged = fs::read(&db).expect("it is there");
        damaged[at] ^= 0xa5;
        fs::write(&db, &damaged).expect("it is ours");
        for line in ["verify", "log", "append new.yaml"] {
            assert_ne!(desk.run(&format!("{line} --ledger l")).code, 0, "{line} at {at}");
        }
        let kept = files(&desk.path().join("l")).into_iter().filter(|file| file.ends_with("db"));
        let is_kept = kept.into_iter().any(|file| fs::read(file).expect("it can be read") == damaged);
        assert!(is_kept, "at {at}");
        let repaired = desk.run("repair --from b --ledger l");
        assert_eq!(repaired.code, 0, "at {at}: {}", repaired.err);
        assert!(repaired.err.contains("and 2 events that only the damaged store had"), "at {at}: {}", repaired.err);
        assert!(all(&desk, "l") == sound, "at {at}");
        for laid_aside in fs::read_dir(desk.path().join("l")).expect("it can be listed") {
            let laid_aside = laid_aside.expect("an entry").path();
            if laid_aside.display().to_string().contains("/sled.damaged-") {
                fs::remove_dir_all(laid_aside).expect("it is ours");
            }
        }
    }
}

#[test]
fn a_damaged_store_is_read_from_a_copy_and_left_as_it_is() {
    let desk = founding_case();
    let ledger = desk.path().join("l");
    done(&desk.run("backup b --ledger l"));
    append(&desk, "l", "one");
    let sound = all(&desk, "l");
    let mut damaged = fs::read(ledger.join("sled/db")).expect("it is there");
    damaged[30_000] ^= 0xa5;
    fs::write(ledger.join("sled/db"), &damaged).expect("it is ours");
    // What somebody left who was killed, in part and of another store, is not put back.
    fs::create_dir(ledger.join("sled.before")).expect("there is room");
    fs::write(ledger.join("sled.before/db"), b"torn").expect("there is room");
    fs::create_dir_all(ledger.join("sled.before-of-mine")).expect("there is room");
    let names = || {
        let names = fs::read_dir(&ledger).expect("it can be listed").map(|entry| entry.expect("an entry").file_name());
        names.filter(|name| name != "LOCK").collect::<std::collections::BTreeSet<_>>()
    };
    let mut before = names();
    before.remove(std::ffi::OsStr::new("sled.before"));
    for line in ["log", "verify", "append new.yaml", "log --last 1"] {
        assert_ne!(desk.run(&format!("{line} --ledger l")).code, 0, "{line}");
        assert!(fs::read(ledger.join("sled/db")).expect("it is there") == damaged, "{line}");
        assert_eq!(names(), before, "{line}");
    }
    let lock = fs::File::open(ledger.join("sled/db")).expect("it is there");
    lock.lock().expect("nobody has it");
    refused_in_use(&desk.run("log --lock-timeout 0 --ledger l"));
    drop(lock);
    assert_eq!(names(), before, "of a store in use no copy is made");
    let repaired = desk.run("repair --from b --ledger l");
    assert!(repaired.err.contains("and 1 event that only the damaged store had"), "{}", repaired.err);
    assert!(all(&desk, "l") == sound);
    assert!(fs::read(ledger.join("sled.damaged-1/db")).expect("it is kept") == damaged);
}

#[test]
fn where_nobody_remembers_where_the_log_ended_a_store_with_a_torn_end_is_copied_whole_and_goes_on() {
    let desk = founding_case();
    let ledger = desk.path().join("l");
    append(&desk, "l", "one");
    for remembers in ["HEAD", "sled.check"] {
        fs::remove_file(ledger.join(remembers)).expect("it is there");
    }
    let mut torn = fs::read(ledger.join("sled/db")).expect("it is there");
    let end = torn.iter().rposition(|byte| *byte != 0).expect("something is written");
    torn[end + 1..end + 40].fill(0x55);
    fs::write(ledger.join("sled/db"), &torn).expect("it is ours");
    done(&desk.run("log --ledger l"));
    assert!(fs::read(ledger.join("sled.damaged-1/db")).expect("it is kept") == torn);
    assert_eq!(fs::metadata(ledger.join("sled.damaged-1")).expect("it is").permissions().mode() & 0o777, 0o700);
    for file in files(&ledger.join("sled.damaged-1")) {
        assert_eq!(fs::metadata(file).expect("it is there").permissions().mode() & 0o777, 0o600);
    }
    append(&desk, "l", "goes-on");
    assert!(!ledger.join("sled.damaged-2").exists());
}

#[test]
fn where_nobody_remembers_where_a_sound_log_ended_it_is_looked_at_once_and_nothing_is_laid_aside() {
    let desk = founding_case();
    let ledger = desk.path().join("l");
    append(&desk, "l", "one");
    let check = fs::read(ledger.join("sled.check")).expect("it was closed");
    for line in ["verify", "log", "log --last 1", "verify"] {
        for remembers in ["HEAD", "sled.check"] {
            let _ = fs::remove_file(ledger.join(remembers));
        }
        done(&desk.run(&format!("{line} --ledger l")));
        assert!(!ledger.join("sled.damaged-1").exists(), "{line}");
        assert!(fs::read(ledger.join("sled.check")).expect("it is remembered") == check, "{line}");
    }
    append(&desk, "l", "goes-on");
    // One that does not hold is read as it is, however often that is.
    let mut damaged = fs::read(ledger.join("sled/db")).expect("it is there");
    damaged[30_000] ^= 0xa5;
    fs::write(ledger.join("sled/db"), &damaged).expect("it is ours");
    for remembers in ["HEAD", "sled.check"] {
        fs::remove_file(ledger.join(remembers)).expect("it is there");
    }
    for _ in 0..2 {
        desk.run("verify --ledger l");
        assert!(!ledger.join("sled.damaged-2").exists());
    }
}

#[track_caller]
fn refused_in_use(answer: &Answer) {
    assert!(answer.code == 3 && answer.err.contains("is in use"), "{}", answer.err);
}

#[test]
fn a_store_of_another_ledger_that_was_put_there_by_mistake_is_not_remembered() {
    let desk = founding_case();
    done(&desk.run("init --ledger other --origin test.example/other"));
    let place = |folder: &str| desk.path().join(folder);
    fs::rename(place("other/sled"), place("own")).expect("it is there");
    fs::rename(place("l/sled"), place("other/sled")).expect("it is there");
    assert_ne!(desk.run("verify --ledger other").code, 0, "it has more events");
    fs::rename(place("other/sled"), place("l/sled")).expect("it is there");
    fs::rename(place("own"), place("other/sled")).expect("it is there");
    fs::create_dir_all(place("other/sled.before")).expect("a folder without a log in it is no copy");
    done(&desk.run("verify --ledger other"));
    append(&desk, "other", "goes-on");
    done(&desk.run("verify --ledger l"));
    assert!(!place("other/sled.before").exists(), "the files of another were copied, and its own were whole");
}

#[test]
fn a_salt_that_was_altered_or_torn_is_put_right_with_its_document() {
    let desk = personal_desk();
    done(&desk.run("backup b --ledger l"));
    let (_, _, salt) = kept(&desk);
    for wrong in [&[7; 32][..], b"torn"] {
        fs::write(&salt, wrong).expect("it is ours");
        assert_eq!(desk.run("verify --quiet --ledger l").code, 1);
        done(&desk.run("repair --from b --ledger l"));
        done(&desk.run("verify --quiet --ledger l"));
    }
}
