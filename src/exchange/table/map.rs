//! A map of one's own: what the columns of any table mean, in TOML.

mod parts;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use crate::domain::agreement::{AgreementType, InForce};
use crate::exchange::announcement_file::FileProblem;
use crate::exchange::table::COMMA;
use crate::exchange::table::acts::TableAct;
use crate::exchange::table::dates::{DateForm, DateForms};
use crate::exchange::table::kinds::{self, said};
use crate::exchange::table::layout::{BroughtBy, Field, IMPORTED, Layout, NewAgreements, StayKey};
use crate::exchange::table::more::{self, LIST_MARK, More, SOURCE};
use crate::exchange::tree;
use crate::ledger::admission::finding::{Code, nearest};

/// A commented map to start from.
pub const TEMPLATE: &str = include_str!("map_template.toml");

/// The last year that is a date, where a map does not say otherwise.
const LAST_YEAR: i32 = 2099;

type Text = Spanned<String>;

/// The fields that a layout names itself.
const FIELDS: [&str; 14] = [
    "year",
    "month",
    "day",
    "party",
    "party_name",
    "agreement",
    "agreement_title",
    "act",
    "date",
    "effective",
    "announced",
    "role",
    "note",
    "reference",
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Map {
    #[serde(default)]
    table: Form,
    columns: Values,
    #[serde(default)]
    constants: Values,
    #[serde(default)]
    acts: BTreeMap<String, Text>,
    #[serde(default)]
    letters: BTreeMap<String, Text>,
    #[serde(default)]
    words: HashMap<String, String>,
    #[serde(default)]
    dates: Dates,
    #[serde(default)]
    stay: Stay,
    #[serde(default)]
    parties: Parties,
    #[serde(default)]
    agreements: Agreements,
    evidence: Option<Evidence>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    delimiter: Option<Text>,
    list_delimiter: Option<Text>,
    header_line: Option<Spanned<u64>>,
}

/// By field: the column, or the value that is the same for every row.
type Values = BTreeMap<Text, Text>;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Dates {
    forms: Option<Vec<Text>>,
    #[serde(default)]
    none: Vec<String>,
    none_at_end: Option<Vec<String>>,
    last_year: Option<i32>,
    #[serde(default)]
    seasons: bool,
    #[serde(default)]
    floats: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stay {
    #[serde(default)]
    columns: Vec<String>,
    row_of_reference: Option<Spanned<bool>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parties {
    #[serde(default)]
    prefix: String,
    r#type: Option<Text>,
    #[serde(default)]
    types: BTreeMap<String, Text>,
    codes: Option<Spanned<OneOrMany>>,
    #[serde(default)]
    footnotes: bool,
}

/// A word, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Agreements {
    #[serde(default)]
    prefix: String,
    r#type: Option<Text>,
    in_force: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Evidence {
    none: String,
}

/// Reads a map. `table` is what is kept as the reference of every row, where the map names no column for it.
///
/// # Errors
///
/// What is wrong, each with its place in the text of the map.
pub fn read(text: &str, table: &str) -> Result<Layout, Vec<FileProblem>> {
    if text.len() > tree::MAX_TOML {
        let message = format!("a map has at most {} bytes", tree::MAX_TOML);
        return Err(vec![problem(0..0, Code::TooLarge, message, "is it the table itself?")]);
    }
    let map: Map = toml::from_str(text).map_err(|error| vec![misread(&error)])?;
    let mut checks = Checks::default();
    let layout = checks.layout(map, table);
    if checks.problems.is_empty() { Ok(layout) } else { Err(checks.problems) }
}

/// What the parser says, in one line.
fn misread(error: &toml::de::Error) -> FileProblem {
    let message = error.message().lines().next().unwrap_or_default().to_owned();
    let code = match () {
        () if message.starts_with("unknown field") => Code::UnknownKey,
        () if message.starts_with("missing field") => Code::MissingKey,
        () if message.starts_with("invalid type") => Code::WrongForm,
        () => Code::Syntax,
    };
    problem(error.span().unwrap_or_default(), code, message, "`servanda template map` prints a map to start from")
}

fn problem(span: Range<usize>, code: Code, message: String, hint: impl Into<String>) -> FileProblem {
    FileProblem { span, code, message, hint: Some(hint.into()) }
}

/// Checks the values of a map, and collects what is wrong with them.
#[derive(Debug, Default)]
struct Checks {
    problems: Vec<FileProblem>,
}

impl Checks {
    fn layout(&mut self, map: Map, table: &str) -> Layout {
        let Map { table: form, columns, constants, acts, letters, words, dates, stay, parties, agreements, evidence } =
            map;
        let mut given = Given { columns, constants };
        let needs = given.needs();
        let date_parts = self.date_parts(&mut given, dates.forms.as_ref().and_then(|forms| forms.first()));
        let reference = self.field("reference", &mut given, Need::Optional);
        let prefix = agreements.prefix;
        let r#type = self
            .word(agreements.r#type, AgreementType::ALL.iter().map(|word| word.as_str()))
            .unwrap_or(AgreementType::Treaty);
        Layout {
            form: self.form(form.header_line.as_ref()),
            delimiter: self.delimiter(form.delimiter),
            party: self.field("party", &mut given, needs.party),
            party_name: self.field("party_name", &mut given, Need::Optional),
            agreement: self.field("agreement", &mut given, needs.agreement),
            agreement_title: self.field("agreement_title", &mut given, Need::Optional),
            act: self.field("act", &mut given, needs.act),
            date: self.field("date", &mut given, needs.date),
            date_parts,
            effective: self.field("effective", &mut given, Need::Optional),
            announced: self.field("announced", &mut given, Need::Optional),
            role: self.field("role", &mut given, Need::Optional),
            note: self.field("note", &mut given, Need::Optional),
            stay: self.stay(stay, &reference),
            reference: if reference == Field::Absent { Field::Constant(table.to_owned()) } else { reference },
            more: More {
                acts: acts.iter().map(|(own, ours)| (own.clone(), ours.get_ref().clone())).collect(),
                words,
                list_mark: self.list_mark(form.list_delimiter),
                values: self.rest(given),
            },
            acts: self.acts(acts),
            letters: self.acts(letters).into_iter().collect(),
            dates: self.dates(dates),
            parties: self.parties(parties),
            agreements: NewAgreements {
                prefix,
                r#type,
                in_force: self
                    .word(agreements.in_force, InForce::ALL.iter().map(|word| word.as_str()))
                    .unwrap_or(usual(r#type)),
                brought_by: BroughtBy::Rows,
            },
            reason: evidence.map_or_else(|| IMPORTED.to_owned(), |evidence| evidence.none),
        }
    }

    /// What is given besides: keys of kinds and of sources.
    fn rest(&mut self, mut given: Given) -> BTreeMap<String, Field> {
        let known = more::keys();
        let mut values = BTreeMap::new();
        for key in &known {
            match self.field(key, &mut given, Need::Optional) {
                Field::Absent => {}
                field => drop(values.insert(key.clone(), field)),
            }
        }
        let of_source = |key: &&str| SOURCE.contains(key) || *key == "quote";
        let needed = ["publisher", "grade"].into_iter().filter(|key| !values.contains_key(*key));
        if let Some(first) = values.keys().map(String::as_str).find(of_source) {
            for missing in needed {
                let message = format!("`{first}` is told of a source, and nothing says what its `{missing}` is");
                let hint = format!("name a column under [columns], or a value under [constants]: {missing} = \"…\"");
                self.say(0..0, Code::MissingKey, message, hint);
            }
        }
        for (key, _) in given.columns.into_iter().chain(given.constants) {
            let own = FIELDS.iter().copied().chain(known.iter().map(String::as_str));
            let hint = match nearest(key.get_ref(), own) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`servanda template map` prints a map with all of them".to_owned(),
            };
            self.say(key.span(), Code::UnknownKey, format!("there is no key `{}` of rows", key.get_ref()), hint);
        }
        values
    }

    fn list_mark(&mut self, given: Option<Text>) -> char {
        let Some(given) = given else { return LIST_MARK };
        let mut characters = given.get_ref().chars();
        match (characters.next(), characters.next()) {
            (Some(mark), None) if !mark.is_alphanumeric() => mark,
            _ => {
                let message = format!("`{}` cannot stand between the items of a list", given.get_ref());
                self.say(given.span(), Code::WrongForm, message, r#"write one mark, such as ";" or "|""#.to_owned());
                LIST_MARK
            }
        }
    }

    fn delimiter(&mut self, given: Option<Text>) -> u8 {
        let Some(given) = given else { return COMMA };
        match given.get_ref().as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => *byte,
            _ => {
                let message = format!("`{}` cannot stand between two cells", given.get_ref());
                self.say(given.span(), Code::WrongForm, message, r#"write ",", ";" or "\t""#.to_owned());
                COMMA
            }
        }
    }

    fn field(&mut self, name: &str, given: &mut Given, need: Need) -> Field {
        if let Need::Instead(other) = need
            && let Some(both) = given.columns.get(name).or_else(|| given.constants.get(name))
        {
            let (message, span) = (format!("`{name}` is told already, by `{other}`"), both.span());
            self.say(span, Code::Combination, message, "keep one of them".to_owned());
        }
        match (given.columns.remove(name), given.constants.remove(name)) {
            (Some(column), None) => Field::Column(column.into_inner()),
            (None, Some(constant)) => Field::Constant(constant.into_inner()),
            (Some(_), Some(constant)) => {
                let message = format!("`{name}` has a column already");
                self.say(constant.span(), Code::Combination, message, "keep the column or the constant".to_owned());
                Field::Absent
            }
            (None, None) => {
                if need == Need::Required {
                    let message = format!("nothing says what the `{name}` is");
                    let hint =
                        format!("name its column under [columns]: {name} = \"…\"; or its value under [constants]");
                    self.say(0..0, Code::MissingKey, message, hint);
                }
                Field::Absent
            }
        }
    }

    fn stay(&mut self, stay: Stay, reference: &Field) -> StayKey {
        let Some(row) = stay.row_of_reference.filter(|row| *row.get_ref()) else {
            return if stay.columns.is_empty() { StayKey::None } else { StayKey::Columns(stay.columns) };
        };
        if !stay.columns.is_empty() || *reference == Field::Absent {
            let hint = "give `columns`, or `row_of_reference` and a column for `reference`";
            self.say(row.span(), Code::Combination, "this does not tell one stay".to_owned(), hint.to_owned());
        }
        StayKey::RowOfReference
    }

    fn acts(&mut self, acts: BTreeMap<String, Text>) -> HashMap<String, TableAct> {
        let mut known = HashMap::new();
        for (own, word) in acts {
            match TableAct::named(word.get_ref()) {
                Some(act) => _ = known.insert(own, act),
                None if said(None, word.get_ref()).is_ok() => {}
                None => self.unknown(&word, TableAct::words().chain(kinds::words())),
            }
        }
        known
    }

    fn dates(&mut self, dates: Dates) -> DateForms {
        let mut forms = Vec::new();
        for form in dates.forms.iter().flatten() {
            match DateForm::parse(form.get_ref()) {
                Ok(form) => forms.push(form),
                Err(why) => {
                    let message = format!("`{}` is no form of dates", form.get_ref());
                    self.say(form.span(), Code::NotDate, message, why.to_owned());
                }
            }
        }
        if dates.forms.is_none() {
            forms.push(DateForm::Edtf);
        }
        DateForms {
            forms,
            none: dates.none,
            none_at_end: dates.none_at_end.unwrap_or_else(|| vec!["9999-12-31".to_owned()]),
            last_year: dates.last_year.unwrap_or(LAST_YEAR),
            seasons: dates.seasons,
            floats: dates.floats,
        }
    }

    fn word<W: std::str::FromStr>(
        &mut self,
        given: Option<Text>,
        words: impl Iterator<Item = &'static str>,
    ) -> Option<W> {
        let given = given?;
        let word = given.get_ref().parse().ok();
        if word.is_none() {
            self.unknown(&given, words);
        }
        word
    }

    fn unknown(&mut self, word: &Text, words: impl Iterator<Item = &'static str>) {
        let words: Vec<&str> = words.collect();
        let hint = match nearest(word.get_ref(), words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the words are {}", words.join(", ")),
        };
        self.say(word.span(), Code::UnknownWord, format!("`{}` is not a word of ours", word.get_ref()), hint);
    }

    fn say(&mut self, span: Range<usize>, code: Code, message: String, hint: String) {
        self.problems.push(problem(span, code, message, hint));
    }
}

/// How stays in agreements of a type begin, where a map does not say: tables of treaties state who is a party, and of
/// everything else tell who joined.
const fn usual(r#type: AgreementType) -> InForce {
    match r#type {
        AgreementType::Treaty | AgreementType::Protocol | AgreementType::FrameworkAgreement => InForce::Stated,
        AgreementType::Programme
        | AgreementType::Organisation
        | AgreementType::Agreement
        | AgreementType::Memorandum
        | AgreementType::JointStatement
        | AgreementType::LetterOfIntent => InForce::Derived,
    }
}

/// The columns and constants that were not taken yet.
struct Given {
    columns: Values,
    constants: Values,
}

/// What a map has to give: it depends on what rows can be.
struct Needs {
    party: Need,
    agreement: Need,
    act: Need,
    date: Need,
}

impl Given {
    fn has(&self, key: &str) -> bool {
        self.columns.contains_key(key) || self.constants.contains_key(key)
    }

    /// Rows of any kind may lack what acts of parties have; each row is then looked at by itself.
    fn needs(&self) -> Needs {
        let unless = |keys: &[&str]| {
            let is_there = self.has("kind") || keys.iter().any(|key| self.has(key));
            if is_there { Need::Optional } else { Need::Required }
        };
        Needs {
            party: unless(&["parties"]),
            agreement: unless(&["mission"]),
            act: unless(&["stage"]),
            date: if self.has("year") { Need::Instead("year") } else { unless(&["occurred", "due", "on", "expected"]) },
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Required,
    Optional,
    /// Something else says it already.
    Instead(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<(Code, String)> {
        let problems = read(text, "a.csv").expect_err(text);
        problems.into_iter().map(|problem| (problem.code, text[problem.span].to_owned())).collect()
    }

    #[test]
    fn the_template_is_a_map_as_it_is_and_with_every_hash_taken_away() {
        assert!(read(TEMPLATE, "a.csv").is_ok());
        let in_full: String = TEMPLATE
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(key) if !key.starts_with(' ') && !key.is_empty() => format!("{key}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        let problems = read(&in_full, "a.csv").err();
        assert_eq!(problems, None, "{in_full}");
    }

    #[test]
    fn what_is_wrong_with_a_map_has_its_place() {
        let whole = "[columns]\nparty = \"p\"\nagreement = \"a\"\nact = \"x\"\ndate = \"d\"\n";
        for (more, code, place) in [
            ("[acts]\nin = \"sinature\"\n", Code::UnknownWord, "\"sinature\""),
            ("[dates]\nforms = [\"dd.mm.yy\"]\n", Code::NotDate, "\"dd.mm.yy\""),
            ("[parties]\ntype = \"country\"\n", Code::UnknownWord, "\"country\""),
            ("[constants]\nact = \"signature\"\n", Code::Combination, "\"signature\""),
            ("[stay]\nrow_of_reference = true\n", Code::Combination, "true"),
            ("[table]\ndelimiter = \"::\"\n", Code::WrongForm, "\"::\""),
            ("[stays]\n", Code::UnknownKey, "stays"),
            ("[dates]\nlast_year = \"x\"\n", Code::WrongForm, "\"x\""),
        ] {
            assert_eq!(problems(&format!("{whole}{more}")), [(code, place.to_owned())], "{more}");
        }
        assert_eq!(problems("[columns]\nparty = \"p\"\nact = \"a\"\n").len(), 2);
        assert_eq!(problems("columns = ")[0].0, Code::Syntax);
    }
}
