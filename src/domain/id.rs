//! Names of things: parties, agreements, missions, announcements, recorders, and the ledger's own origin.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::packed::{NameKind, Packed, Packer, Unpacker, Unreadable};
use crate::domain::schema::{named_schema, schema_of_shape};
use crate::domain::shape::{Code, Shape, Shaped, read_text};

/// The longest id, in bytes.
pub const MAX_ID: usize = 128;
/// The longest origin, in bytes.
pub const MAX_ORIGIN: usize = 120;
/// How the names end of what stands beside a log, and so no origin.
const COMPANIONS: [&str; 2] = ["/index", "/pq"];

/// The four separate spaces of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespace {
    /// Who acts.
    Party,
    /// What they act on.
    Agreement,
    /// What contributions go to.
    Mission,
    /// What somebody made public.
    Announcement,
}

impl Namespace {
    /// The word for one thing of this space.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Party => "party",
            Self::Agreement => "agreement",
            Self::Mission => "mission",
            Self::Announcement => "announcement",
        }
    }

    /// The word for several of them.
    pub const fn things(self) -> &'static str {
        match self {
            Self::Party => "parties",
            Self::Agreement => "agreements",
            Self::Mission => "missions",
            Self::Announcement => "announcements",
        }
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a text is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing there.
    #[error("an id cannot be empty")]
    Empty,
    /// Longer than [`MAX_ID`].
    #[error("an id has at most {MAX_ID} characters, this one has {0}")]
    TooLong(usize),
    /// A character that ids do not have.
    #[error("`{}` cannot stand {} an id", .found.escape_debug(), if *.first { "at the beginning of" } else { "in" })]
    Character {
        /// The character.
        found: char,
        /// Whether it is the first.
        first: bool,
    },
    /// Digits and marks alone.
    #[error("an id has at least one letter")]
    NoLetter,
    /// The name of an origin or a recorder, which have fewer characters.
    #[error("`{found}` is not {what}")]
    Form {
        /// What was there.
        found: String,
        /// What was expected.
        what: &'static str,
    },
}

impl IdError {
    /// What to write instead.
    pub fn hint(&self) -> String {
        match self {
            Self::Form { what, .. } => format!("write {what}"),
            _ => "an id has letters A–Z a–z, digits and . _ : / - and begins with a letter or digit".to_owned(),
        }
    }
}

/// Checks `[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}` with at least one letter.
fn check_id(text: &str) -> Result<(), IdError> {
    if is_plain_id(text.as_bytes()) { Ok(()) } else { check_each_character(text) }
}

/// What nearly every id is, found without looking at characters that are more than a byte.
fn is_plain_id(text: &[u8]) -> bool {
    let is_mark = |byte: u8| matches!(byte, b'.' | b'_' | b':' | b'/' | b'-');
    text.len() <= MAX_ID
        && text.first().is_some_and(u8::is_ascii_alphanumeric)
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || is_mark(*byte))
        && text.iter().any(u8::is_ascii_alphabetic)
}

fn check_each_character(text: &str) -> Result<(), IdError> {
    let first = text.chars().next().ok_or(IdError::Empty)?;
    if !first.is_ascii_alphanumeric() {
        return Err(IdError::Character { found: first, first: true });
    }
    if let Some(found) = text.chars().find(|c| !c.is_ascii_alphanumeric() && !"._:/-".contains(*c)) {
        return Err(IdError::Character { found, first: false });
    }
    if text.len() > MAX_ID {
        return Err(IdError::TooLong(text.len()));
    }
    if !text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return Err(IdError::NoLetter);
    }
    Ok(())
}

/// An announcement's id may also be that of a description that changed: `party:<id>@<date>`.
fn check_announcement_id(text: &str) -> Result<(), IdError> {
    let described = ["party:", "agreement:", "mission:"].iter().find_map(|prefix| text.strip_prefix(prefix));
    match described {
        Some(thing) => match thing.split_once('@') {
            Some((id, date)) => check_id(id).and_then(|()| {
                crate::domain::date::Date::parse(date)
                    .map(|_| ())
                    .map_err(|_| IdError::Form { found: text.to_owned(), what: "an id, or party:ID@DATE" })
            }),
            None => check_id(thing),
        },
        None => check_id(text),
    }
}

