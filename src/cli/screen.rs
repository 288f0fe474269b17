//! How answers are shown: tables that fit, JSON that drives no terminal, NDJSON and CSV.

use std::collections::HashMap;

use anstyle::{AnsiColor, Style};
use comfy_table::{Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table, Width, presets};
use serde::Serialize;
use serde_json::value::RawValue;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::cli::environment::Today;
use crate::cli::spreadsheet;
use crate::domain::text::shown;
use crate::exchange::json_line::json_line;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// One JSON document.
    Json,
    /// One JSON document a line.
    Ndjson,
    /// Comma-separated values.
    Csv,
}

/// What there is to draw on.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// Columns; none if lines may be of any length.
    pub width: Option<usize>,
    /// Whether colours are shown.
    pub colour: bool,
    /// The reader's day, which answers about it call so.
    pub today: Option<Today>,
}

/// What a cell means, which colours carry besides the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// It holds.
    Good,
    /// It may hold, or asks for attention.
    Unsure,
    /// It does not hold.
    Bad,
    /// It was said, and no longer stands: struck through.
    Struck,
    /// Less important.
    Quiet,
}

/// Rows with a header, for the table and for CSV.
#[derive(Debug, Default)]
pub struct Sheet {
    /// The names of the columns.
    pub header: Vec<&'static str>,
    /// One tone and as many cells as there are columns for each row.
    pub rows: Vec<(Tone, Vec<String>)>,
}

/// An answer that can be shown in every form.
pub trait Answer: Serialize {
    /// The key of the list whose items are NDJSON's lines.
    const ITEMS: &'static str;

    /// For people.
    fn table(&self, screen: Screen) -> String;

    /// For spreadsheets, with every date as it was recorded.
    fn sheet(&self) -> Sheet;
}

/// The answer in the form that was asked for, ending with a line feed.
pub fn show<A: Answer>(answer: &A, format: Format, screen: Screen) -> String {
    match format {
        Format::Table => screen.fitted(&answer.table(screen)),
        Format::Json => json_line(answer),
        Format::Ndjson => {
            let text = json_line(answer);
            let keys: HashMap<&str, &RawValue> = serde_json::from_str(&text).unwrap_or_default();
            let items = keys.get(A::ITEMS).map_or("[]", |items| items.get());
            let items: Vec<&RawValue> = serde_json::from_str(items).unwrap_or_default();
            items.iter().flat_map(|item| [item.get(), "\n"]).collect()
        }
        Format::Csv => csv(&answer.sheet()),
    }
}

/// Rows as RFC 4180 has them.
fn csv(sheet: &Sheet) -> String {
    let mut text = Vec::new();
    let cells = sheet.rows.iter().map(|(_, cells)| cells);
    spreadsheet::write(&mut text, &sheet.header, cells).expect("memory takes everything");
    String::from_utf8(text).expect("cells are UTF-8")
}

/// Columns between two columns.
const GAP: usize = 2;
/// The fewest columns that are written on.
pub(super) const NARROWEST: usize = 40;

/// The width of the longest word in a column, its name included.
fn longest_word(sheet: &Sheet, column: usize) -> usize {
    let cells = sheet.rows.iter().map(|(_, cells)| cells[column].as_str());
    let words = cells.chain([sheet.header[column]]).flat_map(|cell| cell.split(' ').map(columns));
    words.max().unwrap_or_default()
}

