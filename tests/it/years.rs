//! An office as it runs for years: two people with keys and accounts of their own append to one ledger, it is backed up each
//! night and signed and shown to a witness each week, keys are rotated, and now and then a disk of last week is put back. The
//! worries are an event that is lost, a rollback that somebody who saw more is not told of, also across a change of the log's key,
//! and a ledger that grows faster than what is recorded in it.
//!
//! A year by default, ten with `SERVANDA_TESTS_LONG`. Every moment is made up; commands run in this process. Where the tests run as
//! root, a quarter also passes in one, as far as a clock tells, with two accounts of the system in a shared folder.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use servanda::domain::timestamp::Timestamp;
use servanda::ledger::KeyFile;

use crate::clock::{DAY_MS, at_account};
use crate::support::{Answer, Desk, done, is_long, moment, tell};

/// Weeks by default, and with `SERVANDA_TESTS_LONG`.
const WEEKS: [u64; 2] = [52, 520];
/// Days of a week on which somebody appends.
const DAYS: [i64; 2] = [1, 4];
/// Weeks of a quarter, in which keys of recorders are rotated once, and a snapshot is put back once.
const QUARTER: u64 = 13;
/// How many times as much an event of the second half may take as one of the first: files grow by blocks and segments.
const TOLERANCE: f64 = 1.5;

/// The group of the office, and its accounts of the system.
const GROUP: u32 = 31_010;
const ACCOUNTS: [u32; 2] = [31_011, 31_012];

/// Who runs commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hands {
    /// This process, for people whose accounts are folders; the clock is made up.
    Ours,
    /// Programs under accounts of the system, in a folder of their group; the clock is the system's.
    Theirs,
}

/// Somebody in the office.
struct Person {
    name: &'static str,
    /// How many keys they had.
    keys: u32,
}

impl Person {
    fn key(&self) -> String {
        format!("{}-{}", self.name, self.keys)
    }
}

/// The office.
struct Office {
    desk: Desk,
    hands: Hands,
    /// Where the ledger is, from the desk.
    ledger: &'static str,
    now: Timestamp,
    people: [Person; 2],
    /// The ids of everything that was acknowledged, in its order.
    acknowledged: Vec<String>,
    /// How often a snapshot was put back.
    rollbacks: u32,
}

impl Office {
    /// A ledger of Ana, who is its admin, and Boris, with a witness; none, where the tests may not run programs under accounts.
    fn open(hands: Hands) -> Option<Self> {
        let people = ["ana", "boris"].map(|name| Person { name, keys: 0 });
        let ledger = if hands == Hands::Ours { "l" } else { "group/l" };
        let (desk, acknowledged) = (Desk::new(), Vec::new());
        let mut office = Self { desk, hands, ledger, now: moment(0), people, acknowledged, rollbacks: 0 };
        office.furnish()?;
        let keys = [0, 1].map(|who| office.new_key(who));
        let shared = if hands == Hands::Ours { "" } else { " --shared" };
        let names = format!("--origin office.example/l --recorder ana --key {}", keys[0]);
        done(&office.run(0, &format!("init {names}{shared}")));
        done(&office.run(0, &format!("key add boris --public @{}.pub --key {}", keys[1], keys[0])));
        let witness = office.run_as("witness", "witness key --name witness.example/w --folder w");
        done(&witness);
        office.write("policy", &format!("witness w {}quorum w\n", witness.out));
        office.share_keys();
        office.keep_log_key();
        Some(office)
    }

    /// Puts folders there for everybody, and for the group.
    fn furnish(&self) -> Option<()> {
        let rights = |name: &str, mode: u32| {
            fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).expect("it is ours");
        };
        for (name, uid, mode) in
            [("ana", ACCOUNTS[0], 0o700), ("boris", ACCOUNTS[1], 0o700), ("group", ACCOUNTS[0], 0o2770)]
        {
            fs::create_dir(self.path(name)).expect("a fresh folder");
            if self.hands == Hands::Theirs {
                chown(self.path(name), Some(uid), Some(GROUP)).ok()?;
                rights(name, mode);
            }
        }
        fs::create_dir(self.path("witness")).expect("a fresh folder");
        if self.hands == Hands::Theirs {
            rights("", 0o755);
            fs::copy(env!("CARGO_BIN_EXE_servanda"), self.path("servanda")).expect("there is room");
        }
        (self.hands == Hands::Ours || self.run(1, "--version").code == 0).then_some(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.desk.path().join(name)
    }

