//! A ledger that several accounts of a machine work in, one that an account may only read, and one that the system's own
//! account mends. The worries are a file that the next account cannot read any more, one that everybody can read, a reader
//! that writes, and an answer that calls a want of rights damage.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use servanda::ledger::KeyFile;

use crate::personal::files;
use crate::support::{Answer, Desk, done, tell};

/// The group that works in the ledger.
const GROUP: u32 = 31_000;
pub(crate) const ANNA: (u32, u32) = (31_001, GROUP);
pub(crate) const BORIS: (u32, u32) = (31_002, GROUP);
/// Of another group.
const CARLA: (u32, u32) = (31_003, 31_003);
/// The system's own account.
const ROOT: (u32, u32) = (0, 0);
/// How a program ends that could not start another.
const UNREACHABLE: i32 = 126;

/// A desk at which several accounts work, each with a home of its own, and the folder of a group.
pub(crate) struct Office(pub(crate) Desk);

impl Office {
    /// None, where the tests may not run programs under other accounts.
    fn open(rights: u32) -> Option<Self> {
        let office = Self(Desk::new());
        let path = office.0.path();
        fs::copy(env!("CARGO_BIN_EXE_servanda"), path.join("servanda")).expect("there is room");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is ours");
        for (name, (uid, gid)) in [("anna", ANNA), ("boris", BORIS), ("carla", CARLA), ("root", ROOT)] {
            fs::create_dir(path.join(name)).expect("a fresh folder");
            if chown(path.join(name), Some(uid), Some(gid)).is_err() {
                tell("left out: only root runs programs under other accounts");
                return None;
            }
        }
        let group = path.join("group");
        fs::create_dir(&group).expect("a fresh folder");
        chown(&group, Some(ANNA.0), Some(GROUP)).expect("root may");
        fs::set_permissions(&group, fs::Permissions::from_mode(rights)).expect("it is ours");
        if office.by("anna", "022", "--version").code == UNREACHABLE {
            tell("left out: no other account reaches what lies in the folder for temporary files");
            return None;
        }
        Some(office)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The program under an account and a umask; the ledger is `group/l`.
    pub(crate) fn command(&self, who: &str, umask: &str, line: &str) -> Command {
        let (uid, gid) = match who {
            "anna" => ANNA,
            "boris" => BORIS,
            "carla" => CARLA,
            _ => ROOT,
        };
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "umask $0; exec \"$@\"", umask]).arg(self.path("servanda")).args(line.split(' '));
        let home = self.path(who);
        command
            .current_dir(&home)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", home)
            .env("TMPDIR", self.path(who));
        if !line.contains("--ledger") {
            command.env("SERVANDA_LEDGER", self.path("group/l"));
        }
        if uid != 0 {
            command.uid(uid).gid(gid);
        }
        command
    }

    pub(crate) fn by(&self, who: &str, umask: &str, line: &str) -> Answer {
        Answer::of(&self.command(who, umask, line).output().expect("a shell is there"))
    }

    /// A file in an account's home.
    pub(crate) fn file(&self, who: &str, name: &str, text: &str) {
        fs::write(self.path(who).join(name), text).expect("there is room");
        fs::set_permissions(self.path(who).join(name), fs::Permissions::from_mode(0o644)).expect("it is ours");
    }

    /// A party's description in somebody's home.
    pub(crate) fn party(&self, who: &str, id: &str) {
        let party = format!("{{ kind: party, id: {id}, name: {id}, type: state }}");
        self.file(who, &format!("{id}.yaml"), &format!("evidence: {{ none: a test }}\nannouncements: [{party}]\n"));
    }

    /// A key for somebody, that the recorder of the ledger knows as theirs.
    pub(crate) fn key(&self, who: &str, (uid, gid): (u32, u32), seed: u8) {
        let folder = self.path(who).join(".config/servanda");
        KeyFile::create(&folder.join("recorder_ed25519"), &[seed; 32], who).expect("there is room");
        fs::copy(folder.join("recorder_ed25519.pub"), self.path(&format!("{who}.pub"))).expect("there is room");
        for path in [&folder, &self.path(who).join(".config"), &folder.join("recorder_ed25519")] {
            chown(path, Some(uid), Some(gid)).expect("root may");
        }
    }

    /// A ledger that anna founded, in which boris records too.
    pub(crate) fn founded(rights: u32) -> Option<Self> {
        let office = Self::open(rights)?;
        office.key("boris", BORIS, 9);
        done(&office.by("anna", "077", "init --shared --origin test.example/shared"));
        let key = office.path("boris.pub").display().to_string();
        done(&office.by("anna", "077", &format!("key add boris --public @{key}")));
        Some(office)
    }

    /// What lies below the ledger, with owner, group and rights.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, (u32, u32, u32)> {
        let ledger = self.path("group/l");
        let mut found = BTreeMap::new();
        let mut folders = vec![ledger.clone()];
        while let Some(folder) = folders.pop() {
            found.insert(folder.clone(), folder.clone());
            for entry in fs::read_dir(&folder).expect("it can be listed").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.insert(path.clone(), path);
                }
            }
        }
        let about = |path: &Path| {
            let found = fs::metadata(path).expect("it is there");
            (found.uid(), found.gid(), found.mode() & 0o7777)
        };
        found.into_keys().map(|path| (path.strip_prefix(&ledger).unwrap_or(&path).to_owned(), about(&path))).collect()
    }

    /// Everything in the ledger is the group's, with rights that all of it can work with, but for keys.
    #[track_caller]
    fn is_the_groups(&self, place: &str) {
        for (path, (_, group, mode)) in self.files() {
            let is_key = path.starts_with("keys");
            assert_eq!(group, GROUP, "{place}: {}", path.display());
            let expected = match (is_key, self.path("group/l").join(&path).is_dir()) {
                (true, true) => 0o700,
                (true, false) => 0o600,
                (false, true) => 0o770,
                (false, false) => 0o660,
            };
            assert_eq!(mode & 0o777, expected, "{place}: {} is {mode:o}", path.display());
        }
    }
}

