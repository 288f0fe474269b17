//! What to do about a document whose encoding is not told, or is told wrongly.

use crate::evidence::encoding::Encoding;
use crate::evidence::otherwise;
use crate::ledger::admission::draft::DraftDocument;

/// How many encodings are named.
const NAMED: usize = 3;

/// What to say of a document that is not UTF-8 and says no other encoding: the one in which a quote stands in it, else those in
/// which it can be read, with what is read.
pub(super) fn to_say(document: &DraftDocument, quotes: &[&str]) -> String {
    let found = otherwise::with_quote(document.media, &document.bytes, quotes);
    if !found.is_empty() {
        return said_as(&found);
    }
    let samples = otherwise::samples(document.media, &document.bytes);
    let samples: Vec<_> = samples.iter().map(|(encoding, sample)| format!("{encoding} (“{sample}”)")).collect();
    let say = "say what it is, `document: { path: …, encoding: NAME }`; it is kept as it is";
    if samples.is_empty() { say.to_owned() } else { format!("{say}; it may be {}", samples.join(", ")) }
}

/// The encodings in which a quote stands in a document that does not have it as it is read.
pub(super) fn with_quote(document: &DraftDocument, quote: &str) -> Vec<Encoding> {
    otherwise::with_quote(document.media, &document.bytes, &[quote])
}

/// How to say that a document is in one of these encodings, of which there are some.
pub(super) fn said_as(encodings: &[Encoding]) -> String {
    let names: Vec<String> = encodings.iter().take(NAMED).map(ToString::to_string).collect();
    let first = names.first().map_or("NAME", String::as_str);
    format!(
        "it does as {}: if that is what it is, say so, `document: {{ path: …, encoding: {first} }}`",
        names.join(" or ")
    )
}
