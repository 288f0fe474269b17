//! Timestamps of an authority, by `openssl ts`. The worries are a proof that dies with the authority's certificate, a few
//! years after it was made, and a time on somebody's word who was not trusted with it then.
//!
//! The authority is OpenSSL's own, with certificates of stated years, and what it signs is written here, so that it tells
//! any time without a clock being set.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::PathBuf;
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::support::{Answer, Desk, done, found, refused, tell};

const CONFIG: &str = "\
[ ca ]
default_ca = authority
[ authority ]
database = tsa/index
new_certs_dir = tsa
rand_serial = yes
default_md = sha256
policy = names
unique_subject = no
[ names ]
commonName = supplied
[ req ]
distinguished_name = names_asked
[ names_asked ]
[ root ]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[ signer ]
extendedKeyUsage = critical, timeStamping
";

/// A ledger with a checkpoint of its one event, and an authority whose root lasts from 2000 to 2200.
struct Stamped(Desk);

impl Stamped {
    /// Nothing, where OpenSSL is not installed.
    fn by_an_authority(years: (u32, u32)) -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            tell("left out: openssl is not installed");
            return None;
        }
        let desk = Desk::new();
        found(desk.path());
        done(&desk.run("checkpoint --ledger ledger"));
        desk.write("tsa/openssl.cnf", CONFIG);
        desk.write("tsa/index", "");
        let this = Self(desk);
        for name in ["ca", "signer"] {
            this.openssl(&format!("ecparam -name prime256v1 -genkey -noout -out tsa/{name}.key"), b"");
            let request =
                format!("req -new -config tsa/openssl.cnf -key tsa/{name}.key -subj /CN={name} -out tsa/{name}.csr");
            this.openssl(&request, b"");
        }
        this.certify("ca", "-selfsign -extensions root", (2000, 2200));
        this.certify("signer", "-cert tsa/ca.pem -extensions signer", years);
        Some(this)
    }

    fn certify(&self, name: &str, how: &str, (from, to): (u32, u32)) {
        self.openssl(
            &format!(
                "ca -batch -notext -config tsa/openssl.cnf -keyfile tsa/ca.key {how} -in tsa/{name}.csr -out tsa/{name}.pem \
                 -startdate {from}0101000000Z -enddate {to}0101000000Z"
            ),
            b"",
        );
    }

    fn openssl(&self, line: &str, given: &[u8]) {
        let input = self.0.write("tsa/given", given);
        let mut command = Command::new("openssl");
        command
            .args(line.split_whitespace())
            .current_dir(self.0.path())
            .stdin(fs::File::open(input).expect("it is there"));
        let output = command.output().expect("it is installed");
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A reply of that time over the ledger's checkpoint, with words beside what is signed.
    fn reply(&self, time: &str, words: &str) -> PathBuf {
        let checkpoint = fs::read(self.0.path().join("ledger/checkpoints/1")).expect("it was signed");
        let sha256 = der(0x30, &[der(6, &[b"\x60\x86\x48\x01\x65\x03\x04\x02\x01".to_vec()]), der(5, &[])]);
        let imprint = der(0x30, &[sha256, der(4, &[Sha256::digest(checkpoint).to_vec()])]);
        let policy = der(6, &[b"\x2a\x03\x04\x01".to_vec()]);
        let one = || der(2, &[vec![1]]);
        let info = der(0x30, &[one(), policy, imprint, one(), der(0x18, &[time.into()])]);
        self.openssl(
            "cms -sign -binary -nodetach -cades -econtent_type 1.2.840.113549.1.9.16.1.4 -signer tsa/signer.pem \
             -inkey tsa/signer.key -outform DER -out tsa/token",
            &info,
        );
        let token = fs::read(self.0.path().join("tsa/token")).expect("it was written");
        let said = if words.is_empty() { vec![] } else { der(0x30, &[der(0x0c, &[words.into()])]) };
        self.0.write("reply", der(0x30, &[der(0x30, &[der(2, &[vec![0]]), said]), token]))
    }

    fn bring(&self, time: &str) -> Answer {
        self.reply(time, "");
        self.0.run("checkpoint timestamp reply --tsa-ca tsa/ca.pem --ledger ledger")
    }

    /// What `verify` says of a reply that lies where those that were brought do.
    fn verify(&self, time: &str, words: &str) -> (String, String) {
        let reply = fs::read(self.reply(time, words)).expect("it was written");
        self.0.write("ledger/timestamps/1.tsr", reply);
        let answer = self.0.run("verify --tsa-ca tsa/ca.pem --ledger ledger --json").json();
        let layers = answer["layers"].as_array().expect("there are layers");
        let layer = layers.iter().find(|layer| layer["layer"] == "timestamps").expect("it is one of them");
        let said = layer["faults"][0]["what"].as_str().or(layer["covered"].as_str()).expect("it says something");
        (layer["verdict"].as_str().expect("a word").to_owned(), said.to_owned())
    }

    #[track_caller]
    fn check(&self, time: &str, verdict: &str, saying: &str) {
        let (found, said) = self.verify(time, "");
        assert_eq!(found, verdict, "{time}: {said}");
        assert!(said.contains(saying), "{time}: {said}");
    }
}

