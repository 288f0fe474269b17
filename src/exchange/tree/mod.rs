//! A file as a tree: YAML, TOML, JSON or NDJSON, with the place of every key and value; not yet what any of it means.
//!
//! Every scalar stays text, because only the field that it stands in says what it has to be. Reading is bounded by
//! the constants below, and no input makes it recurse deeper than [`MAX_DEPTH`].

mod decode;
pub mod fault;
mod json;
mod limits;
mod toml;
mod yaml;
mod yaml_fault;

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::ops::Range;

use crate::exchange::place::Lines;

pub use decode::decode;
pub use fault::SyntaxFault;
pub use limits::{MAX_DEPTH, MAX_FAULTS, MAX_FILE, MAX_NODES, MAX_TOML};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// YAML 1.2 without anchors, aliases, tags, merge keys, directives and further documents.
    Yaml,
    /// TOML 1.1.
    Toml,
    /// JSON, RFC 8259.
    Json,
    /// One JSON value a line; blank lines are passed over.
    Ndjson,
}

impl Format {
    /// The format that the ending of a file's name stands for, whatever its case.
    pub fn of_name(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Some(Self::Yaml),
            "toml" => Some(Self::Toml),
            "json" => Some(Self::Json),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            _ => None,
        }
    }

    /// The format that a nameless text seems to be in: one of the JSONs if it begins with `{`, else YAML.
    pub fn sniff(text: &str) -> Self {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let first = lines.next().unwrap_or_default();
        if !first.starts_with('{') {
            return Self::Yaml;
        }
        // No JSON value goes on with `{` after a line that ended with `}`.
        let another = lines.next().is_some_and(|second| second.starts_with('{'));
        if first.ends_with('}') && another { Self::Ndjson } else { Self::Json }
    }
}

/// A value and the bytes of the text that it was read from.
///
/// A quoted text's span includes its quotes, a block text's does not include its `|`. A TOML table's is its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Bytes of the file's text; empty if nothing stands there.
    pub span: Range<usize>,
    /// What stands there.
    pub value: Value,
}

impl Node {
    /// The entries, if it is a map.
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            Value::Null | Value::Text { .. } | Value::List(_) => None,
        }
    }

    /// The text, if it is one, whether it stands in quotes or not.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text { text, .. } => Some(text),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// Whether it is a scalar without quotes, which other readers may take for a number.
    pub fn is_plain(&self) -> bool {
        matches!(self.value, Value::Text { plain: true, .. })
    }
}

/// What a file may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`, `~`, or nothing behind a colon.
    Null,
    /// A scalar. A plain one is not quoted, so a number, a truth value or a date may be meant; it is as written.
    Text {
        /// Unquoted, escapes resolved.
        text: String,
        /// Not quoted: YAML's plain scalars, TOML's and JSON's numbers and truth values, TOML's dates and times.
        plain: bool,
    },
    /// Values in order.
    List(Vec<Node>),
    /// Entries in the order of the file; no key stands twice.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Unquoted, escapes resolved.
    pub key: String,
    /// Bytes of the file's text; includes quotes.
    pub key_span: Range<usize>,
    /// What the key stands for.
    pub value: Node,
}

/// Reads a text: one node a line of NDJSON, one node of any other format.
///
/// # Errors
///
/// What is wrong, in the order of the file: every duplicate key, every line of NDJSON that is not JSON, every YAML
/// feature that is not accepted; otherwise the first fault. At most [`MAX_FAULTS`]; the last one says if there are more.
pub fn read(format: Format, text: &str) -> Result<Vec<Node>, Vec<SyntaxFault>> {
    read_all(format, text).map_err(|mut faults| {
        faults.sort_by_key(|fault| fault.span.start);
        if faults.len() > MAX_FAULTS {
            faults.truncate(MAX_FAULTS);
            if let Some(last) = faults.last_mut() {
                last.hint = Some(format!("there are more faults: the first {MAX_FAULTS} are shown"));
            }
        }
        faults
    })
}

fn read_all(format: Format, text: &str) -> Result<Vec<Node>, Vec<SyntaxFault>> {
    limits::refuse_larger(text.len(), MAX_FILE).and_then(|()| decode::refuse_blank(text)).map_err(|f| vec![f])?;
    let nodes = match format {
        Format::Yaml => vec![yaml::read(text)?],
        Format::Toml => vec![toml::read(text)?],
        Format::Json => vec![json::read(text)?],
        Format::Ndjson => json::read_lines(text)?,
    };
    let mut repeated = Vec::new();
    for node in &nodes {
        find_duplicates(node, &mut repeated);
    }
    if repeated.is_empty() {
        return Ok(nodes);
    }
    let lines = Lines::of(text);
    // One more than is shown, so that the last one shown can say so.
    Err(repeated
        .into_iter()
        .take(MAX_FAULTS + 1)
        .map(|(entry, first)| SyntaxFault::duplicate(&entry.key, entry.key_span.clone(), Some(first), &lines))
        .collect())
}

