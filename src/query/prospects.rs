//! What is expected, and what became of it: prospects, milestones and contributions that have a day to come.
//!
//! Announcements of the same thing are one expectation: the newest of them stands, and where it gives another day than
//! an earlier one, the expectation has moved. Something is expected from the day of its first announcement on.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::agreement::Milestone;
use crate::domain::announcement::{Body, Standing};
use crate::domain::contribution::{Aim, ContributionStage, Prospect};
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::id::{AgreementId, MissionId, Namespace, PartyId};
use crate::domain::shape::vocabulary;
use crate::domain::window::Window;
use crate::event::snapshot::Snapshot;
use crate::projection::knowledge::Claim;
use crate::query::contributions::{by_item, reached, wording};
use crate::query::fulfilments::{Fulfilments, fulfilments, met_by_all};
use crate::query::members::events;
use crate::query::sentence::milestone_in_words;
use crate::query::view::names_any;
use crate::query::{QueryError, Reported, Standpoint, Vantage, View};

/// The answer: `servanda/prospects/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Prospects {
    /// Name and version of this form.
    pub schema: &'static str,
    /// Whose prospects: what was asked for; all, if nothing.
    pub subject: Option<String>,
    /// From where it was asked.
    #[serde(flatten)]
    pub vantage: Vantage,
    /// What is or was expected, that which is due first at the top.
    pub prospects: Vec<Expected>,
}

/// Something that is or was expected.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Expected {
    /// What kind of announcement expects it.
    pub of: ExpectedOf,
    /// Of whom, by id.
    pub parties: Vec<String>,
    /// Their names.
    pub names: Vec<String>,
    /// About which agreement, by id.
    pub agreement: Option<String>,
    /// About which mission, by id.
    pub mission: Option<String>,
    /// What is expected.
    pub what: String,
    /// What a prospect aims at: only one of joining makes its parties prospective.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aim: Option<Aim>,
    /// How far it has come, in the word of its kind.
    pub stage: Option<String>,
    /// When it is due, as EDTF.
    pub due: Option<Date>,
    /// The source's own words for that date.
    pub wording: Option<String>,
    /// What became of it by the day.
    pub state: ProspectState,
    /// When it was met, as EDTF.
    pub met: Option<Date>,
    /// Whether it was certainly met after it was due, or certainly not.
    pub late: Option<bool>,
    /// The days on which it was due by earlier announcements, the earliest first.
    pub moved_from: Vec<Moved>,
    /// Whether a later announcement put it off to a later day.
    pub slipped: bool,
    /// Whether it is confirmed, or only reported.
    pub standing: Standing,
    /// Whether somebody denies it.
    pub disputed: bool,
    /// The events that it rests on, the one that stands first.
    pub events: Vec<u64>,
}

/// An earlier day.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Moved {
    /// The event that gave it.
    pub event: u64,
    /// The day, as EDTF; none, if it gave none.
    pub due: Option<Date>,
}

vocabulary! {
    /// What kind of announcement expects something.
    pub enum ExpectedOf {
        /// A prospect.
        Prospect = "prospect",
        /// A milestone with an expected day.
        Milestone = "milestone",
        /// A contribution with an expected day.
        Contribution = "contribution",
    }
}

vocabulary! {
    /// What became of something expected.
    pub enum ProspectState {
        /// It was due, and certainly is past its day without having been met.
        Overdue = "overdue",
        /// Its day may have come, and it was not met yet.
        Due = "due",
        /// Its day is still to come, or none was given.
        Open = "open",
        /// It came about.
        Met = "met",
        /// It was called off.
        Cancelled = "cancelled",
    }
}

/// Answers what is expected; of a party, agreement or mission, if one is named.
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
/// use servanda::query::prospects::{ProspectState, prospects};
/// use servanda::query::Standpoint;
///
/// let facts = example()?;
/// let answer = prospects(&facts, None, Standpoint::on(Day::parse("2024-09-01")?))?;
/// assert_eq!(answer.prospects[0].state, ProspectState::Overdue);
/// # Ok(())
/// # }
/// ```
pub fn prospects(snapshot: &Snapshot, subject: Option<&str>, at: Standpoint) -> Result<Prospects, QueryError> {
    let view = View::of(snapshot, at.known)?;
    let subjects = subject.map(|name| view.subjects(name)).transpose()?;
    let prospects = expectations(&view, at, subjects.as_deref());
    Ok(Prospects {
        schema: "servanda/prospects/v1",
        subject: subject.map(str::to_owned),
        vantage: view.vantage(at),
        prospects,
    })
}

