//! Names of months, as tables write them, in full or cut short.

use crate::domain::name::folded;

/// Months in English, French, Spanish and German, folded.
const MONTHS: [[&str; 12]; 4] = [
    [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ],
    [
        "janvier",
        "fevrier",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "aout",
        "septembre",
        "octobre",
        "novembre",
        "decembre",
    ],
    [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    [
        "januar",
        "februar",
        "marz",
        "april",
        "mai",
        "juni",
        "juli",
        "august",
        "september",
        "oktober",
        "november",
        "dezember",
    ],
];
/// The fewest letters that can be a month.
const MIN_LETTERS: usize = 3;

/// The number of a month, from 1, by its name or the beginning of it; none if that could be two.
pub(super) fn number(name: &str) -> Option<u32> {
    let name = folded(name);
    if name.chars().count() < MIN_LETTERS {
        return None;
    }
    let mut found = MONTHS.iter().flat_map(|months| (1..).zip(months)).filter(|(_, month)| month.starts_with(&*name));
    let (first, _) = found.next()?;
    found.all(|(other, _)| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_known_by_its_name_and_by_a_beginning_that_no_other_has() {
        for (name, expected) in [
            ("Jun", Some(6)),
            ("SEPT", Some(9)),
            ("décembre", Some(12)),
            ("März", Some(3)),
            ("juil", Some(7)),
            ("Ago", Some(8)),
            ("jui", None),
            ("ju", None),
            ("Juno", None),
            ("", None),
        ] {
            assert_eq!(number(name), expected, "{name}");
        }
    }
}