fn check_recorder(text: &str) -> Result<(), IdError> {
    check_lower_case(
        text,
        64,
        b"._@-",
        "a recorder's name: at most 64 of a–z 0–9 . _ @ -, beginning with a letter or digit",
    )
}

/// What an origin looks like, for whoever wrote something else.
const ORIGIN: &str = "an origin: at most 120 of a–z 0–9 . / _ -, beginning with a letter or digit, and not ending in /index or /pq, which are names of the log's companions";

fn check_origin(text: &str) -> Result<(), IdError> {
    check_lower_case(text, MAX_ORIGIN, b"./_-", ORIGIN)?;
    let is_companion = COMPANIONS.iter().any(|ending| text.ends_with(ending));
    if is_companion { Err(IdError::Form { found: text.to_owned(), what: ORIGIN }) } else { Ok(()) }
}

/// Checks a name of small letters, digits and `marks` that does not begin with a mark.
fn check_lower_case(text: &str, max: usize, marks: &[u8], what: &'static str) -> Result<(), IdError> {
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let first = text.as_bytes().first().ok_or(IdError::Empty)?;
    if text.len() <= max && plain(first) && text.bytes().all(|byte| plain(&byte) || marks.contains(&byte)) {
        return Ok(());
    }
    Err(IdError::Form { found: text.to_owned(), what })
}

macro_rules! name_type {
    ($(#[$doc:meta])+ $name:ident, $check:path) => {
        $(#[$doc])+
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(CompactString);

        impl $name {
            /// Reads the name.
            ///
            /// # Errors
            ///
            /// An [`IdError`] saying which character or length is wrong.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                $check(text).map(|()| Self(text.into()))
            }

            /// The name as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The name by which it is found whatever its case.
            pub fn folded(&self) -> String {
                self.0.as_str().to_ascii_lowercase()
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                read_text(deserializer, Self::parse)
            }
        }
    };
}

name_type!(
    /// Names a party.
    PartyId,
    check_id
);
name_type!(
    /// Names an agreement.
    AgreementId,
    check_id
);
name_type!(
    /// Names a mission.
    MissionId,
    check_id
);
name_type!(
    /// Names an announcement.
    AnnouncementId,
    check_announcement_id
);
name_type!(
    /// Names a recorder: a principal, as in `allowed_signers`.
    Recorder,
    check_recorder
);
name_type!(
    /// Names a ledger, and so its log.
    Origin,
    check_origin
);

macro_rules! packed_name {
    ($( $name:ident, $check:path; )+) => {$(
        impl Packed for $name {
            fn pack<'v>(&'v self, to: &mut Packer<'v>) {
                to.name(&self.0);
            }

            fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Unreadable> {
                from.name(NameKind::$name, |text| $check(text).is_ok()).map(Self)
            }
        }
    )+};
}

packed_name! {
    PartyId, check_id;
    AgreementId, check_id;
    MissionId, check_id;
    Recorder, check_recorder;
    Origin, check_origin;
}

/// An id that was made of a content hash is its kind and 16 bytes; any other is a text.
impl Packed for AnnouncementId {
    fn pack<'v>(&'v self, to: &mut Packer<'v>) {
        if let Some((kind, digits)) = default_parts(self.as_str()) {
            to.name(kind);
            to.raw(&digits.to_be_bytes());
        } else {
            to.name("");
            to.text(self.as_str());
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Unreadable> {
        let kind = from.name(NameKind::AnnouncementId, |kind| kind.is_empty() || check_id(kind).is_ok())?;
        let id = if kind.is_empty() {
            Self::parse(from.text()?)
        } else {
            let digits = from.raw(DIGITS / 2)?.try_into().expect("so many bytes were read");
            Self::parse(&format!("{kind}-{:032x}", u128::from_be_bytes(digits)))
        };
        id.map_err(|_| from.unreadable("no id of an announcement"))
    }
}

/// Hexadecimal digits at the end of an id that was made of a content hash.
const DIGITS: usize = 32;

/// What stands before the hyphen and the digits of an id that was made of a content hash, and the digits as a number.
fn default_parts(id: &str) -> Option<(&str, u128)> {
    let (kind, digits) = id.rsplit_once('-')?;
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let is_default = digits.len() == DIGITS && digits.bytes().all(is_digit) && check_id(kind).is_ok();
    is_default.then(|| u128::from_str_radix(digits, 16).ok()).flatten().map(|digits| (kind, digits))
}

macro_rules! id_shape {
    ($( $name:ident, $namespace:ident, $pattern:ident, $doc:literal; )+) => {$(
        impl Shaped for $name {
            const SHAPE: Shape = Shape::Id(Namespace::$namespace);

            fn each_id(&self, visit: &mut dyn FnMut(Namespace, &str)) {
                visit(Namespace::$namespace, self.as_str());
            }
        }

        named_schema!($name, |_| schemars::json_schema!({
            "description": $doc,
            "type": "string",
            "pattern": $pattern,
        }));
    )+};
}

/// The characters of ids; that one of them is a letter, and how many there may be, only the program checks.
const ID_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9._:/-]*$";
const ANNOUNCEMENT_ID_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9._:/-]*(?:@.+)?$";

