//! Proofs as files: that an event is in a log, and what a witness is asked to sign.
//!
//! ```text
//! inclusion   = "c2sp.org/tlog-proof@v1" LF ["extra " base64 LF] "index " N LF *(base64(hash) LF) LF checkpoint
//! consistency = "old " N LF *(base64(hash) LF) LF checkpoint
//! ```
//!
//! In scope: the forms, of C2SP tlog-proof and tlog-witness. What a proof proves, [`proof`](super::proof) tells.

use std::fmt::Write as _;

use base64::prelude::{BASE64_STANDARD, Engine};

use super::checkpoint::{MAX_SIZE, decimal, node_of};
use super::merkle::Node;

/// How a file with a proof of inclusion begins.
pub const INCLUSION: &str = "c2sp.org/tlog-proof@v1";
/// The most hashes in a proof.
const MAX_HASHES: usize = 63;

/// A proof that an event is in a log, of which nothing is checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionFile {
    /// The event's position.
    pub index: u64,
    /// The hashes from its neighbour up to the root.
    pub path: Vec<Node>,
    /// The signed note of the checkpoint.
    pub checkpoint: String,
}

/// A proof that a log goes on from an older state, of which nothing is checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsistencyFile {
    /// How many events there were.
    pub old: u64,
    /// The hashes between the roots.
    pub path: Vec<Node>,
    /// The signed note of the newer checkpoint.
    pub checkpoint: String,
}

/// Why text is no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a proof, at line {line}: {what}")]
pub struct ProofFileError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

impl InclusionFile {
    /// Reads a proof; extra data, which nobody vouches for, is passed over.
    ///
    /// # Errors
    ///
    /// [`ProofFileError`].
    ///
    /// # Source
    ///
    /// C2SP tlog-proof.
    pub fn parse(text: &str) -> Result<Self, ProofFileError> {
        let mut lines = Lines { rest: text, line: 0 };
        if lines.next()? != INCLUSION {
            return Err(lines.fault("it does not begin as a proof does"));
        }
        let mut line = lines.next()?;
        if let Some(extra) = line.strip_prefix("extra ") {
            BASE64_STANDARD.decode(extra).map_err(|_| lines.fault("the extra data is not in base64"))?;
            line = lines.next()?;
        }
        let index = line.strip_prefix("index ").and_then(decimal).filter(|index| *index < MAX_SIZE);
        let index = index.ok_or_else(|| lines.fault("`index` and a position were expected"))?;
        let path = lines.hashes()?;
        Ok(Self { index, path, checkpoint: lines.rest.to_owned() })
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let mut text = format!("{INCLUSION}\nindex {}\n", self.index);
        put(&self.path, &self.checkpoint, &mut text);
        text
    }
}

impl ConsistencyFile {
    /// Reads a proof.
    ///
    /// # Errors
    ///
    /// [`ProofFileError`].
    ///
    /// # Source
    ///
    /// C2SP tlog-witness, the body of `add-checkpoint`.
    pub fn parse(text: &str) -> Result<Self, ProofFileError> {
        let mut lines = Lines { rest: text, line: 0 };
        let old = lines.next()?.strip_prefix("old ").and_then(decimal).filter(|old| *old <= MAX_SIZE);
        let old = old.ok_or_else(|| lines.fault("`old` and a number of events were expected"))?;
        let path = lines.hashes()?;
        Ok(Self { old, path, checkpoint: lines.rest.to_owned() })
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let mut text = format!("old {}\n", self.old);
        put(&self.path, &self.checkpoint, &mut text);
        text
    }
}

fn put(path: &[Node], checkpoint: &str, text: &mut String) {
    for hash in path {
        let _ = writeln!(text, "{}", BASE64_STANDARD.encode(hash));
    }
    text.push('\n');
    text.push_str(checkpoint);
}

struct Lines<'t> {
    rest: &'t str,
    line: usize,
}

impl<'t> Lines<'t> {
    fn next(&mut self) -> Result<&'t str, ProofFileError> {
        self.line += 1;
        let Some((line, rest)) = self.rest.split_once('\n') else {
            return Err(self.fault("the text ends here"));
        };
        self.rest = rest;
        Ok(line)
    }

    /// The hashes up to the empty line.
    fn hashes(&mut self) -> Result<Vec<Node>, ProofFileError> {
        let mut hashes = Vec::new();
        loop {
            let line = self.next()?;
            if line.is_empty() {
                return Ok(hashes);
            }
            if hashes.len() == MAX_HASHES {
                return Err(self.fault("no proof has more than 63 hashes"));
            }
            hashes.push(node_of(line).ok_or_else(|| self.fault("32 bytes in base64 were expected"))?);
        }
    }

    fn fault(&self, what: &'static str) -> ProofFileError {
        ProofFileError { line: self.line, what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

    #[test]
    fn proofs_are_read_as_they_were_written() {
        let checkpoint = "o\n3\n…\n\n— o …\n".to_owned();
        for path in [vec![], vec![[7; 32]], vec![[7; 32]; 63]] {
            let inclusion = InclusionFile { index: 2, path: path.clone(), checkpoint: checkpoint.clone() };
            assert_eq!(InclusionFile::parse(&inclusion.text()), Ok(inclusion));
            let consistency = ConsistencyFile { old: 0, path, checkpoint: checkpoint.clone() };
            assert_eq!(ConsistencyFile::parse(&consistency.text()), Ok(consistency));
        }
        let with_extra = format!("{INCLUSION}\nextra YQ==\nindex 0\n{HASH}\n\nrest");
        let found = InclusionFile::parse(&with_extra).expect("a proof");
        assert_eq!((found.index, found.path.len(), &*found.checkpoint), (0, 1, "rest"));
    }

    #[track_caller]
    fn check(text: &str, line: usize) {
        let found = InclusionFile::parse(text)
            .map(drop)
            .or_else(|error| if text.starts_with("old") { ConsistencyFile::parse(text).map(drop) } else { Err(error) });
        assert_eq!(found.expect_err("it is no proof").line, line, "{text:?}");
    }

    #[test]
    fn what_is_no_proof_is_refused_at_its_line() {
        check("", 1);
        check("c2sp.org/tlog-proof@v2\nindex 0\n\n", 1);
        check(INCLUSION, 1);
        for index in ["index", "index ", "index 00", "index -1", "index 9007199254740991", "Index 0", "extra YQ"] {
            check(&format!("{INCLUSION}\n{index}\n\n"), 2);
        }
        check(&format!("{INCLUSION}\nextra YQ==\nextra YQ==\nindex 0\n\n"), 3);
        check(&format!("{INCLUSION}\nindex 0\n{}\n\n", &HASH[1..]), 3);
        check(&format!("{INCLUSION}\nindex 0\n{HASH} \n\n"), 3);
        check(&format!("{INCLUSION}\nindex 0\n{HASH}\n"), 4);
        check(&format!("{INCLUSION}\nindex 0\n{}\n", format!("{HASH}\n").repeat(64)), 66);
        check("old\n\n", 1);
        check("old 03\n\n", 1);
        check("old 3\n", 2);
    }
}
