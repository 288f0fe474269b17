//! The acts of parties to one agreement, read from the claims, and the agreement's own milestones.

use std::collections::BTreeMap;

use crate::domain::act::{DepartureAct, JoiningAct, MilestoneAct, Role, Statement, SuspensionAct};
use crate::domain::announcement::{Body, Standing};
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::id::{AnnouncementId, PartyId};
use crate::domain::window::Window;
use crate::projection::knowledge::Claim;
use crate::projection::rank::{Prefer, rank};
use crate::projection::rules::{Ground, Rules, Status, Step};

/// One act of one party, by one claim.
#[derive(Debug, Clone)]
pub struct Act<'a> {
    /// The claim that tells of it.
    pub claim: &'a Claim<'a>,
    /// What it does.
    pub turn: Turn,
    /// When it was done; of a departure, when it was notified.
    pub occurred: Window,
    /// From when it works, with an open start clipped.
    pub effect: Window,
    /// The date that `effect` was read from.
    pub date: &'a Date,
    /// From when it is in force for the party, where the claim says so.
    pub in_force: Option<&'a Date>,
}

/// What an act does to a participation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Comes nearer.
    Joining {
        /// By which act.
        act: JoiningAct,
        /// In which role.
        role: Option<Role>,
        /// Which step it is.
        step: Step,
        /// What it leads to.
        to: Status,
        /// By which rule.
        ground: Ground,
    },
    /// Leaves, or goes back a step.
    Departure(DepartureAct),
    /// Suspends or resumes.
    Suspension(SuspensionAct),
}

/// What is told of one agreement.
#[derive(Debug)]
pub struct AgreementActs<'a> {
    /// Acts by the folded id of the party, in the order of recording.
    pub parties: BTreeMap<String, Vec<Act<'a>>>,
    /// What is expected of parties.
    pub prospects: Vec<Expectation<'a>>,
    /// Suspensions and resumptions for all parties.
    pub for_all: Vec<Act<'a>>,
    /// Reservations, declarations and objections, in the order of recording.
    pub statements: Vec<(&'a Claim<'a>, &'a Statement)>,
    /// Its milestones.
    pub milestones: Milestones<'a>,
}

/// One prospect for one party.
#[derive(Debug)]
pub struct Expectation<'a> {
    /// Of whom.
    pub party: &'a PartyId,
    /// By which claim.
    pub claim: &'a Claim<'a>,
    /// The announcement that fulfilled it.
    pub fulfilled_by: Option<&'a AnnouncementId>,
}

