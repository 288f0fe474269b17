//! Signers of one's own: a key service, an agent, a program. The worry is an answer that is written as it came: an armor
//! that lost its last line end, one of another key, nothing at all, after which no ledger opens any more.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine};
use ed25519_dalek::Signer as _;
use proptest::prelude::*;
use serde_json::json;
use servanda::domain::id::{Origin, Recorder};
use servanda::integrity::{EVENT_NAMESPACE, PublicKey, SignatureError, SigningKey, Unverified, signed_data};
use servanda::ledger::write::genesis::{FoundError, NewLedger, StagedLedger};
use servanda::ledger::{
    AppendError, Appended, Batch, Draft, Folder, KeyFile, Ledger, Log, Options, Signer, SignerError,
};
use sha2::{Digest, Sha256};

use crate::support::{Desk, access, armor, body, draft, found, key, moment};

/// A signer that says whose key it has, and answers anything.
struct Answering<F>(PublicKey, F);

impl<F: Fn(&[u8]) -> Result<Unverified, SignerError> + Send + Sync> Signer for Answering<F> {
    fn public(&self) -> PublicKey {
        self.0
    }

    fn sign(&self, statement: &[u8]) -> Result<Unverified, SignerError> {
        (self.1)(statement)
    }
}

/// A signer for the recorder's key that hands over what that makes of the right armor.
fn changing(change: impl Fn(String) -> Unverified + Send + Sync) -> impl Signer {
    Answering(key().public(), move |statement: &[u8]| {
        Ok(change(armor(&key(), std::str::from_utf8(statement).expect("a statement is text"))))
    })
}

fn mission(id: &str) -> Vec<Draft> {
    vec![draft(body("mission", json!({"id": id, "title": "A mission"})))]
}

fn append(ledger: &mut Ledger, id: &str, signer: &dyn Signer) -> Result<Appended, AppendError> {
    ledger.append(&[Batch { drafts: mission(id), ..Batch::default() }], Options::default(), signer, moment(1000))
}

fn desk() -> (Desk, Folder) {
    let desk = Desk::new();
    let folder = found(desk.path());
    (desk, folder)
}

fn open(folder: &Folder) -> Ledger {
    Ledger::open(folder, &access()).expect("the ledger opens")
}

fn newest(folder: &Folder) -> String {
    let log = Log::read(folder, &access()).expect("the log can be read");
    let value = log.value(log.len() - 1).expect("within").expect("it can be read");
    String::from_utf8(value).expect("an event is text")
}

/// The answer is refused for that reason, the ledger is as it was, and takes the same from a good signer.
fn check_refused(signer: &dyn Signer, is_expected: impl Fn(&SignerError) -> bool) {
    let (_desk, folder) = desk();
    let mut ledger = open(&folder);
    let head = ledger.head();
    let refused = append(&mut ledger, "one", signer);
    assert!(matches!(&refused, Err(AppendError::Signer(error)) if is_expected(error)), "{refused:?}");
    assert_eq!(ledger.head(), head);
    append(&mut ledger, "one", &key()).expect("a good signer signs the same");
    drop(ledger);
    assert_eq!(open(&folder).head().len, head.len + 1);
}

fn check_wrong(change: impl Fn(String) -> Unverified + Send + Sync, is_expected: impl Fn(&SignatureError) -> bool) {
    check_refused(
        &changing(change),
        |error| matches!(error, SignerError::NoSignature { source, .. } if is_expected(source)),
    );
}

#[test]
fn a_wrong_answer_is_refused_before_anything_is_written_and_costs_nothing() {
    let other = SigningKey::from_seed(&[8; 32]);
    check_wrong(|_| Unverified::Armor(String::new()), |why| matches!(why, SignatureError::Armor));
    check_wrong(|good| Unverified::Armor(good + "more"), |why| matches!(why, SignatureError::Armor));
    check_wrong(|good| Unverified::Armor(good[..200].to_owned()), |why| matches!(why, SignatureError::Armor));
    check_wrong(|_| Unverified::Blob(Vec::new()), |why| matches!(why, SignatureError::Wire(_)));
    check_wrong(|_| Unverified::Blob(vec![0; 1 << 20]), |why| matches!(why, SignatureError::TooLong { .. }));
    let of_another_message = |_| Unverified::Armor(armor(&key(), "{}\n"));
    check_wrong(of_another_message, |why| matches!(why, SignatureError::Mismatch { .. }));
    let by_another = move |statement: &[u8]| Ok(Unverified::Armor(other.sign(EVENT_NAMESPACE, statement)));
    check_refused(&Answering(key().public(), by_another), |error| {
        matches!(error, SignerError::NoSignature { source: SignatureError::OtherKey { .. }, .. })
    });
    let for_another = |statement: &[u8]| Ok(Unverified::Armor(SigningKey::from_seed(&[7; 32]).sign("file", statement)));
    check_refused(&Answering(key().public(), for_another), |error| {
        matches!(error, SignerError::NoSignature { source: SignatureError::Namespace { .. }, .. })
    });
}