impl Expected {
    /// Whether it is about one of these things.
    fn concerns(&self, subjects: &[(Namespace, String)]) -> bool {
        subjects.iter().any(|(space, id)| match space {
            Namespace::Party => self.parties.iter().any(|party| party.eq_ignore_ascii_case(id)),
            Namespace::Agreement => self.agreement.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(id)),
            Namespace::Mission => self.mission.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(id)),
            Namespace::Announcement => false,
        })
    }
}

/// Everything expected by the day, of these things if any are named: overdue, due, open, met and cancelled, and in each by the day that it is due.
pub(super) fn expectations(view: &View<'_>, at: Standpoint, subjects: Option<&[(Namespace, String)]>) -> Vec<Expected> {
    let wanted = |body: &Body| subjects.is_none_or(|subjects| names_any(body, subjects));
    list(view, at, subjects, || fulfilments(view, at, &wanted))
}

/// The same, where it is known what was met in the agreements.
pub(super) fn expectations_met<'v>(view: &'v View<'_>, at: Standpoint, met: Fulfilments<'v, 'v>) -> Vec<Expected> {
    list(view, at, None, || met)
}

fn list<'v>(
    view: &'v View<'_>,
    at: Standpoint,
    subjects: Option<&[(Namespace, String)]>,
    met: impl FnOnce() -> Fulfilments<'v, 'v>,
) -> Vec<Expected> {
    let wanted = |body: &Body| subjects.is_none_or(|subjects| names_any(body, subjects));
    let mut found = of_parties(view, at, &wanted, met);
    found.extend(of_milestones(view, at, &wanted));
    found.extend(of_contributions(view, at));
    found.retain(|expected| subjects.is_none_or(|subjects| expected.concerns(subjects)));
    let due = |expected: &Expected| expected.due.as_ref().map_or(Window::UNKNOWN, Date::window);
    found.sort_by(|a, b| {
        let undated = |expected: &Expected| expected.due.is_none();
        let order = a.state.cmp(&b.state).then(undated(a).cmp(&undated(b)));
        order.then_with(|| due(a).cmp_by_ends(&due(b))).then_with(|| a.events.cmp(&b.events))
    });
    found
}

