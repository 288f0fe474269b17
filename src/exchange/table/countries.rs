//! Who is behind a code or a name of a country, and what kind of party that is.
//!
//! A country is known here by its three letters in ISO 3166-1, or the three that one of ISO 3166-3 had.

use rust_iso3166::{ALPHA3_MAP, from_alpha2, from_alpha3, from_numeric, iso3166_3};

use crate::domain::name::folded;
use crate::domain::party::{Country, PartyType};
use crate::domain::shape::vocabulary;
use crate::exchange::table::{country_names, cow};

vocabulary! {
    /// A system of codes of countries.
    pub enum CodeSystem {
        /// ISO 3166-1, two letters: PK.
        Alpha2 = "iso-alpha2",
        /// ISO 3166-1, three letters: PAK.
        Alpha3 = "iso-alpha3",
        /// ISO 3166-1, three digits: 586.
        Numeric = "iso-numeric",
        /// The United Nations' standard country codes, which are the digits of ISO 3166-1.
        M49 = "m49",
        /// ISO 3166-3, three letters of countries that are no more: SUN.
        Former = "iso-former",
        /// Correlates of War, letters or numbers.
        Cow = "cow",
    }
}

/// What is read as a code where nothing is said: two and three letters of ISO 3166-1.
pub(super) const ISO: [CodeSystem; 2] = [CodeSystem::Alpha3, CodeSystem::Alpha2];

/// A country behind a code or a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    /// What tells it from others, and makes its id: mostly its three letters.
    pub(super) code: &'static str,
    /// Its English short name.
    pub(super) name: &'static str,
    /// Its two letters, or the four of one that is no more.
    pub(super) country: Option<Country>,
}

/// Organisations and states that ISO 3166-1 leaves out, under letters that it sets aside for its users.
const SET_ASIDE: [(&str, &str, &str); 2] = [("EUE", "EU", "European Union"), ("XKX", "XK", "Kosovo")];

/// What a party is, as far as lists of codes can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listed {
    /// Certainly that.
    As(PartyType),
    /// What the table says it is; else that.
    AsTold(PartyType),
}

/// States to some depositaries and not to others: what they are in an agreement, its table has to say.
const STATES_TO_SOME: [&str; 5] = ["COK", "NIU", "TWN", "XKX", "ESH"];

/// Entries of ISO 3166-1 that belong to a state.
const TERRITORIES: [&str; 50] = [
    "ABW", "AIA", "ALA", "ASM", "ATA", "ATF", "BES", "BLM", "BMU", "BVT", "CCK", "CUW", "CXR", "CYM", "FLK", "FRO",
    "GGY", "GIB", "GLP", "GRL", "GUF", "GUM", "HKG", "HMD", "IMN", "IOT", "JEY", "MAC", "MAF", "MNP", "MSR", "MTQ",
    "MYT", "NCL", "NFK", "PCN", "PRI", "PYF", "REU", "SGS", "SHN", "SJM", "SPM", "SXM", "TCA", "TKL", "UMI", "VGB",
    "VIR", "WLF",
];

impl Known {
    /// What kind of party it is.
    ///
    /// # Source
    ///
    /// Members and observer states of the United Nations are states; Palestine is an observer by resolution 67/19.
    pub(super) fn listed(&self) -> Listed {
        match self.code {
            "EUE" => Listed::As(PartyType::Intergovernmental),
            code if STATES_TO_SOME.contains(&code) => Listed::AsTold(PartyType::Unspecified),
            code if TERRITORIES.contains(&code) => Listed::As(PartyType::Unspecified),
            _ => Listed::As(PartyType::State),
        }
    }

    fn of_iso(found: rust_iso3166::CountryCode) -> Self {
        let country = Country::try_from(found.alpha2.to_owned()).ok();
        Self { code: found.alpha3, name: found.name, country }
    }

    fn set_aside(letters: &str) -> Option<Self> {
        let (code, two, name) = SET_ASIDE.into_iter().find(|(three, two, _)| [*three, *two].contains(&letters))?;
        Some(Self { code, name, country: Country::try_from(two.to_owned()).ok() })
    }

    fn former(is: impl Fn(&iso3166_3::CountryCode3) -> bool) -> Option<Self> {
        // More than one entry may have had three letters; the first by its own code is taken, whatever the map's order.
        let once = iso3166_3::ALPHA4_MAP.values().filter(|once| is(once)).min_by_key(|once| once.code)?;
        let country = Country::try_from(once.code.to_owned()).ok();
        Some(Self { code: once.former.alpha3, name: once.name, country })
    }
}

/// The country of a code, whatever its case, in the first of these systems that has it.
pub(super) fn of_code(text: &str, systems: &[CodeSystem]) -> Option<Known> {
    if !(1..=3).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let code = text.to_ascii_uppercase();
    systems.iter().find_map(|system| match system {
        CodeSystem::Alpha2 if code.len() != 2 => None,
        CodeSystem::Alpha2 => of_alpha2(&code),
        CodeSystem::Alpha3 if code.len() != 3 => None,
        CodeSystem::Alpha3 => from_alpha3(&code).map(Known::of_iso).or_else(|| Known::set_aside(&code)),
        CodeSystem::Numeric | CodeSystem::M49 => from_numeric(code.parse().ok()?).map(Known::of_iso),
        CodeSystem::Former => Known::former(|once| once.former.alpha3 == code),
        CodeSystem::Cow => match cow::of(&code)? {
            cow::Behind::InIso(iso) => of_code(iso, &[CodeSystem::Alpha3, CodeSystem::Former]),
            cow::Behind::Other(code, name) => Some(Known { code, name, country: None }),
        },
    })
}

