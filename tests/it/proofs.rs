//! Proofs through the binary: every event of a ledger is proved to somebody who has its files and the log's key alone.

use std::fs;

use servanda::integrity::LogSigner;
use servanda::integrity::checkpoint::Checkpoint;
use servanda::integrity::merkle::leaf;
use servanda::integrity::proof_file::InclusionFile;

use crate::support::{Answer, Desk};

/// The founding case, signed as it stands, with its key, and a proof of every event in `proofs`.
fn proved() -> (Desk, u64) {
    let desk = Desk::with_ilrs(&["october-2023"]);
    let answer = desk.run("checkpoint --ledger ilrs.servanda --json");
    assert_eq!(answer.code, 0, "{}", answer.err);
    let size = answer.json()["checkpoints"][0]["size"].as_u64().expect("a size");
    let key = desk.run("key show --ledger ilrs.servanda --json").json()["log_key"].as_str().expect("a key").to_owned();
    desk.write("log.vkey", key + "\n");
    for seq in 0..size {
        let answer = desk.run(&format!("prove {seq} --output proofs --ledger ilrs.servanda"));
        assert_eq!(answer.code, 0, "{}", answer.err);
    }
    (desk, size)
}

fn check(desk: &Desk, file: &str) -> Answer {
    // Nothing is left to ask but the files.
    desk.run(&format!("check {file} --vkey @log.vkey --json"))
}

#[test]
fn every_event_is_proved_to_who_has_its_files_and_the_logs_key() {
    let (desk, size) = proved();
    let shown: Vec<_> = [0, size / 2, size - 1]
        .map(|seq| desk.run(&format!("show {seq} --ledger ilrs.servanda --json")).json()["hash"].clone())
        .to_vec();
    fs::remove_dir_all(desk.path().join("ilrs.servanda")).expect("it is there");
    let mut hashes = Vec::new();
    for seq in 0..size {
        let answer = check(&desk, &format!("proofs/{seq}.tlog-proof"));
        assert_eq!(answer.code, 0, "{}", answer.err);
        let answer = answer.json();
        assert_eq!((&answer["what"], answer["event"]["seq"].as_u64()), (&"inclusion".into(), Some(seq)));
        assert!(answer["event"]["key"].as_str().is_some_and(|key| key.starts_with("SHA256:")), "{answer}");
        hashes.push(answer["event"]["hash"].clone());
    }
    let place = |seq: u64| usize::try_from(seq).expect("a small number");
    assert_eq!(shown, [0, size / 2, size - 1].map(|seq| hashes[place(seq)].clone()));
    let text = desk.run("check proofs/1.tlog-proof --vkey @log.vkey").out;
    assert!(text.contains("not shown:") && text.contains("corrects or retracts"), "{text}");
}

#[test]
fn a_proof_of_another_event_or_with_another_byte_is_refused() {
    let (desk, size) = proved();
    let event = |seq: u64| fs::read(desk.path().join(format!("proofs/{seq}.event"))).expect("it was written");
    let whole = event(2);
    let last = fs::read(desk.path().join("proofs/2.rest")).expect("it stands within a batch");
    for place in 0..whole.len() {
        let mut other = whole.clone();
        other[place] ^= 1;
        desk.write("proofs/2.event", &other);
        if place % 61 == 0 {
            let answer = check(&desk, "proofs/2.tlog-proof");
            assert_eq!(answer.code, 1, "byte {place}: {}", answer.out);
        }
    }
    desk.write("proofs/2.event", event(3));
    assert!(check(&desk, "proofs/2.tlog-proof").err.contains("do not lead to the root"));
    desk.write("proofs/2.event", &whole);
    assert_eq!(check(&desk, "proofs/2.tlog-proof").code, 0);

    let proof = fs::read_to_string(desk.path().join("proofs/2.tlog-proof")).expect("it was written");
    for (other, word) in [
        (proof.replacen("index 2", "index 3", 1), "do not lead to the root"),
        (proof.replacen("index 2", &format!("index {size}"), 1), "not among"),
        (proof.replacen("index 2", "index 02", 1), "line 2"),
        (proof.replacen("@v1", "@v2", 1), "does not fit the text"),
        (proof.lines().take(3).collect::<Vec<_>>().join("\n"), "line 3"),
    ] {
        desk.write("proofs/other.tlog-proof", other);
        let answer = desk.run("check proofs/other.tlog-proof --event proofs/2.event --vkey @log.vkey");
        assert!(answer.code == 1 && answer.err.contains(word), "{word}: {}", answer.err);
    }
    // The signature is of the batch's end, which must be there, whole, and the last.
    for (rest, word) in [
        (Vec::new(), "missing"),
        (last[..last.len() - 1].to_vec(), "armor"),
        ([&last[..], b"x"].concat(), "proofs/2.tlog-proof: "),
        (last[last.iter().position(|byte| *byte == b'\n').expect("lines") + 1..].to_vec(), "event 3"),
    ] {
        desk.write("proofs/2.rest", rest);
        let answer = check(&desk, "proofs/2.tlog-proof");
        assert!(answer.code == 1 && answer.err.contains(word), "{word}: {}", answer.err);
    }
}

