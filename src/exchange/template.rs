//! Announcement files to start from, one for each kind: every key with what it means and an example.
//!
//! They are written from the same tables as the schema. A comment is `# ` and words; a key that may be left out is
//! commented out with a `#` straight before it, so that taking this one character away is all there is to using it.

mod case;
mod makes;

use crate::domain::announcement::Kind;
use crate::domain::id::Namespace;
use crate::domain::shape::{Code, Field, Need, Record, Shape};
use crate::domain::source::Source;
use crate::domain::text::TextKind;
use crate::exchange::fields::{ANNOUNCEMENTS, COMMON, KIND, Key, PERSONAL};
use crate::exchange::form::{Form, date_keys, doc_of, written_kinds};

use makes::made_by;

pub use case::CASE;
pub use makes::makes;

/// The longest line of a comment, in columns.
const WIDTH: usize = 100;
/// Columns before the keys of the announcement.
const ANNOUNCEMENT_INDENT: usize = 4;

const ABOUT_DATES: &str = "\
# A date is as precise as its source:
#   2023-10-18, 2023-10, 2023, 202X    a day, a month, a year, some year of the 2020s
#   2023-10-18~                        about that day
#   \"[..2023-10-18]\"                   by that day
#   \"[2023-10-02..2023-10-06]\"         on one of these days
#   XXXX                               unknown
";

/// Codes of every syntax, of which the first that is accepted is the example; nobody has the private keys.
const CODES: &[&str] = &[
    "example/ledger",
    "example-recorder",
    "PK",
    "Q148",
    "03yrm5c26",
    "5493001KJTIIGC8Y1R12",
    "https://example.org/announcement",
    "6a7328aa5dbd260f2ea963a1262a518317c6246c099504267ff282405bd1a081",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEFjEv3mKfkxpZBVLlAmGzbXbHyp0wyIpEzMgZZfrSd3",
    "example/ledger+5a2d6048+AVSLZ1aqOp8HbBbxEq51/L1FAMogGM69e9WBL8F/dNr6",
];

/// A commented YAML file with one announcement of that kind; none for `genesis`, which is not written by hand.
///
/// What must be there is live, with example values; the rest is commented out.
pub fn template(kind: Kind) -> Option<String> {
    written_kinds().any(|written| written == kind).then(|| {
        let mut page = Page { text: String::new(), kind, indent: 0, after_dash: false, live: true };
        page.head();
        page.top();
        page.announcement();
        page.text
    })
}

/// A template that is being written, and where on the page it has got to.
struct Page {
    text: String,
    kind: Kind,
    /// Columns before a key.
    indent: usize,
    /// The next key is the first of a list's item.
    after_dash: bool,
    /// Neither the key nor what it belongs to is commented out.
    live: bool,
}

impl Page {
    fn head(&mut self) {
        self.remark(&format!("{}: {}", self.kind, doc_of(self.kind)));
        self.text.push_str("#\n");
        self.remark(
            "Put your own values in place of the examples. A key with a # straight before it may be left out; take the # \
             away to use it.",
        );
        self.text.push_str("#\n");
        self.text.push_str(ABOUT_DATES);
    }

    fn top(&mut self) {
        self.text.push('\n');
        self.remark("What stands here holds for every announcement below that does not say otherwise.");
        for key in COMMON.iter().filter(|key| key.at_top) {
            self.common(key);
        }
    }

    fn announcement(&mut self) {
        let record = self.kind.record();
        let (ids, others): (Vec<_>, Vec<_>) = COMMON
            .iter()
            .filter(|key| !key.at_top && record.field(key.name).is_none())
            .partition(|key| matches!(Form::of(key), Form::Plain(Shape::Id(_))));
        self.text.push('\n');
        self.line(&format!("{ANNOUNCEMENTS}:"));
        self.indent = ANNOUNCEMENT_INDENT;
        self.after_dash = true;
        self.line(&format!("{KIND}: {}", self.kind));
        for key in ids {
            self.common(key);
        }
        self.fields(record);
        for key in others {
            self.common(key);
        }
    }

    fn common(&mut self, key: &Key) {
        let need = if self.is_expected(key) { Need::Required } else { Need::Optional };
        self.key(key.doc, need, |page| match Form::of(key) {
            Form::Plain(shape) => page.value(key.name, shape),
            Form::Sources => page.block(key.name, 2, |page| {
                page.fields(&Source::RECORD);
                page.key(PERSONAL.doc, Need::Optional, |page| page.line(&format!("{}: true", PERSONAL.name)));
            }),
            Form::Quotes => page.line(&format!("{}: The exact passage", key.name)),
            Form::Evidence => page.line(&format!("{}: {{ none: Why there is no evidence }}", key.name)),
            Form::Wording => {
                let dates = date_keys(page.kind.record());
                let date = dates.last().copied().unwrap_or_default();
                page.line(&format!("{}: {{ {date}: The words of the source }}", key.name));
            }
        });
    }