#[test]
fn a_service_says_in_its_own_words_why_it_did_not_sign() {
    let away = |_: &[u8]| {
        let source = std::io::Error::from(std::io::ErrorKind::TimedOut).into();
        Err(SignerError::Service { name: "the key service".to_owned(), source })
    };
    let signer = Answering(key().public(), away);
    check_refused(&signer, |error| error.to_string() == "the key service did not sign: timed out");
}

#[test]
fn one_wrong_answer_among_several_files_keeps_all_of_them_out() {
    let (_desk, folder) = desk();
    let mut ledger = open(&folder);
    let head = ledger.head();
    let first_only = changing(Unverified::Armor);
    let second = |statement: &[u8]| {
        if statement.windows(3).any(|word| word == b"two") {
            Ok(Unverified::Blob(vec![]))
        } else {
            first_only.sign(statement)
        }
    };
    let batches = ["one", "two"].map(|id| Batch { drafts: mission(id), ..Batch::default() });
    let signer = Answering(key().public(), second);
    let refused = ledger.append(&batches, Options::default(), &signer, moment(1000));
    assert!(matches!(refused, Err(AppendError::Signer(SignerError::NoSignature { .. }))), "{refused:?}");
    assert_eq!(ledger.head(), head);
    ledger.append(&batches, Options::default(), &key(), moment(1000)).expect("a good signer signs the same");
    drop(ledger);
    assert_eq!(open(&folder).head().len, 3);
}

#[test]
fn an_armor_is_written_as_ssh_keygen_writes_it_however_it_came() {
    let ways: [fn(String) -> String; 4] = [
        |good| good.trim_end().to_owned(),
        |good| good.replace('\n', "\r\n"),
        |good| format!("\n{good}\n"),
        |good| good.replacen("U1NIU0lH", "U1NIU0lH\n", 1),
    ];
    for way in ways {
        let (_desk, folder) = desk();
        append(&mut open(&folder), "one", &changing(|good| Unverified::Armor(way(good)))).expect("it is a signature");
        let event = newest(&folder);
        let statement = event.split_inclusive('\n').next().expect("a line");
        assert_eq!(event, format!("{statement}{}", armor(&key(), statement)));
        assert_eq!(open(&folder).head().len, 2);
    }
}

/// A recorder's security key, whose counter goes up.
struct SecurityKey;

impl SecurityKey {
    const NAME: &str = "sk-ssh-ed25519@openssh.com";

    fn pair() -> ed25519_dalek::SigningKey {
        ed25519_dalek::SigningKey::from_bytes(&[5; 32])
    }
}

impl Signer for SecurityKey {
    fn public(&self) -> PublicKey {
        let blob = strings(&[Self::NAME.as_bytes(), Self::pair().verifying_key().as_bytes(), b"ssh:"]);
        format!("{} {}", Self::NAME, BASE64_STANDARD.encode(blob)).parse().expect("a good key")
    }

    fn sign(&self, statement: &[u8]) -> Result<Unverified, SignerError> {
        let touch = [1, 0, 0, 0, 9];
        let data = signed_data(EVENT_NAMESPACE, statement);
        let signed = [&Sha256::digest(b"ssh:")[..], &touch, &Sha256::digest(data)].concat();
        let signature = strings(&[Self::NAME.as_bytes(), &Self::pair().sign(&signed).to_bytes()]);
        Ok(Unverified::Blob([signature, touch.to_vec()].concat()))
    }
}

/// Each with its length before it.
fn strings(all: &[&[u8]]) -> Vec<u8> {
    let len = |string: &[u8]| u32::try_from(string.len()).expect("it is short").to_be_bytes();
    all.iter().flat_map(|string| [&len(string)[..], string].concat()).collect()
}

fn founded(folder: &Folder, signer: &dyn Signer) -> Result<Folder, FoundError> {
    let founding = NewLedger {
        origin: Origin::parse("test.example/ledger").expect("an origin"),
        recorder: Recorder::parse("recorder").expect("a recorder"),
        log_key_seed: &[9; 32],
        now: moment(0),
    };
    StagedLedger::new(folder, founding, signer, &access()).and_then(StagedLedger::publish)
}

