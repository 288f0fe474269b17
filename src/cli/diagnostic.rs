//! Problems in a file, shown as rustc shows them.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level as Heading, Renderer, Snippet};

use crate::exchange::place::{Lines, SourceText};
use crate::exchange::tree::SyntaxFault;

/// The most characters of a title, label or hint that are shown.
const MAX_MESSAGE: usize = 300;
/// The narrowest terminal that is written for, in columns.
const MIN_WIDTH: usize = 40;
/// What a line needs beside the marked part: the line number, the bar, and the signs of a cut.
const MARGIN: usize = 20;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The file is not accepted.
    Error,
    /// The file is accepted all the same.
    Warning,
}

/// One thing to show, and where in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub level: Level,
    /// `E0104`.
    pub code: String,
    /// What is wrong, in one line.
    pub title: String,
    /// What to write beside the carets.
    pub label: Option<String>,
    /// Bytes of the source's text; the carets go no further than the line that it begins on.
    pub span: Range<usize>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl From<SyntaxFault> for Problem {
    fn from(fault: SyntaxFault) -> Self {
        let SyntaxFault { span, code, message, hint } = fault;
        Self { level: Level::Error, code: code.to_owned(), title: message, label: None, span, hint }
    }
}

/// Writes each problem with its line of the file and carets under the place, a blank line between two of them.
///
/// `width` is the terminal's, in columns. Without `colour`, no escape sequence is written. Whatever the file and the
/// messages hold, control, bidirectional and invisible characters come out as visible ones, and long lines are cut.
pub fn render(source: &SourceText, problems: &[Problem], width: usize, colour: bool) -> String {
    let width = width.max(MIN_WIDTH);
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() }.term_width(width);
    let lines = Lines::of(&source.text);
    let shown: Vec<String> = problems.iter().map(|problem| show(problem, source, &lines, &renderer, width)).collect();
    shown.join("\n")
}

fn show(problem: &Problem, source: &SourceText, lines: &Lines, renderer: &Renderer, width: usize) -> String {
    let start = source.text.floor_char_boundary(problem.span.start);
    let (line, column) = lines.line_column(start);
    let around = lines.line_around(start);
    let excerpt = Excerpt::of(&source.text[around.clone()], start - around.start, problem.span.len(), width);
    let name = visible(&source.name);

    let shown = renderer.render(&[report(problem, &excerpt, &name, line)]) + "\n";
    let Some((title, rest)) = shown.split_once('\n') else { return shown };
    // The renderer knows the column in the excerpt. The line behind the title is where it says so.
    let place = format!("{name}:{line}:{}", excerpt.column);
    format!("{title}\n{}", rest.replacen(&place, &format!("{name}:{line}:{column}"), 1))
}

fn report<'a>(problem: &Problem, excerpt: &'a Excerpt, name: &'a str, line: usize) -> Group<'a> {
    let heading = match problem.level {
        Level::Error => Heading::ERROR,
        Level::Warning => Heading::WARNING,
    };
    let carets = AnnotationKind::Primary.span(excerpt.carets.clone()).label(problem.label.as_deref().map(message));
    let shown = heading
        .primary_title(message(&problem.title))
        .id(visible(&problem.code))
        .element(Snippet::source(&excerpt.text).path(name).line_start(line).annotation(carets));
    match &problem.hint {
        Some(hint) => shown.element(Heading::HELP.message(message(hint))),
        None => shown,
    }
}

/// The part of a line that is worth showing, safe for a terminal.
///
/// The renderer cuts long lines by itself, but not before it has measured all of them, and never the marked part.
struct Excerpt {
    text: String,
    /// Bytes of `text`.
    carets: Range<usize>,
    /// Column of the first caret in `text`.
    column: usize,
}