#[test]
fn two_accounts_work_in_a_shared_ledger_under_every_umask() {
    for umask in ["002", "022", "027", "077"] {
        let Some(office) = Office::founded(0o2770) else { return };
        let place = |line: &str| format!("umask {umask}: {line}");
        office.is_the_groups(&place("init"));
        for (number, who) in ["boris", "anna", "boris", "anna"].into_iter().enumerate() {
            let id = format!("{who}-{number}");
            office.party(who, &id);
            office.file(who, "source.txt", &format!("{id} is a state"));
            let other = if umask == "077" { "022" } else { "077" };
            for (umask, line) in [
                (umask, format!("append {id}.yaml")),
                (other, "log".to_owned()),
                (umask, "members shared --on 2023-01-01".to_owned()),
                (umask, format!("party {id}")),
                (umask, "verify".to_owned()),
                (other, format!("backup {who}.backup")),
            ] {
                let answer = office.by(who, umask, &line);
                let may_miss = line.starts_with("members");
                assert!(answer.code == 0 || may_miss, "{}: {}{}", place(&line), answer.out, answer.err);
                office.is_the_groups(&place(&line));
            }
            done(&office.by("anna", umask, "checkpoint"));
            office.is_the_groups(&place("checkpoint"));
        }
        assert_eq!(office.by("carla", umask, "log").code, 3, "nobody else sees it");
        // What was made for it elsewhere stays the account's own.
        let backup = fs::metadata(office.path("boris/boris.backup")).expect("it was made").mode();
        assert_eq!(backup & 0o077, 0, "{backup:o}");
    }
}