/// Adds each entry whose key stood before in its map, with the offset of the first one.
fn find_duplicates<'n>(node: &'n Node, found: &mut Vec<(&'n Entry, usize)>) {
    match &node.value {
        Value::Null | Value::Text { .. } => {}
        Value::List(items) => items.iter().for_each(|item| find_duplicates(item, found)),
        Value::Map(entries) => {
            let mut first = HashMap::with_capacity(entries.len());
            for entry in entries {
                match first.entry(entry.key.as_str()) {
                    Slot::Vacant(slot) => _ = slot.insert(entry.key_span.start),
                    Slot::Occupied(slot) => found.push((entry, *slot.get())),
                }
                find_duplicates(&entry.value, found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::fault::{DUPLICATE_KEY, EMPTY, SYNTAX};
    use super::*;

    const ALL: [Format; 4] = [Format::Yaml, Format::Toml, Format::Json, Format::Ndjson];

    const YAML: &str = "\
announced: \"2023\"
\"größe\": 12
announcements:
  - kind: 'joining'   # \"a comment\"
    parties: [\"中国\", 'é']
    first: true
  - { kind: \"note\", text: \"a: [b]\" }
";
    const TOML: &str = "\
announced = \"2023\"
\"größe\" = 12
[[announcements]]
kind = 'joining'   # \"a comment\"
parties = [\"中国\", 'é']
first = true
[[announcements]]
kind = \"note\"
text = \"a: [b]\"
";
    const JSON: &str = r#"{
  "announced": "2023",
  "größe": 12,
  "announcements": [
    { "kind": "joining", "parties": ["中国", "é"], "first": true },
    { "kind": "note", "text": "a: [b]" }
  ]
}
"#;

    fn specimen(format: Format) -> String {
        match format {
            Format::Yaml => YAML.to_owned(),
            Format::Toml => TOML.to_owned(),
            Format::Json => JSON.to_owned(),
            Format::Ndjson => JSON.replace('\n', "") + "\n\n{\"a\": [1, null]}\n",
        }
    }

    fn without_places(node: &Node) -> Node {
        let value = match &node.value {
            Value::List(items) => Value::List(items.iter().map(without_places).collect()),
            Value::Map(entries) => Value::Map(
                entries
                    .iter()
                    .map(|entry| Entry { key: entry.key.clone(), key_span: 0..0, value: without_places(&entry.value) })
                    .collect(),
            ),
            scalar => scalar.clone(),
        };
        Node { span: 0..0, value }
    }

    /// Calls `see` with each text in the tree, key or value, and its place.
    fn visit(node: &Node, see: &mut impl FnMut(&str, &Range<usize>)) {
        match &node.value {
            Value::Null => see("", &node.span),
            Value::Text { text, .. } => see(text, &node.span),
            Value::List(items) => items.iter().for_each(|item| visit(item, see)),
            Value::Map(entries) => entries.iter().for_each(|entry| {
                see(&entry.key, &entry.key_span);
                visit(&entry.value, see);
            }),
        }
    }

    fn codes(format: Format, text: &str) -> Vec<(&'static str, usize)> {
        let faults = read(format, text).expect_err(text.get(..50).unwrap_or(text));
        faults.into_iter().map(|fault| (fault.code, fault.span.start)).collect()
    }

    #[test]
    fn a_format_is_known_by_the_ending_of_the_name() {
        for (name, format) in [
            ("a.yaml", Some(Format::Yaml)),
            ("a/b.c/d.YML", Some(Format::Yaml)),
            ("a.toml", Some(Format::Toml)),
            ("a.json", Some(Format::Json)),
            ("a.ndjson", Some(Format::Ndjson)),
            ("a.yaml.jsonl", Some(Format::Ndjson)),
            ("yaml", None),
            ("a.txt", None),
        ] {
            assert_eq!(Format::of_name(name), format, "{name}");
        }
    }

    #[test]
    fn a_nameless_text_is_taken_for_what_it_looks_like() {
        for (text, format) in [
            ("a: 1\n", Format::Yaml),
            ("- {a: 1}\n", Format::Yaml),
            ("", Format::Yaml),
            ("{\"a\": 1}\n", Format::Json),
            ("\n  {\n\"a\": {}\n}\n", Format::Json),
            ("{\"a\": {\n}\n}\n", Format::Json),
            ("{\"a\": 1}\n{\"a\": 2}\n", Format::Ndjson),
            ("{\"a\": 1}\r\n\r\n {\"a\": \r\n", Format::Ndjson),
        ] {
            assert_eq!(Format::sniff(text), format, "{text:?}");
        }
    }

    #[test]
    fn the_same_content_is_the_same_tree_in_every_format() {
        let trees = ALL.map(|format| without_places(&read(format, &specimen(format)).expect("is valid")[0]));
        assert!(matches!(&trees[0].value, Value::Map(entries) if entries.len() == 3));
        assert_eq!(trees[0], trees[1]);
        assert_eq!(trees[0], trees[2]);
        assert_eq!(trees[0], trees[3]);
    }

    #[test]
    fn every_place_is_that_of_the_text_it_names() {
        for format in ALL {
            let text = specimen(format);
            let mut seen = 0;
            for node in read(format, &text).expect("is valid") {
                visit(&node, &mut |named, span| {
                    let there = text[span.clone()].trim_matches(['"', '\'']);
                    assert!(there == named || named.is_empty() && there == "null", "{named:?} at {there:?}");
                    seen += 1;
                });
            }
            assert!(seen > 10);
        }
    }

    #[test]
    fn every_duplicate_key_is_found_with_the_place_of_the_first() {
        let cases = [
            (Format::Yaml, "a: 1\nb: {c: 1, c: 2}\n\"a\": 2\na: 3\n"),
            (Format::Toml, "a = 1\nb = {c = 1, c = 2}\n\"a\" = 2\na = 3\n"),
            (Format::Json, "{\"a\": 1,\n\"b\": {\"c\": 1, \"c\": 2},\n\"\\u0061\": 2,\n\"a\": 3}"),
            (Format::Ndjson, "{}\n{\"a\": 1, \"b\": {\"c\": 1, \"c\": 2}, \"a\": 2, \"a\": 3}\n"),
        ];
        for (format, text) in cases {
            let faults = read(format, text).expect_err(text);
            let found: Vec<_> = faults.iter().map(|fault| (fault.code, fault.message.as_str())).collect();
            let [c, a] = ["`c` is given twice", "`a` is given twice"].map(|message| (DUPLICATE_KEY, message));
            assert_eq!(found, [c, a, a], "{format:?}");
            let lines = Lines::of(text);
            for (fault, key) in faults.iter().zip(["c", "a", "a"]) {
                let (line, column) =
                    lines.line_column(text.find(key).expect("stands there") - usize::from(text.contains("\"c")));
                assert_eq!(fault.hint, Some(format!("it stands first on line {line}, column {column}")), "{format:?}");
            }
        }
    }

    #[test]
    fn the_same_key_in_two_maps_is_no_duplicate() {
        for format in ALL {
            assert!(read(format, &specimen(format)).is_ok());
        }
    }

    #[test]
    fn a_file_of_nothing_is_empty_in_every_format() {
        for format in ALL {
            assert_eq!(codes(format, ""), [(EMPTY, 0)]);
            assert_eq!(codes(format, " \n\n"), [(EMPTY, 0)]);
        }
        assert_eq!(codes(Format::Yaml, "# nothing\n"), [(EMPTY, 0)]);
    }

    /// Whatever is read, every place can be cut out of the text.
    fn check_any(format: Format, text: &str) {
        match read(format, text) {
            Ok(nodes) => {
                for node in &nodes {
                    visit(node, &mut |_, span| assert!(text.get(span.clone()).is_some(), "{span:?} in {text:?}"));
                }
            }
            Err(faults) => {
                assert!(!faults.is_empty());
                assert!(faults.iter().all(|fault| text.get(fault.span.clone()).is_some()), "{faults:?} in {text:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in any::<String>(), dense in r#"[-\[\]{}:,.='"\\|>&*!?#% \t\r\nau0é\x00\x1b]{0,40}"#) {
            for format in ALL {
                check_any(format, &text);
                check_any(format, &dense);
            }
        }

        #[test]
        fn no_mutation_of_a_valid_file_makes_reading_panic(
            edits in prop::collection::vec((any::<prop::sample::Index>(), 0..4_usize, r#"[-\[\]{}:,='"\\&*!?# \n\taé]{0,2}"#), 1..6),
        ) {
            for format in ALL {
                let mut text: Vec<char> = specimen(format).chars().collect();
                for (place, cut, new) in &edits {
                    let start = place.index(text.len() + 1);
                    let end = (start + cut).min(text.len());
                    text.splice(start..end, new.chars());
                }
                check_any(format, &text.iter().collect::<String>());
            }
        }
    }

    #[test]
    fn a_fault_in_the_syntax_is_reported_before_any_duplicate() {
        assert_eq!(codes(Format::Yaml, "a: 1\na: 2\nb: }\n"), [(SYNTAX, 13)]);
        assert_eq!(codes(Format::Toml, "a = 1\na = 2\nb = }\n"), [(SYNTAX, 16)]);
        assert_eq!(codes(Format::Json, "{\"a\": 1, \"a\": 2, \"b\": }"), [(SYNTAX, 22)]);
    }
}
