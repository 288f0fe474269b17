//! Claims that disagree, every source side by side, with what each answer would be; and acts that cannot follow.
//!
//! Claims of one fact conflict in their dates if the windows of those that do not merely support another have no day in
//! common; in their acts, roles, signatories or places if any two state different ones; in their announcement if one
//! publisher gives days that have none in common. So do milestones that happen once. A fact that somebody denies is listed
//! too, one whose source is older than what it tells, a list that contradicts the claims about a party, and a party beside
//! another that acts for it.

mod differences;
mod lists;
pub mod weak;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::act::{MilestoneAct, Role};
use crate::domain::agreement::Agreement;
use crate::domain::announcement::{Body, Standing};
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::id::{Namespace, folded};
use crate::domain::shape::vocabulary;
use crate::domain::source::Grade;
use crate::domain::window::Certainty;
use crate::event::snapshot::Snapshot;
use crate::projection::acts::{Act, AgreementActs, Reached};
use crate::projection::interval::Fact;
use crate::projection::knowledge::Claim;
use crate::projection::membership::{Sources, if_only, participations};
use crate::projection::rank::{Reason, Rival, reason};
use crate::projection::rules::{Rules, Step};
use crate::projection::stay::Terms;
use crate::projection::stays::{Irregular, Irregularity, Stays, pauses};
use crate::query::conflicts::differences::{alternatives, between, by_preference, said_of_all};
use crate::query::conflicts::weak::Weak;
use crate::query::sentence::Names;
use crate::query::{QueryError, Reported, Standpoint, Status, Vantage, View};

/// The answer: `servanda/conflicts/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Conflicts {
    /// Name and version of this form.
    pub schema: &'static str,
    /// What was asked for: a party or an agreement; all, if nothing.
    pub subject: Option<String>,
    /// From where it was asked.
    #[serde(flatten)]
    pub vantage: Vantage,
    /// The facts whose claims disagree, by agreement and party.
    pub conflicts: Vec<Conflict>,
    /// The acts that cannot follow the history, and are not counted.
    pub irregular: Vec<IrregularAct>,
    /// The answers on the day that rest on one source at the most, below the grade that was asked for.
    pub weak: Vec<Weak>,
}

/// One fact whose claims disagree.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Conflict {
    /// The agreement's id.
    pub agreement: String,
    /// Its title.
    pub title: String,
    /// The party's id; none, if the fact is about the agreement as a whole.
    pub party: Option<String>,
    /// The party's name.
    pub name: Option<String>,
    /// The label of the stay.
    pub stay: Option<String>,
    /// What the fact is about.
    pub about: About,
    /// What a joining leads to.
    pub status: Option<Status>,
    /// In what the claims disagree.
    pub differences: Vec<Difference>,
    /// The claims, the deciding one first.
    pub claims: Vec<Alternative>,
    /// Why the first of them decides; nothing, if there is no other.
    pub decided_by: Option<Reason>,
    /// The event whose date decides by each preference.
    pub by_preference: BTreeMap<&'static str, u64>,
}

vocabulary! {
    /// What a fact is about.
    pub enum About {
        /// Joining, or concluding a soft instrument.
        Joining = "joining",
        /// Whether a party is among those that a source lists.
        Listing = "listing",
        /// Signing.
        Signing = "signing",
        /// Consenting to be bound.
        Consenting = "consenting",
        /// Applying provisionally.
        ProvisionalApplication = "provisional-application",
        /// Entry into force for the party, or for the agreement as a whole.
        EntryIntoForce = "entry-into-force",
        /// Leaving, or taking a step back.
        Leaving = "leaving",
        /// The end of the agreement.
        End = "end",
        /// The adoption of its text.
        Adoption = "adoption",
        /// Its opening for signature.
        Opening = "opening",
        /// Its establishment.
        Establishment = "establishment",
        /// Its launch.
        Launch = "launch",
        /// Suspension, of a party or for all.
        Suspension = "suspension",
        /// Resumption, of a party or for all.
        Resumption = "resumption",
    }
}

