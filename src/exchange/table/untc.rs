//! Status tables of the United Nations Treaty Collection, as its site prints them and scrapers keep them: a participant a
//! line, a column for each way to take part, and in each cell a day with a letter behind it.
//!
//! Each cell that says something becomes a row: participant, act and date. What a letter means the head of its column
//! says, as in `Ratification, Accession(a)`; else the collection's own list of letters does. A cell in brackets is no longer
//! in effect: it is an act, and one that ended it on a day that the table does not tell. Digits behind a participant are
//! footnotes.
//!
//! # Source
//!
//! United Nations Treaty Collection, Glossary of terms relating to Treaty actions, and the legends of its status tables.

use std::collections::{BTreeMap, HashMap, VecDeque};

use csv::ByteRecord;

use crate::domain::act::{DepartureAct, JoiningAct};
use crate::domain::agreement::{AgreementType, InForce};
use crate::domain::name::folded;
use crate::exchange::table::COMMA;
use crate::exchange::table::acts::TableAct;
use crate::exchange::table::cells::{raised, without_footnotes};
use crate::exchange::table::dates::{DateForm, DateForms};
use crate::exchange::table::layout::{
    BroughtBy, Field, Form, HeaderAt, IMPORTED, Layout, NewAgreements, NewParties, StayKey,
};
use crate::exchange::table::more::More;

/// The columns of the rows that are made of cells.
pub(super) const COLUMNS: [&str; 7] = ["participant", "agreement", "act", "date", "note", "column", "cell"];
/// What heads the column of participants, folded.
pub(super) const PARTICIPANT: [&str; 9] = [
    "participant",
    "participants",
    "party",
    "parties",
    "state",
    "states",
    "country",
    "state party",
    "contracting party",
];
/// What heads a column of agreements, folded.
const AGREEMENT: [&str; 4] = ["agreement", "treaty", "agreement id", "treaty id"];
/// The most columns of acts that are read; no status table has a tenth of that.
const MAX_ACTS: usize = 64;
/// Later years stand for no date.
const LAST_YEAR: i32 = 2099;

/// What the letters behind a day mean, where the head of the column does not say.
const LETTERS: [(&str, JoiningAct); 10] = [
    ("a", JoiningAct::Accession),
    ("A", JoiningAct::Acceptance),
    ("AA", JoiningAct::Approval),
    ("c", JoiningAct::FormalConfirmation),
    ("d", JoiningAct::Succession),
    ("s", JoiningAct::DefinitiveSignature),
    ("P", JoiningAct::ConsentToBeBound),
    ("p", JoiningAct::ConsentToBeBound),
    ("n", JoiningAct::ProvisionalApplication),
    ("N", JoiningAct::Notification),
];

/// Words of column heads, folded, that are not our own words for acts. A successor to a signature has signed, and no more.
const HEADS: [(&str, TableAct); 10] = [
    ("succession to signature", TableAct::Joining(JoiningAct::Signature)),
    ("confirmation", TableAct::Joining(JoiningAct::FormalConfirmation)),
    ("consent", TableAct::Joining(JoiningAct::ConsentToBeBound)),
    ("participation", TableAct::Joining(JoiningAct::ConsentToBeBound)),
    ("participation under the agreement", TableAct::Joining(JoiningAct::ConsentToBeBound)),
    ("notification of provisional application", TableAct::Joining(JoiningAct::ProvisionalApplication)),
    ("notification of succession", TableAct::Joining(JoiningAct::Succession)),
    ("notification of withdrawal", TableAct::Departure(DepartureAct::Withdrawal)),
    ("signed", TableAct::Joining(JoiningAct::Signature)),
    ("ratified", TableAct::Joining(JoiningAct::Ratification)),
];

/// What the rows mean that are made of the cells of a status table. `agreement` is the one that the table is of, unless a
/// column names it; `table` is kept as the reference of every row.
pub fn layout(agreement: &str, title: Option<&str>, table: &str) -> Layout {
    let column = |name: &str| Field::Column(name.to_owned());
    let form = |pattern| DateForm::parse(pattern).expect("it is a pattern");
    Layout {
        delimiter: COMMA,
        form: Form { header: HeaderAt::Status, agreement: agreement.to_owned() },
        party: column("participant"),
        party_name: Field::Absent,
        agreement: column("agreement"),
        agreement_title: title.map_or(Field::Absent, |title| Field::Constant(title.to_owned())),
        act: column("act"),
        date: column("date"),
        date_parts: None,
        more: More::default(),
        effective: Field::Absent,
        announced: Field::Absent,
        role: Field::Absent,
        note: column("note"),
        reference: Field::Constant(table.to_owned()),
        stay: StayKey::None,
        acts: HashMap::new(),
        letters: BTreeMap::new(),
        dates: DateForms {
            forms: ["d mmm yyyy", "edtf", "d-mmm-yyyy", "mmm yyyy"].map(form).to_vec(),
            none: Vec::new(),
            none_at_end: Vec::new(),
            last_year: LAST_YEAR,
            seasons: false,
            floats: false,
        },
        parties: NewParties::default(),
        agreements: NewAgreements {
            prefix: String::new(),
            r#type: AgreementType::Treaty,
            in_force: InForce::Derived,
            brought_by: BroughtBy::Rows,
        },
        reason: IMPORTED.to_owned(),
    }
}

