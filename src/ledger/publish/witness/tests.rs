//! A witness that signs what goes on, and nothing else.

use super::*;
use crate::integrity::LogSigner;
use crate::integrity::merkle::{Node, Tree, leaf, node};
use crate::integrity::note::NoteSignature;

const ORIGIN: &str = "ledger.example/log";

/// A log whose events are numbers, or others from one on.
struct Numbers {
    forked_at: u64,
}

impl Tree for Numbers {
    type Error = std::convert::Infallible;

    fn complete(&self, height: u32, index: u64) -> Result<Node, Self::Error> {
        if height == 0 {
            return Ok(leaf(&[u8::from(index >= self.forked_at), u8::try_from(index).expect("a small number")]));
        }
        Ok(node(&self.complete(height - 1, 2 * index)?, &self.complete(height - 1, 2 * index + 1)?))
    }
}

fn log() -> LogSigner {
    LogSigner::from_seed(ORIGIN, &[9; 32]).expect("a good name")
}

fn checkpoint(tree: &Numbers, size: u64) -> Verified {
    let Ok(root) = tree.root(size);
    Checkpoint { origin: ORIGIN.to_owned(), size, root }.sign(&log()).expect("it is one")
}

fn request(tree: &Numbers, old: u64, new: u64) -> String {
    let Ok(path) = tree.consistency(old, new);
    ConsistencyFile { old, path, checkpoint: checkpoint(tree, new).note().to_string() }.text()
}

fn witness(folder: &Path) -> Witness {
    let signer = WitnessSigner::from_seed("witness.example", &[4; 32]).expect("a good name");
    Witness::new(signer, vec![log().vkey().into()], folder, Memory::New)
}

const HONEST: Numbers = Numbers { forked_at: u64::MAX };

#[track_caller]
fn check(outcome: Result<Signed, Refusal>, status: u16) {
    let refusal = outcome.expect_err("it is refused");
    assert_eq!(refusal.status(), status, "{refusal}");
}

#[test]
fn a_witness_signs_what_goes_on_and_remembers_it() {
    let desk = tempfile::tempdir().expect("a folder");
    for (old, new) in [(0, 3), (3, 3), (3, 8), (8, 20)] {
        // Each time from what is on the disk.
        let witness = witness(desk.path());
        let answer = witness.add_checkpoint(&request(&HONEST, old, new), 1000 + new).expect("it goes on");
        assert_eq!((&*answer.origin, answer.size), (ORIGIN, new));
        let line = answer.line.strip_suffix('\n').expect("a line");
        let signature = crate::integrity::note::NoteSignature::parse(line).expect("a signature");
        let signed = checkpoint(&HONEST, new).with([signature]);
        assert_eq!(witness.signer.vkey().cosigned(&signed), Ok(1000 + new));
        assert_eq!(witness.last(ORIGIN).expect("it can be read").map(|last| last.size()), Some(new));
    }
    check(witness(desk.path()).add_checkpoint(&request(&HONEST, 3, 30), 5), 409);
    check(witness(desk.path()).add_checkpoint(&request(&HONEST, 0, 30), 5), 409);
}

#[test]
fn a_fork_is_an_alarm_with_both_checkpoints_kept() {
    let desk = tempfile::tempdir().expect("a folder");
    let witness = witness(desk.path());
    witness.add_checkpoint(&request(&HONEST, 0, 8), 5).expect("it begins");
    let forked = Numbers { forked_at: 5 };
    check(witness.add_checkpoint(&request(&forked, 8, 12), 6), 422);
    check(witness.add_checkpoint(&request(&forked, 8, 8), 6), 422);
    let kept = std::fs::read_dir(desk.path().join("evidence/ledger.example+log")).expect("evidence is kept");
    assert_eq!(kept.count(), 3, "the one that was signed, and two others");
    assert_eq!(witness.last(ORIGIN).expect("it can be read").map(|last| last.size()), Some(8));
    // A log that was rolled back cannot go on from what was signed.
    check(witness.add_checkpoint(&request(&HONEST, 4, 6), 6), 409);
}