/// One expectation, told by several claims in the order in which they were announced; the last one stands.
struct Told<'v, 'a> {
    claims: Vec<(&'v Claim<'a>, Option<&'a Date>)>,
}

impl<'v, 'a> Told<'v, 'a> {
    /// Those that were announced by the day, if any was.
    fn by(mut claims: Vec<(&'v Claim<'a>, Option<&'a Date>)>, on: Day) -> Option<Self> {
        claims.retain(|(claim, _)| claim.announced().possibly_by(on));
        claims.sort_by(|(a, _), (b, _)| a.announced().cmp_by_ends(&b.announced()).then(a.seq().cmp(&b.seq())));
        (!claims.is_empty()).then_some(Self { claims })
    }

    fn stands(&self) -> (&'v Claim<'a>, Option<&'a Date>) {
        *self.claims.last().expect("never empty")
    }

    /// The expectation, when it was met and by which claims.
    fn expected(&self, of: ExpectedOf, field: &str, met: Option<(Window, Vec<&Claim<'_>>)>, on: Day) -> Expected {
        let (claim, due) = self.stands();
        let earlier = &self.claims[..self.claims.len() - 1];
        let mut moved_from: Vec<Moved> = earlier
            .iter()
            .filter(|(_, earlier)| *earlier != due)
            .map(|(claim, earlier)| Moved { event: claim.seq(), due: earlier.cloned() })
            .collect();
        moved_from.dedup_by(|later, earlier| later.due == earlier.due);
        let slipped = due.is_some_and(|due| {
            let put_off = |moved: &Moved| moved.due.as_ref().is_some_and(|was| ends_before(was.window(), due.window()));
            moved_from.iter().any(put_off)
        });
        let met = met.filter(|(window, _)| window.possibly_by(on));
        let state = match (&met, due.map(Date::window)) {
            (Some((window, _)), _) if window.certainly_by(on) => ProspectState::Met,
            (_, Some(due)) if due.latest().is_some_and(|latest| latest < on) => ProspectState::Overdue,
            (_, Some(due)) if due.possibly_by(on) => ProspectState::Due,
            (_, Some(_) | None) => ProspectState::Open,
        };
        let late = met.as_ref().zip(due).and_then(|((met, _), due)| {
            let late = due.window().certainly_before(*met);
            let in_time = due.window().earliest().is_some_and(|first| met.certainly_by(first));
            (late || in_time).then_some(late)
        });
        let mut claims: Vec<&Claim<'_>> = self.claims.iter().rev().map(|(claim, _)| *claim).collect();
        claims.extend(met.iter().flat_map(|(_, by)| by.iter().copied()));
        Expected {
            of,
            parties: Vec::new(),
            names: Vec::new(),
            agreement: None,
            mission: None,
            what: String::new(),
            aim: None,
            stage: None,
            due: due.cloned(),
            wording: wording(claim, field),
            state,
            met: met.as_ref().map(|(window, _)| Date::of_window(*window)),
            late,
            moved_from,
            slipped,
            standing: claim.standing,
            disputed: self.claims.iter().any(|(claim, _)| !claim.disputed_by.is_empty()),
            events: events(&claims),
        }
    }
}

/// Whether the latest day of one window is before that of another.
fn ends_before(a: Window, b: Window) -> bool {
    match (a.latest(), b.latest()) {
        (Some(a), Some(b)) => a < b,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

fn counts(claim: &Claim<'_>, at: Standpoint) -> bool {
    claim.standing == Standing::Confirmed
        || at.reported == Reported::Included
        || matches!(claim.body, Body::Prospect(_))
}

/// Prospects of parties. Reported ones are listed as such; they make nobody anything.
fn of_parties<'v>(
    view: &'v View<'_>,
    at: Standpoint,
    wanted: &impl Fn(&Body) -> bool,
    met: impl FnOnce() -> Fulfilments<'v, 'v>,
) -> Vec<Expected> {
    let mut groups: BTreeMap<_, Vec<(&Claim<'_>, &Prospect)>> = BTreeMap::new();
    for claim in &view.knowledge.claims {
        if let Body::Prospect(prospect) = claim.body
            && wanted(claim.body)
        {
            let mut parties: Vec<String> = prospect.parties.iter().map(PartyId::folded).collect();
            parties.sort_unstable();
            let agreement = prospect.agreement.as_ref().map(AgreementId::folded);
            let what = prospect.what.to_lowercase();
            groups.entry((parties, agreement, prospect.aim(), what)).or_default().push((claim, prospect));
        }
    }
    if groups.is_empty() {
        return Vec::new();
    }
    let met = met();
    let expected = groups.into_values().filter_map(|claims| {
        let by_seq: HashMap<u64, &Prospect> = claims.iter().map(|(claim, told)| (claim.seq(), *told)).collect();
        let told = Told::by(claims.iter().map(|(claim, told)| (*claim, told.due.as_ref())).collect(), at.on)?;
        let (claim, _) = told.stands();
        let prospect = by_seq[&claim.seq()];
        let met = met_by_all(view, claim, prospect, &met);
        let expected = told.expected(ExpectedOf::Prospect, "due", met, at.on);
        Some(Expected {
            parties: prospect.parties.iter().map(|party| view.party_id(party, at.on)).collect(),
            names: prospect.parties.iter().map(|party| view.party_name(party, at.on)).collect(),
            agreement: prospect.agreement.as_ref().map(|id| view.agreement_id(id, at.on)),
            what: prospect.what.clone(),
            aim: Some(prospect.aim()),
            stage: Some(prospect.stage.to_string()),
            ..expected
        })
    });
    expected.collect()
}

/// Milestones that are expected, and met by one of the same act that occurred.
fn of_milestones(view: &View<'_>, at: Standpoint, wanted: &impl Fn(&Body) -> bool) -> Vec<Expected> {
    let mut groups: BTreeMap<_, Vec<(&Claim<'_>, &Milestone)>> = BTreeMap::new();
    for claim in view.knowledge.claims.iter().filter(|claim| counts(claim, at)) {
        if let Body::Milestone(milestone) = claim.body
            && wanted(claim.body)
        {
            let agreement = milestone.agreement.as_ref().map(AgreementId::folded);
            let mission = milestone.mission.as_ref().map(MissionId::folded);
            groups.entry((agreement, mission, milestone.act)).or_default().push((claim, milestone));
        }
    }
    groups.into_values().flat_map(|told| milestones_of_act(view, &told, at)).collect()
}

fn milestones_of_act(view: &View<'_>, told: &[(&Claim<'_>, &Milestone)], at: Standpoint) -> Vec<Expected> {
    let mut by_what: BTreeMap<String, Vec<(&Claim<'_>, &Milestone)>> = BTreeMap::new();
    for (claim, milestone) in told.iter().filter(|(_, milestone)| milestone.expected.is_some()) {
        let what = milestone.what.as_deref().unwrap_or_default().to_lowercase();
        by_what.entry(what).or_default().push((claim, milestone));
    }
    let alone = by_what.len() == 1;
    let expected = by_what.into_iter().filter_map(|(what, claims)| {
        let same = |milestone: &Milestone| {
            let own = milestone.what.as_deref().unwrap_or_default().to_lowercase();
            own == what || (alone && own.is_empty())
        };
        let occurred = told.iter().filter(|(_, milestone)| same(milestone));
        let met =
            occurred.filter_map(|(claim, milestone)| Some((claim.happened(milestone.occurred.as_ref()?), *claim)));
        let met = met.min_by(|(a, _), (b, _)| a.cmp_by_ends(b)).map(|(window, by)| (window, vec![by]));
        let milestone = claims.last()?.1;
        let told = claims.iter().map(|(claim, milestone)| (*claim, milestone.expected.as_ref())).collect();
        let expected = Told::by(told, at.on)?.expected(ExpectedOf::Milestone, "expected", met, at.on);
        Some(Expected {
            agreement: milestone.agreement.as_ref().map(|id| view.agreement_id(id, at.on)),
            mission: milestone.mission.as_ref().map(|id| view.mission_id(id, at.on)),
            what: milestone_in_words(milestone.act, milestone.what.as_deref()),
            ..expected
        })
    });
    expected.collect()
}

/// Contributions that are expected, and met once they are handed over or at work.
fn of_contributions(view: &View<'_>, at: Standpoint) -> Vec<Expected> {
    let done = |stage: ContributionStage| match stage {
        ContributionStage::Delivered
        | ContributionStage::Launched
        | ContributionStage::Operating
        | ContributionStage::Completed => true,
        ContributionStage::Offered
        | ContributionStage::Agreed
        | ContributionStage::UnderWay
        | ContributionStage::Cancelled => false,
    };
    let expected = by_item(view, at.reported).into_values().filter_map(|told| {
        let of_stage = |wanted: &dyn Fn(ContributionStage) -> bool| {
            let reached =
                told.iter().filter(|(_, told)| wanted(told.stage)).map(|(claim, told)| (reached(claim, told), *claim));
            reached.min_by(|(a, _), (b, _)| a.cmp_by_ends(b)).map(|(window, by)| (window, vec![by]))
        };
        let cancelled = of_stage(&|stage| stage == ContributionStage::Cancelled);
        let expecting: Vec<_> = told.iter().filter(|(_, told)| told.expected.is_some()).collect();
        let contribution = expecting.last()?.1;
        let claims = expecting.iter().map(|(claim, told)| (*claim, told.expected.as_ref())).collect();
        let mut expected =
            Told::by(claims, at.on)?.expected(ExpectedOf::Contribution, "expected", of_stage(&done), at.on);
        let is_off = cancelled.is_some_and(|(window, _)| window.certainly_by(at.on));
        if is_off && expected.state != ProspectState::Met {
            expected.state = ProspectState::Cancelled;
        }
        Some(Expected {
            parties: vec![view.party_id(&contribution.party, at.on)],
            names: vec![view.party_name(&contribution.party, at.on)],
            mission: Some(view.mission_id(&contribution.mission, at.on)),
            what: contribution.item.name.clone(),
            stage: Some(contribution.stage.to_string()),
            ..expected
        })
    });
    expected.collect()
}
