//! Sources in PDF: quotes are found in their text, which is kept, so that nothing rests on taking it out the same way again.
//! The worries are files that were made to hurt whoever reads them, and a program that was built without PDF.

use std::fmt::Write as _;

use crate::support::Desk;

const FILE: &str = "\
evidence: { none: made up }
announcements:
  - { kind: party, id: pakistan, name: Pakistan, type: state }
  - { kind: agreement, id: ilrs, title: ILRS, type: programme }
  - kind: joining
    party: pakistan
    agreement: ilrs
    occurred: 2023-10-18
    source: { publisher: The host, grade: host, document: page.pdf }
    quote: Pakistan signed the agreement on 18 October
";

/// A PDF of these objects, from 1 on, of which the first is the catalogue.
fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.5\n".to_vec();
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.extend(format!("{} 0 obj\n", index + 1).into_bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let at = file.len();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for place in places {
        let _ = writeln!(table, "{place:010} 00000 n ");
    }
    let _ = write!(table, "trailer\n<</Size {}/Root 1 0 R>>\nstartxref\n{at}\n%%EOF\n", objects.len() + 1);
    file.extend(table.into_bytes());
    file
}

fn stream(dictionary: &str, content: &[u8]) -> Vec<u8> {
    let begin = format!("<<{dictionary}/Length {}>>\nstream\n", content.len()).into_bytes();
    [&begin[..], content, b"\nendstream"].concat()
}

/// One page with that content, and what else its objects are.
fn page(content: Vec<u8>, kids: &str, more: Vec<Vec<u8>>) -> Vec<u8> {
    let mut objects: Vec<Vec<u8>> = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        format!("<</Type/Pages/Kids[{kids}]/Count 1>>"),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R>>".to_owned(),
    ]
    .into_iter()
    .map(String::into_bytes)
    .collect();
    objects.push(content);
    objects.push(b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_vec());
    objects.extend(more);
    pdf(&objects)
}

/// The text stands on two lines, and one word of it is in pieces.
fn sound() -> Vec<u8> {
    let content =
        b"BT /F1 12 Tf 20 200 Td (Pakistan signed) Tj 0 -14 Td [(the agree) 20 (ment) -300 (on 18 October)] TJ ET";
    page(stream("", content), "3 0 R", Vec::new())
}

/// A desk where a ledger is to be founded with that PDF.
fn desk(file: &[u8]) -> Desk {
    let desk = Desk::new();
    desk.write("page.pdf", file);
    desk.write("file.yaml", FILE);
    desk
}

#[cfg(not(feature = "pdf"))]
#[test]
fn without_the_feature_it_is_said_what_to_do() {
    let answer = desk(&sound()).run("append --init --ledger l file.yaml");
    assert_eq!(answer.code, 1);
    assert!(answer.err.contains("E0502") && answer.err.contains("built without"), "{}", answer.err);
    assert!(answer.err.contains("--features pdf") && answer.err.contains(".txt"), "{}", answer.err);
}

#[cfg(feature = "pdf")]
mod with_the_feature {
    use std::fs;
    use std::io::Write as _;
    use std::time::{Duration, Instant};

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::{desk, page, pdf, sound, stream};

