//! What a document would say in other encodings than the one that it is read in, for the hint.
//!
//! Nothing is decided here: somebody has to say which it is.

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, GB18030, ISO_2022_JP, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5, ISO_8859_6, ISO_8859_7,
    ISO_8859_8, ISO_8859_15, KOI8_R, KOI8_U, MACINTOSH, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_874,
    WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1255, WINDOWS_1256, WINDOWS_1257,
    WINDOWS_1258,
};

use crate::evidence::encoding::Encoding;
use crate::evidence::extract::{DocumentText, MediaType, text_of};
use crate::evidence::quote::Prepared;

/// Larger documents are not tried: each encoding reads them whole.
const MAX_BYTES: usize = 512 << 10;

/// The quotes that are looked for.
const QUOTES: usize = 4;

/// How many encodings are told of.
const TOLD: usize = 8;

/// How much of what stands at the first letter beyond ASCII is shown, in characters.
const SAMPLE: usize = 16;

/// The encodings that documents are in, those of more readers first.
const USUAL: [&encoding_rs::Encoding; 30] = [
    UTF_8,
    WINDOWS_1252,
    WINDOWS_1251,
    GB18030,
    BIG5,
    SHIFT_JIS,
    EUC_KR,
    EUC_JP,
    WINDOWS_1256,
    WINDOWS_1250,
    ISO_8859_2,
    KOI8_R,
    KOI8_U,
    ISO_8859_5,
    WINDOWS_1253,
    ISO_8859_7,
    WINDOWS_1254,
    WINDOWS_1255,
    ISO_8859_8,
    ISO_8859_6,
    WINDOWS_1257,
    ISO_8859_4,
    WINDOWS_1258,
    WINDOWS_874,
    ISO_8859_3,
    ISO_8859_15,
    MACINTOSH,
    ISO_2022_JP,
    UTF_16LE,
    UTF_16BE,
];

/// The encodings in which a document can be read so that one of `quotes` stands in it.
pub fn with_quote(media: MediaType, bytes: &[u8], quotes: &[&str]) -> Vec<Encoding> {
    let stands = |text: &str| {
        let prepared = Prepared::new(text);
        quotes.iter().take(QUOTES).any(|quote| prepared.find(quote).is_some())
    };
    let found = readings(media, bytes).filter(|(_, text)| stands(text.as_str()));
    found.map(|(encoding, _)| encoding).take(TOLD).collect()
}

/// The encodings in which a document can be read, each with what stands then at its first letter beyond ASCII.
pub fn samples(media: MediaType, bytes: &[u8]) -> Vec<(Encoding, String)> {
    let mut samples: Vec<(Encoding, String)> = Vec::new();
    for (encoding, text) in readings(media, bytes) {
        let text = text.as_str();
        let Some(first) = text.find(|c: char| !c.is_ascii()) else { continue };
        let word = text[..first].rfind(char::is_whitespace).map_or(0, |space| space + 1);
        let word = word.max(text.floor_char_boundary(first.saturating_sub(SAMPLE)));
        let sample: String = text[word..].chars().take_while(|c| !c.is_control()).take(SAMPLE).collect();
        if samples.iter().all(|(_, other)| *other != sample) {
            samples.push((encoding, sample));
        }
        if samples.len() == TOLD {
            break;
        }
    }
    samples
}

/// The texts that a document has in encodings which nothing in it speaks against.
fn readings(media: MediaType, bytes: &[u8]) -> impl Iterator<Item = (Encoding, DocumentText<'_>)> {
    let is_open = bytes.len() <= MAX_BYTES && media != MediaType::Pdf && may_differ(bytes);
    let usual = if is_open { &USUAL[..] } else { &[] };
    usual.iter().filter_map(move |encoding| {
        let encoding = Encoding::of(encoding);
        let text = text_of(media, bytes, Some(encoding)).ok()?;
        let is_plain = !text.as_str().contains(|c: char| matches!(c, '\0' | '\u{7F}'..='\u{9F}'));
        is_plain.then_some((encoding, text))
    })
}

/// Whether there is anything that encodings differ in: what is not ASCII, the NUL of UTF-16, or the escape of ISO-2022-JP.
fn may_differ(bytes: &[u8]) -> bool {
    !bytes.is_ascii() || memchr::memchr2(0, 0x1B, bytes).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(found: &[Encoding]) -> Vec<String> {
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_quote_tells_the_encodings_in_which_it_stands() {
        let text = b"12 \xEC\xE0\xFF: \xD0\xEE\xF1\xF1\xE8\xFF";
        assert_eq!(names(&with_quote(MediaType::Text, text, &["no", "Россия"])), ["windows-1251"]);
        let text: Vec<u8> = "é".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(names(&with_quote(MediaType::Text, &text, &["é"])), ["utf-16le"]);
        assert_eq!(with_quote(MediaType::Text, b"ASCII", &["ASCII"]), []);
    }

    #[test]
    fn samples_show_what_stands_at_the_first_letter_beyond_ascii() {
        let samples = samples(MediaType::Text, b"On 12 \xEC\xE0\xFF 2023");
        let shown: Vec<String> = samples.iter().map(|(encoding, sample)| format!("{encoding} {sample}")).collect();
        assert!(shown.contains(&"windows-1251 мая 2023".to_owned()), "{shown:?}");
        assert!(shown.len() <= TOLD && !shown.iter().any(|shown| shown.contains(char::is_control)), "{shown:?}");
    }

    #[test]
    fn what_is_too_large_is_not_tried() {
        let mut text = vec![b'a'; MAX_BYTES];
        text.push(0xE9);
        assert_eq!(samples(MediaType::Text, &text), []);
    }
}