#[test]
fn personal_documents_of_a_shared_ledger_are_the_groups_and_nobody_elses() {
    let Some(office) = Office::founded(0o2775) else { return };
    fs::set_permissions(office.path("group/l"), fs::Permissions::from_mode(0o2775)).expect("it is ours");
    office.file("boris", "letter.txt", "A private letter says that Ruritania joined.");
    office.file(
        "boris",
        "letter.yaml",
        "evidence:\n  source: { publisher: P, grade: press, published: 2023-01-02, personal: true, document: letter.txt }\n  \
         quote: Ruritania joined\nannouncements:\n- { kind: party, id: ruritania, name: Ruritania, type: state }\n",
    );
    done(&office.by("boris", "022", "append letter.yaml"));
    let documents: Vec<_> =
        office.files().into_iter().filter(|(path, _)| path.parent() == Some(Path::new("documents"))).collect();
    assert_eq!(documents.len(), 2, "the letter and its salt: {documents:?}");
    for (path, (_, group, mode)) in documents {
        assert_eq!((group, mode & 0o777), (GROUP, 0o660), "{}", path.display());
    }
    done(&office.by("anna", "077", "verify"));
}

#[test]
fn a_want_of_rights_names_the_file_and_is_no_damage() {
    let Some(office) = Office::founded(0o2770) else { return };
    office.party("boris", "a");
    for (name, line) in [
        ("sled/db", "append a.yaml"),
        ("sled/db", "log"),
        ("sled", "append a.yaml"),
        ("sled", "verify"),
        ("servanda.toml", "log"),
        ("LOCK", "append a.yaml"),
        ("documents", "backup b"),
    ] {
        let path = office.path("group/l").join(name);
        let before = fs::metadata(&path).expect("it is there").permissions();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("it is ours");
        let answer = office.by("boris", "022", line);
        fs::set_permissions(&path, before).expect("it is ours");
        let told = &answer.err;
        assert_eq!(answer.code, 3, "{name}: {line}: {}{told}", answer.out);
        assert!(told.contains("ermission") && told.contains(name), "{name}: {line}: {told}");
        assert!(!told.contains("repair"), "{name}: {line}: {told}");
    }
    done(&office.by("boris", "022", "verify"));
}

/// What an account that may only read asks, and what answers it gets.
const READ: [&str; 12] = [
    "log",
    "show 1",
    "party anna-0",
    "history",
    "verify",
    "checkpoint list",
    "checkpoint show",
    "prove 1 --output .",
    "certify anna-0 --output c",
    "export ndjson e.ndjson",
    "export tiles tiles",
    "backup b",
];

/// Whoever may read a ledger gets every answer, twice, and nothing of it changes.
#[track_caller]
fn is_read_by(office: &Office, who: &str, run: impl Fn(&str) -> Answer) {
    let all = |office: &Office| -> Vec<(PathBuf, Vec<u8>)> {
        files(&office.path("group/l"))
            .into_iter()
            .map(|file| (file.clone(), fs::read(file).expect("root may")))
            .collect()
    };
    let (before, names) = (all(office), office.files());
    for round in 0..2 {
        for line in READ {
            let line =
                line.replace("e.ndjson", &format!("e{round}")).replace("--output c", &format!("--output c{round}"));
            let answer = run(&line);
            assert!(answer.code == 0 || line.starts_with("certify"), "{who}: {line}: {}{}", answer.out, answer.err);
        }
        assert!(all(office) == before && office.files() == names, "{who} changed something");
    }
}

