//! Bytes of a file to text.

use super::fault::{EMPTY, NOT_TEXT, SyntaxFault};
use super::limits::{MAX_FILE, refuse_larger};

const HOW_TO_BEGIN: &str = "`servanda template KIND` prints a file to start from";
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Takes the text out of a file's bytes.
///
/// UTF-8 only. A byte order mark is skipped, and offsets count from behind it, also those of a fault: what
/// [`String::from_utf8_lossy`] makes of the rest is the same up to the fault, so a fault can be shown in it.
///
/// # Errors
///
/// `E0102` if the bytes are not text, with the byte at which they stop being so; `E0103` if there are none but white
/// space; `E0105` if there are more than [`MAX_FILE`].
pub fn decode(bytes: &[u8]) -> Result<String, SyntaxFault> {
    refuse_larger(bytes.len(), MAX_FILE)?;
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return Err(SyntaxFault::new(NOT_TEXT, 0..0, "this file is UTF-16").hint("save it as UTF-8"));
    }
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        let message = format!("this looks like a binary file: byte {at} is NUL");
        return Err(SyntaxFault::new(NOT_TEXT, at..at + 1, message).hint("announcement files are text, in UTF-8"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, &error))?;
    refuse_blank(text)?;
    Ok(text.to_owned())
}

/// Refuses a text with nothing in it.
pub(super) fn refuse_blank(text: &str) -> Result<(), SyntaxFault> {
    if text.is_empty() {
        return Err(SyntaxFault::new(EMPTY, 0..0, "this file is empty").hint(HOW_TO_BEGIN));
    }
    if text.trim_start().is_empty() {
        let message = "this file holds nothing but white space";
        return Err(SyntaxFault::new(EMPTY, 0..0, message).hint(HOW_TO_BEGIN));
    }
    Ok(())
}

fn not_utf8(bytes: &[u8], error: &std::str::Utf8Error) -> SyntaxFault {
    let at = error.valid_up_to();
    let message = format!("this file is not UTF-8: byte {at} is 0x{:02X}", bytes[at]);
    SyntaxFault::new(NOT_TEXT, at..at + 1, message).hint("save it as UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::tree::fault::BEYOND_LIMIT;

    fn check(bytes: &[u8], code: &str, message: &str, at: usize) {
        let fault = decode(bytes).expect_err("is refused");
        assert_eq!((fault.code, fault.message.as_str(), fault.span.start), (code, message, at));
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(decode(b"\xEF\xBB\xBFa: 1"), Ok("a: 1".to_owned()));
        assert_eq!(decode("ü: 1".as_bytes()), Ok("ü: 1".to_owned()));
    }

    #[test]
    fn other_encodings_are_named_with_the_byte_that_betrays_them() {
        check(b"name: Caf\xE9\n", NOT_TEXT, "this file is not UTF-8: byte 9 is 0xE9", 9);
        check(b"\xEF\xBB\xBFab\xC3", NOT_TEXT, "this file is not UTF-8: byte 2 is 0xC3", 2);
        check(b"\xED\xA0\x80", NOT_TEXT, "this file is not UTF-8: byte 0 is 0xED", 0);
        check(b"\xFF\xFEa\0", NOT_TEXT, "this file is UTF-16", 0);
        check(b"\xFE\xFF\0a", NOT_TEXT, "this file is UTF-16", 0);
    }

    #[test]
    fn binary_files_are_called_so() {
        check(b"\x7FELF\0\xFF", NOT_TEXT, "this looks like a binary file: byte 4 is NUL", 4);
    }

    #[test]
    fn empty_and_blank_files_are_told_apart() {
        check(b"", EMPTY, "this file is empty", 0);
        check(b"\xEF\xBB\xBF", EMPTY, "this file is empty", 0);
        check(b" \r\n\t\n", EMPTY, "this file holds nothing but white space", 0);
    }

    #[test]
    fn a_file_beyond_the_limit_is_refused_and_one_at_the_limit_is_not() {
        let mut bytes = vec![b'#'; MAX_FILE];
        assert!(decode(&bytes).is_ok());
        bytes.push(b'#');
        check(&bytes, BEYOND_LIMIT, "this file has 16777217 bytes, and no more than 16777216 are read", 0);
    }
}
