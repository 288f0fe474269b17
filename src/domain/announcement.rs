//! An announcement: one claim that somebody made public, with its dates and its evidence.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::domain::act::{Departure, Joining, Memorandum, Statement, Suspension};
use crate::domain::agreement::{Agreement, Count, Milestone, Mission};
use crate::domain::contribution::{Contribution, Prospect};
use crate::domain::date::Date;
use crate::domain::governance::{
    Attestation, Authorised, ClockCorrected, Confirmation, Correction, Dispute, Erasure, Genesis, LogKeyChanged,
    Policy, Reaffirmation, RecorderRevoked, Retraction,
};
use crate::domain::id::{AgreementId, AnnouncementId, Namespace};
use crate::domain::packed::{Packed, Packer, Unpacker, Unreadable, packed_fields};
use crate::domain::party::Party;
use crate::domain::schema::{named_schema, of_claim};
use crate::domain::shape::{Record, Shape, Shaped, vocabulary};
use crate::domain::source::Evidence;

/// What one announcement says, and on whose word.
// Its JSON is written by `event`; the attributes here are for the schema of that.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
pub struct Announcement {
    /// When the public could know.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub announced: Option<Date>,
    /// How firmly it is said.
    #[schemars(skip_serializing_if = "is_default")]
    pub standing: Standing,
    /// A recorder's remark.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The source's own words for a date, by the name of the date's field.
    #[schemars(skip_serializing_if = "BTreeMap::is_empty")]
    pub wording: BTreeMap<String, String>,
    /// The row of an imported table.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub source_ref: Option<String>,
    /// The claim itself.
    #[schemars(flatten)]
    pub body: Body,
    /// The sources, and the passages that support the claim.
    pub evidence: Vec<Evidence>,
    /// Why there is no evidence, where there is none.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub no_evidence: Option<String>,
}

impl Announcement {
    /// An announcement that says just this.
    pub fn of(body: impl Into<Body>) -> Self {
        Self {
            announced: None,
            standing: Standing::default(),
            note: None,
            wording: BTreeMap::new(),
            source_ref: None,
            body: body.into(),
            evidence: Vec::new(),
            no_evidence: None,
        }
    }

    /// When it was made public, as it says itself: its own day, or that of its earliest source.
    pub fn public_on(&self) -> Option<&Date> {
        let published = self.evidence.iter().filter_map(|evidence| evidence.source.published.as_ref());
        self.announced.as_ref().or_else(|| earliest(published))
    }

    /// The id that a description has, made of the thing that it describes.
    ///
    /// `party:<id>`, or `party:<id>@<date>` for a description that holds from a later day on.
    pub fn description_id(&self) -> Option<AnnouncementId> {
        let (space, id, from) = match &self.body {
            Body::Party(party) => ("party", party.id.as_str(), &party.from),
            Body::Agreement(agreement) => ("agreement", agreement.id.as_str(), &agreement.from),
            Body::Mission(mission) => ("mission", mission.id.as_str(), &mission.from),
            _ => return None,
        };
        let text = match from {
            Some(date) => format!("{space}:{id}@{date}"),
            None => format!("{space}:{id}"),
        };
        AnnouncementId::parse(&text).ok()
    }
}

/// The earliest of some days of publication: the one by which it certainly was public first.
pub fn earliest<'d>(published: impl Iterator<Item = &'d Date>) -> Option<&'d Date> {
    let by_end = |date: &&Date| {
        let window = date.window();
        (window.latest().is_none(), window.latest(), window.earliest())
    };
    published.min_by_key(by_end)
}

vocabulary! {
    /// How firmly something is said.
    pub enum Standing default Confirmed {
        /// The source says that it is so.
        Confirmed = "confirmed",
        /// The source says that it is said to be so.
        Reported = "reported",
    }
}