#[test]
fn evidence_does_not_fill_the_disk() {
    let desk = tempfile::tempdir().expect("a folder");
    let witness = witness(desk.path());
    let kept = || std::fs::read_dir(desk.path().join("evidence/ledger.example+log")).expect("evidence is kept").count();
    witness.add_checkpoint(&request(&HONEST, 0, 4), 5).expect("it begins");
    for size in 5..200 {
        let shown =
            ConsistencyFile { old: 4, path: Vec::new(), checkpoint: checkpoint(&HONEST, size).note().to_string() };
        check(witness.add_checkpoint(&shown.text(), 6), 422);
    }
    assert!(kept() <= MOST_EVIDENCE / 2 + 1, "{}", kept());
    let before = kept();
    check(witness.add_checkpoint(&request(&Numbers { forked_at: 2 }, 4, 4), 6), 422);
    assert_eq!(kept(), before + 1, "a fork needs no proof, and is kept");
}

#[test]
fn what_a_witness_does_not_know_it_does_not_sign() {
    let desk = tempfile::tempdir().expect("a folder");
    let witness = witness(desk.path());
    check(witness.add_checkpoint(&request(&HONEST, 0, 8), 0), 500);
    check(witness.add_checkpoint("", 5), 400);
    check(witness.add_checkpoint("old 0\n\nnothing", 5), 400);
    let good = request(&HONEST, 0, 8);
    check(witness.add_checkpoint(&good.replacen("old 0", "old 9", 1), 5), 400);
    check(witness.add_checkpoint(&good.replacen(ORIGIN, "ledger.example/other", 1), 5), 404);
    check(witness.add_checkpoint(&good.replacen("\n8\n", "\n9\n", 1), 5), 403);
    let other = LogSigner::from_seed(ORIGIN, &[8; 32]).expect("a good name");
    let Ok(root) = HONEST.root(8);
    let forged = Checkpoint { origin: ORIGIN.to_owned(), size: 8, root }.sign(&other).expect("it is one");
    let unsigned = ConsistencyFile { old: 0, path: Vec::new(), checkpoint: forged.note().to_string() };
    check(witness.add_checkpoint(&unsigned.text(), 5), 403);
    let with_proof = ConsistencyFile { old: 0, path: vec![[0; 32]], checkpoint: good[7..].to_owned() };
    check(witness.add_checkpoint(&with_proof.text(), 5), 422);
    assert!(witness.last(ORIGIN).expect("it can be read").is_none());
}

#[test]
fn an_empty_log_has_the_root_of_none() {
    let desk = tempfile::tempdir().expect("a folder");
    let witness = witness(desk.path());
    let text = Checkpoint { origin: ORIGIN.to_owned(), size: 0, root: [7; 32] }.to_string();
    let signed = |signer: &LogSigner| {
        let text = text.replace(ORIGIN, signer.vkey().name());
        format!("old 0\n\n{text}\n{}\n", signer.sign(&text))
    };
    check(witness.add_checkpoint(&signed(&log()), 5), 422);
    let others = [(ORIGIN, 403), ("ledger.example/other", 404)];
    for (origin, status) in others {
        check(
            witness.add_checkpoint(&signed(&LogSigner::from_seed(origin, &[8; 32]).expect("a good name")), 5),
            status,
        );
    }
    assert!(witness.add_checkpoint(&request(&HONEST, 0, 0), 5).is_ok());
    assert!(witness.add_checkpoint(&request(&HONEST, 0, 3), 6).is_ok());
}

