//! Writes the seeds that are signed or packed, and those that are fixtures, into a folder with one folder a target:
//! `cargo run --manifest-path tests/fuzz/Cargo.toml --example seeds -- tests/fuzz/seeds`. What is there stays.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use servanda::exchange::ndjson;
use servanda::integrity::SigningKey;
use servanda::integrity::digest::document_hash;
use servanda::integrity::proof_file::{ConsistencyFile, InclusionFile};
use servanda_fuzz::framed::loose;
use servanda_fuzz::signed::{armor_by_key, signed_by_security_key, unarmored};
use servanda_fuzz::{KnownLog, log_key, log_signer, witness_key, witness_signer};

/// The most bytes of a seed.
const MAX_SEED: usize = 8 << 10;

const DATES: &[&str] = &[
    "2023-10-18",
    "2023-10",
    "2018",
    "202X",
    "19XX",
    "XXXX",
    "2004-XX",
    "1985-04-XX",
    "XXXX-12-XX",
    "2018~",
    "2004-06-11?",
    "?2004-06-~11",
    "2004-06-(01)~",
    "[2024-05..2024-08]",
    "[..2023-10]",
    "[1760-01,1760-02,1760-12..]",
    "{1667,1668..1670}",
    "2004-06/2006-08",
    "../1985",
    "1985/",
    "2001-22",
    "2001-41",
    "Y170000002",
    "Y-17E7",
    "1950S2",
    "-0001-12-03",
    "9999-12-31",
    "2011-06-2X/2011-07-01%",
    "1984?/2004-06~",
    "2004-01-01T10:10:10Z",
];

fn main() {
    let seeds = Seeds(std::env::args_os().nth(1).expect("the folder of the seeds").into());
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    from_fixtures(&seeds, &fixtures);
    of_log(&seeds, &KnownLog::new(1));
    of_proofs(&seeds, &KnownLog::new(2));
    of_keys(&seeds);
    for (number, text) in DATES.iter().enumerate() {
        seeds.put("edtf", &format!("date-{number:02}"), &[text.as_bytes()]);
    }
    seeds.put("source", "page.pdf", &[b"\x03\x09\x09", &pdf("", PAGE)]);
    seeds.put("source", "packed.pdf", &[b"\x03\x09\x09", &pdf("/Filter/FlateDecode", &packed(PAGE))]);
}

/// The folder of the seeds.
struct Seeds(PathBuf);

impl Seeds {
    fn put(&self, target: &str, name: &str, parts: &[&[u8]]) {
        let folder = self.0.join(target);
        let bytes = parts.concat();
        assert!(bytes.len() <= MAX_SEED, "{target}/{name} has {} bytes", bytes.len());
        fs::create_dir_all(&folder).expect("a folder can be made");
        fs::write(folder.join(name), bytes).expect("it can be written");
    }
}

fn from_fixtures(seeds: &Seeds, fixtures: &Path) {
    let read = |name: &str| fs::read(fixtures.join(name)).expect("the fixture is there");
    for entry in fs::read_dir(fixtures.join("golden/v1")).expect("it can be listed") {
        let path = entry.expect("it can be listed").path();
        if path.extension().is_some_and(|ending| ending == "event") {
            let name = path.file_stem().expect("it has a name").to_string_lossy().into_owned();
            seeds.put("event", &name, &[&fs::read(&path).expect("it can be read")]);
        }
    }
    for name in ["02-agreements-and-missions", "04-pakistan", "06-contributions", "07-participants"] {
        seeds.put("announcement_file", name, &[b"y", &read(&format!("ilrs/october-2023/{name}.yaml"))]);
    }
    let exported = read("golden/exported-event-v1.ndjson");
    for (number, line) in exported.split_inclusive(|byte| *byte == b'\n').take(3).enumerate() {
        seeds.put("ndjson", &format!("golden-{number}"), &[b"l", line]);
    }
    let members = read("tables/members.csv");
    let map = read("tables/map.toml");
    seeds.put("csv", "members", &[b"m", &map, b"---\n", &members]);
    seeds.put("csv", "members-gzip", &[b"m", &map, b"---\n", &gzip(&members)]);
    let beginning = |name: &str| {
        let bytes = read(name);
        bytes.split_inclusive(|byte| *byte == b'\n').take(8).collect::<Vec<_>>().concat()
    };
    let (agreements, acts) = (beginning("manytreaties/agreements.csv"), beginning("manytreaties/actions.csv"));
    seeds.put("csv", "manytreaties", &[b"t", &agreements, b"---\n", &acts]);
}