/// Declares the closed list of kinds, the bodies that go with them, and the way between both.
macro_rules! kinds {
    ($( $(#[doc = $doc:literal])+ $kind:ident($body:ty) = $word:literal ),* $(,)?) => {
        vocabulary! {
            /// What an announcement is about.
            pub enum Kind { $( $(#[doc = $doc])+ $kind = $word ),* }
        }

        /// The claim of an announcement, by kind.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Body { $( $(#[doc = $doc])+ $kind($body) ),* }

        impl Body {
            /// The kind that goes with this body.
            pub const fn kind(&self) -> Kind {
                match self { $( Self::$kind(_) => Kind::$kind ),* }
            }

            /// The body as JSON, with default and absent values left out.
            pub fn to_value(&self) -> Value {
                serde_json::to_value(self).expect("records have text keys and no floats")
            }

            /// Calls `visit` for every id in the body, in the order of its fields.
            pub fn each_id(&self, visit: &mut dyn FnMut(Namespace, &str)) {
                match self { $( Self::$kind(body) => body.each_id(visit) ),* }
            }

            /// Calls `visit` for every text for people in the body, in the order of its fields.
            pub fn each_text(&self, visit: &mut dyn FnMut(&str)) {
                match self { $( Self::$kind(body) => body.each_text(visit) ),* }
            }

            /// Reads the body of an announcement of this kind; what says no more than its absence does is left out.
            ///
            /// # Errors
            ///
            /// What serde found: an unknown, missing or misshapen field.
            pub fn read<'de, D: Deserializer<'de>>(kind: Kind, deserializer: D) -> Result<Self, D::Error> {
                let mut body = match kind { $( Kind::$kind => <$body>::deserialize(deserializer).map(Self::$kind) ),* }?;
                if let Self::Prospect(prospect) = &mut body {
                    prospect.leave_out_default();
                }
                Ok(body)
            }
        }

        impl Packed for Body {
            fn pack<'v>(&'v self, to: &mut Packer<'v>) {
                to.byte(self.kind() as u8);
                match self { $( Self::$kind(body) => body.pack(to) ),* }
            }

            fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Unreadable> {
                match Kind::unpack(from)? { $( Kind::$kind => <$body>::unpack(from).map(Self::$kind) ),* }
            }
        }

        impl Serialize for Body {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self { $( Self::$kind(body) => body.serialize(serializer) ),* }
            }
        }

        impl Kind {
            /// The table of the body's fields.
            pub const fn record(self) -> &'static Record {
                match self { $( Self::$kind => &<$body>::RECORD ),* }
            }

            /// The JSON Schema of the body.
            pub(in crate::domain) fn body_schema(self, generator: &mut SchemaGenerator) -> Schema {
                match self { $( Self::$kind => generator.subschema_for::<$body>() ),* }
            }
        }
    };
}

kinds! {
    /// Who acts is described.
    Party(Party) = "party",
    /// What parties act on is described.
    Agreement(Agreement) = "agreement",
    /// What contributions go to is described.
    Mission(Mission) = "mission",
    /// A party comes to an agreement.
    Joining(Joining) = "joining",
    /// A new instrument and its parties at once.
    Memorandum(Memorandum) = "memorandum",
    /// A party gives something to a mission.
    Contribution(Contribution) = "contribution",
    /// A party leaves an agreement.
    Departure(Departure) = "departure",
    /// An agreement's operation is suspended or resumed.
    Suspension(Suspension) = "suspension",
    /// A party speaks about how it is bound.
    Statement(Statement) = "statement",
    /// Something is expected.
    Prospect(Prospect) = "prospect",
    /// Something happened to an agreement or mission as a whole.
    Milestone(Milestone) = "milestone",
    /// Somebody published a number.
    Count(Count) = "count",
    /// An announcement was wrong from the start.
    Correction(Correction) = "correction",
    /// An announcement is taken back.
    Retraction(Retraction) = "retraction",
    /// Another source denies an announcement.
    Dispute(Dispute) = "dispute",
    /// Another source says the same.
    Confirmation(Confirmation) = "confirmation",
    /// The ledger is founded.
    Genesis(Genesis) = "genesis",
    /// A recorder is given a key and roles.
    RecorderAdded(Authorised) = "recorder-added",
    /// A recorder's key is no longer used.
    RecorderRevoked(RecorderRevoked) = "recorder-revoked",
    /// Events bear times that were wrong.
    ClockCorrected(ClockCorrected) = "clock-corrected",
    /// The log signs with another key.
    LogKeyChanged(LogKeyChanged) = "log-key-changed",
    /// Some kinds need reviewers.
    Policy(Policy) = "policy",
    /// A reviewer gives a verdict.
    Attestation(Attestation) = "attestation",
    /// What a compromised key signed is true all the same.
    Reaffirmation(Reaffirmation) = "reaffirmation",
    /// Documents were deleted.
    Erasure(Erasure) = "erasure",
}

impl Kind {
    /// Whether it is about the ledger itself: its keys, clock, policies and documents.
    ///
    /// Such announcements stand alone in their batch and need no evidence.
    pub const fn is_about_ledger(self) -> bool {
        matches!(
            self,
            Self::Genesis
                | Self::RecorderAdded
                | Self::RecorderRevoked
                | Self::ClockCorrected
                | Self::LogKeyChanged
                | Self::Policy
                | Self::Attestation
                | Self::Reaffirmation
                | Self::Erasure
        )
    }

    /// Whether it is written in announcement files; the others are written by commands of their own.
    pub const fn is_written_in_files(self) -> bool {
        match self {
            Self::Genesis
            | Self::ClockCorrected
            | Self::LogKeyChanged
            | Self::Policy
            | Self::Attestation
            | Self::Reaffirmation
            | Self::Erasure => false,
            Self::Party
            | Self::Agreement
            | Self::Mission
            | Self::Joining
            | Self::Memorandum
            | Self::Contribution
            | Self::Departure
            | Self::Suspension
            | Self::Statement
            | Self::Prospect
            | Self::Milestone
            | Self::Count
            | Self::Correction
            | Self::Retraction
            | Self::Dispute
            | Self::Confirmation
            | Self::RecorderAdded
            | Self::RecorderRevoked => true,
        }
    }

    /// Whether its body can take the place of a corrected announcement's.
    pub const fn can_replace(self) -> bool {
        !self.is_about_ledger() && !matches!(self, Self::Correction)
    }

    /// Whether a policy can ask that reviewers confirm it: it tells of the world.
    pub const fn takes_reviewers(self) -> bool {
        !self.is_about_ledger()
    }

    /// Whether it describes a thing rather than tells of something that happened.
    pub const fn is_description(self) -> bool {
        matches!(self, Self::Party | Self::Agreement | Self::Mission)
    }
}

impl Body {
    /// What it says; a correction says what takes the place of the wrong, and nothing where nothing does.
    pub fn said(&self) -> Option<&Self> {
        match self {
            Self::Correction(correction) => correction.replacement.as_ref().map(|replacement| &*replacement.0),
            body => Some(body),
        }
    }

    /// The thing that it describes, by its space and its id as it is written there: a memorandum describes the
    /// agreement that it brings, and a correction nothing itself.
    pub fn describes(&self) -> Option<(Namespace, &str)> {
        match self {
            Self::Party(party) => Some((Namespace::Party, party.id.as_str())),
            Self::Agreement(agreement) => Some((Namespace::Agreement, agreement.id.as_str())),
            Self::Memorandum(memorandum) => Some((Namespace::Agreement, memorandum.agreement.id.as_str())),
            Self::Mission(mission) => Some((Namespace::Mission, mission.id.as_str())),
            _ => None,
        }
    }

    /// What it corrects or takes back.
    pub fn strikes(&self) -> Option<&AnnouncementId> {
        match self {
            Self::Correction(correction) => Some(&correction.corrects),
            Self::Retraction(retraction) => Some(&retraction.retracts),
            _ => None,
        }
    }

    /// The announcement that this one is about: what it corrects, takes back, denies, confirms or attests.
    pub fn about(&self) -> Option<&AnnouncementId> {
        match self {
            Self::Correction(correction) => Some(&correction.corrects),
            Self::Retraction(retraction) => Some(&retraction.retracts),
            Self::Dispute(dispute) => Some(&dispute.of),
            Self::Confirmation(confirmation) => Some(&confirmation.of),
            Self::Attestation(attestation) => Some(&attestation.of),
            _ => None,
        }
    }

    /// The agreement that it tells something of, a correction by what takes the place of the wrong; descriptions tell
    /// of none.
    pub fn agreement(&self) -> Option<&AgreementId> {
        match self {
            Self::Joining(joining) => Some(&joining.agreement),
            Self::Memorandum(memorandum) => Some(&memorandum.agreement.id),
            Self::Departure(departure) => Some(&departure.agreement),
            Self::Suspension(suspension) => Some(&suspension.agreement),
            Self::Statement(statement) => Some(&statement.agreement),
            Self::Prospect(prospect) => prospect.agreement.as_ref(),
            Self::Milestone(milestone) => milestone.agreement.as_ref(),
            Self::Count(count) => Some(&count.agreement),
            Self::Correction(correction) => correction.replacement.as_ref()?.0.agreement(),
            _ => None,
        }
    }
}

named_schema!(Body, |generator| of_claim(Kind::ALL.iter().copied(), generator));

macro_rules! body_from {
    ($( $kind:ident($body:ty) ),* $(,)?) => {
        $( impl From<$body> for Body {
            fn from(body: $body) -> Self { Self::$kind(body) }
        } )*
    };
}

body_from! {
    Party(Party), Agreement(Agreement), Mission(Mission), Joining(Joining), Memorandum(Memorandum),
    Contribution(Contribution), Departure(Departure), Suspension(Suspension), Statement(Statement), Prospect(Prospect),
    Milestone(Milestone), Count(Count), Correction(Correction), Retraction(Retraction), Dispute(Dispute),
    Confirmation(Confirmation), Genesis(Genesis), RecorderAdded(Authorised), RecorderRevoked(RecorderRevoked),
    ClockCorrected(ClockCorrected), LogKeyChanged(LogKeyChanged), Policy(Policy), Attestation(Attestation), Reaffirmation(Reaffirmation),
    Erasure(Erasure),
}

packed_fields!(Announcement { body, announced, standing, note, wording, source_ref, evidence, no_evidence });

/// The kind and body that take the place of a corrected announcement's.
#[derive(Debug, Clone, PartialEq)]
pub struct Replacement(pub Box<Body>);

impl Shaped for Replacement {
    const SHAPE: Shape = Shape::Replacement;

    fn each_id(&self, visit: &mut dyn FnMut(Namespace, &str)) {
        self.0.each_id(visit);
    }

    fn each_text(&self, visit: &mut dyn FnMut(&str)) {
        self.0.each_text(visit);
    }
}

impl Packed for Replacement {
    fn pack<'v>(&'v self, to: &mut Packer<'v>) {
        self.0.pack(to);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Unreadable> {
        // A correction in the place of what it corrects could hold another, and so on without end.
        let kind = from.peek()?;
        if Kind::ALL.get(usize::from(kind)).is_none_or(|kind| !kind.can_replace()) {
            return Err(from.unreadable("a kind that cannot be a replacement"));
        }
        Ok(Self(Box::new(Body::unpack(from)?)))
    }
}

named_schema!(Replacement, |generator| of_claim(
    Kind::ALL.iter().copied().filter(|kind| kind.can_replace()),
    generator
));

impl Serialize for Replacement {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::json!({ "body": self.0.to_value(), "kind": self.0.kind() }).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Replacement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Parts {
            body: Value,
            kind: Kind,
        }
        let Parts { body, kind } = Parts::deserialize(deserializer)?;
        if !kind.can_replace() {
            return Err(serde::de::Error::custom(format!("a {kind} cannot be a replacement")));
        }
        Body::read(kind, body).map(|body| Self(Box::new(body))).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_source_is_the_one_by_which_it_certainly_was_public_first() {
        for (published, expected) in [
            (vec!["2023", "2023-10-09"], "2023-10-09"),
            (vec!["2023-11-02", "2023-10"], "2023-10"),
            (vec!["[2020-01..]", "2020-03-05"], "2020-03-05"),
            (vec!["2020-03-05", "2020-03"], "2020-03-05"),
        ] {
            let dates: Vec<Date> = published.iter().map(|date| Date::parse(date).expect("a date")).collect();
            assert_eq!(earliest(dates.iter()).map(ToString::to_string).as_deref(), Some(expected), "{published:?}");
        }
        assert_eq!(earliest([].into_iter()), None);
    }
}
