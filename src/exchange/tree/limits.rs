//! How much one file may ask of its reader.

use std::ops::Range;

use super::fault::{BEYOND_LIMIT, SyntaxFault};

/// The largest file, in bytes; look at the size before reading.
pub const MAX_FILE: usize = 16 << 20;
/// The largest TOML file, in bytes: its parser keeps some hundred bytes for each byte that it reads.
pub const MAX_TOML: usize = 1 << 20;
/// The most maps and lists around a value.
pub const MAX_DEPTH: usize = 32;
/// The most values in a file, maps and lists included.
pub const MAX_NODES: usize = 1_000_000;
/// The most faults reported of one file.
pub const MAX_FAULTS: usize = 100;

/// What reading may still cost.
#[derive(Debug, Default)]
pub(super) struct Budget {
    nodes: usize,
}

impl Budget {
    /// Counts one more value, which begins or lies at `span` and has `depth` maps and lists around it, itself included.
    pub(super) fn spend(&mut self, span: &Range<usize>, depth: usize) -> Result<(), SyntaxFault> {
        self.nodes += 1;
        if depth > MAX_DEPTH {
            return Err(too_deep(span.clone()));
        }
        if self.is_spent() {
            let message = format!("this file holds more than {MAX_NODES} values");
            return Err(SyntaxFault::new(BEYOND_LIMIT, span.clone(), message).hint("split it into several files"));
        }
        Ok(())
    }

    /// Whether a value was refused because there were too many before it.
    pub(super) fn is_spent(&self) -> bool {
        self.nodes > MAX_NODES
    }
}

pub(super) fn too_deep(span: Range<usize>) -> SyntaxFault {
    SyntaxFault::new(BEYOND_LIMIT, span, format!("this lies more than {MAX_DEPTH} maps and lists deep"))
        .hint("announcements need fewer: is a bracket or a brace not closed?")
}

/// Refuses a file of `len` bytes if no more than `limit` are read.
pub(super) fn refuse_larger(len: usize, limit: usize) -> Result<(), SyntaxFault> {
    if len <= limit {
        return Ok(());
    }
    let message = format!("this file has {len} bytes, and no more than {limit} are read");
    Err(SyntaxFault::new(BEYOND_LIMIT, 0..0, message).hint("split it into several files"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::tree::fault::YAML_FEATURE;
    use crate::exchange::tree::{Format, read};

    fn codes(format: Format, text: &str) -> Vec<(&'static str, usize)> {
        let faults = read(format, text).expect_err("is refused");
        faults.into_iter().map(|fault| (fault.code, fault.span.start)).collect()
    }

    #[test]
    fn thirty_two_levels_are_read_and_thirty_three_are_not() {
        let nested = |count: usize| "[".repeat(count) + &"]".repeat(count);
        let deep: [(Format, &dyn Fn(usize) -> String); 8] = [
            (Format::Json, &nested),
            (Format::Json, &|count| "{\"a\":".repeat(count) + "1" + &"}".repeat(count)),
            (Format::Ndjson, &|count| format!("1\n{}\n", nested(count))),
            (Format::Yaml, &nested),
            (Format::Yaml, &|count| "- ".repeat(count) + "x"),
            (Format::Yaml, &|count| "- ".repeat(16) + &nested(count - 16)),
            (Format::Toml, &|count| format!("a = {}", nested(count - 1))),
            (Format::Toml, &|count| "a.".repeat(count - 1) + "a = 1"),
        ];
        for (format, text) in deep {
            assert!(read(format, &text(MAX_DEPTH)).is_ok(), "{format:?} {}", text(MAX_DEPTH));
            assert_eq!(codes(format, &text(MAX_DEPTH + 1))[0].0, BEYOND_LIMIT, "{format:?}");
        }
    }

    #[test]
    fn hostile_files_of_full_size_end_early() {
        for unit in ["[", "{\"a\":", "[{\"a\":"] {
            let text = unit.repeat(MAX_FILE / unit.len());
            for format in [Format::Yaml, Format::Json, Format::Ndjson] {
                assert_eq!(codes(format, &text)[0].0, BEYOND_LIMIT, "{format:?} {unit}");
            }
            assert_eq!(codes(Format::Toml, &text), [(BEYOND_LIMIT, 0)]);
            let text = "a = ".to_owned() + &text.replace(':', "=")[..MAX_TOML - 4];
            assert_eq!(codes(Format::Toml, &text)[0].0, BEYOND_LIMIT, "{unit}");
        }
        assert_eq!(codes(Format::Yaml, &"- ".repeat(MAX_FILE / 2))[0].0, BEYOND_LIMIT);
        assert_eq!(codes(Format::Yaml, &"- *a\n".repeat(MAX_FILE / 6))[0].0, YAML_FEATURE);
        assert_eq!(codes(Format::Yaml, &"- &a a\n".repeat(MAX_FILE / 7)).len(), MAX_FAULTS);
        assert_eq!(codes(Format::Ndjson, &"{\n".repeat(MAX_FILE / 2)).len(), MAX_FAULTS);
        for format in [Format::Yaml, Format::Toml, Format::Json, Format::Ndjson] {
            assert_eq!(codes(format, &"#".repeat(MAX_FILE + 1)), [(BEYOND_LIMIT, 0)]);
        }
    }

    #[test]
    fn a_file_that_would_unfold_is_refused_folded() {
        let text = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n";
        let found = codes(Format::Yaml, text);
        assert_eq!(found, [3, 16, 20, 24, 31, 35, 39].map(|at| (YAML_FEATURE, at)));
    }

    #[test]
    fn a_million_values_are_read_and_no_more() {
        let list = |count: usize| format!("[{}1]", "1,".repeat(count - 2));
        assert!(read(Format::Json, &list(MAX_NODES)).is_ok());
        assert_eq!(codes(Format::Json, &list(MAX_NODES + 1))[0].0, BEYOND_LIMIT);
        assert_eq!(codes(Format::Yaml, &list(MAX_NODES + 1))[0].0, BEYOND_LIMIT);
        assert_eq!(codes(Format::Ndjson, &"1\n".repeat(MAX_NODES + 5)).len(), 1);
    }

    #[test]
    fn more_faults_than_are_shown_are_told_of() {
        let text = "a: 1\n".repeat(MAX_FAULTS + 2);
        let faults = read(Format::Yaml, &text).expect_err("is refused");
        assert_eq!(faults.len(), MAX_FAULTS);
        let said = faults.last().and_then(|last| last.hint.as_deref());
        assert_eq!(said, Some("there are more faults: the first 100 are shown"));
    }
}