    /// Writes a file that everybody can read.
    fn write(&self, name: &str, text: &str) {
        let path = self.desk.write(name, text);
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("it is ours");
    }

    /// Runs a command on the ledger as one of the people.
    fn run(&self, who: usize, line: &str) -> Answer {
        self.run_as(self.people[who].name, &format!("{line} --ledger {}", self.ledger))
    }

    /// Runs a command for an account.
    fn run_as(&self, account: &str, line: &str) -> Answer {
        let home = self.path(account);
        if self.hands == Hands::Ours {
            return at_account(&self.desk, &home, self.now, 0, line);
        }
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "umask 077; exec \"$0\" \"$@\""]).arg(self.path("servanda")).args(line.split_whitespace());
        command.current_dir(self.desk.path()).env_clear().env("TMPDIR", &home);
        command.env("XDG_STATE_HOME", home.join("state")).env("XDG_CONFIG_HOME", home.join("config"));
        command.env("XDG_CACHE_HOME", home.join("cache"));
        if let Some(who) = self.people.iter().position(|person| person.name == account) {
            command.uid(ACCOUNTS[who]).gid(GROUP);
        }
        command.output().map_or_else(
            |error| Answer { code: -1, out: String::new(), err: error.to_string() },
            |output| Answer::of(&output),
        )
    }

    /// Makes somebody's next key, and gives its name.
    fn new_key(&mut self, who: usize) -> String {
        let person = &mut self.people[who];
        person.keys += 1;
        let mut seed = [0xa5; 32];
        seed[..4].copy_from_slice(&person.keys.to_be_bytes());
        seed[4] = person.name.as_bytes()[0];
        let (name, key) = (person.name, person.key());
        KeyFile::create(&self.path(&key), &seed, name).expect("a key can be made");
        fs::set_permissions(self.path(&format!("{key}.pub")), fs::Permissions::from_mode(0o644)).expect("it is ours");
        self.give(&key, who);
        key
    }

    /// Gives a file to one of the people.
    fn give(&self, name: &str, who: usize) {
        if self.hands == Hands::Theirs {
            chown(self.path(name), Some(ACCOUNTS[who]), Some(GROUP)).expect("root may");
        }
    }

    /// Lets the group sign with the log's key, as an operator does.
    fn share_keys(&self) {
        if self.hands == Hands::Theirs {
            for (name, mode) in [("keys", 0o750), ("keys/log.key", 0o640)] {
                let path = self.path(self.ledger).join(name);
                fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("root may");
            }
        }
    }

    fn pass(&mut self, days: i64) {
        self.now = Timestamp::from_unix_ms(self.now.unix_ms() + days * DAY_MS).expect("a moment of this century");
    }

    /// What is done with a key when it is new: a copy of it, and its public half for the witness.
    fn keep_log_key(&self) {
        fs::copy(self.path(self.ledger).join("keys/log.key"), self.path("log.key")).expect("there is room");
        let shown = self.run(0, "key show --json").json();
        self.write("log.vkey", &format!("{}\n", shown["log_key"].as_str().expect("a key")));
    }

    /// One of the people appends what happened on a day, with a document.
    fn append(&mut self, who: usize, day: u64) {
        let text = format!("On day {day} of the office, mission {day} was announced to everybody who listened.\n");
        self.write("source.txt", &text);
        let mut file =
            "source: { publisher: The office, grade: host, document: source.txt }\nannouncements:\n".to_owned();
        for number in 0..4 {
            let id = format!("m-{day}-{number}");
            let quote = format!("mission {day} was announced");
            writeln!(file, "- {{ kind: mission, id: {id}, title: Mission {number} of day {day}, quote: {quote} }}")
                .expect("text takes everything");
            self.acknowledged.push(format!("mission:{id}"));
        }
        self.write("day.yaml", &file);
        done(&self.run(who, &format!("append day.yaml --key {}", self.people[who].key())));
    }

    /// The night after a day.
    fn night(&self) {
        done(&self.run(0, "backup ana/office.backup"));
    }

    /// One of the people signs, the witness does, and the other looks at it.
    fn sign(&self, who: usize) {
        done(&self.run(who, "checkpoint"));
        let seen = fs::read_to_string(self.path("seen")).unwrap_or_else(|_| "0".to_owned());
        let signed = self.witnessed(self.ledger, &seen);
        done(&signed);
        self.write("answer", &signed.out);
        let asked = fs::read_to_string(self.path("request")).expect("it was asked");
        let size = asked.lines().skip_while(|line| !line.is_empty()).nth(2).expect("a checkpoint has a size");
        self.write("seen", size);
        done(&self.run(who, "checkpoint cosign answer --policy policy"));
        done(&self.run(1 - who, "verify --policy policy"));
    }

    /// What the witness answers about the newest checkpoint of a ledger, if that is said to go on from one that it saw.
    fn witnessed(&self, ledger: &str, seen: &str) -> Answer {
        let asked = self.run_as("witness", &format!("checkpoint request --old {seen} --ledger {ledger}"));
        done(&asked);
        self.write("request", &asked.out);
        self.run_as("witness", "witness sign request --log @log.vkey --folder w")
    }

    /// The keys of both are replaced, by the admin.
    fn rotate(&mut self) {
        for who in 0..2 {
            let (admin, old) = (self.people[0].key(), self.people[who].key());
            let new = self.new_key(who);
            done(&self.run(0, &format!("key replace @{old}.pub --with @{new}.pub --key {admin}")));
        }
    }

    fn rotate_log(&self) {
        done(&self.run(0, &format!("key replace-log --key {}", self.people[0].key())));
        self.keep_log_key();
    }

    /// A snapshot is in the place of the ledger: whoever saw more is told, and the backup is restored.
    fn put_back(&mut self) {
        fs::rename(self.path(self.ledger), self.path("lost")).expect("it is ours");
        fs::rename(self.path("snapshot"), self.path(self.ledger)).expect("it is ours");
        let late = "announcements: [{ kind: mission, id: late, title: L, evidence: { none: a test } }]\n";
        self.write("late.yaml", late);
        for who in 0..2 {
            let append = format!("append late.yaml --key {}", self.people[who].key());
            for line in [append.as_str(), "checkpoint"] {
                let told = self.run(who, line);
                assert!(told.code == 1 && told.err.contains("ROLLBACK"), "{who} {line}: {}{}", told.out, told.err);
            }
            let verified = self.run(who, "verify");
            assert!(verified.code == 1 && verified.out.contains("ROLLBACK"), "{who}: {}", verified.out);
        }
        // Somebody who never saw more is told by the witness.
        let stranger = format!("stranger-{}", self.rollbacks);
        fs::create_dir(self.path(&stranger)).expect("a fresh folder");
        copy(&self.path(self.ledger), &self.path("strange"), "-r");
        done(&self.run_as(&stranger, "checkpoint --ledger strange"));
        let refused = self.witnessed("strange", "0");
        assert_ne!(refused.code, 0, "the witness signed less than it did before");
        assert_eq!(self.run_as(&stranger, "verify --policy policy --ledger strange").code, 0, "alone it is genuine");

        for name in ["strange", self.ledger, "lost"] {
            fs::remove_dir_all(self.path(name)).expect("it is ours");
        }
        done(&self.run_as(self.people[0].name, &format!("restore ana/office.backup {}", self.ledger)));
        let key = format!("{}/keys/log.key", self.ledger);
        fs::copy(self.path("log.key"), self.path(&key)).expect("there is room");
        self.give(&key, 0);
        self.share_keys();
        self.rollbacks += 1;
    }

    /// Everything that was acknowledged is there, in its order, and all of it verifies for both.
    fn check(&self) {
        for who in 0..2 {
            done(&self.run(who, "verify --policy policy"));
        }
        let log = self.run(0, "log --json").json();
        let events = log["events"].as_array().expect("a list").iter();
        let ids: Vec<&str> =
            events.filter_map(|event| event["id"].as_str()).filter(|id| id.starts_with("mission:")).collect();
        assert_eq!(ids, self.acknowledged);
    }

    /// Bytes of the ledger's folder, and of the backup.
    fn bytes(&self) -> [u64; 2] {
        self.night();
        [self.ledger, "ana/office.backup"].map(|name| bytes_of(&self.path(name)))
    }
}

