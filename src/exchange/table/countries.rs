//! What a code of ISO 3166 tells of a party.

use rust_iso3166::{from_alpha3, iso3166_3};

use crate::domain::party::{Country, PartyType};

/// A country behind a code.
pub(super) struct Named {
    /// Its English short name.
    pub(super) name: &'static str,
    /// Its two letters, or the four of one that is no more.
    pub(super) country: Option<Country>,
    /// A state, if ISO 3166-1 says that it is independent.
    pub(super) r#type: PartyType,
}

/// The entries of ISO 3166-1 that it does not mark as independent. What they are in an agreement, a table has to say.
const NOT_MARKED_INDEPENDENT: &[&str] = &[
    "ABW", "AIA", "ALA", "ASM", "ATA", "ATF", "BES", "BLM", "BMU", "BVT", "CCK", "COK", "CUW", "CXR", "CYM", "ESH",
    "FLK", "FRO", "GGY", "GIB", "GLP", "GRL", "GUF", "GUM", "HKG", "HMD", "IMN", "IOT", "JEY", "MAC", "MAF", "MNP",
    "MSR", "MTQ", "MYT", "NCL", "NFK", "NIU", "PCN", "PRI", "PSE", "PYF", "REU", "SGS", "SHN", "SJM", "SPM", "SXM",
    "TCA", "TKL", "TWN", "UMI", "VGB", "VIR", "WLF",
];

/// The country of three letters, of today or else of one that is no more.
pub(super) fn of_alpha3(code: &str) -> Option<Named> {
    if code.len() != 3 {
        return None;
    }
    if let Some(found) = from_alpha3(code) {
        let r#type = if NOT_MARKED_INDEPENDENT.contains(&code) { PartyType::Unspecified } else { PartyType::State };
        return Some(Named { name: found.name, country: Country::try_from(found.alpha2.to_owned()).ok(), r#type });
    }
    let once = iso3166_3::ALPHA4_MAP.values().find(|once| once.former.alpha3 == code)?;
    Some(Named { name: once.name, country: Country::try_from(once.code.to_owned()).ok(), r#type: PartyType::State })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, name: &str, country: &str, r#type: PartyType) {
        let found = of_alpha3(code).expect(code);
        let letters = found.country.as_ref().map(Country::as_str);
        assert_eq!((found.name, letters, found.r#type), (name, Some(country), r#type));
    }

    #[test]
    fn codes_of_today_come_before_those_of_history() {
        check("PAK", "Pakistan", "PK", PartyType::State);
        check("GRL", "Greenland", "GL", PartyType::Unspecified);
        check("CSK", "Czechoslovakia, Czechoslovak Socialist Republic", "CSHH", PartyType::State);
        assert!(of_alpha3("EUE").is_none());
        assert!(of_alpha3("Kosovo").is_none());
    }
}
