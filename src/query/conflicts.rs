//! Claims that disagree, every source side by side, with what each answer would be; and acts that cannot follow.
//!
//! Claims of one fact conflict in their dates if the windows of those that do not merely support another have no day in
//! common; in their acts or roles if any two state different ones; in their announcement if one publisher gives days
//! that have none in common. A fact that somebody denies is listed too.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::act::{JoiningAct, Role};
use crate::domain::agreement::Agreement;
use crate::domain::announcement::Standing;
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::id::Namespace;
use crate::domain::shape::vocabulary;
use crate::domain::source::Grade;
use crate::domain::window::{Certainty, Window};
use crate::event::facts::Facts;
use crate::projection::acts::{Act, AgreementActs};
use crate::projection::interval::Fact;
use crate::projection::knowledge::Claim;
use crate::projection::membership::if_only;
use crate::projection::rank::{Prefer, all_overlap, rank, supporting};
use crate::projection::rules::{Rules, Step};
use crate::projection::stay::Terms;
use crate::projection::stays::{Irregular, Irregularity, Stays, pauses};
use crate::query::history::published;
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
    /// The event whose date decides by each preference.
    pub by_preference: BTreeMap<&'static str, u64>,
}

vocabulary! {
    /// What a fact is about.
    pub enum About {
        /// Joining, or concluding a soft instrument.
        Joining = "joining",
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

/// Lists the claims that disagree; of a party or agreement, if one is named.
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
/// let answer = conflicts(&facts, None, on)?;
/// assert_eq!(answer.conflicts[0].differences, [Difference::Dates, Difference::Acts]);
/// assert_eq!(answer.conflicts[0].claims.len(), 3);
/// # Ok(())
/// # }
/// ```
pub fn conflicts(facts: &Facts, subject: Option<&str>, at: Standpoint) -> Result<Conflicts, QueryError> {
    let view = View::of(facts, at.known)?;
    let subjects = subject.map(|name| view.subjects(name)).transpose()?;
    let concerns = |space: Namespace, id: &str| {
        let any = |subjects: &Vec<(Namespace, String)>| subjects.iter().any(|(of, own)| *of == space && own == id);
        subjects.as_ref().is_some_and(any)
    };
    let standings = if at.reported == Reported::Included { Standing::ALL } else { &[Standing::Confirmed] };
    let of_agreement = |id: &str, described: &Agreement, claims: &[&Claim<'_>]| {
        let all = subjects.is_none() || concerns(Namespace::Agreement, id);
        let rules = Rules::of(described);
        let (mut found, mut irregular) = (Vec::new(), Vec::new());
        for standing in standings {
            let acts = AgreementActs::of(claims, id, &rules, *standing, at.prefer);
            let terms = Terms { milestones: &acts.milestones, rules: &rules, prefer: at.prefer };
            let whole = Whole { view: &view, id, acts: &acts, terms, on: at.on };
            if all && *standing == Standing::Confirmed {
                found.extend(whole.of_milestones());
                let for_all = pauses(acts.for_all.clone(), at.prefer);
                found.extend(for_all.iter().filter_map(|fact| whole.of_all(fact)));
            }
            for (party, own) in &acts.parties {
                if all || concerns(Namespace::Party, party) {
                    let stays = Stays::of(own, &acts.for_all, terms);
                    found.extend(stays.facts.iter().filter_map(|fact| whole.of_fact(party, fact)));
                    irregular.extend(stays.irregular.iter().map(|irregular| whole.irregular(party, irregular)));
                }
            }
        }
        vec![(found, irregular)]
    };
    let (found, irregular): (Vec<Vec<Conflict>>, Vec<Vec<IrregularAct>>) =
        view.of_each(at.on, of_agreement).into_iter().unzip();
    Ok(Conflicts {
        schema: "servanda/conflicts/v1",
        subject: subject.map(str::to_owned),
        vantage: view.vantage(at),
        conflicts: found.concat(),
        irregular: irregular.concat(),
    })
}

/// One agreement, seen from a day.
struct Whole<'w, 'a> {
    view: &'w View<'a>,
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
        let described = self.view.catalogue.party(party, self.on);
        Some(Conflict {
            party: Some(described.map_or_else(|| party.to_owned(), |party| party.id.to_string())),
            name: Some(described.map_or_else(|| party.to_owned(), |party| party.name.clone())),
            ..conflict
        })
    }

    /// A fact about all parties at once.
    fn of_all(&self, fact: &Fact<'a>) -> Option<Conflict> {
        let differences = differences(&fact.acts);
        if differences.is_empty() {
            return None;
        }
        let supporting = supporting(fact.acts.iter().map(|act| act.effect));
        let claims = fact.acts.iter().enumerate().map(|(index, act)| Alternative {
            act: Some(act.name().to_owned()),
            role: act.role(),
            ..alternative(act.claim, act.date, supporting.contains(&act.effect), index)
        });
        Some(Conflict {
            stay: fact.acts[0].claim.stay().map(str::to_owned),
            about: About::of(fact.step),
            status: fact.to,
            claims: claims.collect(),
            by_preference: by_preference(&fact.acts, |act| (act.claim, act.effect)),
            ..self.conflict(differences)
        })
    }

    fn of_milestones(&self) -> Vec<Conflict> {
        let milestones = &self.acts.milestones;
        let facts = [(About::EntryIntoForce, &milestones.in_force), (About::End, &milestones.ended)];
        let conflicts = facts.into_iter().filter_map(|(about, told)| {
            let supporting = supporting(told.iter().map(|(_, date)| date.window()));
            let windows = told.iter().map(|(_, date)| date.window()).filter(|window| !supporting.contains(window));
            let windows: Vec<Window> = windows.collect();
            let claims: Vec<&Claim<'_>> = told.iter().map(|(claim, _)| *claim).collect();
            let mut differences = Vec::from_iter((!all_overlap(&windows)).then_some(Difference::Dates));
            differences.extend(said_of_all(&claims));
            if differences.is_empty() {
                return None;
            }
            let claims = told.iter().enumerate();
            Some(Conflict {
                about,
                claims: claims
                    .map(|(index, (claim, date))| alternative(claim, date, supporting.contains(&date.window()), index))
                    .collect(),
                by_preference: by_preference(told, |(claim, date)| (*claim, date.window())),
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

/// In what the ranked claims of a fact disagree.
fn differences(acts: &[Act<'_>]) -> Vec<Difference> {
    let supporting = supporting(acts.iter().map(|act| act.effect));
    let windows = acts.iter().map(|act| act.effect).filter(|window| !supporting.contains(window));
    let windows: Vec<Window> = windows.collect();
    let mut found = Vec::new();
    if !all_overlap(&windows) {
        found.push(Difference::Dates);
    }
    if differ(acts.iter().map(Act::name).filter(|name| *name != JoiningAct::Unspecified.as_str())) {
        found.push(Difference::Acts);
    }
    if differ(acts.iter().filter_map(Act::role)) {
        found.push(Difference::Roles);
    }
    found.extend(said_of_all(&acts.iter().map(|act| act.claim).collect::<Vec<_>>()));
    found
}

/// What claims of any fact may disagree in: the days on which one publisher announced it, and that somebody denies it.
fn said_of_all(claims: &[&Claim<'_>]) -> Vec<Difference> {
    let mut by_publisher: BTreeMap<&str, Vec<Window>> = BTreeMap::new();
    for claim in claims {
        for evidence in claim.evidence {
            by_publisher.entry(&evidence.source.publisher).or_default().push(claim.announced());
        }
    }
    let announced = by_publisher.values().any(|windows| !all_overlap(windows));
    let denied = claims.iter().any(|claim| !claim.disputed_by.is_empty());
    let found = [(announced, Difference::Announced), (denied, Difference::Denied)];
    found.into_iter().filter(|(holds, _)| *holds).map(|(_, difference)| difference).collect()
}

fn differ<T: PartialEq>(mut values: impl Iterator<Item = T>) -> bool {
    let first = values.next();
    values.any(|value| Some(&value) != first.as_ref())
}

fn by_preference<'a, T: Clone>(
    claims: &[T],
    of: impl Fn(&T) -> (&'a Claim<'a>, Window) + Copy,
) -> BTreeMap<&'static str, u64> {
    let first = |prefer: &Prefer| {
        let mut claims = claims.to_vec();
        // Ranking moves only what differs: the order that is ranked anew is that of recording.
        claims.sort_by_key(|claim| of(claim).0.seq());
        rank(&mut claims, *prefer, of);
        Some((prefer.as_str(), of(claims.first()?).0.seq()))
    };
    Prefer::ALL.iter().filter_map(first).collect()
}

/// The claim at a place among ranked claims.
fn alternative(claim: &Claim<'_>, date: &Date, supports: bool, index: usize) -> Alternative {
    let announcement = &claim.event.announcement;
    let mut publishers: Vec<String> = claim.evidence.iter().map(|evidence| evidence.source.publisher.clone()).collect();
    publishers.dedup();
    Alternative {
        event: claim.seq(),
        id: claim.event.id.to_string(),
        date: date.clone(),
        act: None,
        role: None,
        announced: announcement.announced.clone().or_else(|| published(claim.event)),
        grade: claim.grade(),
        publishers,
        quotes: claim.evidence.iter().filter_map(|evidence| evidence.quote.clone()).collect(),
        supports,
        decides: index == 0,
        disputed_by: claim.disputed_by.clone(),
        confirmed_by: claim.confirmed_by.clone(),
        answer: None,
    }
}