#[test]
fn an_agent_with_a_security_key_needs_to_give_no_more_than_the_signature() {
    let desk = Desk::new();
    let folder = founded(&Folder::at(desk.path().join("ledger")), &SecurityKey).expect("a ledger can be founded");
    append(&mut open(&folder), "one", &SecurityKey).expect("it was touched");
    assert_eq!(open(&folder).head().len, 2);
    let verified = desk.run("verify --ledger ledger");
    assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);
}

#[test]
fn nothing_is_founded_on_a_wrong_answer() {
    let desk = Desk::new();
    let folder = Folder::at(desk.path().join("ledger"));
    let refused = founded(&folder, &changing(|_| Unverified::Armor(String::new())));
    assert!(matches!(refused, Err(FoundError::Genesis(AppendError::Signer(_)))), "{refused:?}");
    assert_eq!(std::fs::read_dir(desk.path()).expect("it is there").count(), 0);
}

#[test]
fn where_nobody_is_a_key_that_asks_is_refused_beforehand() {
    let desk = Desk::new();
    let file = desk.path().join("admin");
    KeyFile::create(&file, &[1; 32], "admin").expect("a key can be made");
    assert_eq!(
        KeyFile::read_unattended(&file).expect("it lies open").public(),
        SigningKey::from_seed(&[1; 32]).public()
    );
    let in_an_agent = KeyFile::read_unattended(&desk.path().join("admin.pub"));
    assert!(matches!(in_an_agent, Err(SignerError::WouldAsk { .. })), "{in_an_agent:?}");
    KeyFile::read(&desk.path().join("admin.pub")).expect("somebody may be there");
}

/// What becomes of the right armor, or blob: a change and where it is made.
fn answer(change: u8, at: usize, noise: &[u8], good: String) -> Unverified {
    let mut bytes = good.into_bytes();
    let at = at % bytes.len();
    let as_text = |bytes: Vec<u8>| Unverified::Armor(String::from_utf8_lossy(&bytes).into_owned());
    match change {
        0 => bytes[at] ^= noise.first().unwrap_or(&1),
        1 => bytes.truncate(at),
        2 => drop(bytes.splice(at..at, noise.iter().copied())),
        3 => drop(bytes.drain(at / 2..at)),
        4 => bytes = noise.to_vec(),
        5 => bytes = String::from_utf8_lossy(&bytes).replace('\n', "\r\n").into_bytes(),
        6 => bytes = bytes.repeat(2),
        7 => bytes = String::from_utf8_lossy(&bytes).trim_end().as_bytes().to_vec(),
        8 => return Unverified::Blob(noise.to_vec()),
        _ => {
            let mut blob = signature_within(&String::from_utf8_lossy(&bytes));
            let at = at % blob.len();
            blob[at] ^= noise.first().unwrap_or(&0);
            blob.extend(noise.get(1..9).unwrap_or_default());
            return Unverified::Blob(blob);
        }
    }
    as_text(bytes)
}

/// The SSH signature that an armor ends with: two strings, of 11 and of 64 bytes.
fn signature_within(armor: &str) -> Vec<u8> {
    let body: String = armor.lines().filter(|line| !line.starts_with('-')).collect();
    let mut blob = BASE64_STANDARD.decode(body).expect("it was armored so");
    blob.split_off(blob.len() - (4 + 11 + 4 + 64))
}

/// An answer, to be shown when a law is broken.
#[derive(Clone)]
struct Drawn(u8, usize, Vec<u8>);

impl fmt::Debug for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "change {} at {} with {:02x?}", self.0, self.1, self.2)
    }
}

fn drawn() -> impl Strategy<Value = Drawn> {
    (0..10_u8, 0..2000_usize, prop::collection::vec(any::<u8>(), 0..120)).prop_map(|(a, b, c)| Drawn(a, b, c))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_of_a_signer_makes_a_ledger_that_does_not_open(answers in prop::collection::vec(drawn(), 1..12)) {
        let (_desk, folder) = desk();
        let mut ledger = open(&folder);
        for (index, Drawn(change, at, noise)) in answers.into_iter().enumerate() {
            let before = ledger.head();
            let id = format!("mission-{index}");
            let hostile = changing(|good| answer(change, at, &noise, good));
            if append(&mut ledger, &id, &hostile).is_err() {
                prop_assert_eq!(ledger.head(), before);
                append(&mut ledger, &id, &key()).expect("a good signer signs the same");
            }
            let head = ledger.head();
            prop_assert_eq!(head.len, before.len + 1);
            drop(ledger);
            ledger = open(&folder);
            prop_assert_eq!(ledger.head(), head);
        }
    }
}
