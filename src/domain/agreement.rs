//! What parties act on: programmes, organisations, treaties, softer instruments, and missions.

use crate::domain::act::{JoiningAct, MilestoneAct};
use crate::domain::date::Date;
use crate::domain::id::{AgreementId, AnnouncementId, MissionId, PartyId};
use crate::domain::shape::{record, vocabulary};

record! {
    /// An agreement: its description, or a description that holds from a later day on.
    pub struct Agreement {
        /// The agreement's id.
        required id: AgreementId,
        /// The title by which it is shown.
        required title: String,
        /// What kind of instrument it is; the rules of membership follow from it.
        required r#type: AgreementType,
        /// The agreement that it belongs to.
        optional parent: AgreementId,
        /// What it is about.
        list subjects: String,
        /// Other titles by which it is found.
        list also_known_as: String,
        /// The party that keeps the original and its signatures.
        optional depositary: PartyId,
        /// Rules of membership of its own, where those of its type do not fit.
        optional membership: Membership,
        /// The day from which this description holds, where the agreement changed.
        optional from: Date,
    }
}

record! {
    /// Rules of membership that take the place of those of the agreement's type.
    pub struct Membership {
        /// The acts that make a member.
        list member: JoiningAct,
        /// The acts that make an associated party.
        list associated: JoiningAct,
        /// Whether entry into force is derived from acts, or stated by a table.
        defaulted in_force: InForce,
        /// Days from consent until the agreement is in force for that party.
        defaulted delay: u64,
    }
}

vocabulary! {
    /// What kind of instrument it is; the kind `memorandum` brings a memorandum if it does not say.
    pub enum AgreementType default Memorandum {
        /// A programme that parties join.
        Programme = "programme",
        /// An organisation with members.
        Organisation = "organisation",
        /// A treaty between states or intergovernmental organisations.
        Treaty = "treaty",
        /// A protocol to a treaty.
        Protocol = "protocol",
        /// A framework agreement.
        FrameworkAgreement = "framework-agreement",
        /// An agreement between agencies or other bodies.
        Agreement = "agreement",
        /// A memorandum of understanding.
        Memorandum = "memorandum",
        /// A joint statement.
        JointStatement = "joint-statement",
        /// A letter of intent.
        LetterOfIntent = "letter-of-intent",
    }
}

vocabulary! {
    /// How a stay in an agreement begins.
    pub enum InForce default Derived {
        /// From consent and the agreement's entry into force.
        Derived = "derived",
        /// On the days that an imported table states.
        Stated = "stated",
    }
}

record! {
    /// A mission: its description, or a description that holds from a later day on.
    pub struct Mission {
        /// The mission's id.
        required id: MissionId,
        /// The title by which it is shown.
        required title: String,
        /// The agreement whose mission it is.
        optional programme: AgreementId,
        /// Other titles by which it is found.
        list also_known_as: String,
        /// The day from which this description holds, where the mission changed.
        optional from: Date,
    }
}

record! {
    /// Something that happened to an agreement or a mission as a whole, or is expected to.
    pub struct Milestone {
        /// The agreement; or `mission`.
        optional agreement: AgreementId,
        /// The mission; or `agreement`.
        optional mission: MissionId,
        /// What happened.
        required act: MilestoneAct,
        /// When it happened; or `expected`.
        optional occurred: Date,
        /// When it is expected; or `occurred`.
        optional expected: Date,
        /// More about it, in a few words.
        optional what: String,
    }
}

record! {
    /// A number that somebody published, kept as a check on our own.
    pub struct Count {
        /// The agreement whose parties were counted.
        required agreement: AgreementId,
        /// The number that was published.
        required number: u64,
        /// Who was counted.
        required of: Counted,
        /// The day that the number is for; or `during`.
        optional on: Date,
        /// The days within which so many came, as the nineteenth of a year; or `on`.
        optional during: Date,
        /// The joining that was the number's last, as of the twelfth to join.
        optional joining: AnnouncementId,
        /// The parties that the source lists.
        list listed: PartyId,
        /// Whether the list claims to be whole.
        defaulted complete: bool,
    }
}

impl Count {
    /// The days that the number is for, where it says so itself.
    pub fn date(&self) -> Option<&Date> {
        self.on.as_ref().or(self.during.as_ref())
    }
}

vocabulary! {
    /// Who was counted.
    pub enum Counted {
        /// Parties of type state.
        States = "states",
        /// All parties.
        All = "all",
        /// Those that have signed.
        Signatories = "signatories",
        /// Those for which it is in force, or that have consented to be bound.
        Parties = "parties",
    }
}
