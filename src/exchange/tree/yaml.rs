//! YAML, with the place of every value, and without the features that let a file mean more than it shows.

use std::ops::Range;

use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span};

use super::fault::{EMPTY, SYNTAX, SyntaxFault, YAML_FEATURE};
use super::limits::{Budget, MAX_DEPTH, MAX_FAULTS};
use super::yaml_fault::explain;
use super::{Entry, Node, Value};

/// Reads a YAML stream of one document.
pub(super) fn read(text: &str) -> Result<Node, Vec<SyntaxFault>> {
    let mut tree = Growing::default();
    for event in Parser::new_from_str_with_options(text, options()) {
        let step = event.map_err(|error: ScanError| explain(text, &error, &tree.last)).and_then(|(event, span)| {
            tree.last = range(&span);
            tree.grow(event, &span)
        });
        if let Err(fault) = step {
            tree.faults.push(fault);
            break;
        }
        if tree.faults.len() > MAX_FAULTS {
            break;
        }
    }
    if tree.faults.is_empty() { tree.root(text).map_err(|fault| vec![fault]) } else { Err(tree.faults) }
}

/// Anchors and aliases come as events of their own, so that they can be pointed at.
fn options() -> Options {
    granit_parser::options! {
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
        disallow_directives: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    }
}

/// The tree of the events so far: what is finished hangs in the innermost open map or list.
#[derive(Default)]
struct Growing {
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    budget: Budget,
    faults: Vec<SyntaxFault>,
    /// The place of the newest event.
    last: Range<usize>,
}

/// A map or list whose end has not come.
enum Open {
    List { start: usize, items: Vec<Node> },
    Map { start: usize, entries: Vec<Entry>, key: Option<(String, Range<usize>)> },
}

impl Growing {
    fn grow(&mut self, event: Event, span: &Span) -> Result<(), SyntaxFault> {
        let at = range(span);
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    let fault = SyntaxFault::new(YAML_FEATURE, at, "a second document begins here");
                    return Err(fault.hint("one file is one document: put it into a file of its own"));
                }
                Ok(())
            }
            Event::Anchor(..) => {
                self.refuse(
                    at,
                    "anchors are not accepted",
                    "write the value out where it is meant, or put the text in quotes",
                );
                Ok(())
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.refuse(at.clone(), "aliases are not accepted", "write the value out, or put the text in quotes");
                self.scalar("*", at, false)
            }
            Event::Scalar(text, style, _, tag) => {
                self.refuse_tag(tag.is_some(), span);
                self.scalar(&text, at, style == ScalarStyle::Plain)
            }
            Event::SequenceStart(_, _, tag) => {
                self.refuse_tag(tag.is_some(), span);
                self.open(Open::List { start: at.start, items: Vec::new() }, at)
            }
            Event::MappingStart(_, _, tag) => {
                self.refuse_tag(tag.is_some(), span);
                self.open(Open::Map { start: at.start, entries: Vec::new(), key: None }, at)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.close(&at);
                Ok(())
            }
            // Where the stream and its document begin and end; comments are not asked for.
            _ => Ok(()),
        }
    }

    fn refuse(&mut self, at: Range<usize>, message: &str, hint: &str) {
        self.faults.push(SyntaxFault::new(YAML_FEATURE, at, message).hint(hint));
    }

    fn refuse_tag(&mut self, tagged: bool, span: &Span) {
        if tagged {
            let at = span.tag_span().map_or_else(|| range(span), |tag| range(&tag));
            self.refuse(at, "tags are not accepted", "leave the tag out, or put the text in quotes");
        }
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Map { key: None, .. }))
    }

    /// A key, if the innermost open map waits for one, else a value. Nothing at all comes as `~` of no length.
    fn scalar(&mut self, text: &str, at: Range<usize>, plain: bool) -> Result<(), SyntaxFault> {
        if self.awaits_key() {
            return self.key(text, at, plain);
        }
        self.budget.spend(&at, self.open.len())?;
        let value = match text {
            "~" | "null" | "Null" | "NULL" if plain => Value::Null,
            _ => Value::Text { text: text.to_owned(), plain },
        };
        self.attach(Node { span: at, value });
        Ok(())
    }

    fn key(&mut self, text: &str, at: Range<usize>, plain: bool) -> Result<(), SyntaxFault> {
        if at.is_empty() {
            return Err(SyntaxFault::new(SYNTAX, at, "a key is missing before the colon"));
        }
        if plain && text == "<<" {
            self.refuse(at.clone(), "merge keys are not accepted", "write the keys out where they are meant");
        }
        if let Some(Open::Map { key, .. }) = self.open.last_mut() {
            *key = Some((text.to_owned(), at));
        }
        Ok(())
    }

    fn open(&mut self, collection: Open, at: Range<usize>) -> Result<(), SyntaxFault> {
        if self.awaits_key() {
            let fault = SyntaxFault::new(YAML_FEATURE, at, "a map or list is not accepted as a key");
            return Err(fault.hint("put the key in quotes, if it is text"));
        }
        self.budget.spend(&at, self.open.len() + 1)?;
        self.open.push(collection);
        Ok(())
    }

    /// Ends the innermost open map or list: at its bracket, or, if it has none, behind its last value.
    fn close(&mut self, at: &Range<usize>) {
        let bracket = (!at.is_empty()).then_some(at.end);
        let node = match self.open.pop() {
            None => return,
            Some(Open::List { start, items }) => {
                let end = bracket.or(items.last().map(|item| item.span.end)).unwrap_or(start);
                Node { span: start..end, value: Value::List(items) }
            }
            Some(Open::Map { start, entries, .. }) => {
                let end = bracket.or(entries.last().map(|entry| entry.value.span.end)).unwrap_or(start);
                Node { span: start..end, value: Value::Map(entries) }
            }
        };
        self.attach(node);
    }

    fn attach(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, .. }) => {
                entries.extend(key.take().map(|(key, key_span)| Entry { key, key_span, value: node }));
            }
        }
    }

    fn root(self, text: &str) -> Result<Node, SyntaxFault> {
        match self.root {
            None => Err(SyntaxFault::new(EMPTY, 0..0, "this file holds nothing but comments")),
            Some(Node { span, value: Value::Text { plain: true, .. } }) if text[span.clone()].contains(':') => {
                let fault = SyntaxFault::new(SYNTAX, span, "this is one long text, not keys with values");
                Err(fault.hint("put a space behind each colon: `key: value`"))
            }
            Some(root) => Ok(root),
        }
    }
}