    /// What is said about the world has a day of announcement and a source; the ledger speaks of itself without.
    fn is_expected(&self, key: &Key) -> bool {
        let dates_or_supports = matches!(Form::of(key), Form::Plain(Shape::Date) | Form::Sources);
        dates_or_supports && !self.kind.is_about_ledger()
    }

    fn field(&mut self, field: &Field) {
        // A milestone is of an agreement or a mission, and like a contribution it has happened or is expected, and a count
        // is for a day or for a span: one of each has to be there.
        let alternative = matches!(
            (self.kind, field.name()),
            (Kind::Milestone, "agreement" | "occurred") | (Kind::Contribution, "occurred") | (Kind::Count, "on")
        );
        let need = if alternative { Need::Required } else { field.need };
        self.key(field.doc, need, |page| {
            if let Some(remark) = about(field.shape) {
                page.remark(&remark);
            }
            for remark in made_by(page.kind, field.name()) {
                page.remark(&remark);
            }
            page.value(field.name(), field.shape);
        });
    }

    fn key(&mut self, doc: &str, need: Need, write: impl FnOnce(&mut Self)) {
        let outer = self.live;
        self.live &= need == Need::Required;
        if matches!(self.indent, 0 | ANNOUNCEMENT_INDENT) {
            self.text.push('\n');
        }
        self.remark(doc);
        write(self);
        self.live = outer;
    }

    fn value(&mut self, name: &str, shape: Shape) {
        match shape {
            Shape::Record(record) => self.block(name, 2, |page| page.fields(record)),
            Shape::List(Shape::Record(record)) => self.block(name, 4, |page| {
                page.after_dash = true;
                page.fields(record);
            }),
            Shape::Replacement => self.block(name, 2, |page| {
                page.line(&format!("{KIND}: {}", Kind::Joining));
                for field in Kind::Joining.record().fields.iter().filter(|field| field.need == Need::Required) {
                    page.value(field.name(), field.shape);
                }
            }),
            Shape::List(Shape::Text(_)) => self.line(&format!("{name}: [An example, another example]")),
            Shape::List(item) => self.line(&format!("{name}: [{}]", self.example(name, *item))),
            scalar => self.line(&format!("{name}: {}", self.example(name, scalar))),
        }
    }

    fn fields(&mut self, record: &Record) {
        for field in record.fields {
            self.field(field);
        }
    }

    fn block(&mut self, name: &str, deeper: usize, inside: impl FnOnce(&mut Self)) {
        self.line(&format!("{name}:"));
        self.indent += deeper;
        inside(self);
        self.indent -= deeper;
    }

    /// A value on one line.
    fn example(&self, name: &str, shape: Shape) -> String {
        match shape {
            Shape::Text(TextKind::Name) => format!("Example {}", name.replace('_', " ")),
            Shape::Text(TextKind::Prose | TextKind::Quote) => "An example in a sentence.".to_owned(),
            // A new thing or announcement is none that exists: neither a memorandum's agreement, nor what is disputed.
            Shape::Id(_) if name == "id" && !self.kind.is_description() => format!("example-{}", self.kind),
            Shape::Id(Namespace::Party) => "example-state".to_owned(),
            Shape::Id(space) => format!("example-{space}"),
            Shape::Date => "2023-10-18".to_owned(),
            Shape::Integer => "1".to_owned(),
            Shape::Boolean => "true".to_owned(),
            Shape::Word(words) => words.first().map_or("", |word| word.text).to_owned(),
            Shape::Code(code) => example_of(code).to_owned(),
            Shape::Document => "sources/example.md".to_owned(),
            Shape::Record(_) | Shape::List(_) | Shape::Replacement => unreachable!("`{name}` is written as a block"),
        }
    }

    /// Writes a comment, in as many lines as it needs.
    fn remark(&mut self, words: &str) {
        let margin = " ".repeat(self.margin());
        for line in wrapped(words, WIDTH - margin.len() - 2) {
            self.text.extend([&margin, "# ", &line, "\n"]);
        }
    }

    /// Writes a key and what stands behind its colon.
    fn line(&mut self, line: &str) {
        let margin = " ".repeat(self.margin());
        let hash = if self.live { "" } else { "#" };
        let dash = if std::mem::take(&mut self.after_dash) { "- " } else { "" };
        self.text.extend([&margin, hash, dash, line, "\n"]);
    }

    fn margin(&self) -> usize {
        self.indent - if self.after_dash { 2 } else { 0 }
    }
}

