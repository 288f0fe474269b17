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

    /// The step that a joining takes, and the status that it leads to.
    pub fn joining(&self, act: JoiningAct, role: Option<Role>) -> (Step, Status) {
        if let Some(own) = self.own {
            if own.member.contains(&act) {
                return (Step::Join, Status::Member);
            }
            if own.associated.contains(&act) {
                return (Step::Join, Status::Associated);
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
            AgreementType::Programme | AgreementType::Organisation => (Step::Join, of_participant(act, role)),
            AgreementType::Treaty | AgreementType::Protocol | AgreementType::FrameworkAgreement => of_treaty_act(act),
            AgreementType::Agreement
            | AgreementType::Memorandum
            | AgreementType::JointStatement
            | AgreementType::LetterOfIntent => (Step::Join, by_role(role).unwrap_or(Status::Member)),
        }
    }
}

/// Whether consent and entry into force are two things under agreements of this type.
pub const fn binds_by_consent(agreement_type: AgreementType) -> bool {
    matches!(agreement_type, AgreementType::Treaty | AgreementType::Protocol | AgreementType::FrameworkAgreement)
}

fn by_role(role: Option<Role>) -> Option<Status> {
    role.map(|role| match role {
        Role::Member | Role::FoundingMember => Status::Member,
        Role::Associate | Role::Observer => Status::Associated,
    })
}

fn of_participant(act: JoiningAct, role: Option<Role>) -> Status {
    by_role(role).unwrap_or(match act {
        JoiningAct::JointStatement | JoiningAct::LetterOfIntent => Status::Associated,
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
        | JoiningAct::Memorandum => Status::Member,
    })
}

/// Acts under a treaty. The deposit of an instrument tells of the consent in it; admission by an organ consents for
/// the party; softer acts than signature do not bind, and make an associated party.
fn of_treaty_act(act: JoiningAct) -> (Step, Status) {
    match act {
        JoiningAct::Signature => (Step::Sign, Status::Signatory),
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
        | JoiningAct::Admission => (Step::Consent, Status::Contracting),
        JoiningAct::ProvisionalApplication => (Step::Apply, Status::Provisional),
        JoiningAct::EntryIntoForce => (Step::EnterIntoForce, Status::Member),
        JoiningAct::Unspecified | JoiningAct::Memorandum | JoiningAct::JointStatement | JoiningAct::LetterOfIntent => {
            (Step::Join, Status::Associated)
        }
    }
}