id_shape! {
    PartyId, Party, ID_PATTERN, "Names a party.";
    AgreementId, Agreement, ID_PATTERN, "Names an agreement.";
    MissionId, Mission, ID_PATTERN, "Names a mission.";
    AnnouncementId, Announcement, ANNOUNCEMENT_ID_PATTERN, "Names an announcement.";
}

impl Shaped for Recorder {
    const SHAPE: Shape = Shape::Code(&Code {
        what: "a recorder's name",
        accepts: |text| check_recorder(text).is_ok(),
        pattern: Some("^[a-z0-9][a-z0-9._@-]{0,63}$"),
    });
}
impl Shaped for Origin {
    const SHAPE: Shape = Shape::Code(&Code {
        what: "an origin",
        accepts: |text| check_origin(text).is_ok(),
        pattern: Some("^[a-z0-9][a-z0-9./_-]{0,119}$"),
    });
}

schema_of_shape!(
    /// Names a recorder: a principal, as in `allowed_signers`.
    Recorder
);
schema_of_shape!(
    /// Names a ledger, and so its log.
    Origin
);

/// Values by the folded ids of things, or other names of them.
pub type ByName<T> = HashMap<String, T, foldhash::fast::RandomState>;

/// An id in small letters, by which it is found whatever its case; most have no others.
pub fn folded(id: &str) -> Cow<'_, str> {
    if id.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(id.to_ascii_lowercase())
    } else {
        Cow::Borrowed(id)
    }
}

/// Whether `text` can be an id of that space.
///
/// # Errors
///
/// An [`IdError`] saying which character or length is wrong.
pub fn check(namespace: Namespace, text: &str) -> Result<(), IdError> {
    match namespace {
        Namespace::Announcement => check_announcement_id(text),
        Namespace::Party | Namespace::Agreement | Namespace::Mission => check_id(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_a_letter_and_only_the_characters_of_ids() {
        for good in ["ilrs", "a", "Change-6", "ggo:TRTPNW_1968A", "0x", "a/b.c_d:e-f"] {
            assert!(PartyId::parse(good).is_ok(), "{good}");
        }
        for wrong in ["", "-a", "123", "a b", "é", "a\u{202e}", "[a]", &"a".repeat(129)] {
            assert!(PartyId::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_an_announcement_can_be_named_for_a_description_with_a_date() {
        assert!(AnnouncementId::parse("party:eswatini@2018-04-19").is_ok());
        assert!(AnnouncementId::parse("party:eswatini@yesterday").is_err());
        assert!(AnnouncementId::parse("joining@2018").is_err());
        assert!(PartyId::parse("eswatini@2018").is_err());
    }

    #[test]
    fn recorders_and_origins_have_no_capitals() {
        assert!(Recorder::parse("desk@ministry.example").is_ok());
        assert!(Recorder::parse("Desk").is_err());
        assert!(Origin::parse("ledger.example/agreements").is_ok());
        assert!(Origin::parse("Ledger").is_err());
        assert!(Origin::parse("").is_err());
    }

    #[test]
    fn an_origin_leaves_room_for_the_names_of_its_companions() {
        assert!(Origin::parse(&"o".repeat(MAX_ORIGIN)).is_ok());
        assert!(Origin::parse(&"o".repeat(MAX_ORIGIN + 1)).is_err());
        for origin in ["index", "pq", "ledger.example/index/a", "ledger.example/my-index", "ledger.example/pq2"] {
            assert!(Origin::parse(origin).is_ok(), "{origin}");
        }
        for origin in ["ledger.example/index", "ledger.example/pq"] {
            assert!(Origin::parse(origin).is_err(), "{origin}");
        }
    }
}
