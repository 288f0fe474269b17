//! The acts of parties to one agreement, read from the claims, and the agreement's own milestones.

use std::collections::BTreeMap;

use crate::domain::act::{DepartureAct, JoiningAct, MilestoneAct, Role, Statement, SuspensionAct};
use crate::domain::announcement::{Body, Standing};
use crate::domain::contribution::Aim;
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::id::{AnnouncementId, PartyId};
use crate::domain::window::Window;
use crate::projection::knowledge::Claim;
use crate::projection::rank::{Prefer, Rival, rank};
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
#[derive(Debug, Default, Clone)]
pub struct Milestones<'a> {
    /// The earliest day on which anything is recorded of it.
    pub earliest: Option<Day>,
    /// The claims of its entry into force, the deciding one first.
    pub in_force: Vec<Reached<'a>>,
    /// The claims of its termination, expiry or supersession, the deciding one first.
    pub ended: Vec<Reached<'a>>,
    /// The claims of what else happens to an agreement once, by act, the deciding one first.
    pub once: BTreeMap<MilestoneAct, Vec<Reached<'a>>>,
}

/// One milestone, by one claim.
#[derive(Debug, Clone, Copy)]
pub struct Reached<'a> {
    /// The claim that tells of it.
    pub claim: &'a Claim<'a>,
    /// When, as the claim says it.
    pub date: &'a Date,
    /// The days that this may be.
    pub window: Window,
}

impl<'a> Reached<'a> {
    /// What decides between several claims of one milestone.
    pub fn rival(&self) -> Rival<'a> {
        Rival { claim: self.claim, window: self.window, date: self.date }
    }
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
        let mut found = Self {
            parties: BTreeMap::new(),
            prospects: Vec::new(),
            for_all: Vec::new(),
            statements: Vec::new(),
            milestones,
        };
        for claim in claims.iter().copied().filter(|claim| claim.standing == standing) {
            let act = |turn, days: Days<'a>| Act {
                claim,
                turn,
                occurred: claim.happened(days.occurred),
                effect: clip(days.effect(claim), earliest),
                date: days.date(),
                in_force: None,
            };
            match claim.body {
                Body::Joining(joining) if is_ours(joining.agreement.as_str()) => {
                    let (step, to, ground) = rules.joining(joining.act, joining.role);
                    let (deposited, effective) = (joining.deposited.as_ref(), joining.effective.as_ref());
                    let days = Days { occurred: &joining.occurred, deposited: None, effective: None };
                    let days = match step {
                        // Where entry into force is derived, a consent is one before it is effective.
                        Step::Consent if !rules.in_force_is_stated() => Days { deposited, ..days },
                        Step::Consent | Step::Join => Days { deposited, effective, ..days },
                        Step::Sign
                        | Step::Apply
                        | Step::EnterIntoForce
                        | Step::Leave
                        | Step::Suspend
                        | Step::Resume => Days { effective, ..days },
                    };
                    let turn = Turn::Joining { act: joining.act, role: joining.role, step, to, ground };
                    let in_force = effective.filter(|_| step == Step::Consent);
                    found.add(&joining.party, Act { in_force, ..act(turn, days) });
                }
                Body::Memorandum(memorandum) if is_ours(memorandum.agreement.id.as_str()) => {
                    let (step, to, ground) = rules.joining(JoiningAct::Memorandum, None);
                    let turn = Turn::Joining { act: JoiningAct::Memorandum, role: None, step, to, ground };
                    let act = act(turn, Days::of(&memorandum.occurred, memorandum.effective.as_ref()));
                    for party in &memorandum.parties {
                        found.add(party, act.clone());
                    }
                }
                Body::Departure(departure) if is_ours(departure.agreement.as_str()) => {
                    let days = Days::of(&departure.occurred, departure.effective.as_ref());
                    found.add(&departure.party, act(Turn::Departure(departure.act), days));
                }
                Body::Suspension(suspension) if is_ours(suspension.agreement.as_str()) => {
                    let days = Days::of(&suspension.occurred, suspension.effective.as_ref());
                    let act = act(Turn::Suspension(suspension.act), days);
                    match &suspension.party {
                        Some(party) => found.add(party, act),
                        None => found.for_all.push(act),
                    }
                }
                Body::Statement(statement) if is_ours(statement.agreement.as_str()) => {
                    found.statements.push((claim, statement));
                }
                // What is expected of a party that is not to join makes it nothing to the agreement.
                Body::Prospect(prospect)
                    if prospect.aim() == Aim::Joining
                        && prospect.agreement.as_ref().is_some_and(|id| is_ours(id.as_str())) =>
                {
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

/// The dates of one act.
#[derive(Clone, Copy)]
struct Days<'a> {
    occurred: &'a Date,
    deposited: Option<&'a Date>,
    effective: Option<&'a Date>,
}

impl<'a> Days<'a> {
    fn of(occurred: &'a Date, effective: Option<&'a Date>) -> Self {
        Self { occurred, deposited: None, effective }
    }

    /// The date from which it works.
    fn date(self) -> &'a Date {
        self.effective.or(self.deposited).unwrap_or(self.occurred)
    }

    /// From when it works: a day of effect may lie ahead of what was told, what was done does not.
    fn effect(self, claim: &Claim<'_>) -> Window {
        self.effective.map_or_else(|| claim.happened(self.date()), Date::window)
    }
}

