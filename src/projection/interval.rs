//! One status held from a beginning to an end, and the facts that it rests on.

use crate::domain::act::{DepartureAct, JoiningAct, Role};
use crate::domain::date::Date;
use crate::domain::window::Window;
use crate::projection::acts::{Act, Milestones, Turn};
use crate::projection::knowledge::Claim;
use crate::projection::rank::{Prefer, Reason, rank, reason, stated};
use crate::projection::rules::{EndGround, Ground, Status, Step};

/// One fact: a step of one stay that leads to one status, the leaving of it, or a suspension, and all claims of it.
#[derive(Debug, Clone)]
pub struct Fact<'a> {
    /// Which step it is.
    pub step: Step,
    /// What a joining leads to.
    pub to: Option<Status>,
    /// The acts that claims tell of, the deciding one first. Never empty.
    pub acts: Vec<Act<'a>>,
}

impl<'a> Fact<'a> {
    /// With its claims put in order. There must be one.
    pub(super) fn ranked(step: Step, to: Option<Status>, mut acts: Vec<Act<'a>>, prefer: Prefer) -> Self {
        rank(&mut acts, prefer, Act::rival);
        Self { step, to, acts }
    }
}

/// One status held from a beginning to an end, and the claims behind it.
#[derive(Debug, Clone)]
pub struct Interval<'a> {
    /// What the party is.
    pub status: Status,
    /// From when.
    pub begin: Window,
    /// Until when: the first day on which it no longer is.
    pub end: Option<Window>,
    /// The beginning as the deciding claim says it, or as it was derived.
    pub since: Date,
    /// The end likewise.
    pub until: Option<Date>,
    /// Why the beginning is as the first claim says it; nothing, if there is no other.
    pub decided_by: Option<Reason>,
    /// By which rule the party is that.
    pub ground: Ground,
    /// How it ends.
    pub end_ground: Option<EndGround>,
    /// The label of the stay that it belongs to.
    pub stay: Option<&'a str>,
    /// The act that decided.
    pub act: Option<JoiningAct>,
    /// The role, from the best claim that states one.
    pub role: Option<Role>,
    /// Claims of the beginning, the deciding one first, then those of the end.
    pub claims: Vec<&'a Claim<'a>>,
}

impl<'a> Interval<'a> {
    /// The status that the ranked acts of one fact lead to.
    pub(super) fn from(acts: &[Act<'a>], status: Status, end: Option<&End<'a>>, prefer: Prefer) -> Self {
        let first = &acts[0];
        let mut claims: Vec<&'a Claim<'a>> = acts.iter().map(|act| act.claim).collect();
        claims.extend(end.iter().flat_map(|end| end.claims.iter().copied()));
        let stated_act =
            stated(acts, prefer, |act| act.claim, |act| act.joining().filter(|act| *act != JoiningAct::Unspecified));
        Self {
            status,
            begin: first.effect,
            end: end.map(|end| end.window),
            since: first.date.clone(),
            until: end.map(|end| end.date.clone()),
            decided_by: reason(acts, prefer, Act::rival),
            ground: first.ground(),
            end_ground: end.map(|end| end.ground),
            stay: first.claim.stay(),
            act: stated_act.or_else(|| first.joining()),
            role: stated(acts, prefer, |act| act.claim, Act::role),
            claims,
        }
    }
}

/// The end of a stay, or of what a step gained.
#[derive(Debug, Clone)]
pub(super) struct End<'a> {
    pub(super) window: Window,
    pub(super) date: Date,
    pub(super) claims: Vec<&'a Claim<'a>>,
    ground: EndGround,
}

impl<'a> End<'a> {
    /// By several claims of one departure.
    pub(super) fn of(mut claims: Vec<Act<'a>>, prefer: Prefer) -> Option<Self> {
        rank(&mut claims, prefer, Act::rival);
        Self::of_ranked(&claims)
    }

    /// By claims of one departure, the deciding one first.
    pub(super) fn of_ranked(claims: &[Act<'a>]) -> Option<Self> {
        let first = claims.first()?;
        let notice = matches!(first.turn, Turn::Departure(DepartureAct::Withdrawal | DepartureAct::Denunciation));
        let ground = if notice && !first.states_effect() { EndGround::Notice } else { EndGround::Departure };
        let claims = claims.iter().map(|act| act.claim).collect();
        Some(Self { window: first.effect, date: first.date.clone(), claims, ground })
    }

    /// By the claims of the end of the agreement.
    pub(super) fn of_agreement(milestones: &Milestones<'a>) -> Option<Self> {
        let ended = milestones.ended.first()?;
        let claims = milestones.ended.iter().map(|reached| reached.claim).collect();
        Some(Self {
            window: milestones.clip(ended.window),
            date: ended.date.clone(),
            claims,
            ground: EndGround::Agreement,
        })
    }

    /// The earlier of two ends.
    pub(super) fn or_earlier(self, other: Self) -> Self {
        let window = self.window.earlier_of(other.window);
        if window == self.window {
            return self;
        }
        if window == other.window {
            return other;
        }
        Self { window, date: Date::of_window(window), claims: [self.claims, other.claims].concat(), ..self }
    }

    /// The same end, of an agreement under which a departure needs no notice.
    pub(super) fn without_notice(self) -> Self {
        let ground = if self.ground == EndGround::Notice { EndGround::Departure } else { self.ground };
        Self { ground, ..self }
    }
}

/// Whether an end certainly is not after a beginning.
pub fn ends_by(end: Window, begin: Window) -> bool {
    matches!((end.latest(), begin.earliest()), (Some(last), Some(first)) if last <= first)
}