fn of_log(seeds: &Seeds, log: &KnownLog) {
    let line = |event: &Vec<u8>| ndjson::line(event).expect("it is text");
    let lines: String = log.events.iter().map(line).collect();
    seeds.put("ndjson", "log", &[b"l", lines.as_bytes()]);
    seeds.put("ndjson", "restored", &[b"r", lines.as_bytes()]);
    seeds.put("ndjson", "restored-genesis", &[b"r", line(&log.events[0]).as_bytes()]);
    for (name, checkpoint) in [("older", &log.older), ("newer", &log.newer)] {
        seeds.put("checkpoint", name, &[b"c", checkpoint.note().to_string().as_bytes()]);
        seeds.put("checkpoint", &format!("{name}-text"), &[b"c", checkpoint.note().text().as_bytes()]);
    }
    let records = loose(&log.backup);
    seeds.put("backup", "file", &[b"f", &log.backup]);
    seeds.put("backup", "records", &[b"s", &records]);
    seeds.put("backup", "gone-on-behind", &[b"s", &records, b"r\x03\0abc"]);
    let outside = [&document_hash(b"A").as_bytes()[..], &[17, 0], b"documents/../../x", b"A"].concat();
    let len = u16::try_from(outside.len()).expect("it is small").to_le_bytes();
    seeds.put("backup", "file-outside", &[b"s\x02", &len, &outside, &records]);
    let (log_key, witness) = (log_key(), witness_key());
    let policy = format!(
        "# of the log\nlog {log_key}\nwitness one {witness} http://127.0.0.1:7080\ngroup both any one\ngroup all all both\nquorum all\n"
    );
    seeds.put("checkpoint", "policy", &[b"p", policy.as_bytes()]);
    let keys = [
        ("log-key", log_key.to_string()),
        ("witness-key", witness.to_string()),
        ("log-signer", log_signer().to_secret_text()),
        ("witness-signer", witness_signer().to_secret_text()),
    ];
    for (name, text) in keys {
        seeds.put("checkpoint", name, &[b"k", text.as_bytes()]);
    }
}

fn of_proofs(seeds: &Seeds, log: &KnownLog) {
    let checkpoint = log.newer.note().to_string();
    for index in [0, log.events.len() - 1] {
        let path = log.paths[index].clone();
        let proof = InclusionFile { index: index as u64, path, checkpoint: checkpoint.clone() };
        seeds.put("proof", &format!("inclusion-{index}"), &[b"i", proof.text().as_bytes()]);
    }
    seeds.put("proof", "consistency", &[b"c", log.consistency.text().as_bytes()]);
    seeds.put("proof", "certificate", &[b"a", log.certificate.as_bytes()]);
    let first = ConsistencyFile { old: 0, path: Vec::new(), checkpoint: log.older.note().to_string() };
    seeds.put("proof", "request-first", &[b"w", first.text().as_bytes()]);
    seeds.put("proof", "request", &[b"w", log.consistency.text().as_bytes()]);
    let body = first.text();
    let head = format!("POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
    seeds.put("http", "add-checkpoint", &[b"q", head.as_bytes(), body.as_bytes()]);
    let last = format!("GET /{}/checkpoint HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", log_key().origin_hash());
    seeds.put("http", "last", &[b"q", last.as_bytes()]);
    let signature = format!("{}\n", log.newer.note().signatures().last().expect("a witness signed"));
    let signed = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{signature}", signature.len());
    seeds.put("http", "signed", &[b"r", signed.as_bytes()]);
    let conflict = "HTTP/1.1 409 Conflict\r\nContent-Type: text/x.tlog.size\r\nContent-Length: 2\r\n\r\n3\n";
    seeds.put("http", "conflict", &[b"r", conflict.as_bytes()]);
    let refused = "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nno\n\r\n0\r\n\r\n";
    seeds.put("http", "refused", &[b"r", refused.as_bytes()]);
    seeds.put("http", "address", &[b"uhttp://[::1]:7080/desk"]);
    for (name, bytes) in [
        ("whole", &b"s\0w\0\0fuzz.example/ledger\n3\n"[..]),
        ("over", b"s\x01o\0\x10x"),
        ("cut", b"s\x02c\0\x80"),
        ("between", b"s\x05i\0\x20\0\0"),
        ("gone", b"s\x06d\0\0"),
        ("large", b"l\x07o\0\x40x"),
    ] {
        seeds.put("tiles", name, &[bytes]);
    }
}

fn of_keys(seeds: &Seeds) {
    let by_device = signed_by_security_key();
    seeds.put("armor", "key", &[b"a", armor_by_key().as_bytes()]);
    seeds.put("armor", "security-key", &[b"a", servanda_fuzz::signed::armored(&by_device).as_bytes()]);
    seeds.put("armor", "key-bytes", &[b"b", &unarmored(&armor_by_key())]);
    seeds.put("armor", "security-key-bytes", &[b"b", &by_device]);
    let key = SigningKey::from_seed(&[7; 32]);
    seeds.put("armor", "public", &[b"k", key.public().to_string().as_bytes()]);
    seeds.put("armor", "private", &[b"k", key.to_openssh("a comment").as_bytes()]);
}

const PAGE: &[u8] = b"BT /F1 12 Tf 1 0 0 1 10 10 Tm (Pakistan ) Tj [(signed) -300 (the)] TJ 0 -14 Td (agreement.) ' ET";

/// One page with that content.
fn pdf(filter: &str, content: &[u8]) -> Vec<u8> {
    let begin = format!("<<{filter}/Length {}>>\nstream\n", content.len()).into_bytes();
    let objects = [
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        b"<</Type/Page/Parent 2 0 R/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R>>".to_vec(),
        [&begin[..], content, b"\nendstream"].concat(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_vec(),
    ];
    let mut file = b"%PDF-1.5\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", file.len());
        file.extend([format!("{} 0 obj\n", index + 1).as_bytes(), object, b"\nendobj\n"].concat());
    }
    let end = format!("trailer\n<</Size {}/Root 1 0 R>>\nstartxref\n{}\n%%EOF\n", objects.len() + 1, file.len());
    [&file[..], table.as_bytes(), end.as_bytes()].concat()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes).expect("memory can be written to");
    packed.finish().expect("memory can be written to")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes).expect("memory can be written to");
    packed.finish().expect("memory can be written to")
}
