//! A map of one's own: what the columns of any table mean, in TOML.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use crate::domain::agreement::{AgreementType, InForce};
use crate::domain::party::PartyType;
use crate::exchange::announcement_file::FileProblem;
use crate::exchange::table::COMMA;
use crate::exchange::table::acts::TableAct;
use crate::exchange::table::countries::{CodeSystem, ISO};
use crate::exchange::table::dates::{DateForm, DateForms};
use crate::exchange::table::layout::{
    self, Behind, BroughtBy, Field, HeaderAt, IMPORTED, Layout, NewAgreements, NewParties, StayKey,
};
use crate::exchange::tree;
use crate::ledger::finding::{Code, nearest};

/// A commented map to start from.
pub const TEMPLATE: &str = include_str!("map_template.toml");

/// The last year that is a date, where a map does not say otherwise.
const LAST_YEAR: i32 = 2099;

type Text = Spanned<String>;

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
    header_line: Option<Spanned<u64>>,
}

/// By field: the column, or the value that is the same for every row.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Values {
    party: Option<Text>,
    party_name: Option<Text>,
    agreement: Option<Text>,
    agreement_title: Option<Text>,
    act: Option<Text>,
    date: Option<Text>,
    year: Option<Text>,
    month: Option<Text>,
    day: Option<Text>,
    effective: Option<Text>,
    announced: Option<Text>,
    role: Option<Text>,
    note: Option<Text>,
    reference: Option<Text>,
}

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
        let Map { table: form, columns, constants, acts, letters, dates, stay, parties, agreements, evidence } = map;
        let parts = [(columns.year, constants.year), (columns.month, constants.month), (columns.day, constants.day)];
        let date_parts = self.date_parts(parts, dates.forms.as_ref().and_then(|forms| forms.first()));
        let date = if date_parts.is_some() { Need::Instead("year") } else { Need::Required };
        let reference = self.field("reference", columns.reference, constants.reference, Need::Optional);
        let prefix = agreements.prefix;
        Layout {
            form: self.form(form.header_line.as_ref()),
            delimiter: self.delimiter(form.delimiter),
            party: self.field("party", columns.party, constants.party, Need::Required),
            party_name: self.field("party_name", columns.party_name, constants.party_name, Need::Optional),
            agreement: self.field("agreement", columns.agreement, constants.agreement, Need::Required),
            agreement_title: self.field(
                "agreement_title",
                columns.agreement_title,
                constants.agreement_title,
                Need::Optional,
            ),
            act: self.field("act", columns.act, constants.act, Need::Required),
            date: self.field("date", columns.date, constants.date, date),
            date_parts,
            effective: self.field("effective", columns.effective, constants.effective, Need::Optional),
            announced: self.field("announced", columns.announced, constants.announced, Need::Optional),
            role: self.field("role", columns.role, constants.role, Need::Optional),
            note: self.field("note", columns.note, constants.note, Need::Optional),
            stay: self.stay(stay, &reference),
            reference: if reference == Field::Absent { Field::Constant(table.to_owned()) } else { reference },
            acts: self.acts(acts),
            letters: self.acts(letters).into_iter().collect(),
            dates: self.dates(dates),
            parties: self.parties(parties),
            agreements: NewAgreements {
                prefix,
                r#type: self
                    .word(agreements.r#type, AgreementType::ALL.iter().map(|word| word.as_str()))
                    .unwrap_or(AgreementType::Treaty),
                in_force: self
                    .word(agreements.in_force, InForce::ALL.iter().map(|word| word.as_str()))
                    .unwrap_or(InForce::Stated),
                brought_by: BroughtBy::Rows,
            },
            reason: evidence.map_or_else(|| IMPORTED.to_owned(), |evidence| evidence.none),
        }
    }

    fn form(&mut self, line: Option<&Spanned<u64>>) -> layout::Form {
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

    /// Year, month and day in a column each; a table without days, or without months, has a constant 0 for them.
    fn date_parts(&mut self, given: [(Option<Text>, Option<Text>); 3], form: Option<&Text>) -> Option<[Field; 3]> {
        let is_given = |(column, constant): &(Option<Text>, Option<Text>)| column.is_some() || constant.is_some();
        if !given.iter().any(is_given) {
            return None;
        }
        if let Some(form) = form {
            let message = "a date in three columns has no form".to_owned();
            self.say(
                form.span(),
                Code::Combination,
                message,
                "leave `forms` out, or name a column for `date`".to_owned(),
            );
        }
        let [year, month, day] = given;
        Some([
            self.field("year", year.0, year.1, Need::Required),
            self.field("month", month.0, month.1, Need::Optional),
            self.field("day", day.0, day.1, Need::Optional),
        ])
    }

    fn parties(&mut self, given: Parties) -> NewParties {
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

    fn field(&mut self, name: &str, column: Option<Text>, constant: Option<Text>, need: Need) -> Field {
        if let (Need::Instead(other), Some(both)) = (need, column.as_ref().or(constant.as_ref())) {
            let message = format!("`{name}` is told already, by `{other}`");
            self.say(both.span(), Code::Combination, message, "keep one of them".to_owned());
        }
        match (column, constant) {
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
                None => self.unknown(&word, TableAct::words()),
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