impl<'a> Milestones<'a> {
    /// The window with an open start clipped at the earliest day on which anything is recorded of the agreement.
    pub(super) fn clip(&self, window: Window) -> Window {
        clip(window, self.earliest)
    }

    fn of(claims: &[&'a Claim<'a>], is_ours: &dyn Fn(&str) -> bool, prefer: Prefer) -> Self {
        let mut found = Self::default();
        for claim in claims.iter().copied().filter(|claim| claim.standing == Standing::Confirmed) {
            let Body::Milestone(milestone) = claim.body else { continue };
            let Some(occurred) = &milestone.occurred else { continue };
            if !milestone.agreement.as_ref().is_some_and(|id| is_ours(id.as_str())) {
                continue;
            }
            let reached = Reached { claim, date: occurred, window: claim.happened(occurred) };
            found.earliest = [found.earliest, reached.window.earliest()].into_iter().flatten().min();
            match milestone.act {
                MilestoneAct::EntryIntoForce => found.in_force.push(reached),
                act if act.ends() => found.ended.push(reached),
                act if act.is_once() => found.once.entry(act).or_default().push(reached),
                _ => {}
            }
        }
        for claims in [&mut found.in_force, &mut found.ended].into_iter().chain(found.once.values_mut()) {
            rank(claims, prefer, Reached::rival);
        }
        found
    }

    /// The same, if of one milestone only that claim had been made.
    pub(super) fn with_only(&self, reached: &Reached<'a>) -> Self {
        let mut found = self.clone();
        for told in [&mut found.in_force, &mut found.ended].into_iter().chain(found.once.values_mut()) {
            if told.iter().any(|other| other.claim.seq() == reached.claim.seq()) {
                *told = vec![*reached];
            }
        }
        found
    }

    /// Every milestone that happens once, with its claims, the deciding one first.
    pub fn facts(&self) -> impl Iterator<Item = &[Reached<'a>]> {
        let told = [&self.in_force, &self.ended].into_iter().chain(self.once.values());
        told.map(Vec::as_slice).filter(|claims| !claims.is_empty())
    }
}

fn clip(window: Window, earliest: Option<Day>) -> Window {
    match (window.earliest(), earliest) {
        (None, Some(day)) => Window::between(Some(day), window.latest()).unwrap_or(window),
        _ => window,
    }
}

impl<'a> Act<'a> {
    /// What decides between several claims of it.
    pub fn rival(&self) -> Rival<'a> {
        Rival { claim: self.claim, window: self.effect, date: self.date }
    }

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
