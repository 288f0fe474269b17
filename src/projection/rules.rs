//! What an act leads to, by the type of the agreement and by its own rules of membership.

use crate::domain::act::{JoiningAct, Role};
use crate::domain::agreement::{Agreement, AgreementType, InForce, Membership};
use crate::domain::shape::vocabulary;

vocabulary! {
    /// What a party is to an agreement on a day, weakest first. Derived, never stored.
    pub enum Status {
        /// Nothing.
        None = "none",
        /// It was more than prospective once.
        Former = "former",
        /// Something is expected of it.
        Prospective = "prospective",
        /// It takes part without being a member.
        Associated = "associated",
        /// It signed, and is not bound yet.
        Signatory = "signatory",
        /// It applies the agreement provisionally.
        Provisional = "provisional",
        /// It consented to be bound; the agreement is not in force for it yet.
        Contracting = "contracting",
        /// It is a member whose participation is suspended.
        Suspended = "suspended",
        /// It is a member; of a treaty, a party for which it is in force.
        Member = "member",
    }
}

/// The step that an act takes: claims of one step, leading to one status, are claims of one fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Joining a programme or organisation, or concluding a soft instrument.
    Join,
    /// Signing a treaty.
    Sign,
    /// Consenting to be bound by it.
    Consent,
    /// Applying it provisionally.
    Apply,
    /// Its entry into force for the party.
    EnterIntoForce,
    /// Leaving.
    Leave,
    /// Suspending a participation.
    Suspend,
    /// Resuming it.
    Resume,
}

vocabulary! {
    /// The rule by which a status follows from what was told.
    pub enum Ground {
        /// The role that a source states decides what a participant is.
        Role = "role",
        /// Whoever joins a programme or organisation without a stated role is its member.
        Joining = "joining",
        /// A joint statement or a letter of intent makes an associated party of a programme or organisation.
        SoftJoining = "soft-joining",
        /// The agreement's own rules of membership name the act.
        OwnRules = "own-rules",
        /// Whoever concludes a soft instrument is its member.
        Conclusion = "conclusion",
        /// A signature makes a signatory, who is not bound yet (VCLT 12, 18).
        Signature = "signature",
        /// Consent to be bound makes a contracting party (VCLT 2(1)(f), 11).
        Consent = "consent",
        /// The treaty is applied before it is in force (VCLT 25).
        ProvisionalApplication = "provisional-application",
        /// An act softer than signature makes no more than an associated party of a treaty.
        SofterThanSignature = "softer-than-signature",
        /// It is in force for the party from the day that its source states (VCLT 24(1)).
        StatedEntryIntoForce = "stated-entry-into-force",
        /// It is in force for the party from the later of its consent, with the agreement's delay, and the agreement's
        /// own entry into force (VCLT 24).
        DerivedEntryIntoForce = "derived-entry-into-force",
        /// The table that the agreement is read from states from when it is in force for the party.
        Table = "table",
        /// The operation of the agreement is suspended for the party (VCLT 57, 58).
        Suspension = "suspension",
        /// Something is expected of the party.
        Expectation = "expectation",
    }
}

vocabulary! {
    /// How a status ends.
    pub enum EndGround {
        /// The party left.
        Departure = "departure",
        /// The party gave notice without a day of effect, so that of the notice is assumed (VCLT 56(2)).
        Notice = "notice",
        /// The agreement as a whole ended (VCLT 54, 59).
        Agreement = "agreement",
        /// What was suspended was resumed (VCLT 72).
        Resumption = "resumption",
        /// What was expected was fulfilled, or the party came nearer.
        Fulfilment = "fulfilment",
    }
}

/// The rules of membership of one agreement.
#[derive(Debug, Clone)]
pub struct Rules<'a> {
    agreement_type: AgreementType,
    own: Option<&'a Membership>,
}

