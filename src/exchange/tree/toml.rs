//! TOML, with the place of every value.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::fault::{SYNTAX, SyntaxFault, character_at};
use super::limits::{Budget, MAX_FAULTS, MAX_TOML, refuse_larger, too_deep};
use super::{Entry, Node, Value};
use crate::exchange::place::Lines;

/// Reads a TOML document as one map.
pub(super) fn read(text: &str) -> Result<Node, Vec<SyntaxFault>> {
    refuse_larger(text.len(), MAX_TOML).map_err(|fault| vec![fault])?;
    // The parser stops at 80 levels by itself.
    let (table, errors) = DeTable::parse_recoverable(text);
    let tree = Growing { text, budget: Budget::default() }.map(table.into_inner(), 1);
    let root = tree.map(|value| Node { span: 0..text.len(), value });
    if errors.is_empty() { root.map_err(|fault| vec![fault]) } else { Err(faults(text, &errors, root.ok().as_ref())) }
}

struct Growing<'t> {
    text: &'t str,
    budget: Budget,
}

impl Growing<'_> {
    /// Tables come sorted by key, and leave in the order of the file.
    fn map(&mut self, table: DeTable, depth: usize) -> Result<Value, SyntaxFault> {
        let mut entries = Vec::with_capacity(table.len());
        for (key, value) in table {
            let key_span = key.span();
            entries.push(Entry { key: key.into_inner().into_owned(), key_span, value: self.node(value, depth)? });
        }
        entries.sort_by_key(|entry| entry.key_span.start);
        Ok(Value::Map(entries))
    }

    /// The value inside `depth` maps and lists.
    fn node(&mut self, value: Spanned<DeValue>, depth: usize) -> Result<Node, SyntaxFault> {
        let span = value.span();
        let value = value.into_inner();
        let depth = depth + usize::from(matches!(value, DeValue::Array(_) | DeValue::Table(_)));
        self.budget.spend(&span, depth)?;
        let value = match value {
            DeValue::String(text) => Value::Text { text: text.into_owned(), plain: false },
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
                Value::Text { text: self.text.get(span.clone()).unwrap_or_default().to_owned(), plain: true }
            }
            DeValue::Array(items) => {
                Value::List(items.into_iter().map(|item| self.node(item, depth)).collect::<Result<_, _>>()?)
            }
            DeValue::Table(table) => self.map(table, depth)?,
        };
        Ok(Node { span, value })
    }
}

/// What the parser found wrong. Behind a mistake in the syntax it guesses, so that one is told alone.
fn faults(text: &str, errors: &[Error], tree: Option<&Node>) -> Vec<SyntaxFault> {
    let (mut repeated, others): (Vec<_>, Vec<_>) = errors.iter().partition(|error| error.message() == "duplicate key");
    if let Some(first) = others.into_iter().min_by_key(|error| start(error)) {
        return vec![explain(text, first)];
    }
    repeated.sort_by_key(|error| start(error));
    let lines = Lines::of(text);
    let headers = headers(text);
    let mut reopened = None;
    let mut faults = Vec::new();
    for error in repeated {
        let header = headers.partition_point(|header| *header <= start(error)).checked_sub(1).map(|at| headers[at]);
        let before = header.and_then(|header| text.get(header..start(error)));
        if before.is_some_and(|before| !before.contains(['\n', '='])) {
            reopened = header;
            faults.push(opened_twice(text, error, &lines));
        } else if reopened.is_none() || header != reopened {
            // Below a header that opens a table again, each key may be meant for another table.
            faults.push(given_twice(text, error, tree, &lines));
        }
        if faults.len() > MAX_FAULTS {
            break;
        }
    }
    faults
}

/// Offsets of the lines that look like headers of tables.
fn headers(text: &str) -> Vec<usize> {
    let mut end = 0;
    let starts = text.split_inclusive('\n').map(|line| {
        end += line.len();
        (end - line.len(), line)
    });
    starts.filter(|(_, line)| line.trim_start().starts_with('[')).map(|(start, _)| start).collect()
}

fn start(error: &Error) -> usize {
    error.span().unwrap_or_default().start
}

fn explain(text: &str, error: &Error) -> SyntaxFault {
    let span = error.span().unwrap_or_default();
    let span = if span.is_empty() { character_at(text, span.start) } else { span };
    match error.message() {
        "recursion limit" | "cannot recurse further; max recursion depth met" => too_deep(span),
        message => SyntaxFault::new(SYNTAX, span, message),
    }
}

fn opened_twice(text: &str, error: &Error, lines: &Lines) -> SyntaxFault {
    let (key, span) = key(text, error);
    let hint = format!("a table is opened once; each of several is opened by `[[{key}]]`");
    SyntaxFault::duplicate(key, span, None, lines).hint(hint)
}

fn given_twice(text: &str, error: &Error, tree: Option<&Node>, lines: &Lines) -> SyntaxFault {
    let (key, span) = key(text, error);
    let first = tree.and_then(|tree| Sought { text, key, offset: span.start }.last_in(tree));
    SyntaxFault::duplicate(key, span, first, lines)
}

fn key<'t>(text: &'t str, error: &Error) -> (&'t str, Range<usize>) {
    let span = error.span().unwrap_or_default();
    (text.get(span.clone()).unwrap_or_default().trim_matches(['"', '\'']), span)
}

