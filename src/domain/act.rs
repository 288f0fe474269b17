//! Acts: how parties come to an agreement, leave it, suspend it and speak about it, in the words of the treaty field.
//!
//! Vienna Convention on the Law of Treaties 1969, articles 2, 9–25, 39–41, 54–68 and 70–72; succession: the Convention of
//! 1978; formal confirmation: that of 1986; expulsion and non-renewal: the practice of organisations.

use crate::domain::agreement::AgreementType;
use crate::domain::date::Date;
use crate::domain::id::{AgreementId, AnnouncementId, PartyId};
use crate::domain::shape::{record, vocabulary};

record! {
    /// A party comes to an agreement.
    pub struct Joining {
        /// Who joins.
        required party: PartyId,
        /// What it joins.
        required agreement: AgreementId,
        /// By which act; required for treaties.
        defaulted act: JoiningAct,
        /// The day of the act.
        required occurred: Date,
        /// The day on which the instrument was deposited.
        optional deposited: Date,
        /// The day from which it holds, where that is another.
        optional effective: Date,
        /// The agency that acted for the party.
        optional through: PartyId,
        /// The role that the party has from then on.
        optional role: Role,
        /// A label that binds the acts of one uninterrupted participation.
        optional stay: String,
        /// Who signed.
        list signatories: Signatory,
        /// Who attended.
        list attended_by: String,
        /// What the joining covers.
        list scope: String,
        /// Where it was done.
        optional place: String,
    }
}

vocabulary! {
    /// By which act a party comes to an agreement.
    pub enum JoiningAct default Unspecified {
        /// The source does not say.
        Unspecified = "unspecified",
        /// Signature, subject to ratification where the agreement is a treaty (VCLT 12, 18).
        Signature = "signature",
        /// Signature that binds at once (VCLT 12).
        DefinitiveSignature = "definitive-signature",
        /// Ratification (VCLT 14).
        Ratification = "ratification",
        /// Acceptance (VCLT 14).
        Acceptance = "acceptance",
        /// Approval (VCLT 14).
        Approval = "approval",
        /// Accession (VCLT 15).
        Accession = "accession",
        /// Succession to a predecessor's place (Convention of 1978).
        Succession = "succession",
        /// Formal confirmation by an international organisation (Convention of 1986, article 14).
        FormalConfirmation = "formal-confirmation",
        /// Consent to be bound, where the source does not say by which act (VCLT 11).
        ConsentToBeBound = "consent-to-be-bound",
        /// Notification that the procedures are complete (VCLT 16).
        Notification = "notification",
        /// Exchange of notes (VCLT 13).
        ExchangeOfNotes = "exchange-of-notes",
        /// Deposit of an instrument, told on its own (VCLT 16).
        Deposit = "deposit",
        /// Provisional application (VCLT 25).
        ProvisionalApplication = "provisional-application",
        /// Entry into force for that party, told on its own (VCLT 24).
        EntryIntoForce = "entry-into-force",
        /// Admission by the members or an organ.
        Admission = "admission",
        /// By a memorandum of understanding.
        Memorandum = "memorandum",
        /// By a joint statement.
        JointStatement = "joint-statement",
        /// By a letter of intent.
        LetterOfIntent = "letter-of-intent",
    }
}

vocabulary! {
    /// The role of a party in a programme or organisation.
    pub enum Role {
        /// A member.
        Member = "member",
        /// A member from the foundation on.
        FoundingMember = "founding-member",
        /// An associate.
        Associate = "associate",
        /// An observer.
        Observer = "observer",
    }
}

record! {
    /// Somebody who signed.
    pub struct Signatory {
        /// The person's name.
        required name: String,
        /// The office held.
        optional office: String,
        /// The party signed for.
        optional r#for: PartyId,
    }
}

record! {
    /// A new instrument, and its parties at once.
    pub struct Memorandum {
        /// The new instrument.
        required agreement: NewAgreement,
        /// Its parties.
        nonempty parties: PartyId,
        /// The day on which it was concluded.
        required occurred: Date,
        /// The day from which it holds, where that is another.
        optional effective: Date,
        /// Who signed.
        list signatories: Signatory,
        /// What it covers.
        list scope: String,
        /// Where it was concluded.
        optional place: String,
    }
}

record! {
    /// The instrument that a memorandum brings.
    pub struct NewAgreement {
        /// The agreement's id.
        required id: AgreementId,
        /// The title by which it is shown.
        required title: String,
        /// What kind of instrument it is; a memorandum, if nothing is said.
        defaulted r#type: AgreementType,
    }
}