impl<'a> Rules<'a> {
    /// The rules of a described agreement.
    pub fn of(agreement: &'a Agreement) -> Self {
        Self { agreement_type: agreement.r#type, own: agreement.membership.as_ref() }
    }

    /// The rules of a type without rules of its own.
    pub fn of_type(agreement_type: AgreementType) -> Self {
        Self { agreement_type, own: None }
    }

    /// Whether stays begin on the days that an imported table states.
    pub fn in_force_is_stated(&self) -> bool {
        self.own.is_some_and(|own| own.in_force == InForce::Stated)
    }

    /// Whether whoever leaves gives notice, and is out only when the notice takes effect (VCLT 56).
    pub fn needs_notice(&self) -> bool {
        self.binds_by_consent() && !self.in_force_is_stated()
    }

    /// Days from consent until it is in force for the party.
    pub fn delay_days(&self) -> i32 {
        self.own.map_or(0, |own| i32::try_from(own.delay).unwrap_or(i32::MAX))
    }

    /// Whether consent and entry into force are two things, as in treaties.
    pub fn binds_by_consent(&self) -> bool {
        binds_by_consent(self.agreement_type)
    }

    /// The step that a joining takes, the status that it leads to, and the rule by which it does.
    pub fn joining(&self, act: JoiningAct, role: Option<Role>) -> (Step, Status, Ground) {
        if let Some(own) = self.own {
            if own.member.contains(&act) {
                return (Step::Join, Status::Member, Ground::OwnRules);
            }
            if own.associated.contains(&act) {
                return (Step::Join, Status::Associated, Ground::OwnRules);
            }
        }
        // What a table states is read alike for every type.
        let is_of_table = matches!(
            act,
            JoiningAct::Signature
                | JoiningAct::Deposit
                | JoiningAct::ProvisionalApplication
                | JoiningAct::EntryIntoForce
        );
        if self.in_force_is_stated() && is_of_table {
            return of_treaty_act(act);
        }
        match self.agreement_type {
            AgreementType::Programme | AgreementType::Organisation => of_participant(act, role),
            AgreementType::Treaty | AgreementType::Protocol | AgreementType::FrameworkAgreement => of_treaty_act(act),
            AgreementType::Agreement
            | AgreementType::Memorandum
            | AgreementType::JointStatement
            | AgreementType::LetterOfIntent => {
                by_role(role).unwrap_or((Step::Join, Status::Member, Ground::Conclusion))
            }
        }
    }
}

/// Whether consent and entry into force are two things under agreements of this type.
pub const fn binds_by_consent(agreement_type: AgreementType) -> bool {
    matches!(agreement_type, AgreementType::Treaty | AgreementType::Protocol | AgreementType::FrameworkAgreement)
}

fn by_role(role: Option<Role>) -> Option<(Step, Status, Ground)> {
    let to = match role? {
        Role::Member | Role::FoundingMember => Status::Member,
        Role::Associate | Role::Observer => Status::Associated,
    };
    Some((Step::Join, to, Ground::Role))
}

fn of_participant(act: JoiningAct, role: Option<Role>) -> (Step, Status, Ground) {
    by_role(role).unwrap_or(match act {
        JoiningAct::JointStatement | JoiningAct::LetterOfIntent => {
            (Step::Join, Status::Associated, Ground::SoftJoining)
        }
        JoiningAct::Unspecified
        | JoiningAct::Signature
        | JoiningAct::DefinitiveSignature
        | JoiningAct::Ratification
        | JoiningAct::Acceptance
        | JoiningAct::Approval
        | JoiningAct::Accession
        | JoiningAct::Succession
        | JoiningAct::FormalConfirmation
        | JoiningAct::ConsentToBeBound
        | JoiningAct::Notification
        | JoiningAct::ExchangeOfNotes
        | JoiningAct::Deposit
        | JoiningAct::ProvisionalApplication
        | JoiningAct::EntryIntoForce
        | JoiningAct::Admission
        | JoiningAct::Memorandum => (Step::Join, Status::Member, Ground::Joining),
    })
}

/// Acts under a treaty. The deposit of an instrument tells of the consent in it; admission by an organ consents for
/// the party; softer acts than signature do not bind, and make an associated party.
fn of_treaty_act(act: JoiningAct) -> (Step, Status, Ground) {
    match act {
        JoiningAct::Signature => (Step::Sign, Status::Signatory, Ground::Signature),
        JoiningAct::DefinitiveSignature
        | JoiningAct::Ratification
        | JoiningAct::Acceptance
        | JoiningAct::Approval
        | JoiningAct::Accession
        | JoiningAct::Succession
        | JoiningAct::FormalConfirmation
        | JoiningAct::ConsentToBeBound
        | JoiningAct::Notification
        | JoiningAct::ExchangeOfNotes
        | JoiningAct::Deposit
        | JoiningAct::Admission => (Step::Consent, Status::Contracting, Ground::Consent),
        JoiningAct::ProvisionalApplication => (Step::Apply, Status::Provisional, Ground::ProvisionalApplication),
        JoiningAct::EntryIntoForce => (Step::EnterIntoForce, Status::Member, Ground::StatedEntryIntoForce),
        JoiningAct::Unspecified | JoiningAct::Memorandum | JoiningAct::JointStatement | JoiningAct::LetterOfIntent => {
            (Step::Join, Status::Associated, Ground::SofterThanSignature)
        }
    }
}
