//! The armor of an event's signature written in another way: whoever has no key can change no bit of it, also where
//! `ssh-keygen` would go on to accept it. Where `ssh-keygen` is installed, it is asked.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::prelude::{BASE64_STANDARD, Engine};
use rayon::prelude::*;

use super::{Ledger, check, parts};
use crate::support::{Desk, armor, is_long, key};
use servanda::integrity::EVENT_NAMESPACE;
use servanda::ledger::publish::signed_event::batch_end;
use servanda::ledger::verify::Layer::{self, Bytes, Signatures};

/// The order of the group, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];
/// Where the fields of the blob stand: the key's 32 bytes, and the field `reserved`.
const KEY: usize = 6 + 4 + 4 + 4 + 11 + 4;
const RESERVED: usize = KEY + 32 + 4 + EVENT_NAMESPACE.len();

/// Where the armor tells the version, in base64.
const VERSION: usize = 30 + 13;
const VERTICAL_TAB: u8 = 0x0b;

/// A point of small order: every signature of R the same and S zero holds by it, if nobody looks.
const SMALL_ORDER: [u8; 32] = {
    let mut point = [0; 32];
    point[0] = 1;
    point
};

fn blob_of(armor: &str) -> Vec<u8> {
    let body: String = armor.lines().filter(|line| !line.starts_with("-----")).collect();
    BASE64_STANDARD.decode(body).expect("it is base64")
}

fn armored(blob: &[u8], columns: usize) -> String {
    let mut armor = "-----BEGIN SSH SIGNATURE-----\n".to_owned();
    for line in BASE64_STANDARD.encode(blob).as_bytes().chunks(columns) {
        armor += std::str::from_utf8(line).expect("base64 is ASCII");
        armor.push('\n');
    }
    armor + "-----END SSH SIGNATURE-----\n"
}

fn changed(armor: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut blob = blob_of(armor);
    change(&mut blob);
    armored(&blob, 70)
}