impl Excerpt {
    /// The excerpt of `line` for carets under `len` bytes from `start` on.
    fn of(line: &str, start: usize, len: usize, width: usize) -> Self {
        // A fault may lie in the line end.
        let start = start.min(line.len());
        let end = line.floor_char_boundary(start.saturating_add(len)).max(start);
        let marked = head(line[start..end].trim_end(), width - MARGIN);
        // Twice the width on either side is enough for the renderer to see that it has to cut, and to say so.
        let before = line[..start].char_indices().rev().take(2 * width).last().map_or(start, |(at, _)| at);
        let after = head(&line[start + marked.len()..], 2 * width);

        let mut text = visible_but_tabs(&line[before..start]);
        let column = text.chars().count() + 1;
        let caret = text.len();
        text += &visible_but_tabs(marked);
        let carets = caret..text.len();
        text += &visible_but_tabs(after);
        Self { text, carets, column }
    }
}

fn message(text: &str) -> String {
    let shown = head(text, MAX_MESSAGE);
    let cut = if shown.len() < text.len() { "…" } else { "" };
    visible(shown) + cut
}

/// The first `count` characters.
fn head(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or(text, |(end, _)| &text[..end])
}

/// The renderer aligns the carets with tabs.
fn visible_but_tabs(text: &str) -> String {
    text.split('\t').map(visible).collect::<Vec<_>>().join("\t")
}

/// A text that is safe in one line of a terminal: each character that would steer it or hide is replaced by a visible
/// one of width 1.
pub fn visible(text: &str) -> String {
    text.chars().map(visible_character).collect()
}