vocabulary! {
    /// In what claims disagree.
    pub enum Difference {
        /// Their dates have no day in common.
        Dates = "dates",
        /// They state different acts.
        Acts = "acts",
        /// They state different roles.
        Roles = "roles",
        /// One publisher gives different days of announcement.
        Announced = "announced",
        /// They name different signatories for one party.
        Signatories = "signatories",
        /// They state different places.
        Places = "places",
        /// A source was published or retrieved before what it tells had happened.
        OlderSource = "older-source",
        /// A list has the party, and no claim does; or claims have it, and a list that claims to be whole does not.
        Listed = "listed",
        /// A party joined, and so did another that acts for it: whether one is meant or both, the sources do not say.
        Actors = "actors",
        /// Somebody denies one of them.
        Denied = "denied",
    }
}

/// One claim, and what the answer would be by it alone.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Alternative {
    /// The event.
    pub event: u64,
    /// The announcement's id.
    pub id: String,
    /// The day that it gives, as EDTF.
    pub date: Date,
    /// The act that it states.
    pub act: Option<String>,
    /// The role that it states.
    pub role: Option<Role>,
    /// When it was announced, as EDTF, where it or its source says so.
    pub announced: Option<Date>,
    /// The strongest grade among its sources.
    pub grade: Option<Grade>,
    /// Who published it.
    pub publishers: Vec<String>,
    /// The passages that say so.
    pub quotes: Vec<String>,
    /// Who signed, as far as it says so.
    pub signatories: Vec<String>,
    /// Where, if it says so.
    pub place: Option<String>,
    /// Whether it merely supports a more precise one.
    pub supports: bool,
    /// Whether its date is the one that is shown.
    pub decides: bool,
    /// The events that deny it.
    pub disputed_by: Vec<u64>,
    /// The events that say the same.
    pub confirmed_by: Vec<u64>,
    /// What the party would be on the day asked if this claim of the fact were the only one.
    pub answer: Option<Answered>,
}

/// What an answer would be.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Answered {
    /// The highest status possible.
    pub status: Status,
    /// How sure that is.
    pub certainty: Certainty,
    /// Since when, as EDTF.
    pub since: Option<Date>,
    /// Until when, as EDTF: the first day outside.
    pub until: Option<Date>,
}

/// An act that cannot follow the history.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct IrregularAct {
    /// The agreement's id.
    pub agreement: String,
    /// The party's id.
    pub party: String,
    /// The event.
    pub event: u64,
    /// What it says.
    pub what: String,
    /// Why it cannot follow.
    pub because: Irregularity,
}