/// Copies a folder, with `-a` whoever owns it.
fn copy(from: &Path, to: &Path, how: &str) {
    let status = Command::new("cp").arg(how).args([from, to]).status().expect("there is cp");
    assert!(status.success());
}

/// What a file or folder takes of the disk.
fn bytes_of(path: &Path) -> u64 {
    if !path.is_dir() {
        return fs::metadata(path).expect("it is there").blocks() * 512;
    }
    fs::read_dir(path).expect("it can be listed").map(|entry| bytes_of(&entry.expect("it is there").path())).sum()
}

impl Office {
    /// So many weeks pass. Gives how many announcements there are, and what that takes, after each half of them.
    fn work(&mut self, weeks: u64) -> Vec<(u64, [u64; 2])> {
        let (mut day, mut halves) = (0, Vec::new());
        for week in 0..weeks {
            let is_bad = week % QUARTER == 6;
            for (place, days) in DAYS.iter().enumerate() {
                if is_bad && place == 1 {
                    copy(&self.path(self.ledger), &self.path("snapshot"), "-a");
                }
                self.append(usize::try_from(day % 2).expect("0 or 1"), day);
                if week % (2 * QUARTER) == 6 && place == 1 {
                    // Behind what a snapshot has that is put back.
                    self.rotate_log();
                }
                self.night();
                let next = DAYS.get(place + 1).copied().unwrap_or(7 + DAYS[0]);
                self.pass(next - days);
                day += 1;
            }
            if week % QUARTER == 3 {
                self.rotate();
                self.night();
            }
            self.sign(usize::try_from(week % 2).expect("0 or 1"));
            if is_bad {
                self.night();
                self.put_back();
            }
            if week % QUARTER == QUARTER - 1 {
                self.check();
            }
            if (week + 1) % (weeks / 2) == 0 {
                halves.push((self.acknowledged.len() as u64, self.bytes()));
            }
        }
        self.check();
        assert_eq!(u64::from(self.rollbacks), weeks / QUARTER);
        halves
    }
}

