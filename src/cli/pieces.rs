//! Long answers, shown a piece at a time as if they were shown whole.

use crate::cli::screen::{Answer, Format, Screen, show};
use crate::exchange::json_line::json_line;

/// What is shown of an answer so far.
#[derive(Debug)]
pub(super) struct Pieces {
    format: Format,
    /// What comes before the first item, and after the last, in JSON.
    frame: (String, String),
    is_first: bool,
}

impl Pieces {
    /// Of an answer whose list of items is its last field, without the items; not for tables, whose columns are as wide
    /// as all items need.
    pub(super) fn of<A: Answer>(without_items: &A, format: Format) -> Self {
        let mut before = json_line(without_items);
        let after = before.split_off(before.rfind("[]").map_or(before.len(), |list| list + 1));
        Self { format, frame: (before, after), is_first: true }
    }

    /// The next items, in an answer that has only these.
    pub(super) fn next<A: Answer>(&mut self, piece: &A) -> String {
        let is_first = std::mem::replace(&mut self.is_first, false);
        let text = show(piece, self.format, Screen { width: None, colour: false, today: None });
        match self.format {
            Format::Json => {
                let (before, after) = &self.frame;
                let items = &text[before.len()..text.len() - after.len()];
                format!("{}{items}", if is_first { before } else { "," })
            }
            Format::Csv if !is_first => text.split_once('\n').map_or(String::new(), |(_, rows)| rows.to_owned()),
            Format::Csv | Format::Ndjson | Format::Table => text,
        }
    }

    /// What comes after the last.
    pub(super) fn end(self) -> String {
        if self.format == Format::Json { self.frame.1 } else { String::new() }
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;
    use crate::cli::screen::{Sheet, Tone};

    #[derive(Serialize)]
    struct Words {
        title: &'static str,
        words: Vec<&'static str>,
    }

    impl Answer for Words {
        const ITEMS: &'static str = "words";

        fn table(&self, screen: Screen) -> String {
            screen.table(&self.sheet(), "nothing")
        }

        fn sheet(&self) -> Sheet {
            let row = |word: &&str| (Tone::Plain, vec![(*word).to_owned()]);
            Sheet { header: vec!["word"], rows: self.words.iter().map(row).collect() }
        }
    }

    #[test]
    fn pieces_make_the_same_text_as_the_whole() {
        let answer = |words: &[&'static str]| Words { title: "[] \u{202e}", words: words.to_vec() };
        let all = ["one", "[]", "two \u{202e}\n", "=three", "]}"];
        for format in [Format::Json, Format::Ndjson, Format::Csv] {
            for at_a_time in 1..=all.len() {
                let mut pieces = Pieces::of(&answer(&[]), format);
                let mut text: String = all.chunks(at_a_time).map(|words| pieces.next(&answer(words))).collect();
                text += &pieces.end();
                assert_eq!(
                    text,
                    show(&answer(&all), format, Screen { width: None, colour: false, today: None }),
                    "{format:?}"
                );
            }
        }
    }
}