/// A column in whose cells a day says that a participant did something.
#[derive(Debug)]
struct ActColumn {
    place: usize,
    head: String,
    /// What a day without a letter means.
    plain: TableAct,
    letters: BTreeMap<String, TableAct>,
}

/// A status table: where its columns are.
#[derive(Debug)]
pub(super) struct Status {
    participant: usize,
    agreement: Option<usize>,
    of_all: String,
    width: usize,
    acts: Vec<ActColumn>,
}

impl Status {
    /// Finds the columns in the head of a table; none if no column has participants.
    pub(super) fn of(header: &[String], agreement: &str) -> Option<Self> {
        let names: Vec<String> = header.iter().map(|head| plain(head)).collect();
        let place = |known: &[&str]| names.iter().position(|name| known.contains(&name.as_str()));
        let participant = place(&PARTICIPANT)?;
        let acts = header.iter().enumerate().filter(|(place, _)| *place != participant);
        let acts = acts.filter_map(|(place, head)| ActColumn::of(place, head)).take(MAX_ACTS).collect();
        let of_all = agreement.to_owned();
        Some(Self { participant, agreement: place(&AGREEMENT), of_all, width: header.len(), acts })
    }

    /// Whether a record is the head of such a table: it has a column of participants, and one of an act.
    pub(super) fn is_head(record: &ByteRecord) -> bool {
        let cells = || record.iter().filter_map(|cell| std::str::from_utf8(cell).ok());
        cells().any(|cell| PARTICIPANT.contains(&plain(cell).as_str()))
            && cells().any(|cell| ActColumn::of(0, cell).is_some())
    }

    /// The columns that are not read, since they tell of no act.
    pub(super) fn unread<'h>(&self, header: &'h [String]) -> Vec<&'h str> {
        let is_read = |place| {
            place == self.participant || Some(place) == self.agreement || self.acts.iter().any(|act| act.place == place)
        };
        let named = header.iter().enumerate().filter(|(place, head)| !is_read(*place) && !head.is_empty());
        named.map(|(_, head)| head.as_str()).collect()
    }

    /// Makes a row of each cell that says something.
    pub(super) fn unfold(&self, record: &ByteRecord, rows: &mut VecDeque<ByteRecord>) {
        let text = |place: usize| String::from_utf8_lossy(record.get(place).unwrap_or_default());
        let is_text = record.iter().all(|cell| std::str::from_utf8(cell).is_ok());
        let is_beyond = |(place, cell): (usize, &[u8])| place >= self.width && !cell.trim_ascii().is_empty();
        if !is_text || record.iter().enumerate().any(is_beyond) {
            // As it is, to be rejected: with one cell too many, and what is no text for what it is.
            let mut row = record.clone();
            row.truncate(COLUMNS.len() + 1);
            (row.len()..=COLUMNS.len()).for_each(|_| row.push_field(b""));
            rows.push_back(row);
            return;
        }
        let participant = text(self.participant);
        // The head again, as at the top of another page.
        if PARTICIPANT.contains(&plain(&participant).as_str()) {
            return;
        }
        let participant = without_footnotes(&participant);
        let agreement = self.agreement.map_or_else(|| self.of_all.as_str().into(), text);
        for column in &self.acts {
            let cell = text(column.place);
            for Said { act, date, note } in column.said(&cell) {
                rows.push_back(ByteRecord::from(vec![
                    participant,
                    agreement.trim(),
                    &act,
                    &date,
                    note,
                    column.head.as_str(),
                    cell.trim(),
                ]));
            }
        }
    }
}

/// What a cell says.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    act: String,
    date: String,
    note: &'static str,
}

/// The note on what stands in brackets.
const ENDED: &str = "in brackets in the table: no longer in effect";
/// The note on the end that the brackets tell.
const END: &str = "the table has the act in brackets, and not the day of its end";
/// The note on a signature by succession.
const SUCCEEDED: &str = "succession to signature";

