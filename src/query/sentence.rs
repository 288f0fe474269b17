//! What an announcement says, in one sentence with the names of the things in it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use crate::domain::act::{Departure, DepartureAct, Joining, JoiningAct, MilestoneAct};
use crate::domain::announcement::Body;
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::governance::Policy;
use crate::domain::id::{AgreementId, AnnouncementId, MissionId, PartyId};
use crate::domain::shape::UnknownWord;
use crate::projection::catalogue::Catalogue;
use crate::projection::policies::named;
use crate::projection::rules::binds_by_consent;

/// Names for the ids in a sentence.
pub(super) struct Names<'c, 'a>(pub(super) &'c Catalogue<'a>);

/// A milestone in words: its act, and what is said of it, or that alone where the act is another than those that have a name.
pub(crate) fn milestone_in_words(act: MilestoneAct, what: Option<&str>) -> String {
    match (act, what) {
        (MilestoneAct::Other, Some(what)) => what.to_owned(),
        (_, Some(what)) => format!("{}: {what}", words(act)),
        (_, None) => words(act),
    }
}

impl Names<'_, '_> {
    fn party(&self, id: &PartyId) -> String {
        self.0.party(id.as_str(), Day::MAX).map_or_else(|| id.to_string(), |party| party.name.clone())
    }

    fn parties(&self, ids: &[PartyId]) -> String {
        let names: Vec<String> = ids.iter().map(|id| self.party(id)).collect();
        match names.as_slice() {
            [] => String::new(),
            [one] => one.clone(),
            [first @ .., last] => format!("{} and {last}", first.join(", ")),
        }
    }

    fn agreement(&self, id: &AgreementId) -> String {
        self.0.agreement(id.as_str(), Day::MAX).map_or_else(|| id.to_string(), |agreement| agreement.title.clone())
    }

    fn mission(&self, id: &MissionId) -> String {
        self.0.mission(id.as_str(), Day::MAX).map_or_else(|| id.to_string(), |mission| mission.title.clone())
    }