/// The first of two equal keys; the second stands at `offset`.
///
/// The parser keeps the first and does not say where it stands. Other maps may have such a key before it, but none
/// that is still open lies between the two: what does is inline and closed, or has another dotted path.
struct Sought<'t> {
    text: &'t str,
    key: &'t str,
    offset: usize,
}

impl Sought<'_> {
    fn last_in(&self, node: &Node) -> Option<usize> {
        match &node.value {
            Value::List(items) if !self.is_closed(node, items.first().map(|item| item.span.start)) => {
                items.iter().filter_map(|item| self.last_in(item)).max()
            }
            Value::Map(entries) if !self.is_closed(node, entries.first().map(|entry| entry.key_span.start)) => {
                let own = entries.iter().filter(|entry| entry.key == self.key).map(|entry| entry.key_span.start);
                let own = own.filter(|start| *start < self.offset && self.path(*start) == self.path(self.offset));
                own.chain(entries.iter().filter_map(|entry| self.last_in(&entry.value))).max()
            }
            Value::Null | Value::Text { .. } | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// An inline table or array lies around its content; the span of any other table is its header.
    fn is_closed(&self, node: &Node, first: Option<usize>) -> bool {
        let inline = first.is_some_and(|first| node.span.start < first && first < node.span.end);
        inline && node.span.end <= self.offset
    }

    /// What stands before the key at `start`: nothing, or the first part of a dotted key.
    fn path(&self, start: usize) -> &str {
        self.text[..start].rsplit(['\n', '{', ',']).next().unwrap_or_default().trim()
    }
}

#[cfg(test)]
mod tests {
    use crate::exchange::tree::{Entry, Format, Node, Value, read};

    fn check(text: &str, code: &str, message: &str, at: usize, hint: Option<&str>) {
        let faults = read(Format::Toml, text).expect_err(text);
        let [fault] = faults.as_slice() else { panic!("{faults:?}") };
        let found = (fault.code, fault.message.as_str(), fault.span.start, fault.hint.as_deref());
        assert_eq!(found, (code, message, at, hint), "{text}");
    }

    fn entries(node: &Node) -> &[Entry] {
        let Value::Map(entries) = &node.value else { panic!("{node:?}") };
        entries
    }

    #[test]
    fn numbers_truth_values_and_dates_stay_as_they_are_written() {
        for plain in ["0x1F", "+1_000", "6.50e+3", "nan", "true", "2023-10-18", "2023-10-18 07:32:00.50+01:00", "07:32"]
        {
            let nodes = read(Format::Toml, &format!("\"é\".a = {plain} # c\n")).expect(plain);
            let value = &entries(&entries(&nodes[0])[0].value)[0].value;
            let text = Value::Text { text: plain.to_owned(), plain: true };
            assert_eq!(*value, Node { span: 9..9 + plain.len(), value: text });
        }
    }

    #[test]
    fn entries_stand_in_the_order_of_the_file() {
        let text = "z = 1\nb.y = 2\na = 3\nb.x = 4\n[d.e]\n[c]\n[d]\nf = 1\n";
        let nodes = read(Format::Toml, text).expect("is valid");
        let keys: Vec<_> = entries(&nodes[0]).iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(keys, ["z", "b", "a", "c", "d"]);
        let keys: Vec<_> = entries(&entries(&nodes[0])[1].value).iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(keys, ["y", "x"]);
    }

    #[test]
    fn a_mistake_is_told_alone_with_its_place() {
        check("a = x\nb = = 2\n", "E0101", "string values must be quoted, expected literal string", 4, None);
        check("a = \"x\nb = 2\n", "E0101", "invalid basic string, expected `\"`", 6, None);
        check("é\n", "E0101", "invalid unquoted key, expected letters, numbers, `-`, `_`", 0, None);
        check("a = [1,\n", "E0101", "unclosed array, expected `]`", 7, None);
        check("a = 2023-02-30\n", "E0101", "invalid date, expected day between 01 and 28", 4, None);
    }

    #[test]
    fn the_first_of_two_keys_is_sought_in_the_map_of_the_second() {
        let first = |place| Some(place);
        check(
            "a = 1\nb = {a = 2}\nc = [{a = 3}]\na = 4\n",
            "E0104",
            "`a` is given twice",
            32,
            first("it stands first on line 1, column 1"),
        );
        check(
            "[[x]]\na = 1\n[[x]]\na = 2\nb.a = 3\n'a' = 4\n",
            "E0104",
            "`a` is given twice",
            32,
            first("it stands first on line 4, column 1"),
        );
        check(
            "[[x]]\nb = [1, {a = 1},\n {a = 2, a = 3}]\n",
            "E0104",
            "`a` is given twice",
            32,
            first("it stands first on line 3, column 3"),
        );
    }

    #[test]
    fn a_table_opened_twice_may_be_meant_as_one_of_several() {
        let hint = Some("a table is opened once; each of several is opened by `[[x]]`");
        check("[x]\na = 1\n[x]\na = 2\n", "E0104", "`x` is given twice", 11, hint);
        check("[x]\na = 1\n[[x]]\na = 2\n", "E0104", "`x` is given twice", 12, hint);
    }

    #[test]
    fn a_reopened_table_hides_no_duplicate_of_another() {
        let faults = read(Format::Toml, "[x]\na = 1\n[x]\na = 2\n[y]\nb = 1\nb = 2\n").expect_err("is refused");
        assert_eq!(faults.iter().map(|fault| fault.span.start).collect::<Vec<_>>(), [11, 30]);
    }
}