#[test]
fn of_two_keys_of_a_log_both_have_to_hold_if_both_signed() {
    let next = LogSigner::from_seed(ORIGIN, &[8; 32]).expect("a good name");
    let alone = request(&HONEST, 0, 8);
    let mut second = next.sign(checkpoint(&HONEST, 8).note().text());
    let both = format!("{alone}{second}\n");
    second.bytes[3] ^= 1;
    for keys in [[log().vkey(), next.vkey()], [next.vkey(), log().vkey()]] {
        let desk = tempfile::tempdir().expect("a folder");
        let witness =
            Witness::new(witness(desk.path()).signer, keys.map(KnownLog::from).to_vec(), desk.path(), Memory::New);
        check(witness.add_checkpoint(&format!("{alone}{second}\n"), 5), 403);
        assert!(witness.add_checkpoint(&alone, 5).is_ok());
        assert!(witness.add_checkpoint(&both.replacen("old 0", "old 8", 1), 5).is_ok());
    }
}

#[test]
fn nothing_that_others_put_under_a_checkpoint_is_kept() {
    let desk = tempfile::tempdir().expect("a folder");
    let witness = witness(desk.path());
    let forged = NoteSignature { bytes: vec![1; 72], ..witness.signer.cosign(&checkpoint(&HONEST, 8), 7) };
    let junk = "— junk.example AAAAAAA=\n".repeat(98);
    let request = format!("{}{forged}\n{junk}", request(&HONEST, 0, 8));
    witness.add_checkpoint(&request, 5).expect("the log signed it");
    let last = witness.last(ORIGIN).expect("it can be read").expect("it was signed");
    assert_eq!((last.size(), last.note().signatures().len()), (8, 2));
    assert!(witness.add_checkpoint(&self::request(&HONEST, 8, 9), 6).is_ok());
}

#[test]
fn a_log_that_changed_its_key_goes_on() {
    let desk = tempfile::tempdir().expect("a folder");
    witness(desk.path()).add_checkpoint(&request(&HONEST, 0, 8), 5).expect("it begins");
    let next = LogSigner::from_seed(ORIGIN, &[8; 32]).expect("a good name");
    let Ok(root) = HONEST.root(9);
    let signed = Checkpoint { origin: ORIGIN.to_owned(), size: 9, root }.sign(&next).expect("it is one");
    let Ok(path) = HONEST.consistency(8, 9);
    let request = ConsistencyFile { old: 8, path, checkpoint: signed.note().to_string() }.text();
    let signer = WitnessSigner::from_seed("witness.example", &[4; 32]).expect("a good name");
    let witness = Witness::new(signer, vec![next.vkey().into()], desk.path(), Memory::New);
    assert!(witness.add_checkpoint(&request, 6).is_ok());
}

#[test]
fn only_one_of_two_forks_is_signed_whoever_asks_at_once() {
    for _ in 0..20 {
        let desk = tempfile::tempdir().expect("a folder");
        witness(desk.path()).add_checkpoint(&request(&HONEST, 0, 4), 5).expect("it begins");
        let ask = |forked_at| {
            let request = request(&Numbers { forked_at }, 4, 9);
            witness(desk.path()).add_checkpoint(&request, 6).is_ok()
        };
        let signed = std::thread::scope(|scope| {
            let others = scope.spawn(|| ask(6));
            [ask(u64::MAX), others.join().expect("it ends")]
        });
        assert_eq!(signed.iter().filter(|signed| **signed).count(), 1);
    }
}

#[test]
fn what_was_not_signed_here_is_not_gone_on_from() {
    let desk = tempfile::tempdir().expect("a folder");
    let witness = witness(desk.path());
    witness.add_checkpoint(&request(&HONEST, 0, 8), 5).expect("it begins");
    let file = desk.path().join("signed/ledger.example+log");
    let kept = std::fs::read_to_string(&file).expect("it is kept");
    for other in [String::new(), checkpoint(&HONEST, 4).note().to_string(), kept.replacen("\n8\n", "\n7\n", 1)] {
        std::fs::write(&file, other).expect("it can be written");
        check(witness.add_checkpoint(&request(&HONEST, 8, 9), 6), 500);
    }
}

#[test]
fn a_log_has_one_element_of_a_path_whatever_it_calls_itself() {
    assert_eq!(folder_name("ledger.example/a/../b"), "ledger.example+a+..+b");
    assert_eq!(folder_name(".."), "%2e.");
    assert_eq!(folder_name("a b\u{e9}+%"), "a%20b%c3%a9%2b%25");
}