    /// The sentence for a body.
    pub(super) fn sentence(&self, body: &Body) -> String {
        match body {
            Body::Party(party) => format!("{} is described: {}", party.name, words(party.r#type)),
            Body::Agreement(agreement) => {
                let own = if agreement.membership.is_some() { ", with rules of membership of its own" } else { "" };
                format!("{} is described: {}{own}", agreement.title, words(agreement.r#type))
            }
            Body::Mission(mission) => format!("{} is described: mission", mission.title),
            Body::Joining(joining) => self.joining(joining),
            Body::Memorandum(memorandum) => {
                format!("{} conclude: {}", self.parties(&memorandum.parties), memorandum.agreement.title)
            }
            Body::Contribution(contribution) => {
                let mut text = format!(
                    "{} contributes {} ({}) to {}: {}",
                    self.party(&contribution.party),
                    contribution.item.name,
                    words(contribution.item.r#type),
                    self.mission(&contribution.mission),
                    words(contribution.stage),
                );
                if !contribution.with.is_empty() {
                    text += &format!(", with {}", self.parties(&contribution.with));
                }
                text
            }
            Body::Departure(departure) => self.departure(departure),
            Body::Suspension(suspension) => {
                let whom = suspension.party.as_ref().map_or_else(|| "all parties".to_owned(), |id| self.party(id));
                format!("{} of {} for {whom}", words(suspension.act), self.agreement(&suspension.agreement))
            }
            Body::Statement(statement) => format!(
                "{} makes a {} to {}",
                self.party(&statement.party),
                words(statement.act),
                self.agreement(&statement.agreement)
            ),
            Body::Prospect(prospect) => {
                format!("{} expected: {} ({})", self.parties(&prospect.parties), prospect.what, words(prospect.stage))
            }
            Body::Milestone(milestone) => {
                let whose = match (&milestone.agreement, &milestone.mission) {
                    (Some(agreement), _) => self.agreement(agreement),
                    (None, Some(mission)) => self.mission(mission),
                    (None, None) => String::new(),
                };
                let expected = if milestone.occurred.is_none() { " expected" } else { "" };
                match (milestone.act, &milestone.what) {
                    (MilestoneAct::Other, Some(what)) => format!("{whose}:{expected} {what}"),
                    (act, what) => {
                        let what = what.as_ref().map(|what| format!(": {what}")).unwrap_or_default();
                        format!("{whose} {}{expected}{what}", words(act))
                    }
                }
            }
            Body::Count(count) => format!(
                "{} parties ({}) of {} were counted",
                count.number,
                words(count.of),
                self.agreement(&count.agreement)
            ),
            Body::Correction(correction) => {
                let now = correction.replacement.as_ref();
                let now = now.map(|replacement| format!(": {}", self.sentence(&replacement.0))).unwrap_or_default();
                format!("{} is corrected ({}){now}", short(&correction.corrects), words(correction.because))
            }
            Body::Retraction(retraction) => format!("{} is retracted", short(&retraction.retracts)),
            Body::Dispute(dispute) => format!("{} is disputed", short(&dispute.of)),
            Body::Confirmation(confirmation) => format!("{} is confirmed", short(&confirmation.of)),
            Body::Genesis(genesis) => format!("the ledger {} is founded", genesis.origin),
            Body::RecorderAdded(added) => format!("{} is given a key", added.recorder),
            Body::RecorderRevoked(revoked) => {
                format!("a key of {} is revoked ({})", revoked.recorder, words(revoked.because))
            }
            Body::ClockCorrected(corrected) => {
                format!("the clock is corrected from event {} on", corrected.from)
            }
            Body::LogKeyChanged(change) => format!("the log has a new key ({})", words(change.because)),
            Body::Policy(policy) => takes_reviewers(policy),
            Body::Attestation(attestation) => {
                format!("{}: a reviewer says {}", short(&attestation.of), words(attestation.verdict))
            }
            Body::Reaffirmation(reaffirmation) => match reaffirmation.of.as_slice() {
                [one] => format!("{} is reaffirmed", short(one)),
                all => format!("{} announcements are reaffirmed", all.len()),
            },
            Body::Erasure(erasure) => match erasure.documents.len() {
                1 => "a document is erased".to_owned(),
                number => format!("{number} documents are erased"),
            },
        }
    }
}

impl Names<'_, '_> {
    /// By its act where that has a verb of its own, else as joining.
    fn joining(&self, joining: &Joining) -> String {
        let (party, agreement) = (self.party(&joining.party), self.agreement(&joining.agreement));
        let described = self.0.agreement(joining.agreement.as_str(), Day::MAX);
        let of_treaty = described.is_some_and(|agreement| binds_by_consent(agreement.r#type));
        let verb = match joining.act {
            JoiningAct::Signature if of_treaty => Some("signs"),
            JoiningAct::Ratification => Some("ratifies"),
            JoiningAct::Acceptance => Some("accepts"),
            JoiningAct::Approval => Some("approves"),
            JoiningAct::Accession => Some("accedes to"),
            JoiningAct::Succession => Some("succeeds to"),
            JoiningAct::ProvisionalApplication => Some("applies provisionally"),
            _ => None,
        };
        let mut text = match (verb, joining.act) {
            (None, JoiningAct::EntryIntoForce) => format!("{agreement} enters into force for {party}"),
            (Some(verb), _) => format!("{party} {verb} {agreement}"),
            (None, JoiningAct::Unspecified) => format!("{party} joins {agreement}"),
            (None, act) => format!("{party} joins {agreement} ({})", words(act)),
        };
        if let Some(role) = joining.role {
            text += &format!(" as {}", words(role));
        }
        if let Some(through) = &joining.through {
            text += &format!(", through {}", self.party(through));
        }
        text + &effective(joining.effective.as_ref())
    }

    fn departure(&self, departure: &Departure) -> String {
        let (party, agreement) = (self.party(&departure.party), self.agreement(&departure.agreement));
        let text = match departure.act {
            DepartureAct::RevocationOfNotice => format!("{party} takes back its notice of leaving {agreement}"),
            DepartureAct::WithdrawalOfRatification => format!("{party} withdraws its ratification of {agreement}"),
            DepartureAct::WithdrawalOfSignature => format!("{party} withdraws its signature of {agreement}"),
            DepartureAct::EndOfProvisionalApplication => {
                format!("{party} no longer applies {agreement} provisionally")
            }
            act if departure.effective.is_some() => {
                format!("{party} gives notice of leaving {agreement} ({})", words(act))
            }
            act => format!("{party} leaves {agreement} ({})", words(act)),
        };
        text + &effective(departure.effective.as_ref())
    }
}

fn effective(date: Option<&Date>) -> String {
    date.map(|date| format!(", effective {}", date.in_words())).unwrap_or_default()
}

/// How many reviewers kinds take from now on; of descriptions, those of what is described already.
fn takes_reviewers(policy: &Policy) -> String {
    let named = named(policy);
    let mut takes: Vec<String> = Vec::new();
    let mut descriptions: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for (kind, number) in named.into_iter().filter(|(_, number)| *number > 0) {
        if kind.is_description() {
            descriptions.entry(number).or_default().push(words(kind));
        } else {
            takes.push(format!("each {} takes {}", words(kind), reviewers(number)));
        }
    }
    for (number, kinds) in descriptions {
        takes.push(format!("each {} that is described anew takes {}", kinds.join(" or "), reviewers(number)));
    }
    if takes.is_empty() { "no announcement takes reviewers any more".to_owned() } else { takes.join(", ") }
}

fn reviewers(number: u64) -> String {
    if number == 1 { "1 reviewer".to_owned() } else { format!("{number} reviewers") }
}

/// An announcement's id; of one made of a hash, no more than tells it from others.
fn short(id: &AnnouncementId) -> String {
    let id = id.as_str();
    match id.rsplit_once('-') {
        Some((kind, hash)) if hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            format!("{kind}-{hash:.8}…")
        }
        _ => id.to_owned(),
    }
}

/// A word of a vocabulary, for reading.
fn words<W: FromStr<Err = UnknownWord> + Display + Copy>(word: W) -> String {
    word.to_string().replace('-', " ")
}