#[test]
fn a_proof_under_another_logs_checkpoint_is_refused() {
    let (desk, _) = proved();
    let other = Desk::with_ilrs(&["october-2023"]);
    let theirs = other.run("checkpoint --ledger ilrs.servanda").out;
    let proof = fs::read_to_string(desk.path().join("proofs/2.tlog-proof")).expect("it was written");
    let head = proof.split_inclusive("\n\n").next().expect("an empty line");
    desk.write("proofs/2.tlog-proof", format!("{head}{theirs}"));
    let answer = check(&desk, "proofs/2.tlog-proof");
    assert!(answer.code == 1 && answer.err.contains("not signed by"), "{}", answer.err);
}

#[test]
fn growth_is_proved_from_one_checkpoint_to_another() {
    let (desk, size) = proved();
    let older = desk.run("checkpoint show --ledger ilrs.servanda").out;
    desk.write("older", &older);
    desk.write("new.yaml", "announcements: [{ kind: mission, id: m, title: M, evidence: { none: a test } }]\n");
    assert_eq!(desk.run("append new.yaml --ledger ilrs.servanda").code, 0);
    let answer = desk.run(&format!("prove {size} --ledger ilrs.servanda"));
    assert!(answer.code == 3 && answer.err.contains("servanda checkpoint"), "{}", answer.err);
    assert_eq!(desk.run("checkpoint --ledger ilrs.servanda").code, 0);
    let new = size + 1;
    let answer = desk.run(&format!("prove --consistency {size} {new} --ledger ilrs.servanda"));
    assert_eq!(answer.code, 0, "{}", answer.err);
    desk.write("grown.proof", &answer.out);
    let answer = desk.run("check grown.proof --vkey @log.vkey --against older --json");
    assert_eq!(answer.json()["older"], size, "{}", answer.err);
    assert_eq!(desk.run("check grown.proof --vkey @log.vkey").code, 2, "it goes on from something");
    desk.write(
        "other.proof",
        fs::read_to_string(desk.path().join("grown.proof")).expect("it was written").replacen(
            &format!("old {size}"),
            "old 1",
            1,
        ),
    );
    let other = desk.run("check other.proof --vkey @log.vkey --against older");
    assert!(other.code == 1 && other.err.contains("says that it goes on from 1 event"), "{}{}", other.out, other.err);
    let forged = older.replacen(&format!("\n{size}\n"), &format!("\n{}\n", size - 1), 1);
    desk.write("older", forged);
    assert_eq!(desk.run("check grown.proof --vkey @log.vkey --against older").code, 1);
    assert_eq!(desk.run(&format!("prove --consistency {new} {size} --ledger ilrs.servanda")).code, 2);
    assert_eq!(desk.run("prove --consistency 1 2 --ledger ilrs.servanda").code, 3);
    assert_eq!(desk.run("prove nothing-of-that-name --ledger ilrs.servanda").code, 3);
}

#[test]
fn an_event_of_another_ledger_is_none_of_this_log() {
    let (desk, _) = proved();
    desk.write("other.yaml", "announcements: [{ kind: mission, id: m, title: M, evidence: { none: a test } }]\n");
    assert_eq!(desk.run("append --init --ledger other --origin test.example/other other.yaml").code, 0);
    let genesis = desk.run("show 0 --raw --ledger other").out;
    // Whoever has the log's key can sign a root over anything.
    let secret = fs::read_to_string(desk.path().join("ilrs.servanda/keys/log.key")).expect("it is there");
    let signer: LogSigner = secret.trim_end().parse().expect("a key");
    let origin = signer.vkey().name().to_owned();
    let forged = Checkpoint { origin, size: 1, root: leaf(genesis.as_bytes()) }.sign(&signer).expect("it is one");
    let proof = InclusionFile { index: 0, path: Vec::new(), checkpoint: forged.note().to_string() };
    desk.write("forged.tlog-proof", proof.text());
    desk.write("forged.event", genesis);
    let answer = check(&desk, "forged.tlog-proof");
    assert!(answer.code == 1 && answer.err.contains("of the ledger test.example/other"), "{}", answer.err);
}