/// When things happened to an agreement as a whole.
#[derive(Debug, Default)]
pub struct Milestones<'a> {
    /// The earliest day on which anything is recorded of it.
    pub earliest: Option<Day>,
    /// The claims of its entry into force, the deciding one first.
    pub in_force: Vec<(&'a Claim<'a>, &'a Date)>,
    /// The claims of its termination, expiry or supersession, the deciding one first.
    pub ended: Vec<(&'a Claim<'a>, &'a Date)>,
}

impl<'a> AgreementActs<'a> {
    /// Reads the claims of that standing about an agreement, by its folded id; claims about others are passed over.
    pub fn of(
        claims: &[&'a Claim<'a>],
        agreement: &str,
        rules: &Rules<'_>,
        standing: Standing,
        prefer: Prefer,
    ) -> Self {
        let is_ours = |id: &str| id.eq_ignore_ascii_case(agreement);
        let milestones = Milestones::of(claims, &is_ours, prefer);
        let earliest = milestones.earliest;
        let clip = |window: Window| clip(window, earliest);
        let mut found = Self {
            parties: BTreeMap::new(),
            prospects: Vec::new(),
            for_all: Vec::new(),
            statements: Vec::new(),
            milestones,
        };
        for claim in claims.iter().copied().filter(|claim| claim.standing == standing) {
            match claim.body {
                Body::Joining(joining) if is_ours(joining.agreement.as_str()) => {
                    let (step, to, ground) = rules.joining(joining.act, joining.role);
                    let effective = joining.effective.as_ref();
                    let deposited = joining.deposited.as_ref();
                    let date = match step {
                        // Where entry into force is derived, a consent is one before it is effective.
                        Step::Consent if !rules.in_force_is_stated() => deposited,
                        Step::Consent | Step::Join => effective.or(deposited),
                        Step::Sign
                        | Step::Apply
                        | Step::EnterIntoForce
                        | Step::Leave
                        | Step::Suspend
                        | Step::Resume => effective,
                    };
                    let date = date.unwrap_or(&joining.occurred);
                    let turn = Turn::Joining { act: joining.act, role: joining.role, step, to, ground };
                    let in_force = joining.effective.as_ref().filter(|_| step == Step::Consent);
                    let (occurred, effect) = (joining.occurred.window(), clip(date.window()));
                    found.add(&joining.party, Act { claim, turn, occurred, effect, date, in_force });
                }
                Body::Memorandum(memorandum) if is_ours(memorandum.agreement.id.as_str()) => {
                    let date = memorandum.effective.as_ref().unwrap_or(&memorandum.occurred);
                    let (step, to, ground) = rules.joining(JoiningAct::Memorandum, None);
                    let turn = Turn::Joining { act: JoiningAct::Memorandum, role: None, step, to, ground };
                    let (occurred, effect) = (memorandum.occurred.window(), clip(date.window()));
                    for party in &memorandum.parties {
                        found.add(party, Act { claim, turn, occurred, effect, date, in_force: None });
                    }
                }
                Body::Departure(departure) if is_ours(departure.agreement.as_str()) => {
                    let date = departure.effective.as_ref().unwrap_or(&departure.occurred);
                    let turn = Turn::Departure(departure.act);
                    let (occurred, effect) = (departure.occurred.window(), clip(date.window()));
                    found.add(&departure.party, Act { claim, turn, occurred, effect, date, in_force: None });
                }
                Body::Suspension(suspension) if is_ours(suspension.agreement.as_str()) => {
                    let date = suspension.effective.as_ref().unwrap_or(&suspension.occurred);
                    let turn = Turn::Suspension(suspension.act);
                    let (occurred, effect) = (suspension.occurred.window(), clip(date.window()));
                    let act = Act { claim, turn, occurred, effect, date, in_force: None };
                    match &suspension.party {
                        Some(party) => found.add(party, act),
                        None => found.for_all.push(act),
                    }
                }
                Body::Statement(statement) if is_ours(statement.agreement.as_str()) => {
                    found.statements.push((claim, statement));
                }
                Body::Prospect(prospect) if prospect.agreement.as_ref().is_some_and(|id| is_ours(id.as_str())) => {
                    let fulfilled_by = prospect.fulfilled_by.as_ref();
                    let each = |party| Expectation { party, claim, fulfilled_by };
                    found.prospects.extend(prospect.parties.iter().map(each));
                }
                _ => {}
            }
        }
        found
    }

    fn add(&mut self, party: &PartyId, act: Act<'a>) {
        self.parties.entry(party.folded()).or_default().push(act);
    }
}

impl<'a> Milestones<'a> {
    /// The window with an open start clipped at the earliest day on which anything is recorded of the agreement.
    pub(super) fn clip(&self, window: Window) -> Window {
        clip(window, self.earliest)
    }

    fn of(claims: &[&'a Claim<'a>], is_ours: &dyn Fn(&str) -> bool, prefer: Prefer) -> Self {
        let mut in_force = Vec::new();
        let mut ended = Vec::new();
        let mut earliest = None;
        for claim in claims.iter().copied().filter(|claim| claim.standing == Standing::Confirmed) {
            let Body::Milestone(milestone) = claim.body else { continue };
            let Some(occurred) = &milestone.occurred else { continue };
            if !milestone.agreement.as_ref().is_some_and(|id| is_ours(id.as_str())) {
                continue;
            }
            earliest = [earliest, occurred.window().earliest()].into_iter().flatten().min();
            if milestone.act == MilestoneAct::EntryIntoForce {
                in_force.push((claim, occurred));
            } else if milestone.act.ends() {
                ended.push((claim, occurred));
            }
        }
        for claims in [&mut in_force, &mut ended] {
            rank(claims, prefer, |(claim, date)| (*claim, date.window()));
        }
        Self { earliest, in_force, ended }
    }
}

fn clip(window: Window, earliest: Option<Day>) -> Window {
    match (window.earliest(), earliest) {
        (None, Some(day)) => Window::between(Some(day), window.latest()).unwrap_or(window),
        _ => window,
    }
}

impl Act<'_> {
    pub(super) fn departs(&self) -> bool {
        matches!(self.turn, Turn::Departure(_))
    }

    /// The act in the word of its vocabulary.
    pub fn name(&self) -> &'static str {
        match self.turn {
            Turn::Joining { act, .. } => act.as_str(),
            Turn::Departure(act) => act.as_str(),
            Turn::Suspension(act) => act.as_str(),
        }
    }

    /// Whether its day of effect was told.
    pub(super) fn states_effect(&self) -> bool {
        matches!(self.claim.body, Body::Departure(departure) if departure.effective.is_some())
    }

    /// Whether a table states this by it: what makes a member by the rules of the agreement counts as consent.
    pub(super) fn states(&self, wanted: Step) -> bool {
        match self.turn {
            Turn::Joining { step: Step::Join, to, .. } => wanted == Step::Consent && to == Status::Member,
            Turn::Joining { act, step, .. } => step == wanted && act != JoiningAct::Deposit,
            Turn::Departure(_) | Turn::Suspension(_) => false,
        }
    }

    /// The rule by which a status follows from it.
    pub(super) fn ground(&self) -> Ground {
        match self.turn {
            Turn::Joining { ground, .. } => ground,
            Turn::Departure(_) | Turn::Suspension(_) => Ground::Suspension,
        }
    }

    pub(super) fn step(&self) -> Option<Step> {
        match self.turn {
            Turn::Joining { step, .. } => Some(step),
            Turn::Departure(_) | Turn::Suspension(_) => None,
        }
    }

    pub(super) fn joining(&self) -> Option<JoiningAct> {
        match self.turn {
            Turn::Joining { act, .. } => Some(act),
            Turn::Departure(_) | Turn::Suspension(_) => None,
        }
    }

    /// The role that it states.
    pub fn role(&self) -> Option<Role> {
        match self.turn {
            Turn::Joining { role, .. } => role,
            Turn::Departure(_) | Turn::Suspension(_) => None,
        }
    }
}