/// What can be written, where the sentence about the field does not say it.
fn about(shape: Shape) -> Option<String> {
    match shape {
        Shape::Word(words) => {
            let words: Vec<_> = words.iter().map(|word| word.text).collect();
            Some(format!("One of: {}.", words.join(", ")))
        }
        Shape::Document => Some("Give the way to it from this file.".to_owned()),
        Shape::Replacement => Some("Any kind but a correction, and beside it the keys of that kind.".to_owned()),
        Shape::List(item) => about(*item),
        // The sentence about a code's field and its example tell enough.
        Shape::Text(_)
        | Shape::Id(_)
        | Shape::Date
        | Shape::Integer
        | Shape::Boolean
        | Shape::Code(_)
        | Shape::Record(_) => None,
    }
}

fn example_of(code: &Code) -> &'static str {
    CODES.iter().find(|example| (code.accepts)(example)).expect("a test finds an example of every code")
}

/// Words in lines of at most `width` columns; a longer word has a line to itself.
fn wrapped(words: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words.split_whitespace() {
        let line = lines.last_mut().expect("there is a first line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.extend([" ", word]);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;
    use crate::domain::announcement::Body;
    use crate::exchange::schema::tests::{check_valid, read_yaml};

    /// Every template as it is, and with all that may be left out.
    fn templates() -> Vec<(Kind, String, String)> {
        let of = |kind: &Kind| template(*kind).map(|text| (*kind, text.clone(), in_full(&text)));
        Kind::ALL.iter().filter_map(of).collect()
    }

    fn in_full(text: &str) -> String {
        let without_hash = |line: &str| {
            let (margin, rest) = line.split_at(line.len() - line.trim_start().len());
            let key = rest.strip_prefix('#').filter(|key| !key.is_empty() && !key.starts_with(' '));
            format!("{margin}{}\n", key.unwrap_or(rest))
        };
        text.lines().map(without_hash).collect()
    }

    fn announcement_in(text: &str) -> Map<String, Value> {
        read_yaml(text)[ANNOUNCEMENTS][0].as_object().expect("a template has one announcement").clone()
    }

    fn check_body(kind: Kind, text: &str) {
        let mut body = announcement_in(text);
        let own = kind.record();
        body.retain(|key, _| own.field(key).is_some());
        Body::read(kind, Value::Object(body)).unwrap_or_else(|error| panic!("{kind}: {error}"));
    }

    #[test]
    fn every_kind_that_people_write_has_a_template() {
        for kind in Kind::ALL {
            assert_eq!(template(*kind).is_some(), kind.is_written_in_files(), "{kind}");
        }
    }

    #[test]
    fn what_is_live_is_a_valid_file_and_a_body_that_can_be_announced() {
        for (kind, text, _) in templates() {
            check_valid(&kind.to_string(), &read_yaml(&text));
            check_body(kind, &text);
        }
    }

    #[test]
    fn what_is_live_about_the_world_names_its_source() {
        for (kind, text, _) in templates() {
            let has_source = read_yaml(&text).get("source").is_some();
            assert_ne!(has_source, kind.is_about_ledger(), "{kind}");
        }
    }

    #[test]
    fn with_every_hash_taken_away_it_is_a_valid_file_with_every_key() {
        for (kind, _, full) in templates() {
            check_valid(&kind.to_string(), &read_yaml(&full));
            let (file, announcement) = (read_yaml(&full), announcement_in(&full));
            for field in kind.record().fields {
                assert!(announcement.contains_key(field.name()), "{kind} without {}", field.name());
            }
            for key in COMMON {
                let there = if key.at_top { file.get(key.name).is_some() } else { announcement.contains_key(key.name) };
                assert!(there, "{kind} without {}", key.name);
            }
            // A file has the replacement's keys beside its kind, an event has them in a body.
            if kind != Kind::Correction {
                check_body(kind, &full);
            }
        }
    }

    #[test]
    fn comments_are_no_wider_than_a_page() {
        for (kind, text, _) in templates() {
            let wide = text.lines().find(|line| line.trim_start().starts_with("# ") && line.chars().count() > WIDTH);
            assert_eq!(wide, None, "{kind}");
        }
    }

    #[test]
    fn an_announcement_is_told_key_by_key() {
        let text = template(Kind::Prospect).expect("is written by hand");
        let expected = r"announcements:
  - kind: prospect

    # The announcement's id; one is made of its content if there is none.
    #id: example-prospect

    # Of whom.
    parties: [example-state]

    # Which agreement it is about, if there is one already.
    #agreement: example-agreement

    # What it aims at; joining, where an agreement is named, else other.
    # One of: joining, instrument, other.
    #aim: joining

    # What is expected.
    what: Example what

    # How far it has come.
    # One of: interest, invited, applied, in-talks, finalising, scheduled.
    # What it makes of a party: prospective, if it is about joining an agreement and the party is
    # nothing more to it yet.
    stage: interest

    # When it is due.
    #due: 2023-10-18
";
        assert!(text.contains(expected), "{text}");
    }
}