#[test]
fn reading_needs_no_right_to_write() {
    let Some(office) = Office::founded(0o2775) else { return };
    fs::set_permissions(office.path("group/l"), fs::Permissions::from_mode(0o2775)).expect("it is ours");
    office.party("anna", "anna-0");
    done(&office.by("anna", "022", "append anna-0.yaml"));
    done(&office.by("anna", "022", "checkpoint"));
    // Of what was made before others could look at it, too.
    let given =
        Command::new("chmod").args(["-R", "o+rX"]).arg(office.path("group/l")).output().expect("chmod is there");
    assert!(given.status.success());
    fs::set_permissions(office.path("group/l/keys"), fs::Permissions::from_mode(0o700)).expect("it is ours");
    is_read_by(&office, "carla", |line| office.by("carla", "022", line));
    let copies = || fs::read_dir(office.path("carla/.cache/servanda/copies")).expect("it was made").flatten();
    let copy = copies().next().expect("there is one").path().join("sled/db");
    let made = fs::metadata(&copy).expect("it is there").ino();
    done(&office.by("carla", "022", "log"));
    assert_eq!(fs::metadata(&copy).expect("it is there").ino(), made, "the copy stays as long as nothing changes");
    office.party("anna", "anna-1");
    done(&office.by("anna", "022", "append anna-1.yaml"));
    assert!(office.by("carla", "022", "log").out.contains("anna-1"), "and is made again when something does");
    assert_eq!(copies().count(), 1);
    let refused = office.by("carla", "022", "append anna-1.yaml --key nowhere");
    assert!(refused.code == 3 && refused.err.contains("belongs to user"), "{}", refused.err);
}

#[test]
fn whoever_verifies_or_backs_up_reads_the_disk_and_no_copy_from_before() {
    let Some(office) = Office::founded(0o2775) else { return };
    fs::set_permissions(office.path("group/l"), fs::Permissions::from_mode(0o2775)).expect("it is ours");
    office.party("anna", "anna-0");
    done(&office.by("anna", "022", "append anna-0.yaml"));
    let given =
        Command::new("chmod").args(["-R", "o+rX"]).arg(office.path("group/l")).output().expect("chmod is there");
    assert!(given.status.success());
    done(&office.by("carla", "022", "log"));
    let copy = |office: &Office| {
        let copies = fs::read_dir(office.path("carla/.cache/servanda/copies")).expect("it was made").flatten();
        copies.map(|copy| copy.path().join("sled/db")).next().expect("there is one")
    };
    for (line, is_anew) in [("verify", true), ("log", false), ("backup b", true), ("backup b", true), ("log", false)] {
        // A hard link keeps the number of a file that is gone from being given to the next.
        let before = office.path("before");
        fs::hard_link(copy(&office), &before).expect("one file system");
        done(&office.by("carla", "022", line));
        let [was, is] = [before.clone(), copy(&office)].map(|file| fs::metadata(file).expect("it is there").ino());
        assert_eq!(was != is, is_anew, "{line}");
        fs::remove_file(before).expect("it is ours");
    }
}

#[test]
fn a_night_that_could_not_look_says_so_and_is_not_told_as_one_that_found_something() {
    let Some(office) = Office::founded(0o2770) else { return };
    office.party("anna", "anna-0");
    for line in ["append anna-0.yaml", "checkpoint", "backup b"] {
        done(&office.by("anna", "022", line));
    }
    let closed = |of: &Path| {
        let size = |file: &PathBuf| file.file_name().is_some_and(|name| name.to_string_lossy().parse::<u64>().is_ok());
        let file = files(of).into_iter().find(size).expect("there is a checkpoint");
        fs::set_permissions(file, fs::Permissions::from_mode(0o000)).expect("root may");
    };
    closed(&office.path("group/l/checkpoints"));
    closed(&office.path("anna/.local/state/servanda/_logs"));
    for line in ["verify --quiet", "backup check b --quiet"] {
        let answer = office.by("anna", "022", line);
        assert_eq!(answer.code, 3, "{line}: {}{}", answer.out, answer.err);
        assert!(
            answer.err.contains("not checked") && answer.err.contains("ermission denied"),
            "{line}: {}",
            answer.err
        );
    }
}