impl ActColumn {
    /// None if its head names no act.
    fn of(place: usize, head: &str) -> Option<Self> {
        let mut letters = BTreeMap::new();
        let (mut plain_act, mut first) = (None, None);
        for part in head.split([',', ';', '/']) {
            let (words, letter) = match part.split_once('(') {
                Some((words, rest)) => (words, rest.split(')').next().map(str::trim)),
                None => (part, None),
            };
            let Some(act) = act_of_head(words) else { continue };
            first = first.or(Some(act));
            match letter.filter(|letter| is_letter(letter)) {
                Some(letter) => drop(letters.insert(letter.to_owned(), act)),
                None => plain_act = plain_act.or(Some(act)),
            }
        }
        let plain = plain_act.or(first)?;
        Some(Self { place, head: head.trim().to_owned(), plain, letters })
    }

    /// What a cell says: nothing, an act, or an act and its end.
    fn said(&self, cell: &str) -> Vec<Said> {
        let cell = without_marks(cell);
        let cell = cell.trim();
        if cell.is_empty() || cell.chars().all(|c| "-–—.…".contains(c)) {
            return Vec::new();
        }
        let inner = cell.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).map(str::trim);
        let (date, letter) = day_and_letter(inner.unwrap_or(cell));
        let act = match letter {
            Some(letter) => self.of_letter(letter),
            None => Ok(self.plain),
        };
        let is_succession = letter == Some("d") && act == Ok(TableAct::Joining(JoiningAct::Signature));
        let note = match inner {
            Some(_) => ENDED,
            None if is_succession => SUCCEEDED,
            None => "",
        };
        let word = act.map_or_else(str::to_owned, |act| act.word().to_owned());
        let mut said = vec![Said { act: word, date: date.to_owned(), note }];
        if inner.is_some() {
            said.push(Said { act: end_of(act).to_owned(), date: after(date), note: END });
        }
        said
    }

    fn of_letter<'l>(&self, letter: &'l str) -> Result<TableAct, &'l str> {
        let of_head = self.letters.get(letter).copied();
        // In a column of signatures alone, a successor took over a signature.
        let signs = self.plain == TableAct::Joining(JoiningAct::Signature) && self.letters.is_empty();
        let of_list = || match LETTERS.iter().find(|(known, _)| *known == letter) {
            Some(("d", _)) if signs => Some(self.plain),
            Some((_, act)) => Some(TableAct::Joining(*act)),
            None => None,
        };
        of_head.or_else(of_list).ok_or(letter)
    }
}

/// What ended an act that is no longer in effect.
fn end_of(act: Result<TableAct, &str>) -> &'static str {
    match act {
        Ok(TableAct::Joining(JoiningAct::Signature)) => DepartureAct::WithdrawalOfSignature.as_str(),
        Ok(TableAct::Joining(JoiningAct::ProvisionalApplication)) => DepartureAct::EndOfProvisionalApplication.as_str(),
        _ => DepartureAct::Withdrawal.as_str(),
    }
}

/// Some day from this on.
fn after(date: &str) -> String {
    let form = DateForm::parse("d mmm yyyy").expect("it is a pattern");
    let day = form.read(date).and_then(Result::ok).map_or_else(|| date.to_owned(), |date| date.to_string());
    format!("[{day}..]")
}

/// A day and the letter behind it, which may stand straight behind the year; the numbers of footnotes behind both are none
/// of it.
fn day_and_letter(cell: &str) -> (&str, Option<&str>) {
    let cell = without_numbers(cell);
    let day = cell.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let letter = &cell[day.len()..];
    let ends_in_digit = day.trim_end().ends_with(|c: char| c.is_ascii_digit());
    if is_letter(letter) && ends_in_digit { (day.trim_end(), Some(letter)) } else { (cell, None) }
}

/// A cell without the numbers behind its year or letter, as in `2 Feb 2002 a 3, 4`.
fn without_numbers(cell: &str) -> &str {
    let mut rest = cell;
    while let Some((before, last)) = rest.rsplit_once([' ', ',']) {
        if !last.is_empty() && (last.len() > 2 || !last.bytes().all(|byte| byte.is_ascii_digit())) {
            break;
        }
        rest = before;
    }
    // Of what has no year in front, the numbers are its days.
    let is_year = |word: &str| word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    let has_year = rest.split([' ', '-', '/', '.']).any(|word| is_year(word.trim_end_matches(char::is_alphabetic)));
    if has_year { rest } else { cell }
}

