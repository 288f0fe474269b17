//! The text of a page, in which quotes are looked for.
//!
//! In scope: what a reader of the page sees, in the order of the source. Out of scope: style sheets and scripts, so what they
//! hide is taken for text, and what they write is missing.

use std::convert::Infallible;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};

use crate::evidence::fold;

/// The text of a page: lines without blanks around them, none of them empty, each with its line break.
///
/// # Source
///
/// WHATWG HTML, section 13.2.5 (tokenization, by html5gum) and, for what is a line of its own, 15.3 (the elements that are
/// blocks, list items or parts of tables unless styled otherwise).
pub(super) fn text_of(html: &str) -> String {
    let mut page = Page::default();
    let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| {
        page.read(&event);
        None::<Infallible>
    });
    emitter.naively_switch_states(true);
    let Ok(()) = Tokenizer::new_with_emitter(html, emitter).finish();
    page.into_text()
}

/// What is not text of the page, with all inside; `head` holds nothing else that could be seen but the title.
const DROPPED: &[&str] = &["iframe", "noembed", "noframes", "noscript", "script", "style", "template"];

/// What begins and ends a line.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "button",
    "caption",
    "center",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "hr",
    "html",
    "legend",
    "li",
    "listing",
    "main",
    "menu",
    "nav",
    "ol",
    "optgroup",
    "option",
    "p",
    "plaintext",
    "pre",
    "search",
    "section",
    "select",
    "summary",
    "table",
    "tbody",
    "td",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "ul",
    "xmp",
];

/// A page, as far as it has been read.
#[derive(Default)]
struct Page {
    lines: String,
    /// White space before the next character, or a line end that may be none.
    gap: Option<char>,
    /// The element that is being passed over, and how many of its name are open.
    dropped: Option<(&'static str, usize)>,
}

impl Page {
    fn read(&mut self, event: &CallbackEvent<'_>) {
        match event {
            CallbackEvent::OpenStartTag { name } => self.open(name),
            CallbackEvent::EndTag { name } => self.close(name),
            CallbackEvent::String { value } if self.dropped.is_none() => self.write(&String::from_utf8_lossy(value)),
            CallbackEvent::String { .. }
            | CallbackEvent::AttributeName { .. }
            | CallbackEvent::AttributeValue { .. }
            | CallbackEvent::CloseStartTag { .. }
            | CallbackEvent::Comment { .. }
            | CallbackEvent::Doctype { .. }
            | CallbackEvent::Error(_) => {}
        }
    }

    fn open(&mut self, name: &[u8]) {
        match &mut self.dropped {
            Some((dropped, open)) => *open += usize::from(dropped.as_bytes() == name),
            None => match DROPPED.iter().find(|dropped| dropped.as_bytes() == name) {
                Some(dropped) => self.dropped = Some((dropped, 1)),
                None => self.break_line_at(name),
            },
        }
    }

    fn close(&mut self, name: &[u8]) {
        match &mut self.dropped {
            Some((dropped, open)) if dropped.as_bytes() == name => {
                *open -= 1;
                if *open == 0 {
                    self.dropped = None;
                }
            }
            Some(_) => {}
            None => self.break_line_at(name),
        }
    }

    fn break_line_at(&mut self, name: &[u8]) {
        if BLOCKS.iter().any(|block| block.as_bytes() == name) {
            self.break_line();
        }
    }

    fn break_line(&mut self) {
        self.gap = None;
        if !self.at_line_start() {
            self.lines.push('\n');
        }
    }

    fn write(&mut self, text: &str) {
        for c in text.chars() {
            if c.is_whitespace() {
                let is_line_end = fold::is_line_break(c) || self.gap == Some('\n');
                self.gap = Some(if is_line_end { '\n' } else { ' ' });
                continue;
            }
            if let Some(gap) = self.gap.take().filter(|_| !self.at_line_start()) {
                // Browsers differ on whether it is a space; comparing takes it for either.
                self.lines.push(if gap == '\n' && fold::is_wrap(&self.lines, c) { gap } else { ' ' });
            }
            self.lines.push(c);
        }
    }

    fn at_line_start(&self) -> bool {
        self.lines.is_empty() || self.lines.ends_with('\n')
    }

    fn into_text(mut self) -> String {
        self.break_line();
        if self.lines.is_empty() {
            self.lines.push('\n');
        }
        self.lines
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(html: &str, lines: &[&str]) {
        assert_eq!(text_of(html), lines.join("\n") + "\n", "{html}");
    }

    #[test]
    fn a_page_gives_its_title_and_its_text() {
        check(
            "<!doctype html><html><head><meta charset=utf-8><title>Pakistan &amp; ILRS</title><style>p{}</style>\
             <script>if (a < b) document.write('<p>no</p>')</script></head>\n<body>\n <h1>Joins</h1>\
             <p>On <b>18&nbsp;October</b>,\n  Zhang<br>signed.<!-- no --><noscript>no</noscript></p>\n</body></html>",
            &["Pakistan & ILRS", "Joins", "On 18 October, Zhang", "signed."],
        );
    }

    #[test]
    fn blocks_and_cells_stand_on_lines_of_their_own_and_inline_elements_do_not() {
        check("<ul><li>one<li>t<i>w</i>o</ul><table><tr><td>a<td>b</table>c", &["one", "two", "a", "b", "c"]);
        check("agree<wbr>ment<span> </span>was <em> made</em>", &["agreement was made"]);
    }

    #[test]
    fn what_a_reader_does_not_see_is_dropped_with_all_inside() {
        check("a<template><p>no<template>no</template>no</p></template>b", &["ab"]);
        check("a<iframe><p>no</p></iframe>b<noframes><p>no</p></noframes>c<STYLE>no</style >d", &["abcd"]);
        check("a<script>no</p>", &["a"]);
    }

    #[test]
    fn entities_are_decoded_with_and_without_a_semicolon() {
        check("&eacute; &#233 &#xe9; &lt;p&gt; &hellip; &unknown; AT&T", &["é é é <p> … &unknown; AT&T"]);
    }

    #[test]
    fn a_line_end_beside_chinese_stays_one_and_any_other_is_a_space() {
        check("<p>国际月球\n 科研站 的\nsite\nof 달\n과학", &["国际月球", "科研站 的", "site of 달 과학"]);
    }

    #[test]
    fn a_page_without_text_is_one_line_break() {
        assert_eq!(text_of("<div id=app></div>"), "\n");
    }

    proptest! {
        #[test]
        fn no_page_is_too_strange(html in "([<>/!&;#='\"a -]|é|<p|</|<script>|<!--|-->|<title>|<template>|&amp|\\PC){0,40}") {
            let text = text_of(&html);
            prop_assert!(text.ends_with('\n'));
            prop_assert!(!text.contains("\n\n") && !text.contains("  ") && !text.contains(" \n"));
            let replaced = text.contains(char::REPLACEMENT_CHARACTER);
            prop_assert!(!replaced || html.contains(['\0', '#', char::REPLACEMENT_CHARACTER]), "{:?}", text);
        }
    }
}
