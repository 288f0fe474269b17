//! The armor of a signature: base64 between two lines, wrapped as `ssh-keygen` wraps it.

use base64::prelude::{BASE64_STANDARD, Engine};

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----\n";
const END: &str = "-----END SSH SIGNATURE-----\n";
const COLUMNS: usize = 70;

/// Armors `blob`, with the LF of its last line.
pub(super) fn encode(blob: &[u8]) -> String {
    let base64 = BASE64_STANDARD.encode(blob);
    let mut armor = String::with_capacity(BEGIN.len() + base64.len() + base64.len() / COLUMNS + 1 + END.len());
    armor.push_str(BEGIN);
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(COLUMNS));
        armor.push_str(line);
        armor.push('\n');
        rest = after;
    }
    armor.push_str(END);
    armor
}

/// Undoes [`encode`], or nothing if `armor` is not exactly what [`encode`] writes.
pub(super) fn decode(armor: &str) -> Option<Vec<u8>> {
    let body = armor.strip_prefix(BEGIN)?.strip_suffix(END)?;
    let blob = BASE64_STANDARD.decode(body.replace('\n', "")).ok()?;
    (encode(&blob) == armor).then_some(blob)
}

/// The bytes within an armor in lines of any length and end, or nothing if it is none. For what is armored anew.
pub(super) fn decode_leniently(armor: &str) -> Option<Vec<u8>> {
    let body = armor.trim_ascii().strip_prefix(BEGIN.trim_end())?.strip_suffix(END.trim_end())?;
    let base64: String = body.split_ascii_whitespace().collect();
    BASE64_STANDARD.decode(base64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_70_columns_and_the_last_one_ends() {
        for len in 0..=220 {
            let blob = vec![0xa5; len];
            let armor = encode(&blob);
            let lines: Vec<_> = armor.lines().collect();
            let body = &lines[1..lines.len() - 1];
            assert!(body.iter().rev().skip(1).all(|line| line.len() == COLUMNS), "{armor}");
            assert!(body.last().is_none_or(|line| (1..=COLUMNS).contains(&line.len())), "{armor}");
            assert!(armor.ends_with("-----\n"));
            assert_eq!(decode(&armor), Some(blob));
        }
    }

    #[test]
    fn another_way_to_write_the_same_blob_is_refused() {
        let good = encode(&[7; 100]);
        let others = [
            good.replace('\n', "\r\n"),
            good.trim_end().to_owned(),
            format!("{good}\n"),
            format!(" {good}"),
            format!("{good}{good}"),
            good.replace("=\n", "\n"),
            good.replace("Bw==", "Bx=="),
            good.replacen("BwcH", "Bw\ncH", 1),
            good.replace("SSH", "PGP"),
        ];
        for other in others {
            assert_ne!(other, good);
            assert_eq!(decode(&other), None, "{other:?}");
        }
    }
}
