//! Documents as they were published: in whatever encoding they say, with quotes over the line ends of Chinese and Japanese, locked
//! against changing, or without any text. They are kept byte for byte, their text beside them, and quotes are found in that.

use std::fs;

use crate::support::{Answer, Desk, done, refused};

/// A file that quotes a document.
fn file(document: &str, quote: &str) -> String {
    format!(
        "source: {{ publisher: P, grade: press, document: {document} }}
announced: 2024
announcements:
- {{ kind: party, id: x, name: X, type: state }}
- {{ kind: agreement, id: a, title: A, type: programme }}
- kind: joining
  party: x
  agreement: a
  occurred: 2023
  quote: '{quote}'
"
    )
}

/// What comes of quoting a document of that name.
fn quoted(desk: &Desk, name: &str, bytes: &[u8], document: &str, quote: &str) -> Answer {
    desk.write(name, bytes);
    desk.write("file.yaml", file(document, quote));
    desk.run("append --init --ledger l file.yaml")
}

/// That the quote is found, and that document and text are kept, and hold.
#[track_caller]
fn found(name: &str, bytes: &[u8], document: &str, quote: &str) {
    let desk = Desk::new();
    done(&quoted(&desk, name, bytes, document, quote));
    let list = desk.run("source list --ledger l --json").json();
    let kept = &list["sources"][0]["document"];
    let of = |address: &serde_json::Value| {
        fs::read(desk.path().join("l/documents").join(address.as_str().expect("a hash"))).expect("it is kept")
    };
    assert_eq!(of(&kept["b3"]), bytes, "{name}");
    let text = String::from_utf8(of(&kept["text"]["b3"])).expect("texts are UTF-8");
    assert!(text.contains(quote), "{text}");
    done(&desk.run("verify --ledger l"));
    assert!(desk.run("append --ledger l file.yaml").out.contains("already there"));
}

/// That it is refused, with these words, and that nothing is made.
#[track_caller]
fn refused_with(name: &str, bytes: &[u8], document: &str, quote: &str, told: &[&str]) {
    let desk = Desk::new();
    let answer = quoted(&desk, name, bytes, document, quote);
    for told in told {
        refused(&answer, told);
    }
    assert!(!desk.path().join("l").exists());
}

