//! What parties did under agreements: one row an act, as tables of treaty actions have them.

use crate::domain::act::Role;
use crate::domain::announcement::{Body, Kind, Standing};
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::id::{AgreementId, PartyId};
use crate::domain::party::Country;
use crate::domain::source::{Evidence, Grade};
use crate::domain::timestamp::Timestamp;
use crate::event::snapshot::{Recorded, Snapshot};
use crate::projection::knowledge::Claim;
use crate::query::{Known, QueryError, View};

/// One act of one party under one agreement, by one announcement.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// The event that tells of it; of what was put right, the correction.
    pub event: u64,
    /// The announcement's id.
    pub id: String,
    /// The agreement's id.
    pub agreement: String,
    /// The party's id; none, where all parties are meant.
    pub party: Option<String>,
    /// The country where it sits, by its code in ISO 3166-1, if it is described with one.
    pub country: Option<Country>,
    /// Joining, memorandum, departure, suspension or statement.
    pub kind: Kind,
    /// The act, in the word of its kind's vocabulary.
    pub act: &'static str,
    /// The role that is stated.
    pub role: Option<Role>,
    /// The agency that acted for the party.
    pub through: Option<String>,
    /// When it was done; of a departure, when it was notified.
    pub occurred: Date,
    /// When the instrument was deposited.
    pub deposited: Option<Date>,
    /// From when it works, where that is another day.
    pub effective: Option<Date>,
    /// The label of the stay that it belongs to.
    pub stay: Option<String>,
    /// When it was announced, where it or its source says so.
    pub announced: Option<Date>,
    /// When it was recorded.
    pub recorded: Timestamp,
    /// Whether it is confirmed, or only reported.
    pub standing: Standing,
    /// Whether somebody denies it.
    pub disputed: bool,
    /// Who published it.
    pub publishers: Vec<String>,
    /// The strongest grade among its sources.
    pub grade: Option<Grade>,
    /// Where its sources stand.
    pub urls: Vec<String>,
    /// The row of an imported table.
    pub source_ref: Option<String>,
    /// The event that corrected or retracted it.
    pub struck_by: Option<u64>,
}

/// Lists the acts of all parties under all agreements, in the order of recording; what was struck is there and says so.
///
/// # Errors
///
/// [`QueryError::NotRecorded`] if the ledger has no such position.
///
/// # Example
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/example_ledger.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use servanda::query::actions::actions;
/// use servanda::query::Known;
///
/// let facts = example()?;
/// let acts = actions(&facts, Known::default())?;
/// assert_eq!((acts.len(), acts[0].act, acts[0].party.as_deref()), (4, "signature", Some("pakistan")));
/// # Ok(())
/// # }
/// ```
pub fn actions(snapshot: &Snapshot, known: Known) -> Result<Vec<Action>, QueryError> {
    let view = View::of(snapshot, known)?;
    let public = view.events.iter().filter(|event| view.is_public(event));
    Ok(public.flat_map(|event| of_event(&view, event)).collect())
}

/// What a body says of one party.
struct Told<'a> {
    party: Option<&'a PartyId>,
    agreement: &'a AgreementId,
    act: &'static str,
    role: Option<Role>,
    through: Option<&'a PartyId>,
    occurred: &'a Date,
    deposited: Option<&'a Date>,
    effective: Option<&'a Date>,
    stay: Option<&'a str>,
}

fn of_event(view: &View<'_>, event: &Recorded) -> Vec<Action> {
    let announcement = &event.announcement;
    let body = match &announcement.body {
        Body::Correction(correction) => match &correction.replacement {
            Some(replacement) => replacement.0.as_ref(),
            None => return Vec::new(),
        },
        own => own,
    };
    let claim = view.knowledge.claim(event.seq);
    told(body).into_iter().map(|told| action(view, event, (body.kind(), claim), &told)).collect()
}

fn action(view: &View<'_>, event: &Recorded, (kind, claim): (Kind, Option<&Claim<'_>>), told: &Told<'_>) -> Action {
    let announcement = &event.announcement;
    // Of what was struck no claim is left to ask.
    let evidence: &[Evidence] = claim.map_or(&announcement.evidence, |claim| claim.evidence);
    let stay = claim.map_or(told.stay, Claim::stay);
    let id = |party: &PartyId| view.party_id(party, Day::MAX);
    Action {
        event: event.seq,
        id: event.id.to_string(),
        agreement: view.agreement_id(told.agreement, Day::MAX),
        party: told.party.map(id),
        country: told.party.and_then(|party| view.catalogue.party(party.as_str(), Day::MAX)?.country.clone()),
        kind,
        act: told.act,
        role: told.role,
        through: told.through.map(id),
        occurred: told.occurred.clone(),
        deposited: told.deposited.cloned(),
        effective: told.effective.cloned(),
        stay: stay.map(str::to_owned),
        announced: announcement.public_on().cloned(),
        recorded: view.recorded(event),
        standing: claim.map_or(announcement.standing, |claim| claim.standing),
        disputed: claim.is_some_and(|claim| !claim.disputed_by.is_empty()),
        publishers: distinct(evidence.iter().map(|evidence| evidence.source.publisher.as_str())),
        grade: evidence.iter().map(|evidence| evidence.source.grade).min(),
        urls: distinct(evidence.iter().filter_map(|evidence| Some(evidence.source.url.as_ref()?.as_str()))),
        source_ref: announcement.source_ref.clone(),
        struck_by: view.knowledge.struck.get(&event.seq).map(|struck| struck.by),
    }
}

/// Each once, in the order in which they come first.
fn distinct<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for text in texts {
        if !found.iter().any(|known| known == text) {
            found.push(text.to_owned());
        }
    }
    found
}

/// What is told of each party; nothing, by kinds that are no acts under an agreement.
fn told(body: &Body) -> Vec<Told<'_>> {
    match body {
        Body::Joining(joining) => vec![Told {
            role: joining.role,
            through: joining.through.as_ref(),
            deposited: joining.deposited.as_ref(),
            effective: joining.effective.as_ref(),
            stay: joining.stay.as_deref(),
            ..plain(Some(&joining.party), &joining.agreement, joining.act.as_str(), &joining.occurred)
        }],
        Body::Memorandum(memorandum) => {
            let each = |party| Told {
                effective: memorandum.effective.as_ref(),
                ..plain(Some(party), &memorandum.agreement.id, Kind::Memorandum.as_str(), &memorandum.occurred)
            };
            memorandum.parties.iter().map(each).collect()
        }
        Body::Departure(departure) => vec![Told {
            effective: departure.effective.as_ref(),
            stay: departure.stay.as_deref(),
            ..plain(Some(&departure.party), &departure.agreement, departure.act.as_str(), &departure.occurred)
        }],
        Body::Suspension(suspension) => vec![Told {
            effective: suspension.effective.as_ref(),
            stay: suspension.stay.as_deref(),
            ..plain(suspension.party.as_ref(), &suspension.agreement, suspension.act.as_str(), &suspension.occurred)
        }],
        Body::Statement(statement) => {
            vec![plain(Some(&statement.party), &statement.agreement, statement.act.as_str(), &statement.occurred)]
        }
        _ => Vec::new(),
    }
}

fn plain<'a>(
    party: Option<&'a PartyId>,
    agreement: &'a AgreementId,
    act: &'static str,
    occurred: &'a Date,
) -> Told<'a> {
    Told { party, agreement, act, role: None, through: None, occurred, deposited: None, effective: None, stay: None }
}