record! {
    /// A party leaves an agreement, or a step towards it is undone.
    pub struct Departure {
        /// Who leaves.
        required party: PartyId,
        /// What it leaves.
        required agreement: AgreementId,
        /// By which act.
        required act: DepartureAct,
        /// The day on which it was notified or decided.
        required occurred: Date,
        /// The first day outside, where that is another.
        optional effective: Date,
        /// The label of the stay that ends.
        optional stay: String,
    }
}

vocabulary! {
    /// By which act a party leaves.
    pub enum DepartureAct {
        /// Withdrawal (VCLT 54, 56).
        Withdrawal = "withdrawal",
        /// Denunciation (VCLT 56).
        Denunciation = "denunciation",
        /// Termination of its participation (VCLT 54–62).
        Termination = "termination",
        /// Expulsion by the other members.
        Expulsion = "expulsion",
        /// A term that ended and was not renewed.
        NonRenewal = "non-renewal",
        /// Withdrawal of a ratification; the signature stands.
        WithdrawalOfRatification = "withdrawal-of-ratification",
        /// Withdrawal of a signature (VCLT 18).
        WithdrawalOfSignature = "withdrawal-of-signature",
        /// End of provisional application (VCLT 25).
        EndOfProvisionalApplication = "end-of-provisional-application",
        /// A notified withdrawal is called off before it takes effect (VCLT 68).
        RevocationOfNotice = "revocation-of-notice",
    }
}

record! {
    /// The operation of an agreement is suspended or resumed.
    pub struct Suspension {
        /// For whom; for all, if nothing is said.
        optional party: PartyId,
        /// Which agreement.
        required agreement: AgreementId,
        /// Suspension or resumption.
        required act: SuspensionAct,
        /// The day on which it was notified or decided.
        required occurred: Date,
        /// The day from which it holds, where that is another.
        optional effective: Date,
        /// The label of the stay that it touches.
        optional stay: String,
    }
}

vocabulary! {
    /// Suspension or resumption.
    pub enum SuspensionAct {
        /// The operation is suspended (VCLT 57, 58, 60).
        Suspension = "suspension",
        /// The operation is resumed (VCLT 72).
        Resumption = "resumption",
    }
}

record! {
    /// A party speaks about how it is bound.
    pub struct Statement {
        /// Who speaks.
        required party: PartyId,
        /// About which agreement.
        required agreement: AgreementId,
        /// What kind of statement.
        required act: StatementAct,
        /// The day on which it was made.
        required occurred: Date,
        /// What it says, in a sentence.
        optional summary: String as Prose,
        /// The announcement that it answers or withdraws.
        optional to: AnnouncementId,
    }
}

vocabulary! {
    /// What kind of statement.
    pub enum StatementAct {
        /// A reservation (VCLT 2(1)(d), 19).
        Reservation = "reservation",
        /// A declaration.
        Declaration = "declaration",
        /// An understanding.
        Understanding = "understanding",
        /// An objection to somebody's reservation (VCLT 20).
        Objection = "objection",
        /// An earlier statement is withdrawn (VCLT 22).
        Withdrawal = "withdrawal",
    }
}

vocabulary! {
    /// What happened to an agreement or mission as a whole.
    pub enum MilestoneAct {
        /// The text was adopted (VCLT 9).
        Adopted = "adopted",
        /// It was opened for signature.
        Opened = "opened",
        /// It entered into force (VCLT 24).
        EntryIntoForce = "entry-into-force",
        /// It was established.
        Established = "established",
        /// It was launched.
        Launched = "launched",
        /// It was amended (VCLT 39–41).
        Amended = "amended",
        /// It was extended.
        Extended = "extended",
        /// Another took its place (VCLT 59).
        Superseded = "superseded",
        /// It was terminated (VCLT 54).
        Terminated = "terminated",
        /// Its term ended.
        Expired = "expired",
        /// Something else; `what` says what.
        Other = "other",
    }
}

impl MilestoneAct {
    /// Whether it ends the agreement for all its parties.
    pub const fn ends(self) -> bool {
        match self {
            Self::Terminated | Self::Expired | Self::Superseded => true,
            Self::Adopted
            | Self::Opened
            | Self::EntryIntoForce
            | Self::Established
            | Self::Launched
            | Self::Amended
            | Self::Extended
            | Self::Other => false,
        }
    }

    /// Whether it happens to an agreement only once, so that two days of it are two claims of one fact.
    pub const fn is_once(self) -> bool {
        match self {
            Self::Amended | Self::Extended | Self::Other => false,
            Self::Adopted
            | Self::Opened
            | Self::EntryIntoForce
            | Self::Established
            | Self::Launched
            | Self::Terminated
            | Self::Expired
            | Self::Superseded => true,
        }
    }
}