/// Lists the claims that disagree; of a party or agreement, if one is named. With a grade, also the answers that rest on one
/// source alone which is below it.
///
/// # Errors
///
/// [`QueryError::NotFound`] if nothing of that name is described, [`QueryError::NotRecorded`].
///
/// # Example
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/example_ledger.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use servanda::domain::day::Day;
/// use servanda::query::conflicts::{Difference, conflicts};
/// use servanda::query::Standpoint;
///
/// let facts = example()?;
/// let on = Standpoint::on(Day::parse("2023-10-19")?);
/// let answer = conflicts(&facts, None, None, on)?;
/// assert_eq!(answer.conflicts[0].differences, [Difference::Dates, Difference::Acts]);
/// assert_eq!(answer.conflicts[0].claims.len(), 3);
/// # Ok(())
/// # }
/// ```
pub fn conflicts(
    snapshot: &Snapshot,
    subject: Option<&str>,
    below: Option<Grade>,
    at: Standpoint,
) -> Result<Conflicts, QueryError> {
    let view = View::of(snapshot, at.known)?;
    let subjects = subject.map(|name| view.subjects(name)).transpose()?;
    let concerns = |space: Namespace, id: &str| {
        let any = |subjects: &Vec<(Namespace, String)>| subjects.iter().any(|(of, own)| *of == space && own == id);
        subjects.as_ref().is_some_and(any)
    };
    let standings = if at.reported == Reported::Included { Standing::ALL } else { &[Standing::Confirmed] };
    let of_agreement = |id: &str, described: &Agreement, claims: &[&Claim<'_>]| {
        let all = subjects.is_none() || concerns(Namespace::Agreement, id);
        let rules = Rules::of(described);
        let (mut found, mut irregular, mut weak) = (Vec::new(), Vec::new(), Vec::new());
        for standing in standings {
            let acts = AgreementActs::of(claims, id, &rules, *standing, at.prefer);
            let terms = Terms { milestones: &acts.milestones, rules: &rules, prefer: at.prefer };
            let whole = Whole { view: &view, id, acts: &acts, terms, on: at.on };
            let is_wanted = |party: &str| all || concerns(Namespace::Party, party);
            if all && *standing == Standing::Confirmed {
                found.extend(whole.of_milestones());
                let for_all = pauses(acts.for_all.clone(), at.prefer);
                found.extend(for_all.iter().filter_map(|fact| whole.of_all(fact)));
            }
            for (party, own) in &acts.parties {
                if is_wanted(party) {
                    let stays = Stays::of(own, &acts.for_all, terms);
                    found.extend(stays.facts.iter().filter_map(|fact| whole.of_fact(party, fact)));
                    irregular.extend(stays.irregular.iter().map(|irregular| whole.irregular(party, irregular)));
                }
            }
            if *standing == Standing::Confirmed {
                let how = (*standing, at.prefer, Sources::Decided);
                let parts = participations(&view.knowledge, claims, id, &rules, how);
                let more = whole.of_lists(claims).into_iter().chain(whole.of_actors(&parts));
                found.extend(
                    more.filter(|conflict| conflict.party.as_deref().is_some_and(|party| is_wanted(&folded(party)))),
                );
                let rows = parts.iter().filter(|part| is_wanted(&part.party)).map(|part| part.on(at.on));
                weak.extend(rows.filter_map(|row| whole.weak(&row, below?)));
            }
        }
        vec![(found, (irregular, weak))]
    };
    let (found, apart): (Vec<_>, Vec<_>) = view.of_each(at.on, of_agreement).into_iter().unzip();
    let (irregular, weak): (Vec<Vec<IrregularAct>>, Vec<Vec<Weak>>) = apart.into_iter().unzip();
    Ok(Conflicts {
        schema: "servanda/conflicts/v1",
        subject: subject.map(str::to_owned),
        vantage: view.vantage(at),
        conflicts: found.concat(),
        irregular: irregular.concat(),
        weak: weak.concat(),
    })
}

/// One agreement, seen from a day.
struct Whole<'w, 'a> {
    view: &'a View<'a>,
    id: &'w str,
    acts: &'w AgreementActs<'a>,
    terms: Terms<'w, 'a>,
    on: Day,
}