fn visible_character(c: char) -> char {
    match c {
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\x7f' => '\u{2421}',
        '\u{80}'..='\u{9f}' => char::REPLACEMENT_CHARACTER,
        _ if is_invisible(c) => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}

/// Unicode's `Default_Ignorable_Code_Point` and `Bidi_Control`, line and paragraph separators, interlinear
/// annotation, and the Braille blank.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::exchange::tree::{Format, read};

    fn source(text: &str) -> SourceText {
        SourceText { name: "pakistan.yaml".to_owned(), text: text.to_owned() }
    }

    fn problem(span: Range<usize>) -> Problem {
        Problem { level: Level::Error, code: "E0201".into(), title: "no date".into(), label: None, span, hint: None }
    }

    fn check(text: &str, problems: &[Problem], width: usize, shown: &str) {
        assert_eq!(render(&source(text), problems, width, false), shown);
    }

    #[test]
    fn a_problem_is_shown_with_its_line_carets_label_and_hint() {
        let text = "kind: joining\noccurred: 2023-02-30\n";
        let full = Problem {
            title: "2023-02-30 is no day".into(),
            label: Some("February 2023 has 28 days".into()),
            hint: Some("write 2023-02 if only the month is known".into()),
            ..problem(24..34)
        };
        check(
            text,
            &[full],
            100,
            "\
error[E0201]: 2023-02-30 is no day
 --> pakistan.yaml:2:11
  |
2 | occurred: 2023-02-30
  |           ^^^^^^^^^^ February 2023 has 28 days
  |
  = help: write 2023-02 if only the month is known
",
        );
    }

    #[test]
    fn several_problems_stand_apart() {
        let warning = Problem { level: Level::Warning, code: "W0001".into(), ..problem(0..4) };
        check(
            "kind: joining\n",
            &[warning, problem(6..13)],
            100,
            "\
warning[W0001]: no date
 --> pakistan.yaml:1:1
  |
1 | kind: joining
  | ^^^^

error[E0201]: no date
 --> pakistan.yaml:1:7
  |
1 | kind: joining
  |       ^^^^^^^
",
        );
        check("kind: joining\n", &[], 100, "");
    }

    #[test]
    fn a_fault_of_a_file_is_shown_as_an_error() {
        let text = "party: 中国\nparty: 中国\n";
        let faults = read(Format::Yaml, text).expect_err("is refused");
        check(
            text,
            &faults.into_iter().map(Problem::from).collect::<Vec<_>>(),
            100,
            "\
error[E0104]: `party` is given twice
 --> pakistan.yaml:2:1
  |
2 | party: 中国
  | ^^^^^
  |
  = help: it stands first on line 1, column 1
",
        );
    }

    #[test]
    fn a_place_of_several_lines_is_marked_on_its_first() {
        check(
            "a:\n  - b\r\n  - c\n",
            &[problem(5..13)],
            100,
            "\
error[E0201]: no date
 --> pakistan.yaml:2:3
  |
2 |   - b
  |   ^^^
",
        );
    }

    #[test]
    fn a_place_at_the_end_or_beyond_is_marked_there() {
        let shown = "\
error[E0201]: no date
 --> pakistan.yaml:1:5
  |
1 | a: 1
  |     ^
";
        check("a: 1", &[problem(4..4)], 100, shown);
        check("a: 1", &[problem(900..usize::MAX)], 100, shown);
        check("a: 1\r\n", &[problem(4..6)], 100, shown);
        check("", &[problem(0..0)], 100, "error[E0201]: no date\n --> pakistan.yaml:1:1\n  |\n1 |\n  | ^\n");
    }

    #[test]
    fn nothing_that_steers_a_terminal_or_hides_comes_out_raw() {
        let text = "a: \u{1b}[2J\u{9b}1m\u{202e}\u{200b}\u{7f}\u{ad}x\ty\n";
        let hostile = Problem {
            title: "a\nerror: b\u{2066}".into(),
            label: Some("\u{1b}]0;x\u{7}".into()),
            hint: Some("\u{feff}\tc\u{e0041}".into()),
            ..problem(20..21)
        };
        let source = SourceText { name: "x\u{1b}\n\u{85}.yaml".into(), text: text.into() };
        assert_eq!(
            render(&source, &[hostile], 100, false),
            "\
error[E0201]: a␊error: b�
 --> x␛␊�.yaml:1:15
  |
1 | a: ␛[2J�1m��␡�x    y
  |               ^ ␛]0;x␇
  |
  = help: �␉c�
"
        );
    }

    #[test]
    fn a_long_line_is_cut_around_the_carets_and_keeps_its_column() {
        let text = format!("a: {}here{}\nb: 1\n", "x".repeat(1_000_000), "y".repeat(1_000_000));
        check(
            &text,
            &[problem(1_000_003..1_000_007)],
            60,
            "\
error[E0201]: no date
 --> pakistan.yaml:1:1000004
  |
1 | ...xxxxxxxxxxxxxxxxxxxxxxxhereyyyyyyyyyyyyyyyyyyyyyyy...
  |                           ^^^^
",
        );
    }

    #[test]
    fn a_long_mark_and_long_messages_are_cut() {
        let long = "z".repeat(1_000_000);
        let problem = Problem {
            title: long.clone(),
            label: Some(long.clone()),
            hint: Some(long.clone()),
            ..problem(0..1_000_000)
        };
        let shown = render(&source(&long), &[problem], 80, false);
        assert!(shown.contains(&"^".repeat(60)) && !shown.contains(&"^".repeat(61)), "{shown}");
        assert_eq!(shown.matches('…').count(), 3, "{shown}");
        assert!(shown.chars().count() < 1_500, "{shown}");
    }

    #[test]
    fn escape_sequences_are_written_only_for_colour() {
        let (source, problems) = (source("a: 1\n"), [problem(3..4)]);
        assert!(!render(&source, &problems, 80, false).contains('\u{1b}'));
        let colourful = render(&source, &problems, 80, true);
        assert!(colourful.contains("\u{1b}["));
        assert!(!colourful.contains("\u{1b}]"), "no hyperlinks");
    }

    fn check_any(text: &str, span: Range<usize>, message: &str, width: usize) {
        let problem = Problem { title: message.into(), label: Some(message.into()), ..problem(span) };
        let shown = render(&SourceText { name: message.into(), text: text.into() }, &[problem], width, false);
        let raw = |c: char| c != '\n' && (c.is_control() || is_invisible(c));
        assert!(!shown.contains(raw), "{shown:?}");
        assert!(shown.lines().count() < 9, "{shown}");
    }

    proptest! {
        #[test]
        fn any_place_in_any_text_is_shown_safely(
            text in prop_oneof![any::<String>(), "[\\x00-\\x7f\u{80}-\u{9f}\u{200b}-\u{202e}é中\u{301}\u{1f600}]{0,300}"],
            start in 0..400_usize,
            len in 0..400_usize,
            message in any::<String>(),
            width in 0..120_usize,
        ) {
            check_any(&text, start..start + len, &message, width);
        }
    }
}