/// Columns that a text takes in a terminal: two for each character of Chinese, none for a mark.
pub fn columns(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

impl Screen {
    /// A table for people. Without rows, only what `empty` says.
    pub fn table(self, sheet: &Sheet, empty: &str) -> String {
        if sheet.rows.is_empty() {
            return format!("{empty}\n");
        }
        // A column in which nothing stands takes room from the others.
        let filled = |column: &usize| sheet.rows.iter().any(|(_, cells)| !cells[*column].is_empty());
        let columns: Vec<usize> = (0..sheet.header.len()).filter(filled).collect();
        let narrowest: Vec<usize> = columns.iter().map(|column| longest_word(sheet, *column)).collect();
        let needed: usize = narrowest.iter().map(|width| width + GAP).sum::<usize>().saturating_sub(GAP);
        if self.width.is_some_and(|width| needed > width.max(NARROWEST)) {
            return self.blocks(sheet, &columns);
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        match self.width {
            Some(width) => table.set_width(u16::try_from(width.max(NARROWEST)).unwrap_or(u16::MAX)),
            None => table.set_content_arrangement(ContentArrangement::Disabled),
        };
        if self.colour {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        let names = columns.iter().map(|column| sheet.header[*column]);
        table.set_header(names.map(|name| Cell::new(name).add_attribute(Attribute::Bold)));
        for (tone, cells) in &sheet.rows {
            table.add_row(columns.iter().map(|column| {
                let text = &cells[*column];
                let cell = Cell::new(shown(text));
                match tone {
                    Tone::Plain => cell,
                    Tone::Good => cell.fg(Color::Green),
                    Tone::Unsure => cell.fg(Color::Yellow),
                    Tone::Bad => cell.fg(Color::Red),
                    Tone::Struck => cell.fg(Color::Red).add_attribute(Attribute::CrossedOut),
                    Tone::Quiet => cell.add_attribute(Attribute::Dim),
                }
            }));
        }
        for (column, narrowest) in table.column_iter_mut().zip(narrowest) {
            column.set_padding((0, 2)).set_cell_alignment(CellAlignment::Left);
            // Words stay whole.
            let width = u16::try_from(narrowest + GAP).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
        }
        let mut text = String::new();
        for line in table.lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// Rows as blocks, a line a cell, where a table would have to break words.
    fn blocks(self, sheet: &Sheet, columns: &[usize]) -> String {
        let mut text = String::new();
        for (tone, cells) in &sheet.rows {
            let narrower = Self { width: self.width.map(|width| width.saturating_sub(4)), ..self };
            let filled = columns.iter().filter(|column| !cells[**column].is_empty());
            for (place, column) in filled.enumerate() {
                let cell = shown(&cells[*column]);
                let words = if place == 0 {
                    self.wrapped(&cell)
                } else {
                    let named = format!("{}: {cell}", sheet.header[*column].to_lowercase());
                    format!("  {}", narrower.wrapped(&named).replace('\n', "\n    "))
                };
                text += &format!("{}\n", self.toned(*tone, &words));
            }
        }
        text
    }

    /// Words in the colour of what they mean.
    pub fn toned(self, tone: Tone, words: &str) -> String {
        let style = match tone {
            Tone::Plain => Style::new(),
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Unsure => AnsiColor::Yellow.on_default(),
            Tone::Bad => AnsiColor::Red.on_default().bold(),
            Tone::Struck => AnsiColor::Red.on_default().strikethrough(),
            Tone::Quiet => Style::new().dimmed(),
        };
        if self.colour { format!("{style}{words}{style:#}") } else { words.to_owned() }
    }

    /// A line of a title.
    pub fn title(self, words: &str) -> String {
        let style = Style::new().bold();
        if self.colour { format!("{style}{words}{style:#}") } else { words.to_owned() }
    }

    /// Text broken into lines that fit, at spaces.
    pub fn wrapped(self, text: &str) -> String {
        let width = self.width.unwrap_or(usize::MAX).max(1);
        let mut lines = String::new();
        let mut used = 0;
        for word in text.split(' ') {
            let length = columns(word);
            if used > 0 && used + 1 + length > width {
                lines.push('\n');
                used = 0;
            } else if used > 0 {
                lines.push(' ');
                used += 1;
            }
            lines.push_str(word);
            used += length;
        }
        lines
    }

    /// Words that stand beside so many columns of others, and go on below themselves.
    pub fn beside(self, margin: usize, words: &str) -> String {
        let narrower = Self { width: self.width.map(|width| width.saturating_sub(margin)), ..self };
        narrower.wrapped(words).replace('\n', &format!("\n{:margin$}", ""))
    }

    /// Text of which no line is wider than the screen: lines that are end at a space, or a word that is too long within it,
    /// and go on further in than they began. Escape sequences take no room.
    pub fn fitted(self, text: &str) -> String {
        let Some(width) = self.width else { return text.to_owned() };
        let width = width.max(NARROWEST);
        if text.lines().all(|line| line.len() <= width) {
            return text.to_owned();
        }
        let mut fitted = String::with_capacity(text.len() + text.len() / 8);
        for line in text.lines() {
            fit(line, width, &mut fitted);
            fitted.push('\n');
        }
        fitted
    }
}

/// Writes a line in as many as it needs.
fn fit(line: &str, width: usize, out: &mut String) {
    let margin = line.len() - line.trim_start_matches(' ').len();
    let further = (margin + GAP * 2).min(width / 2);
    // Where the line that is being written could end: behind its last space, and the columns used up to there.
    let (mut used, mut space): (usize, Option<(usize, usize)>) = (0, None);
    let mut in_escape = false;
    for c in line.chars() {
        if in_escape || c == '\u{1b}' {
            in_escape = c != 'm';
            out.push(c);
            continue;
        }
        let wide = c.width().unwrap_or_default();
        if used + wide > width {
            let indent = format!("\n{:further$}", "");
            if let Some((at, before)) = space.take().filter(|(_, before)| *before > further && c != ' ') {
                out.replace_range(at - 1..at, &indent);
                used = further + used - before;
            } else {
                out.push_str(&indent);
                used = further;
            }
            if c == ' ' {
                continue;
            }
        }
        out.push(c);
        used += wide;
        if c == ' ' {
            space = Some((out.len(), used));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, width: usize, fitted: &str) {
        assert_eq!(Screen { width: Some(width), colour: false, today: None }.fitted(text), fitted);
    }

    #[test]
    fn lines_end_at_spaces_and_go_on_further_in() {
        let text = "verified     pass         the first forty events are there\n";
        check(text, 60, text);
        check(text, 40, "verified     pass         the first\n    forty events are there\n");
        check(
            &format!("hash {}\n", "a".repeat(64)),
            40,
            &format!("hash\n    {}\n    {}\n", "a".repeat(36), "a".repeat(28)),
        );
    }

    #[test]
    fn characters_of_two_columns_and_escapes_are_counted_as_they_are_seen() {
        check(&format!("{}\n", "国".repeat(25)), 40, &format!("{}\n    {}\n", "国".repeat(20), "国".repeat(5)));
        let coloured = format!("\u{1b}[1m{}\u{1b}[0m\n", "a".repeat(40));
        check(&coloured, 40, &coloured);
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_the_screen_and_nothing_is_lost(text in "[a-z 国é\u{301}]{0,300}", width in 40..100_usize) {
            let fitted = Screen { width: Some(width), colour: false, today: None }.fitted(&format!("{text}\n"));
            prop_assert!(fitted.lines().all(|line| columns(line) <= width), "{fitted}");
            let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(bare(&fitted), bare(&text));
        }
    }
}
