//! Who acts: states and their organs, organisations, companies, institutes.

use crate::domain::date::Date;
use crate::domain::id::PartyId;
use crate::domain::shape::{Code, Shape, Shaped, record, vocabulary};

record! {
    /// A party: its description, or a description that holds from a later day on.
    pub struct Party {
        /// The party's id.
        required id: PartyId,
        /// The name by which it is shown.
        required name: String,
        /// What kind of party it is.
        required r#type: PartyType,
        /// The party for which it acts, as an agency acts for its state.
        optional acts_for: PartyId,
        /// The country where it sits, by its code in ISO 3166-1.
        optional country: Country,
        /// Other names by which it is found.
        list also_known_as: String,
        /// Its entries in registers of others.
        optional identifiers: Identifiers,
        /// The day from which this description holds, where the party changed.
        optional from: Date,
    }
}

record! {
    /// Entries of a party in registers that others keep.
    pub struct Identifiers {
        /// Wikidata item, such as Q148.
        optional wikidata: Wikidata,
        /// Research Organization Registry id, the nine characters at the end of its address.
        optional ror: Ror,
        /// Legal Entity Identifier, ISO 17442, 20 characters.
        optional lei: Lei,
    }
}

vocabulary! {
    /// What kind of party it is.
    pub enum PartyType {
        /// A state; what counting countries counts.
        State = "state",
        /// The government of a state.
        Government = "government",
        /// A ministry of a government.
        Ministry = "ministry",
        /// An agency of a state.
        Agency = "agency",
        /// An organisation whose members are states.
        Intergovernmental = "intergovernmental",
        /// A company.
        Company = "company",
        /// An organisation founded by no government.
        NonGovernmental = "non-governmental",
        /// A research institute.
        Institute = "institute",
        /// A university.
        University = "university",
        /// The source does not say.
        Unspecified = "unspecified",
    }
}

/// Declares a short code whose syntax a function checks, and a regular expression tells where it is a short one.
macro_rules! code {
    ($(#[doc = $doc:literal])+ $name:ident, $what:literal $(as $pattern:literal)?, $accepts:expr) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The code as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                let accepts: fn(&str) -> bool = $accepts;
                if accepts(&text) { Ok(Self(text)) } else { Err(format!("`{text}` is not {}", $what)) }
            }
        }

        impl From<$name> for String {
            fn from(code: $name) -> Self {
                code.0
            }
        }

        impl $crate::domain::packed::Packed for $name {
            fn pack<'v>(&'v self, to: &mut $crate::domain::packed::Packer<'v>) {
                to.text(&self.0);
            }

            fn unpack(
                from: &mut $crate::domain::packed::Unpacker<'_>,
            ) -> Result<Self, $crate::domain::packed::Unreadable> {
                let text = from.text()?.to_owned();
                Self::try_from(text).map_err(|_| from.unreadable("a code of another form"))
            }
        }

        impl Shaped for $name {
            // The pattern that is given comes before the one that is not there.
            const SHAPE: Shape =
                Shape::Code(&Code { what: $what, accepts: $accepts, pattern: [$(Some($pattern),)? None][0] });
        }

        $crate::domain::schema::schema_of_shape!($(#[doc = $doc])+ $name);
    };
}
pub(crate) use code;

code!(
    /// A country, by its two letters in ISO 3166-1, or the four of ISO 3166-3 for one that is no more.
    Country,
    "a country code of ISO 3166-1, such as PK",
    is_country
);
code!(
    /// An item of Wikidata.
    Wikidata,
    "a Wikidata item, such as Q148",
    |text| text.len() <= 20
        && text.strip_prefix('Q').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
);
code!(
    /// An entry of the Research Organization Registry.
    Ror,
    "the nine characters of a ROR id, such as 03yrm5c26",
    |text| text.len() == 9
        && text.starts_with('0')
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
);
code!(
    /// A Legal Entity Identifier.
    Lei,
    "a Legal Entity Identifier of 20 letters and digits",
    |text| text.len() == 20 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
);

impl Country {
    /// The country that a code of ISO 3166-1 means, in two or three letters of either case.
    pub fn of_code(code: &str) -> Option<Self> {
        let code = code.to_ascii_uppercase();
        let found = match code.len() {
            2 => return Self::try_from(code).ok(),
            3 => rust_iso3166::from_alpha3(&code)?,
            _ => return None,
        };
        Some(Self(found.alpha2.to_owned()))
    }

    /// The other ways in which ISO 3166-1 names it: its three letters, and its short name in English.
    pub fn also(&self) -> Option<[&'static str; 2]> {
        rust_iso3166::from_alpha2(&self.0).map(|found| [found.alpha3, found.name])
    }

    /// Its two letters in ISO 3166-1; of one that is no more, those that it had.
    pub fn alpha_2(&self) -> Option<&str> {
        match self.former() {
            Some(former) => Some(former.alpha2),
            None => Some(self.as_str()),
        }
    }

    /// Its three letters in ISO 3166-1; of one that is no more, those that it had.
    pub fn alpha_3(&self) -> Option<&str> {
        let set_aside = SET_ASIDE.iter().find(|(code, _)| *code == self.as_str()).map(|(_, letters)| *letters);
        set_aside
            .or_else(|| rust_iso3166::from_alpha2(self.as_str()).map(|country| country.alpha3))
            .or_else(|| self.former().map(|former| former.alpha3))
    }

    fn former(&self) -> Option<rust_iso3166::CountryCode> {
        rust_iso3166::iso3166_3::from_code(self.as_str()).map(|code| code.former)
    }
}

/// Kosovo and the European Union sit outside ISO 3166-1, under codes that it sets aside for its users.
const SET_ASIDE: [(&str, &str); 2] = [("XK", "XKX"), ("EU", "EUE")];

fn is_country(text: &str) -> bool {
    let now = text.len() == 2 && rust_iso3166::from_alpha2(text).is_some();
    let once = text.len() == 4 && rust_iso3166::iso3166_3::from_code(text).is_some();
    now || once || SET_ASIDE.iter().any(|(code, _)| *code == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_and_three_letters_mean_one_country() {
        let code = |text| Country::of_code(text).map(String::from);
        assert_eq!([code("PK"), code("pak"), code("Pak")], [(); 3].map(|()| Some("PK".to_owned())));
        assert_eq!([code("P"), code("ZZZ"), code("Pakistan"), code("пк")], [(); 4].map(|()| None));
    }

    #[test]
    fn a_country_has_two_letters_and_three() {
        for (code, letters) in
            [("PK", ["PK", "PAK"]), ("CSHH", ["CS", "CSK"]), ("XK", ["XK", "XKX"]), ("EU", ["EU", "EUE"])]
        {
            let country = Country::try_from(code.to_owned()).expect(code);
            assert_eq!([country.alpha_2(), country.alpha_3()], letters.map(Some), "{code}");
        }
    }

    #[test]
    fn countries_of_today_and_of_history_have_codes() {
        for good in ["PK", "CN", "SUHH", "XK", "EU"] {
            assert!(is_country(good), "{good}");
        }
        for wrong in ["", "pk", "PAK", "ZZ", "XXXX"] {
            assert!(!is_country(wrong), "{wrong}");
        }
    }
}