#[test]
fn a_witness_that_lost_what_it_signed_signs_nothing_until_it_is_told_to_begin() {
    let desk = tempfile::tempdir().expect("a folder");
    let with = |memory| Witness { memory, ..witness(desk.path()) };
    let lost = |outcome: Result<Signed, Refusal>| assert!(matches!(outcome, Err(Refusal::Lost { .. })), "{outcome:?}");
    // It has a key, and nothing else.
    lost(with(Memory::Kept).add_checkpoint(&request(&HONEST, 0, 3), 5));
    Witness::begin(desk.path()).expect("a folder can be made");
    with(Memory::Kept).add_checkpoint(&request(&HONEST, 0, 3), 5).expect("it never signed anything");
    with(Memory::Kept).check().expect("nothing is lost");
    let signed = desk.path().join("signed");
    let kept = std::fs::read(signed.join("ledger.example+log")).expect("it was signed");
    // One file is gone, and then the folder.
    std::fs::remove_file(signed.join("ledger.example+log")).expect("it is there");
    for old in [0, 3] {
        lost(with(Memory::Kept).add_checkpoint(&request(&HONEST, old, 8), 6));
    }
    std::fs::remove_dir(&signed).expect("it is empty");
    lost(with(Memory::Kept).add_checkpoint(&request(&Numbers { forked_at: 2 }, 0, 8), 6));
    assert!(matches!(with(Memory::Kept).check(), Err(Refusal::Lost { .. })));
    // Brought back, or told to begin anew, it signs.
    Witness::begin(desk.path()).expect("a folder can be made");
    std::fs::write(signed.join("ledger.example+log"), kept).expect("it can be brought back");
    with(Memory::Kept).add_checkpoint(&request(&HONEST, 3, 8), 6).expect("it goes on");
    std::fs::remove_dir_all(&signed).expect("it is there");
    with(Memory::New).add_checkpoint(&request(&HONEST, 0, 9), 7).expect("it was told to");
    with(Memory::Kept).add_checkpoint(&request(&HONEST, 9, 10), 8).expect("it goes on");
}

#[test]
fn a_log_with_another_name_than_its_key_is_signed_for_by_that_name() {
    const NAME: &str = "go.sum database tree";
    let desk = tempfile::tempdir().expect("a folder");
    let known = KnownLog { origin: NAME.to_owned(), key: log().vkey() };
    let signer = || WitnessSigner::from_seed("witness.example", &[4; 32]).expect("a good name");
    let with = |logs: Vec<KnownLog>| Witness::new(signer(), logs, desk.path(), Memory::New);
    let request = |old, new, name: &str| {
        let (Ok(root), Ok(path)) = (HONEST.root(new), HONEST.consistency(old, new));
        let text = Checkpoint { origin: name.to_owned(), size: new, root }.to_string();
        let checkpoint = format!("{text}\n{}\n", log().sign(&text));
        ConsistencyFile { old, path, checkpoint }.text()
    };
    let witness = with(vec![known.clone()]);
    assert_eq!(witness.add_checkpoint(&request(0, 3, NAME), 5).expect("it begins").origin, NAME);
    witness.add_checkpoint(&request(3, 8, NAME), 6).expect("it goes on");
    assert_eq!(witness.last(NAME).expect("it can be read").map(|last| last.size()), Some(8));
    check(witness.add_checkpoint(&request(0, 3, ORIGIN), 6), 404);
    check(with(vec![log().vkey().into()]).add_checkpoint(&request(0, 3, NAME), 6), 404);
    // By another key it is not that log's.
    let other = LogSigner::from_seed(NAME.split(' ').next().expect("a word"), &[8; 32]).expect("a good name").vkey();
    check(with(vec![KnownLog { key: other, ..known }]).add_checkpoint(&request(8, 9, NAME), 6), 403);
}