impl<'a> Whole<'_, 'a> {
    /// A fact of one party.
    fn of_fact(&self, party: &str, fact: &Fact<'a>) -> Option<Conflict> {
        let mut conflict = self.of_all(fact)?;
        for (alternative, act) in conflict.claims.iter_mut().zip(&fact.acts) {
            let row = if_only(self.acts, party, (fact, act.claim), self.terms, self.on);
            alternative.answer =
                Some(Answered { status: row.status, certainty: row.certainty, since: row.since, until: row.until });
        }
        Some(self.named(party, conflict))
    }

    /// A conflict of that party.
    fn named(&self, party: &str, conflict: Conflict) -> Conflict {
        let described = self.view.catalogue.party(party, self.on);
        Conflict {
            party: Some(described.map_or_else(|| party.to_owned(), |party| party.id.to_string())),
            name: Some(described.map_or_else(|| party.to_owned(), |party| party.name.clone())),
            ..conflict
        }
    }

    /// A fact about all parties at once.
    fn of_all(&self, fact: &Fact<'a>) -> Option<Conflict> {
        let differences = between(&fact.acts);
        if differences.is_empty() {
            return None;
        }
        let rivals: Vec<Rival<'a>> = fact.acts.iter().map(Act::rival).collect();
        let told = fact.acts.iter().zip(alternatives(&rivals));
        let claims = told.map(|(act, told)| Alternative { act: Some(act.name().to_owned()), role: act.role(), ..told });
        Some(Conflict {
            stay: fact.acts[0].claim.stay().map(str::to_owned),
            about: About::of(fact.step),
            status: fact.to,
            claims: claims.collect(),
            decided_by: reason(&rivals, self.terms.prefer, |rival| *rival),
            by_preference: by_preference(&rivals),
            ..self.conflict(differences)
        })
    }

    fn of_milestones(&self) -> Vec<Conflict> {
        let conflicts = self.acts.milestones.facts().filter_map(|told| {
            let rivals: Vec<Rival<'a>> = told.iter().map(Reached::rival).collect();
            let differences = said_of_all(&rivals);
            if differences.is_empty() {
                return None;
            }
            Some(Conflict {
                about: About::of_milestone(told[0].claim),
                claims: alternatives(&rivals),
                decided_by: reason(&rivals, self.terms.prefer, |rival| *rival),
                by_preference: by_preference(&rivals),
                ..self.conflict(differences)
            })
        });
        conflicts.collect()
    }

    fn conflict(&self, differences: Vec<Difference>) -> Conflict {
        let described = self.view.catalogue.agreement(self.id, self.on);
        Conflict {
            agreement: described.map_or_else(|| self.id.to_owned(), |agreement| agreement.id.to_string()),
            title: described.map_or_else(|| self.id.to_owned(), |agreement| agreement.title.clone()),
            party: None,
            name: None,
            stay: None,
            about: About::Joining,
            status: None,
            differences,
            claims: Vec::new(),
            decided_by: None,
            by_preference: BTreeMap::new(),
        }
    }

    fn irregular(&self, party: &str, irregular: &Irregular<'_>) -> IrregularAct {
        let described = self.view.catalogue.party(party, self.on);
        IrregularAct {
            agreement: self.conflict(Vec::new()).agreement,
            party: described.map_or_else(|| party.to_owned(), |party| party.id.to_string()),
            event: irregular.claim.seq(),
            what: Names(&self.view.catalogue).sentence(irregular.claim.body),
            because: irregular.because,
        }
    }
}

impl About {
    /// What happened to the agreement as a whole.
    fn of_milestone(claim: &Claim<'_>) -> Self {
        let Body::Milestone(milestone) = claim.body else { return Self::End };
        match milestone.act {
            MilestoneAct::EntryIntoForce => Self::EntryIntoForce,
            MilestoneAct::Adopted => Self::Adoption,
            MilestoneAct::Opened => Self::Opening,
            MilestoneAct::Established => Self::Establishment,
            MilestoneAct::Launched => Self::Launch,
            MilestoneAct::Amended
            | MilestoneAct::Extended
            | MilestoneAct::Superseded
            | MilestoneAct::Terminated
            | MilestoneAct::Expired
            | MilestoneAct::Other => Self::End,
        }
    }

    fn of(step: Step) -> Self {
        match step {
            Step::Join => Self::Joining,
            Step::Sign => Self::Signing,
            Step::Consent => Self::Consenting,
            Step::Apply => Self::ProvisionalApplication,
            Step::EnterIntoForce => Self::EntryIntoForce,
            Step::Leave => Self::Leaving,
            Step::Suspend => Self::Suspension,
            Step::Resume => Self::Resumption,
        }
    }
}