/// Bytes of the text. The parser knows them for every event that it reads from a `str`.
fn range(span: &Span) -> Range<usize> {
    let Range { start, end } = span.byte_range().unwrap_or_default();
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use crate::exchange::tree::{Format, Node, Value, read};

    fn root(text: &str) -> Node {
        read(Format::Yaml, text).expect(text).remove(0)
    }

    /// Checks the value of the first key, and the part of the text that it was read from.
    fn check(text: &str, value: &Value, there: &str) {
        let Value::Map(mut entries) = root(text).value else { panic!("{text:?} is no map") };
        let node = entries.remove(0).value;
        assert_eq!((&node.value, &text[node.span.clone()]), (value, there), "{text:?}");
    }

    fn text(text: &str, plain: bool) -> Value {
        Value::Text { text: text.to_owned(), plain }
    }

    #[test]
    fn no_word_but_null_is_more_than_text() {
        for word in ["NO", "yes", "true", "012", "1_000", "2023-10-18", "XXXX", ".inf", "0x1F", "12:30:00", "="] {
            check(&format!("a: {word} # c\n"), &text(word, true), word);
        }
        for word in ["~", "null", "Null", "NULL"] {
            check(&format!("a: {word}\n"), &Value::Null, word);
            check(&format!("a: '{word}'\n"), &text(word, false), &format!("'{word}'"));
        }
        check("a:\n", &Value::Null, "");
        check("{a}", &Value::Null, "");
    }

    #[test]
    fn texts_of_several_lines_are_read_in_every_style() {
        check("a: one\n  two\nb: 1\n", &text("one two", true), "one\n  two");
        check("a: \"one\n  two\\n\"\n", &text("one two\n", false), "\"one\n  two\\n\"");
        check("a: |\n  é\n  two\nb: 1\n", &text("é\ntwo\n", false), "é\n  two\n");
        check("a: >-\n  one\n  two\n", &text("one two", false), "one\n  two\n");
    }

    #[test]
    fn a_map_or_list_spans_its_brackets_or_its_content() {
        for (text, there) in [
            ("a: [x, {y: z}] # c\nb: 1\n", "[x, {y: z}]"),
            ("a:\n  - é\n  - y: z # c\n\nb: 1\n", "- é\n  - y: z"),
            ("a:\n- x\nb: 1\n", "- x"),
            ("a:\n  y: [z]\n", "y: [z]"),
        ] {
            let Value::Map(entries) = root(text).value else { panic!("{text:?} is no map") };
            let span = entries[0].value.span.clone();
            // The place of a block list begins at its first dash, or behind it.
            assert_eq!(text[span].trim_start_matches("- "), there.trim_start_matches("- "), "{text:?}");
        }
    }

    #[test]
    fn a_marked_document_and_comments_change_nothing() {
        assert_eq!(root("# c\n---\na: 1 # c\n...\n# c\n").span, 8..12);
    }

    #[test]
    fn each_feature_that_is_not_accepted_is_pointed_at() {
        let text = "a: &x 1\nb: *x\n!!str c: !t [*y]\n<<: 1\n? *x\n: \"<<\"\n\"<<\": 1\n";
        let faults = read(Format::Yaml, text).expect_err("is refused");
        let found: Vec<_> = faults.iter().map(|fault| (fault.code, &text[fault.span.clone()])).collect();
        assert_eq!(found, ["&x", "*x", "!!str", "!t", "*y", "<<", "*x"].map(|there| ("E0106", there)));
    }

    #[test]
    fn further_documents_directives_and_keys_that_are_no_text_are_refused() {
        for (text, there) in [
            ("a: 1\n---\nb: 2\n", "---"),
            ("a: 1\n...\nb\n", "b"),
            ("%YAML 1.2\n---\na: 1\n", "%"),
            ("? [a]\n: 1\n", "["),
            ("{{a: 1}: 2}", "{"),
        ] {
            let faults = read(Format::Yaml, text).expect_err(text);
            let [fault] = faults.as_slice() else { panic!("{faults:?}") };
            assert_eq!((fault.code, &text[fault.span.clone()]), ("E0106", there), "{text:?}");
        }
    }
}