#[test]
fn a_place_for_copies_that_is_missing_is_named_and_is_no_damage_of_the_ledger() {
    let Some(office) = Office::founded(0o2775) else { return };
    let given =
        Command::new("chmod").args(["-R", "o+rX"]).arg(office.path("group/l")).output().expect("chmod is there");
    assert!(given.status.success());
    fs::set_permissions(office.path("group"), fs::Permissions::from_mode(0o2775)).expect("it is ours");
    done(&office.by("carla", "022", "backup b"));
    for (line, scratch) in [("verify", "none/deep"), ("log", "none/deep"), ("backup check b", "none/deep")] {
        let mut command = office.command("carla", "022", line);
        command.env("TMPDIR", office.path(scratch)).env_remove("HOME");
        let answer = Answer::of(&command.output().expect("a shell is there"));
        assert_eq!(answer.code, 3, "{line}: {}{}", answer.out, answer.err);
        assert!(answer.err.contains("none/deep") && answer.err.contains("TMPDIR"), "{line}: {}", answer.err);
        assert!(!answer.err.contains("repair"), "{line}: {}", answer.err);
        assert!(!office.path("none").exists(), "{line}: it was made");
    }
}

#[test]
fn a_ledger_on_a_disk_that_cannot_be_written_is_read() {
    let Some(office) = Office::founded(0o2770) else { return };
    office.party("anna", "anna-0");
    done(&office.by("anna", "022", "append anna-0.yaml"));
    done(&office.by("anna", "022", "checkpoint"));
    let ledger = office.path("group/l").display().to_string();
    let mount = format!("mount --bind {ledger} {ledger} && mount -o remount,bind,ro {ledger} && exec \"$@\"");
    let mounted = |who: &str, line: &str| {
        let own = office.command(who, "022", line);
        let mut command = Command::new("unshare");
        command.args(["--mount", "/bin/sh", "-c", &mount, "sh"]);
        if who != "root" {
            command.args(["setpriv", "--reuid", &ANNA.0.to_string(), "--regid", &GROUP.to_string(), "--clear-groups"]);
        }
        command.arg(own.get_program()).args(own.get_args()).current_dir(office.path(who)).env_clear();
        command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
    };
    if !mounted("root", "--version").output().is_ok_and(|output| output.status.success()) {
        tell("left out: nothing can be mounted here");
        return;
    }
    for who in ["anna", "root"] {
        is_read_by(&office, who, |line| Answer::of(&mounted(who, line).output().expect("it runs")));
    }
    let refused = Answer::of(&mounted("anna", "append anna-0.yaml").output().expect("it runs"));
    assert!(refused.code == 3 && refused.err.contains("is mounted read-only"), "{}", refused.err);
    for untrue in ["may not be written by this account", "takes a lock", ".tmp-"] {
        assert!(!refused.err.contains(untrue), "{}", refused.err);
    }
}

#[test]
fn what_the_systems_own_account_makes_belongs_to_whose_the_ledger_is() {
    let Some(office) = Office::founded(0o2770) else { return };
    office.party("anna", "a");
    done(&office.by("anna", "022", "append a.yaml"));
    done(&office.by("anna", "022", "backup all.backup"));
    let db = office.path("group/l/sled/db");
    let mut bytes = fs::read(&db).expect("it is there");
    bytes[4000..200_000].fill(0x55);
    fs::write(&db, bytes).expect("it is ours");
    let backup = office.path("anna/all.backup").display().to_string();
    let repaired = office.by("root", "022", &format!("repair --from {backup}"));
    assert_eq!(repaired.code, 0, "{}{}", repaired.out, repaired.err);
    let of_root: Vec<_> =
        office.files().into_iter().filter(|(_, (owner, group, _))| *owner == 0 || *group == 0).collect();
    assert!(of_root.is_empty(), "{of_root:?}");
    for who in ["anna", "boris"] {
        done(&office.by(who, "022", "verify"));
    }
    let second = office.path("anna/second").display().to_string();
    let restored = office.by("root", "022", &format!("restore {backup} {second}"));
    assert_eq!(restored.code, 0, "{}{}", restored.out, restored.err);
    let owned =
        |path: &Path| (fs::metadata(path).expect("it is there").uid(), fs::metadata(path).expect("it is there").gid());
    assert_eq!((owned(Path::new(&second)), owned(&Path::new(&second).join("sled/db"))), (ANNA, ANNA));
    done(&office.by("anna", "022", &format!("verify --ledger {second}")));
}