fn is_letter(text: &str) -> bool {
    (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// A cell without what marks footnotes: raised digits, and markup for them.
fn without_marks(cell: &str) -> String {
    let mut text = String::with_capacity(cell.len());
    let mut rest = cell;
    while let Some((before, _, behind)) = raised(rest) {
        text.push_str(before);
        rest = behind;
    }
    text.push_str(rest);
    text.retain(|c| !matches!(c, '¹' | '²' | '³' | '⁰' | '⁴'..='⁹' | '*'));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The head of a column as it is compared.
fn plain(head: &str) -> String {
    folded(without_footnotes(&head.replace('_', " ")))
}

/// The act that these words of a head name.
fn act_of_head(words: &str) -> Option<TableAct> {
    let words = plain(words);
    let words = words.strip_prefix("date of ").or_else(|| words.strip_suffix(" date")).unwrap_or(&words);
    let own = HEADS.iter().find(|(head, _)| *head == words).map(|(_, act)| *act);
    own.or_else(|| TableAct::named(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &str, cell: &str, expected: &[(&str, &str)]) {
        let column = ActColumn::of(1, head).expect(head);
        let said = column.said(cell);
        let said: Vec<(&str, &str)> = said.iter().map(|said| (said.act.as_str(), said.date.as_str())).collect();
        assert_eq!(said, expected, "{head}: {cell}");
    }

    #[test]
    fn a_letter_means_what_the_head_says_and_else_what_the_list_does() {
        let ratification = "Ratification, Accession(a), Succession(d)";
        check(ratification, "11 May 1994", &[("ratification", "11 May 1994")]);
        check(ratification, "27 Feb 2003 a", &[("accession", "27 Feb 2003")]);
        check(ratification, "22 Feb 1993\td", &[("succession", "22 Feb 1993")]);
        check(ratification, "8 Jun 1994 AA", &[("approval", "8 Jun 1994")]);
        check(ratification, "8 Jun 1994 A", &[("acceptance", "8 Jun 1994")]);
        check(ratification, "8 Jun 1994a", &[("accession", "8 Jun 1994")]);
        check(ratification, "8 Jun 1994 x", &[("x", "8 Jun 1994")]);
        check("Signature, Succession to signature(d)", "8 Jun 1994 d", &[("signature", "8 Jun 1994")]);
        check("Signature", "8 Jun 1994 d", &[("signature", "8 Jun 1994")]);
        check("Signature", "8 Jun 1994 s", &[("definitive-signature", "8 Jun 1994")]);
        check("Consent to be bound(P)", "8 Jun 1994 P", &[("consent-to-be-bound", "8 Jun 1994")]);
        check("Accession(a)", "8 Jun 1994", &[("accession", "8 Jun 1994")]);
        check("Provisional application(n)", "8 Jun 1994 n", &[("provisional-application", "8 Jun 1994")]);
        check("ratification_date", "1994-06-08 c", &[("formal-confirmation", "1994-06-08")]);
    }

    #[test]
    fn what_stands_in_brackets_has_ended_on_some_day() {
        let ended = [("ratification", "21 Sep 2004"), ("withdrawal", "[2004-09-21..]")];
        check("Ratification", "[21 Sep 2004 ]", &ended);
        check(
            "Signature",
            "[ 6 May 2002 ]",
            &[("signature", "6 May 2002"), ("withdrawal-of-signature", "[2002-05-06..]")],
        );
    }

    #[test]
    fn a_cell_without_a_day_says_nothing_and_footnotes_are_no_part_of_it() {
        for empty in ["", "  ", "-", "…"] {
            check("Signature", empty, &[]);
        }
        for cell in [
            "8 Jun 1994 a<sup>2</sup>",
            "8 Jun 1994 a<SUP CLASS='n'>2</SUP>",
            "8 Jun\u{a0}1994 a¹",
            " 8  Jun 1994 a *",
            "8 Jun 1994 a 3",
            "8 Jun 1994a 3, 4",
            "8 Jun 1994 3",
        ] {
            check("Accession", cell, &[("accession", "8 Jun 1994")]);
        }
        check("Accession", "1994-06-08 2", &[("accession", "1994-06-08")]);
        check("Accession", "8 Jun 94", &[("accession", "8 Jun 94")]);
        check("Accession", "Jun 8", &[("accession", "Jun 8")]);
    }

    #[test]
    fn only_columns_whose_head_is_an_act_are_read() {
        for head in ["Declarations", "Place of signature", "url", "", "Signature of the text by"] {
            assert!(ActColumn::of(1, head).is_none(), "{head}");
        }
    }
}
