//! Names that only resemble each other: of the same telling words, or of the same letters but for one.
//!
//! It is never decided here that two are one: whoever imports is asked. What is looked up costs time in proportion to the
//! length of a name, and not to the number of names.

use std::hash::BuildHasher as _;

use crate::domain::name::words;
use crate::exchange::table::Met;

/// Words that many names of states and organisations have, and that tell none from another.
const COMMON: [&str; 32] = [
    "and",
    "arab",
    "commonwealth",
    "de",
    "del",
    "democratic",
    "des",
    "di",
    "du",
    "et",
    "federal",
    "federated",
    "federation",
    "for",
    "government",
    "independent",
    "islamic",
    "kingdom",
    "la",
    "le",
    "of",
    "on",
    "people",
    "peoples",
    "republic",
    "s",
    "socialist",
    "state",
    "states",
    "the",
    "union",
    "y",
];
/// The longest name in which a slip of one letter is looked for, in characters.
const MAX_LETTERS: usize = 80;
/// A word is not shorter in which one letter may be a slip: Iran is not Iraq, and Gambia not Zambia.
const MIN_WORD: usize = 7;
/// The fewest letters of the words that tell a name from others.
const MIN_TELLING: usize = 4;
/// The most names that are kept for one look; more resemblances help nobody.
const MAX_FOUND: usize = 8;

/// Folded names, to be found by those that resemble them.
#[derive(Default)]
pub(super) struct Similar {
    names: Vec<Box<str>>,
    /// By the telling words of a name.
    by_words: Met<u64, Vec<u32>>,
    /// By the letters of a name with one left out, or none.
    by_letters: Met<u64, Vec<u32>>,
    hashes: foldhash::fast::RandomState,
}

impl Similar {
    /// Enters a folded name, and returns its number; numbers are given in order, from 0.
    pub(super) fn enter(&mut self, name: &str) -> usize {
        let number = u32::try_from(self.names.len()).expect("a table within the limits names fewer things");
        if let Some(key) = self.telling(name) {
            put(self.by_words.entry(key).or_default(), number);
        }
        for key in self.shortened(name) {
            put(self.by_letters.entry(key).or_default(), number);
        }
        self.names.push(name.into());
        number as usize
    }

    /// The numbers of names that resemble this one, in order; those that are the same are not among them.
    pub(super) fn find(&self, name: &str) -> Vec<usize> {
        let same_words = self.telling(name).and_then(|key| self.by_words.get(&key)).into_iter().flatten();
        let own = words_in_order(name);
        let same_words = same_words.filter(|number| words_in_order(self.name(**number)) == own);
        let keys = self.shortened(name);
        let near = keys.iter().filter_map(|key| self.by_letters.get(key)).flatten();
        let near = near.filter(|number| is_a_slip(name, self.name(**number)));
        let mut found: Vec<usize> = same_words.chain(near).map(|number| *number as usize).collect();
        found.retain(|number| &*self.names[*number] != name);
        found.sort_unstable();
        found.dedup();
        found.truncate(MAX_FOUND);
        found
    }

    fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }

    fn telling(&self, name: &str) -> Option<u64> {
        let words = words_in_order(name);
        let letters: usize = words.iter().map(|word| word.chars().count()).sum();
        (letters >= MIN_TELLING).then(|| self.hashes.hash_one(words))
    }

    fn shortened(&self, name: &str) -> Vec<u64> {
        let letters: Vec<char> = name.chars().take(MAX_LETTERS + 1).collect();
        if !(MIN_WORD..=MAX_LETTERS).contains(&letters.len()) {
            return Vec::new();
        }
        let without = |left_out: usize| {
            let kept = letters.iter().enumerate().filter(|(place, _)| *place != left_out);
            self.hashes.hash_one(kept.map(|(_, letter)| *letter).collect::<String>())
        };
        let mut keys: Vec<u64> = (0..=letters.len()).map(without).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

/// Names come in their order, so the first that are kept are the same whatever the order of rows.
fn put(numbers: &mut Vec<u32>, number: u32) {
    if numbers.len() < MAX_FOUND {
        numbers.push(number);
    }
}

/// The words that tell a name from others, each once, in alphabetical order.
fn words_in_order(name: &str) -> Vec<&str> {
    let mut words: Vec<&str> = words(name).filter(|word| !COMMON.contains(word)).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Whether two names have the same words but for one letter, of one long word.
fn is_a_slip(one: &str, other: &str) -> bool {
    let (mut ones, mut others) = (words(one), words(other));
    let mut slips = 0;
    loop {
        match (ones.next(), others.next()) {
            (None, None) => return slips == 1,
            (Some(a), Some(b)) if a == b => {}
            (Some(a), Some(b)) => {
                let is_long = a.chars().count().min(b.chars().count()) >= MIN_WORD;
                let has_digits = a.contains(|c: char| c.is_ascii_digit()) || b.contains(|c: char| c.is_ascii_digit());
                if !is_long || has_digits || strsim::osa_distance(a, b) > 1 {
                    return false;
                }
                slips += 1;
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(one: &str, other: &str, expected: bool) {
        let mut similar = Similar::default();
        similar.enter(other);
        assert_eq!(!similar.find(one).is_empty(), expected, "{one} / {other}");
    }

    #[test]
    fn names_of_the_same_telling_words_or_with_a_slip_are_similar() {
        check("republic of pakistan", "pakistan", true);
        check("pakistan, islamic republic of", "islamic republic of pakistan", true);
        check("kazakstan", "kazakhstan", true);
        check("philipines", "philippines", true);
        check("kazahkstan", "kazakhstan", true);
        check("space agency of kazakstan", "space agency of kazakhstan", true);
    }

    #[test]
    fn names_of_other_parties_are_not() {
        for (one, other) in [
            ("iran", "iraq"),
            ("zambia", "gambia"),
            ("niger", "nigeria"),
            ("guinea", "guinea-bissau"),
            ("austria", "australia"),
            ("university of toronto", "university of torino"),
            ("republic", "the republic"),
            ("section 1234567", "section 1234568"),
            ("pakistan", "pakistan"),
        ] {
            check(one, other, false);
        }
    }
}
