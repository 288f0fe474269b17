//! What each act makes of a party, as templates say it. Whether that is so, a test asks the rules of membership.

use std::collections::BTreeMap;

use crate::domain::act::JoiningAct;
use crate::domain::agreement::AgreementType;
use crate::domain::announcement::Kind;

/// What joining by an act makes of a party without a stated role, if the agreement has no rules of membership of its own.
pub fn makes(of_type: AgreementType, act: JoiningAct) -> &'static str {
    match Class::of(of_type) {
        Class::Participants => match act {
            JoiningAct::JointStatement | JoiningAct::LetterOfIntent => "associated",
            _ => "member",
        },
        Class::Consent => match act {
            JoiningAct::Signature => "signatory",
            JoiningAct::ProvisionalApplication => "provisional",
            JoiningAct::EntryIntoForce => "member",
            JoiningAct::Unspecified
            | JoiningAct::Memorandum
            | JoiningAct::JointStatement
            | JoiningAct::LetterOfIntent => "associated",
            _ => "contracting",
        },
        Class::Soft => "member",
    }
}

/// Types of agreements under which acts lead to the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Participants,
    Consent,
    Soft,
}

impl Class {
    const ALL: [Self; 3] = [Self::Participants, Self::Consent, Self::Soft];

    fn of(of_type: AgreementType) -> Self {
        match of_type {
            AgreementType::Programme | AgreementType::Organisation => Self::Participants,
            AgreementType::Treaty | AgreementType::Protocol | AgreementType::FrameworkAgreement => Self::Consent,
            AgreementType::Agreement
            | AgreementType::Memorandum
            | AgreementType::JointStatement
            | AgreementType::LetterOfIntent => Self::Soft,
        }
    }

    fn types(self) -> Vec<AgreementType> {
        AgreementType::ALL.iter().copied().filter(|of_type| Self::of(*of_type) == self).collect()
    }
}

/// What the words of a field make of a party, a paragraph each; nothing of a field that makes nothing of it.
pub(super) fn made_by(kind: Kind, field: &str) -> Vec<String> {
    let fixed: &[&str] = match (kind, field) {
        (Kind::Joining, "act") => {
            let classes = Class::ALL.into_iter().map(|class| format!("- {}", of_class(class)));
            let more = "The role that is stated decides instead, but under treaties; and so does the agreement's own \
                        `membership`, if it has one.";
            return ["What it makes of a party:".to_owned()]
                .into_iter()
                .chain(classes)
                .chain([more.to_owned()])
                .collect();
        }
        (Kind::Joining, "role") => &[
            "member and founding-member make a member, associate and observer an associated party: of a programme, an \
             organisation, or a soft instrument.",
        ],
        (Kind::Memorandum, "parties") => &["Each of them is a member of the new instrument, unless that is a treaty."],
        (Kind::Departure, "act") => &[
            "What it makes of a party: former, from the day that it takes effect (without `effective`, the day of notice).",
            "- withdrawal-of-ratification, withdrawal-of-signature and end-of-provisional-application undo that step alone: \
             who signed is a signatory again.",
            "- revocation-of-notice: what it was before the notice.",
        ],
        (Kind::Suspension, "act") => &[
            "What it makes of a member: suspended, from the day that it takes effect; and by resumption a member again.",
        ],
        (Kind::Prospect, "stage") => &[
            "What it makes of a party: prospective, if it is about joining an agreement and the party is nothing more to it \
             yet.",
        ],
        (Kind::Statement, "act") => &["It changes nothing of what the party is, and stands beside it in answers."],
        _ => &[],
    };
    fixed.iter().map(|text| (*text).to_owned()).collect()
}

/// Under agreements of a class, which acts lead to what.
fn of_class(class: Class) -> String {
    let types = class.types();
    let mut by_status: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for act in JoiningAct::ALL {
        by_status.entry(makes(types[0], *act)).or_default().push(act.as_str());
    }
    let most = by_status.values().map(Vec::len).max().unwrap_or_default();
    let names: Vec<&str> = types.iter().map(|of_type| of_type.as_str()).collect();
    let (usual, others): (Vec<_>, Vec<_>) = by_status.into_iter().partition(|(_, acts)| acts.len() == most);
    let mut parts: Vec<String> =
        others.iter().map(|(status, acts)| format!("{} → {}", acts.join(", "), in_words(status))).collect();
    parts.extend(usual.iter().map(|(status, _)| format!("any other act → {}", in_words(status))));
    if parts.len() == 1 {
        parts = usual.iter().map(|(status, _)| format!("any act → {}", in_words(status))).collect();
    }
    format!("{}: {}.", names.join(", "), parts.join("; "))
}

fn in_words(status: &str) -> &str {
    match status {
        "signatory" => "signatory, who is not bound yet",
        "contracting" => "contracting, and a member once it is in force",
        other => other,
    }
}