/// `UK` is set aside for the United Kingdom, and many write it.
fn of_alpha2(code: &str) -> Option<Known> {
    let code = if code == "UK" { "GB" } else { code };
    from_alpha2(code).map(Known::of_iso).or_else(|| Known::set_aside(code))
}

/// The country that a party sits in, by the code that its description gives.
pub(super) fn of_country(country: &Country) -> Option<Known> {
    match country.as_str() {
        two if two.len() == 2 => of_alpha2(two),
        four => Known::former(|once| once.code == four),
    }
}

/// The country of that name in English: a short one of ISO 3166-1, that of the United Nations, or one
/// in common use, of today or of a state that is no more.
pub(super) fn of_name(name: &str) -> Option<Known> {
    let code = country_names::of(&folded(name))?;
    of_code(code, &[CodeSystem::Alpha3, CodeSystem::Former])
}

/// Every country of today, in the order of its letters.
pub(super) fn all() -> impl Iterator<Item = Known> {
    let mut countries: Vec<Known> = ALPHA3_MAP.values().copied().map(Known::of_iso).collect();
    countries.extend(SET_ASIDE.iter().filter_map(|(code, ..)| Known::set_aside(code)));
    countries.sort_unstable_by_key(|known| known.code);
    countries.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, systems: &[CodeSystem], expected: Option<(&str, &str)>) {
        let found = of_code(code, systems);
        let found = found.as_ref().map(|known| (known.code, known.country.as_ref().map_or("", Country::as_str)));
        assert_eq!(found, expected, "{code}");
    }

    #[test]
    fn a_code_is_read_in_the_systems_that_are_named_and_in_no_other() {
        check("PAK", &ISO, Some(("PAK", "PK")));
        check("gb", &ISO, Some(("GBR", "GB")));
        check("UK", &ISO, Some(("GBR", "GB")));
        check("EU", &ISO, Some(("EUE", "EU")));
        check("XKX", &ISO, Some(("XKX", "XK")));
        check("SWZ", &ISO, Some(("SWZ", "SZ")));
        check("SWZ", &[CodeSystem::Cow], Some(("CHE", "CH")));
        check("BAV", &[CodeSystem::Cow], Some(("BAV", "")));
        check("586", &ISO, None);
        check("586", &[CodeSystem::M49], Some(("PAK", "PK")));
        check("4", &[CodeSystem::Numeric], Some(("AFG", "AF")));
        check("CSK", &ISO, None);
        check("CSK", &[CodeSystem::Alpha3, CodeSystem::Former], Some(("CSK", "CSHH")));
        check("EC", &[CodeSystem::Alpha3], None);
        check("Kosovo", &ISO, None);
        check("ÅL", &ISO, None);
    }

    #[test]
    fn each_entry_of_the_list_has_its_type() {
        for (code, listed) in [
            ("PAK", Listed::As(PartyType::State)),
            ("PSE", Listed::As(PartyType::State)),
            ("VAT", Listed::As(PartyType::State)),
            ("EUE", Listed::As(PartyType::Intergovernmental)),
            ("COK", Listed::AsTold(PartyType::Unspecified)),
            ("TWN", Listed::AsTold(PartyType::Unspecified)),
            ("XKX", Listed::AsTold(PartyType::Unspecified)),
            ("GRL", Listed::As(PartyType::Unspecified)),
        ] {
            assert_eq!(of_code(code, &ISO).map(|known| known.listed()), Some(listed), "{code}");
        }
        let states = all().filter(|known| known.listed() == Listed::As(PartyType::State)).count();
        assert_eq!(states, 193 + 2, "members and observer states of the United Nations");
    }

    #[test]
    fn a_country_is_found_by_the_names_that_tables_use() {
        for (name, code) in [
            ("Pakistan", "PAK"),
            ("Türkiye", "TUR"),
            ("TURKIYE", "TUR"),
            ("Côte d’Ivoire", "CIV"),
            ("Republic of Korea", "KOR"),
            ("Korea, Republic of", "KOR"),
            ("Democratic People's Republic of Korea", "PRK"),
            ("Bolivia (Plurinational State of)", "BOL"),
            ("Plurinational State of Bolivia", "BOL"),
            ("Bolivia", "BOL"),
            ("Congo", "COG"),
            ("Democratic Republic of the Congo", "COD"),
            ("United Kingdom", "GBR"),
            ("St. Kitts & Nevis", "KNA"),
            ("The Gambia", "GMB"),
            ("State of Palestine", "PSE"),
            ("European Union", "EUE"),
            ("Netherlands", "NLD"),
            ("Viet Nam", "VNM"),
            ("Guinea Bissau", "GNB"),
            ("Democratic Peoples Republic Of Korea", "PRK"),
            ("Soviet Union", "SUN"),
            ("United Republic of Tanzania", "TZA"),
        ] {
            assert_eq!(of_name(name).map(|known| known.code), Some(code), "{name}");
        }
        for name in ["Korea", "Virgin Islands", "Republic", "of", "", "PAK", "Yugoslavia", "Georgia State"] {
            assert_eq!(of_name(name), None, "{name}");
        }
    }
}
