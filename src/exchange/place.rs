//! Where an offset lies in a text: line and column, as an editor counts them.

use std::ops::Range;

/// A file that was read: the name that its reader knows it by, and its text.
///
/// Offsets into it count bytes of `text`, which has lost its byte order mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText {
    /// What to call the file in a message: its path as given, or `standard input`.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

impl SourceText {
    /// Line and column of the byte at `offset`, both from 1; the column counts characters.
    ///
    /// An offset beyond the text is its end; one inside a character is that character's.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        Lines::of(&self.text).line_column(offset)
    }
}

/// Where the lines of a text begin: one pass, then any number of places.
#[derive(Debug, Clone)]
pub struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    /// Finds the lines of `text`; each ends with a line feed, but the last.
    pub fn of(text: &'t str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// Line and column, as [`SourceText::line_column`] gives them.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.index(offset);
        (line + 1, self.text[self.starts[line]..offset].chars().count() + 1)
    }

    /// The bytes of the line around `offset`, without its line end.
    pub fn line_around(&self, offset: usize) -> Range<usize> {
        let line = self.index(offset);
        let start = self.starts[line];
        let end = self.starts.get(line + 1).map_or(self.text.len(), |next| next - 1);
        start..start + self.text[start..end].strip_suffix('\r').unwrap_or(&self.text[start..end]).len()
    }

    /// Index from 0 of the line that holds `offset`.
    fn index(&self, offset: usize) -> usize {
        // The first line starts at 0, so at least one start is not beyond the offset.
        self.starts.partition_point(|start| *start <= offset) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, offset: usize, line: usize, column: usize) {
        let source = SourceText { name: "a.yaml".to_owned(), text: text.to_owned() };
        assert_eq!(source.line_column(offset), (line, column), "{text:?} at {offset}");
    }

    #[test]
    fn lines_and_columns_count_from_one() {
        check("", 0, 1, 1);
        check("ab\ncd", 0, 1, 1);
        check("ab\ncd", 1, 1, 2);
        check("ab\ncd", 3, 2, 1);
    }

    #[test]
    fn a_line_feed_belongs_to_the_line_that_it_ends() {
        check("ab\ncd", 2, 1, 3);
        check("ab\n", 3, 2, 1);
    }

    #[test]
    fn a_column_counts_characters_not_bytes() {
        check("é中x", 2, 1, 2);
        check("é中x", 5, 1, 3);
        check("é中x", 3, 1, 2);
    }

    #[test]
    fn an_offset_beyond_the_text_is_its_end() {
        check("ab\ncd", 99, 2, 3);
    }

    #[test]
    fn the_line_around_an_offset_leaves_out_its_end() {
        let lines = Lines::of("ab\r\ncd\n");
        assert_eq!(lines.line_around(0), 0..2);
        assert_eq!(lines.line_around(3), 0..2);
        assert_eq!(lines.line_around(4), 4..6);
        assert_eq!(lines.line_around(7), 7..7);
    }
}