fn utf16(text: &str, mark: bool) -> Vec<u8> {
    mark.then_some(0xFEFF).into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_page_is_kept_as_it_was_published_and_read_as_it_says() {
    let page = |head: &str, words: &[u8]| [head.as_bytes(), b"<p>", words, b"</p>"].concat();
    let russian = b"\xD0\xEE\xF1\xF1\xE8\xFF \xEF\xF0\xE8\xF1\xEE\xE5\xE4\xE8\xED\xE8\xEB\xE0\xF1\xFC";
    let http = "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=windows-1251\">";
    found("d.html", &page(http, russian), "d.html", "Россия присоединилась");
    found("d.html", &page("<meta charset=gb2312>", b"\xD6\xD0\xB9\xFA"), "d.html", "中国");
    found("d.html", &page("<meta charset=gb18030>", b"\x819\xEE9\xD6\xD0"), "d.html", "㐀中");
    found("d.html", &page("<meta charset=big5>", b"\xA4\xA4\xB0\xEA"), "d.html", "中國");
    found("d.html", &page("<meta charset=shift_jis>", b"\x93\xFA\x96{"), "d.html", "日本");
    found("d.html", &page("<meta charset=euc-jp>", b"\xC6\xFC\xCB\xDC"), "d.html", "日本");
    found("d.html", &page("<meta charset=euc-kr>", b"\xC7\xD1\xB1\xB9"), "d.html", "한국");
    found("d.html", &page("<?xml version='1.0' encoding='iso-8859-1'?>", b"S\xE9n\xE9gal"), "d.html", "Sénégal");
    found("d.html", &page("<meta charset=iso-8859-2>", b"\xD8ecko a \xC8esko"), "d.html", "Česko");
    found("d.html", &utf16("<p>Türkiye</p>", true), "d.html", "Türkiye");
}

#[test]
fn a_text_says_its_encoding_by_its_first_bytes_or_whoever_brings_it_does() {
    found("d.txt", &utf16("Türkiye joined", true), "d.txt", "Türkiye joined");
    found("d.txt", b"T\xFCrkiye joined", "{ path: d.txt, encoding: iso-8859-9 }", "Türkiye joined");
    found("d.md", &utf16("Türkiye joined", false), "{ path: d.md, encoding: UTF-16LE }", "Türkiye joined");
    // What was sent as UTF-8, whatever the page says.
    let page = "<meta charset=iso-8859-1><p>Türkiye";
    found("d.html", page.as_bytes(), "{ path: d.html, encoding: utf-8 }", "Türkiye");
}

#[test]
fn no_encoding_is_guessed_and_those_that_it_may_be_are_named() {
    let russian = b"12 \xEC\xE0\xFF 2023";
    let told = ["E0502", "is not UTF-8 (first at byte 3)", "as windows-1251", "encoding: windows-1251"];
    refused_with("d.txt", russian, "d.txt", "12 мая 2023", &told);
    let told = ["say what it is", "windows-1251 (“мая 2023”)"];
    refused_with("d.txt", russian, "d.txt", "12 May", &told);
}

#[test]
fn a_quote_that_stands_there_in_another_encoding_says_in_which() {
    let page = "<meta charset=iso-8859-1><p>Türkiye".as_bytes();
    refused_with(
        "d.html",
        page,
        "d.html",
        "Türkiye",
        &["does not stand in the document as it is read", "encoding: utf-8"],
    );
    refused_with("d.txt", &utf16("Türkiye", false), "d.txt", "Türkiye", &["utf-16le"]);
}

#[test]
fn what_is_not_what_it_says_is_refused_with_its_place() {
    let page = b"<meta charset=big5>\xFF";
    refused_with("d.html", page, "d.html", "x", &["is not big5 throughout, as it says itself (first at byte 19)"]);
    let said = "{ path: d.txt, encoding: shift_jis }";
    refused_with("d.txt", b"ab\xFF", said, "x", &["is not shift_jis throughout, as `encoding` says (first at byte 2)"]);
    let klingon = "<meta charset=klingon>\u{E9}".as_bytes();
    refused_with("d.html", &[klingon, b"\xFF"].concat(), "d.html", "x", &["klingon", "encoding: NAME"]);
    refused_with("d.txt", b"ab", "{ path: d.txt, encoding: klingon }", "x", &["`klingon` is no encoding", "gb18030"]);
}

#[test]
fn a_personal_text_in_another_encoding_is_not_kept() {
    let said = "{ path: d.txt, encoding: latin1 }, personal: true";
    refused_with("d.txt", b"T\xFCrkiye", said, "x", &["E0507", "in another encoding"]);
}

#[test]
fn chinese_and_japanese_are_quoted_over_line_ends_and_korean_with_its_spaces() {
    let desk = |bytes: &str, name: &str, quote: &str| quoted(&Desk::new(), name, bytes.as_bytes(), name, quote);
    done(&desk("各方签署了关于国际月球\n科研站的合作协议。\n", "d.txt", "国际月球科研站"));
    done(&desk("<p>各方签署了关于国际月球\n  科研站的合作协议。", "d.html", "国际月球科研站"));
    done(&desk("国際月面研究\r\nステーション", "d.md", "国際月面研究ステーション"));
    done(&desk("2023年10月\n18日，\n“双方”签署", "d.txt", "2023年10月18日，“双方”"));
    done(&desk("국제 달\n과학연구기지", "d.txt", "국제 달 과학연구기지"));
    refused(&desk("국제 달\n과학연구기지", "d.txt", "국제 달과학연구기지"), "does not stand in the document");
    let near = desk("各方签署了关于国际月球\n科研站的合作协议。\n", "d.txt", "国际月球科学站");
    refused(&near, "国际月球 科研站的合作协议。");
}

#[test]
fn a_page_of_scripts_says_that_it_has_no_text() {
    let page = b"<div id=app></div><script>app()</script>";
    refused_with("d.html", page, "d.html", "words", &["no text at all", "by scripts"]);
    refused_with("d.txt", b" \n", "d.txt", "words", &["no text at all", "it is empty"]);
}

#[cfg(feature = "pdf")]
mod pdf {
    use super::{done, found, quoted, refused_with};
    use crate::support::{Desk, fixture};

    const QUOTE: &str = "joined the pact on lunar research. /Encrypt is a word too.";

    /// Made with qpdf: 40 bits, 128 bits and 256 bits, RC4 and AES, with and without streams of objects.
    fn of(name: &str) -> Vec<u8> {
        std::fs::read(fixture("pdf").join(name)).expect("a fixture")
    }

    #[test]
    fn what_its_owner_alone_may_change_is_read() {
        for name in [
            "not-encrypted.pdf",
            "revision-2-rc4.pdf",
            "revision-3-rc4.pdf",
            "revision-3-rc4-packed.pdf",
            "revision-4-rc4.pdf",
            "revision-4-rc4-packed.pdf",
            "revision-4-aes.pdf",
            "revision-4-aes-packed.pdf",
            "revision-6-aes.pdf",
            "revision-6-aes-packed.pdf",
        ] {
            found("d.pdf", &of(name), "d.pdf", QUOTE);
        }
    }

    #[test]
    fn what_asks_for_a_password_is_refused() {
        let told = ["needs a password", "save its text as .txt"];
        refused_with("d.pdf", &of("asks-for-a-password.pdf"), "d.pdf", QUOTE, &told);
    }

    #[test]
    fn a_locked_file_that_is_cut_or_changed_is_refused_or_read_and_never_a_panic() {
        for name in ["revision-3-rc4-packed.pdf", "revision-6-aes.pdf"] {
            let file = of(name);
            for at in (0..file.len()).step_by(61) {
                let mut changed = file.clone();
                changed[at] ^= 0x15;
                for bytes in [&file[..at], &changed] {
                    let answer = quoted(&Desk::new(), "d.pdf", bytes, "d.pdf", QUOTE);
                    assert!([0, 1].contains(&answer.code), "{name} {at}: {}", answer.err);
                }
            }
        }
    }

    #[test]
    fn a_file_of_pictures_says_that_it_has_no_text() {
        let scanned = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n\
            2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n\
            3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>\nendobj\ntrailer\n<</Size 4/Root 1 0 R>>\n%%EOF\n";
        refused_with("d.pdf", scanned, "d.pdf", "words", &["no text at all", "may be scanned"]);
        refused_with("d.pdf", scanned, "{ path: d.pdf, encoding: big5 }", "words", &["E0112", "leave it out"]);
        let desk = Desk::new();
        desk.write("d.pdf", scanned);
        desk.write("file.yaml", super::file("d.pdf", "words").replace("  quote: 'words'\n", ""));
        done(&desk.run("append --init --ledger l file.yaml"));
    }
}