#[test]
fn two_accounts_of_a_group_lose_nothing_in_a_quarter_and_both_are_told_of_a_rollback() {
    let Some(mut office) = Office::open(Hands::Theirs) else {
        tell("left out: only root runs programs under other accounts");
        return;
    };
    office.work(QUARTER);
}

#[test]
fn an_office_loses_nothing_in_years_and_whoever_saw_more_is_told_of_every_rollback() {
    let weeks = WEEKS[usize::from(is_long())];
    let mut office = Office::open(Hands::Ours).expect("nothing is asked of the system");
    // A ledger takes some room before anything is recorded in it.
    let at_first = office.bytes();
    let halves = office.work(weeks);

    let [(half, at_half), (all, at_end)] = halves[..] else { panic!("two halves") };
    let mut told = format!("{weeks} weeks, {all} announcements, {} rollbacks", office.rollbacks);
    for (place, what) in ["ledger", "backup"].into_iter().enumerate() {
        let first = ratio(at_half[place].saturating_sub(at_first[place]), half);
        let second = ratio(at_end[place].saturating_sub(at_half[place]), all - half);
        let _ = write!(told, "; {what}: {first:.0} and {second:.0} bytes each in both halves");
        assert!(second <= first * TOLERANCE, "the {what} grows faster than what is recorded: {told}");
    }
    tell(&told);
}

#[expect(clippy::cast_precision_loss, reason = "it is shown to people")]
fn ratio(bytes: u64, events: u64) -> f64 {
    bytes as f64 / events as f64
}