/// Bytes with tag and length before them, as DER has it.
fn der(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    let body = parts.concat();
    let [high, low] = u16::try_from(body.len()).expect("it is short").to_be_bytes();
    let length = match (high, low) {
        (0, 0..=0x7f) => vec![low],
        (0, _) => vec![0x81, low],
        _ => vec![0x82, high, low],
    };
    [vec![tag], length, body].concat()
}

#[test]
fn a_timestamp_outlives_the_certificate_that_it_was_made_with() {
    let Some(stamped) = Stamped::by_an_authority((2020, 2021)) else { return };
    stamped.check("20200601120000Z", "pass", "the first over 1 events at 2020-06-01T12:00:00.000Z");
    stamped.check(
        "20200601120000Z",
        "pass",
        "certificate expired since 2021-01-01: it rests on that key not having leaked",
    );
    stamped.check("20201231235959.25Z", "pass", "at 2020-12-31T23:59:59.250Z");
}

#[test]
fn while_the_certificate_lasts_nothing_is_said_of_it() {
    let Some(stamped) = Stamped::by_an_authority((2020, 2199)) else { return };
    stamped.check("20200601120000Z", "pass", "2020-06-01T12:00:00.000Z");
    assert!(!stamped.verify("20200601120000Z", "").1.contains("expired"));
}

#[test]
fn a_time_before_or_after_that_of_the_certificate_is_refused() {
    let Some(stamped) = Stamped::by_an_authority((2020, 2021)) else { return };
    stamped.check("20191231235959Z", "fail", "not yet valid");
    stamped.check("20210101000001Z", "fail", "expired");
}

#[test]
fn a_time_that_is_still_to_come_is_refused() {
    let Some(stamped) = Stamped::by_an_authority((2020, 2199)) else { return };
    stamped.check("21500101000000Z", "fail", "the timestamp is of 2150-01-01T00:00:00.000Z, and the clock says 20");
    refused(&stamped.bring("21500101000000Z"), "the timestamp is of 2150-01-01T00:00:00.000Z");
}

#[test]
fn an_old_reply_can_be_brought_after_the_certificate_expired() {
    let Some(stamped) = Stamped::by_an_authority((2020, 2021)) else { return };
    let kept = stamped.bring("20200601120000Z");
    done(&kept);
    assert_eq!(
        kept.err,
        "kept for the checkpoint of 1 events: 2020-06-01T12:00:00.000Z\n\
         certificate expired since 2021-01-01: it rests on that key not having leaked\n"
    );
    refused(&stamped.bring("20210601120000Z"), "the timestamp does not hold");
}

#[test]
fn a_time_written_beside_what_was_signed_is_not_taken_for_it() {
    let Some(stamped) = Stamped::by_an_authority((2020, 2021)) else { return };
    let words = "\nTime stamp: Mar  1 12:00:00 2020 GMT\n";
    let (verdict, said) = stamped.verify("20200601120000Z", words);
    assert_eq!(verdict, "pass", "{said}");
    assert!(said.contains("2020-06-01T12:00:00.000Z"), "{said}");
    assert_eq!(stamped.verify("20220601120000Z", words).0, "fail");
}

#[test]
fn a_checkpoint_that_becomes_a_pipe_while_it_is_checked_is_not_waited_for() {
    let Some(stamped) = Stamped::by_an_authority((2020, 2199)) else { return };
    done(&stamped.bring("20200601120000Z"));
    let desk = &stamped.0;
    let swapped = "if [ ! -p ledger/checkpoints/1 ]; then rm ledger/checkpoints/1; mkfifo ledger/checkpoints/1; fi";
    let program = desk.write("bin/openssl", format!("#!/bin/sh\n{swapped}\nPATH=${{PATH#*:}} exec openssl \"$@\"\n"));
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let own = desk.command("verify --tsa-ca tsa/ca.pem --ledger ledger --json".split_whitespace());
    let mut command = Command::new("timeout");
    command.arg("60").arg(own.get_program()).args(own.get_args()).current_dir(desk.path());
    command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("PATH", format!("{}:/usr/bin:/bin", desk.path().join("bin").display()));
    let answer = Answer::of(&command.output().expect("timeout is part of every system"));
    assert_ne!(answer.code, 124, "it waits");
    assert!(fs::metadata(desk.path().join("ledger/checkpoints/1")).expect("it is there").file_type().is_fifo());
    let layers = answer.json()["layers"].as_array().expect("there are layers").clone();
    let layer = layers.iter().find(|layer| layer["layer"] == "timestamps").expect("it is one of them");
    assert_eq!(layer["verdict"], "pass", "{}", answer.out);
}