    /// That it is refused in time, with these words, and without a panic that anybody sees.
    #[track_caller]
    fn refused(file: &[u8], told: &str) {
        let began = Instant::now();
        let answer = desk(file).run("append --init --ledger l file.yaml");
        assert_eq!(answer.code, 1, "{} {}", answer.out, answer.err);
        assert!(answer.err.contains(told), "{told}: {}", answer.err);
        assert!(began.elapsed() < Duration::from_mins(1), "it took {:?}", began.elapsed());
    }

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
        packer.write_all(content).expect("memory takes everything");
        packer.finish().expect("memory takes everything")
    }

    #[test]
    fn quotes_are_found_across_lines_and_pieces_and_the_text_is_kept() {
        let desk = desk(&sound());
        let answer = desk.run("append --init --ledger l file.yaml");
        assert_eq!(answer.code, 0, "{}", answer.err);
        let list = desk.run("source list --ledger l --json").json();
        let document = &list["sources"][0]["document"];
        assert_eq!(document["type"], "application/pdf");
        let text = "Pakistan signed\nthe agreement on 18 October\n";
        assert_eq!(document["text"]["len"], text.len());
        let prefix = &document["b3"].as_str().expect("a hash")[..8];
        assert_eq!(desk.run(&format!("source text {prefix} --ledger l")).out, text);
        assert_eq!(desk.run("verify --ledger l").code, 0);
        assert_eq!(fs::read_dir(desk.path().join("l/documents")).expect("a folder").count(), 2);
        let again = desk.run("append --ledger l file.yaml");
        assert!(again.out.starts_with("file.yaml: already there"), "{}", again.out);
    }

    #[test]
    fn packed_pages_and_packed_objects_are_read() {
        let content = b"BT /F1 12 Tf (Pakistan signed the agreement on 18 October) Tj ET";
        let file = page(stream("/Filter/FlateDecode", &packed(content)), "3 0 R", Vec::new());
        for file in [file, packed_objects(&String::from_utf8_lossy(content))] {
            let answer = desk(&file).run("append --init --ledger l file.yaml");
            assert_eq!(answer.code, 0, "{}", answer.err);
        }
    }

    /// A page with that content, written with streams of objects and of references, as programs do today.
    fn packed_objects(content: &str) -> Vec<u8> {
        let plain = page(stream("", content.as_bytes()), "3 0 R", Vec::new());
        let mut document = lopdf::Document::load_mem(&plain).expect("it is sound");
        document.compress();
        let mut file = Vec::new();
        document.save_modern(&mut file).expect("memory takes everything");
        assert!(file.windows(6).any(|word| word == b"ObjStm"), "there are no streams of objects");
        file
    }

    #[test]
    fn what_is_cut_off_is_refused_or_read_and_never_a_panic() {
        let sound = sound();
        for len in (0..sound.len()).step_by(23) {
            let answer = desk(&sound[..len]).run("append --init --ledger l file.yaml");
            assert!([0, 1].contains(&answer.code), "{len}: {}", answer.err);
        }
        for at in (0..sound.len()).step_by(29) {
            let mut damaged = sound.clone();
            damaged[at] ^= 0x15;
            let answer = desk(&damaged).run("append --init --ledger l file.yaml");
            assert!([0, 1].contains(&answer.code), "{at}: {}", answer.err);
        }
        refused(b"no PDF at all", "cannot be read");
        refused(b"", "cannot be read");
    }

    #[test]
    fn what_leads_in_circles_ends() {
        let content = stream("", b"BT /F1 12 Tf (words) Tj ET");
        // Pages that are their own children, a page that is its own content, and a length that is its own length.
        refused(&page(content.clone(), "2 0 R 2 0 R 3 0 R", Vec::new()), "does not stand in the document");
        refused(&page(b"4 0 R".to_vec(), "3 0 R", Vec::new()), "");
        refused(&page(b"<</Length 4 0 R>>\nstream\nBT ET\nendstream".to_vec(), "3 0 R", Vec::new()), "");
        let before = sound();
        let startxref = before.windows(9).rposition(|word| word == b"startxref").expect("it has one");
        let at: String =
            String::from_utf8_lossy(&before[startxref + 10..]).lines().next().expect("a number").to_owned();
        let text = String::from_utf8_lossy(&before).replace("/Root 1 0 R", &format!("/Root 1 0 R/Prev {at}"));
        let answer = desk(text.as_bytes()).run("append --init --ledger l file.yaml");
        assert!([0, 1].contains(&answer.code), "{}", answer.err);
    }

    #[test]
    fn what_unpacks_to_more_than_is_read_is_refused() {
        let bomb = packed(&vec![b' '; 64 << 20]);
        assert!(bomb.len() < 100_000);
        refused(&page(stream("/Filter/FlateDecode", &bomb), "3 0 R", Vec::new()), "unpacks to more");
        let twice = packed(&bomb);
        refused(&page(stream("/Filter[/FlateDecode/FlateDecode]", &twice), "3 0 R", Vec::new()), "unpacks to more");
        // Many pages that show the same.
        let most = packed(&vec![b' '; 3 << 20]);
        let kids = "3 0 R ".repeat(40);
        refused(&page(stream("/Filter/FlateDecode", &most), &kids, Vec::new()), "");
        refused(&packed_objects(&format!("BT ET {}", " ".repeat(5 << 20))), "unpacks to more");
    }

    #[test]
    fn objects_that_take_much_more_memory_than_bytes_are_refused() {
        let names = [b"[".as_slice(), &b"/".repeat(5 << 19), b"]"].concat();
        refused(&page(stream("", b"BT ET"), "3 0 R", vec![names]), "unpacks to more");
    }

    #[test]
    fn deep_nesting_does_not_end_the_process() {
        for (open, close) in [("[", "]"), ("<</A", ">>"), ("(", ")")] {
            let deep = [open.repeat(200_000), close.repeat(200_000)].concat().into_bytes();
            refused(&page(stream("", &deep), "3 0 R", vec![deep.clone()]), "");
        }
    }

    #[test]
    fn what_is_encrypted_or_too_large_is_refused() {
        let encrypted = |name: &str| {
            let file = String::from_utf8_lossy(&sound()).replace("/Root 1 0 R", &format!("/Root 1 0 R/{name} 5 0 R"));
            file.into_bytes()
        };
        refused(&encrypted("Encrypt"), "it is encrypted, and needs a password");
        refused(&encrypted("#45ncr#79pt"), "it is encrypted, and needs a password");
        let large = [sound(), vec![b'%'; 8 << 20]].concat();
        refused(&large, "at most 8388608 are read");
        refused(&pdf(&[b"<<>>".to_vec()]), "");
    }
}
