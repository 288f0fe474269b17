//! The parts of a map about parties, the head of the table, and dates in three columns.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::domain::party::PartyType;
use crate::exchange::table::countries::{CodeSystem, ISO};
use crate::exchange::table::layout::{self, Behind, Field, HeaderAt, NewParties};
use crate::exchange::table::map::{Checks, Given, Need, OneOrMany, Parties, Text};
use crate::ledger::admission::finding::Code;

impl Checks {
    /// Where the names of the columns stand.
    pub(super) fn form(&mut self, line: Option<&Spanned<u64>>) -> layout::Form {
        let header = match line.map(|line| (*line.get_ref(), line.span())) {
            None => HeaderAt::First,
            Some((0, span)) => {
                self.say(
                    span,
                    Code::WrongForm,
                    "lines count from 1".to_owned(),
                    "write the line of the names".to_owned(),
                );
                HeaderAt::First
            }
            Some((line, _)) => HeaderAt::Line(line),
        };
        layout::Form { header, ..layout::Form::default() }
    }

    /// Year, month and day in a column each; what has no column is unknown.
    pub(super) fn date_parts(&mut self, given: &mut Given, form: Option<&Text>) -> Option<[Field; 3]> {
        let names = ["year", "month", "day"];
        if !names.iter().any(|name| given.has(name)) {
            return None;
        }
        if let Some(form) = form {
            let message = "a date in three columns has no form".to_owned();
            let hint = "leave `forms` out, or name a column for `date`".to_owned();
            self.say(form.span(), Code::Combination, message, hint);
        }
        let [year, month, day] = names;
        Some([
            self.field(year, given, Need::Required),
            self.field(month, given, Need::Optional),
            self.field(day, given, Need::Optional),
        ])
    }

    /// How parties are found and described.
    pub(super) fn parties(&mut self, given: Parties) -> NewParties {
        let words = || PartyType::ALL.iter().map(|word| word.as_str());
        let mut types = BTreeMap::new();
        for (party, own) in given.types {
            if let Some(own) = self.word(Some(own), words()) {
                types.insert(party, own);
            }
        }
        NewParties {
            prefix: given.prefix,
            r#type: self.word(given.r#type, words()),
            types,
            codes: self.codes(given.codes),
            behind: if given.footnotes { Behind::Footnotes } else { Behind::Nothing },
        }
    }

    /// The systems of codes, by their words; `iso` is that of two and of three letters, and `none` is none.
    fn codes(&mut self, given: Option<Spanned<OneOrMany>>) -> Vec<CodeSystem> {
        let Some(given) = given else { return ISO.to_vec() };
        let words: Vec<&str> = match given.get_ref() {
            OneOrMany::One(word) => vec![word.as_str()],
            OneOrMany::Many(words) => words.iter().map(String::as_str).collect(),
        };
        let mut systems = Vec::new();
        for word in words {
            match (word, word.parse()) {
                ("iso", _) => systems.extend(ISO),
                ("none", _) => {}
                (_, Ok(system)) => systems.push(system),
                (_, Err(_)) => {
                    let word = Spanned::new(given.span(), word.to_owned());
                    self.unknown(&word, CodeSystem::ALL.iter().map(|word| word.as_str()).chain(["iso", "none"]));
                }
            }
        }
        systems
    }
}