/// S + L in place of S.
fn second_scalar(blob: &mut [u8]) {
    let mut carry = 0;
    let scalar = blob.len() - 32;
    for (byte, add) in blob[scalar..].iter_mut().zip(ORDER) {
        carry += u16::from(*byte) + u16::from(add);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
}

fn weak(blob: &mut [u8]) {
    blob[KEY..KEY + 32].copy_from_slice(&SMALL_ORDER);
    let signature = blob.len() - 64;
    blob[signature..].fill(0);
    blob[signature..signature + 32].copy_from_slice(&SMALL_ORDER);
}

/// What anybody can make of an armor without a key; which layer tells of it, and whether OpenSSH 9.2 accepts it.
fn keyless(armor: &str) -> Vec<(&'static str, String, Layer, bool)> {
    let bits = armor.replace("==\n", "=\n").len();
    assert_ne!(bits, armor.len(), "it ends in four bits that say nothing");
    let last = armor.rfind("==\n").expect("two paddings") - 1;
    let mut padded = armor.to_owned();
    let next = char::from(armor.as_bytes()[last] + 1).to_string();
    padded.replace_range(last..=last, &next);
    let mut behind_second = armor.to_owned();
    behind_second.insert(armor.match_indices('\n').nth(1).expect("a line").0, ' ');
    vec![
        ("S + L", changed(armor, |blob| second_scalar(blob)), Signatures, true),
        (
            "a filled `reserved`",
            changed(armor, |blob| {
                blob.splice(RESERVED..RESERVED + 4, *b"\0\0\0\x01x");
            }),
            Signatures,
            true,
        ),
        ("wrapped at 64 columns", armored(&blob_of(armor), 64), Signatures, true),
        ("wrapped at 76 columns", armored(&blob_of(armor), 76), Signatures, true),
        ("in one line", armored(&blob_of(armor), 1000), Signatures, true),
        ("a key of small order", changed(armor, |blob| weak(blob)), Signatures, true),
        ("bits in the padding", padded, Signatures, false),
        ("no padding", armor.replace("==\n", "\n"), Signatures, false),
        ("a byte behind the last field", changed(armor, |blob| blob.push(0)), Signatures, false),
        ("an empty line at the end", format!("{armor}\n"), Signatures, true),
        ("a space at the end", format!("{armor} "), Signatures, true),
        ("a space behind a line", behind_second, Signatures, true),
        ("a space within the base64", armor.replacen("U1NIU0lH", "U1NI U0lH", 1), Signatures, true),
        ("an empty line at the beginning", format!("\n{armor}"), Signatures, false),
        ("text at the end", format!("{armor}x"), Signatures, true),
        ("no LF at the end", armor.trim_end().to_owned(), Signatures, true),
        ("CRLF", armor.replace('\n', "\r\n"), Bytes, false),
        ("twice", format!("{armor}{armor}"), Signatures, true),
        ("lower case of the first line", armor.replacen("BEGIN", "begin", 1), Signatures, false),
    ]
}

/// `ssh-keygen`, with the recorder's key and one of small order among those that may sign.
struct SshKeygen(Desk);

impl SshKeygen {
    /// Nothing, where it is not installed.
    fn find() -> Option<Self> {
        if Command::new("ssh-keygen").arg("-?").output().is_err() {
            writeln!(std::io::stderr(), "left out: ssh-keygen is not installed").expect("somebody listens");
            return None;
        }
        let desk = Desk::new();
        let mut weak = blob_of(&armor(&key(), "x"))[KEY - 19..KEY + 32].to_vec();
        let line = |blob: &[u8]| format!("recorder ssh-ed25519 {}\n", BASE64_STANDARD.encode(blob));
        let own = line(&weak);
        weak[19..].copy_from_slice(&SMALL_ORDER);
        desk.write("allowed_signers", own + &line(&weak));
        Some(Self(desk))
    }

    fn accepts(&self, statement: &[u8], armor: &[u8], file: &str) -> bool {
        self.0.write(file, armor);
        let arguments = ["-Y", "verify", "-f", "allowed_signers", "-I", "recorder", "-n", EVENT_NAMESPACE, "-s", file];
        let mut child = Command::new("ssh-keygen")
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        // One that has refused the armor does not read on.
        let _ = child.stdin.take().expect("it was asked for").write_all(statement);
        let accepted = child.wait().expect("it ends").success();
        fs::remove_file(self.0.path().join(file)).expect("it was written");
        accepted
    }
}

/// Whether this is the version whose answers are documented.
fn is_documented() -> bool {
    let said = Command::new("ssh").arg("-V").output().map(|output| output.stderr).unwrap_or_default();
    said.starts_with(b"OpenSSH_9.2")
}

/// The statement of a signed event with its LF, and the armor.
fn signed_event(ledger: &Ledger) -> (String, String) {
    let (statement, armor) = parts(&ledger.values[8]);
    (format!("{statement}\n"), armor.expect("it ends a batch").to_owned())
}

#[test]
fn an_armor_written_otherwise_without_a_key_is_refused_even_where_ssh_keygen_accepts_it() {
    let ledger = Ledger::new();
    let (statement, armor) = signed_event(&ledger);
    let ssh_keygen = SshKeygen::find();
    let asked =
        |armor: &str| ssh_keygen.as_ref().map(|asked| asked.accepts(statement.as_bytes(), armor.as_bytes(), "armor"));
    assert_ne!(asked(&armor), Some(false), "the genuine one is good");
    let mut differs = Vec::new();
    for (what, other, layer, accepted) in keyless(&armor) {
        assert_ne!(other, armor, "{what}");
        let mut values = ledger.values.clone();
        values[8] = format!("{statement}{other}").into_bytes();
        check(&ledger.verify(&values), &[layer], &[8]);
        assert!(batch_end(&values[8], b"").is_err(), "{what}");
        // Another version may have become stricter.
        let is_as_documented = |found: bool| found == accepted || (!found && !is_documented());
        if asked(&other).is_some_and(|found| !is_as_documented(found)) {
            differs.push(what);
        }
    }
    assert_eq!(differs, [""; 0], "ssh-keygen answers otherwise than documented");
}

#[test]
fn an_armor_with_any_bit_changed_is_refused_also_where_ssh_keygen_lets_it_pass() {
    let ledger = Ledger::new();
    let (statement, armor) = signed_event(&ledger);
    let ssh_keygen = SshKeygen::find();
    let accepted: Vec<(usize, u8)> = (0..armor.len() * 8)
        .into_par_iter()
        .filter_map(|bit| {
            let mut other = armor.clone().into_bytes();
            other[bit / 8] ^= 1 << (bit % 8);
            let event = [statement.as_bytes(), &other].concat();
            assert!(batch_end(&event, b"").is_err(), "bit {bit}");
            if bit % 3 > 0 && !is_long() {
                return None;
            }
            let asked = ssh_keygen.as_ref()?.accepts(statement.as_bytes(), &other, &format!("bit-{bit}"));
            asked.then(|| (bit / 8, other[bit / 8]))
        })
        .collect();
    // Version 0, another white space for an LF within the base64, and anything for the LF behind the last line.
    let let_pass = |(place, byte): &(usize, u8)| match armor.as_bytes()[*place] {
        b'\n' => byte.is_ascii_whitespace() || *byte == VERTICAL_TAB || *place == armor.len() - 1,
        _ => *place == VERSION,
    };
    assert!(accepted.iter().all(let_pass), "ssh-keygen accepts more than documented: {accepted:?}");
}
