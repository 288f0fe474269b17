//! What was known: the claims that stand, seen from a point on the clocks of announcement and recording.
//!
//! A correction or retraction works from its own announced and recorded position on; before it, answers are as they
//! were. Descriptions, and what corrects them or brings them back, are always known. What awaits reviewers makes no
//! claim and strikes nothing yet. Nothing is dropped: what does not stand is kept with the reason, for the history.

use std::collections::{BTreeMap, HashMap, HashSet};

use rayon::prelude::*;

use crate::domain::announcement::{Announcement, Body, Kind, Standing};
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::id::{AgreementId, AnnouncementId};
use crate::domain::source::{Evidence, Grade};
use crate::domain::timestamp::Timestamp;
use crate::domain::window::Window;
use crate::event::snapshot::Recorded;
use crate::projection::review::Review;

/// Events that one thread looks at in a row.
const PART: usize = 2048;

/// How far along the clocks of knowledge to look. Both ends are inclusive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Horizon {
    /// Claims certainly announced by that day; all, if none is given.
    pub announced_by: Option<Day>,
}

/// One claim that stands.
#[derive(Debug, Clone)]
pub struct Claim<'a> {
    /// The event that makes it: for a replacement, the correction.
    pub event: &'a Recorded,
    /// When that was recorded.
    pub recorded: Timestamp,
    /// What it says.
    pub body: &'a Body,
    /// On whose word; a replacement has the corrected announcement's unless it brings its own.
    pub evidence: &'a [Evidence],
    /// How firmly.
    pub standing: Standing,
    /// The stay of the corrected announcement, for a replacement that names none.
    inherited_stay: Option<&'a str>,
    /// The events that deny it.
    pub disputed_by: Vec<u64>,
    /// The events that say the same.
    pub confirmed_by: Vec<u64>,
    /// The revocation of a key that others had, by which it is suspect.
    pub suspect: Option<u64>,
}

/// What counts of the announcements that await reviewers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreviewed {
    /// Nothing.
    LeftOut,
    /// What describes nothing anew: for whoever asks whether an act can follow the others, reviewed or not.
    ActsCount,
}

impl<'a> Claim<'a> {
    /// The position of the event that makes it.
    pub fn seq(&self) -> u64 {
        self.event.seq
    }

    /// The label of the stay that it belongs to.
    pub fn stay(&self) -> Option<&'a str> {
        let own = match self.body {
            Body::Joining(joining) => joining.stay.as_deref(),
            Body::Departure(departure) => departure.stay.as_deref(),
            Body::Suspension(suspension) => suspension.stay.as_deref(),
            _ => None,
        };
        own.or(self.inherited_stay)
    }

    /// The agreement that it is about.
    pub fn agreement(&self) -> Option<&'a AgreementId> {
        self.body.agreement()
    }

    /// The strongest grade among its sources.
    pub fn grade(&self) -> Option<Grade> {
        self.evidence.iter().map(|evidence| evidence.source.grade).min()
    }

    /// The days on which it may have been announced.
    pub fn announced(&self) -> Window {
        announced(self.event, self.recorded)
    }

    /// The days that an act's date may stand for: what was announced had happened.
    pub fn happened(&self, date: &Date) -> Window {
        had_happened(self.event, self.recorded, date)
    }
}

/// The days that an act's date may stand for, as an event recorded at that time tells it: none after the least of the
/// last days on which it was announced (or, without that, the earliest of its own sources published) and recorded. A day of grace
/// is for time zones; an act that lies ahead all the same stands as it is told.
pub fn had_happened(event: &Recorded, recorded: Timestamp, date: &Date) -> Window {
    let window = date.window();
    let told = event.announcement.public_on().and_then(|date| date.window().latest());
    let told = told.map_or(recorded.day(), |day| day.min(recorded.day())).next();
    let last = window.latest().map_or(told, |latest| latest.min(told));
    Window::between(window.earliest(), Some(last)).unwrap_or(window)
}

/// Why a claim no longer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Struck {
    /// The event that struck it.
    pub by: u64,
    /// Whether something stands in its place.
    pub replaced: bool,
}

/// The claims that stand, and what was struck.
#[derive(Debug)]
pub struct Knowledge<'a> {
    /// In the order of their events.
    pub claims: Vec<Claim<'a>>,
    /// What no longer stands, by the position of its event.
    pub struck: HashMap<u64, Struck>,
    /// What would stand if enough reviewers had confirmed it, in the order of the events.
    pub awaiting: Vec<&'a Recorded>,
    /// What the ledger says of its own announcements.
    pub review: Review<'a>,
    /// The events that others name.
    by_id: HashMap<&'a AnnouncementId, &'a Recorded>,
    /// From where it is looked.
    horizon: Horizon,
    /// Corrections and retractions that are as known as the descriptions that they are about; not looked for where all
    /// is known.
    of_descriptions: HashSet<u64>,
}

impl<'a> Knowledge<'a> {
    /// Looks at a prefix of the log from a horizon.
    pub fn of(events: &'a [Recorded], horizon: Horizon) -> Self {
        Self::among(events, horizon)
    }

    /// The same from some of a log's events, in their order: what is told by others is not known.
    pub fn among(events: impl IntoIterator<Item = &'a Recorded>, horizon: Horizon) -> Self {
        let is_own = |event: &&Recorded| event.announcement.body.kind().is_about_ledger();
        let (own, told): (Vec<&Recorded>, Vec<&Recorded>) = events.into_iter().partition(is_own);
        let review = Review::by(&own, &told);
        Self::reviewed(told, review, horizon, Unreviewed::LeftOut)
    }

    /// The same from what was told of the world, and what the ledger says of that.
    pub fn reviewed(told: Vec<&'a Recorded>, review: Review<'a>, horizon: Horizon, unreviewed: Unreviewed) -> Self {
        let mut of_descriptions = HashSet::new();
        let mut known = told;
        if horizon.announced_by.is_some() {
            of_descriptions = about_descriptions(&known);
            known.retain(|event| includes(horizon, &of_descriptions, event, review.corrections.recorded(event)));
        }
        let awaits = |event: &Recorded| {
            review.awaits(event)
                && match unreviewed {
                    Unreviewed::LeftOut => true,
                    Unreviewed::ActsCount => !review.policies().describes_anew(event).is_empty(),
                }
        };
        let by_id = named(&known);
        let struck = strikes(&known, &by_id, &awaits);
        let retracted = |seq: u64| struck.get(&seq).is_some_and(|strike| strike.retracted);
        // Without a policy no event is looked at.
        let is_awaiting = |event: &&&Recorded| awaits(event) && !struck.contains_key(&event.seq);
        let awaiting: Vec<&Recorded> = known.par_iter().with_min_len(PART).filter(is_awaiting).copied().collect();

        let waits = |event: &Recorded| awaiting.binary_search_by_key(&event.seq, |event| event.seq).is_ok();
        let stands = |event: &&&'a Recorded| !struck.contains_key(&event.seq) && !waits(event);
        let of_event = |event: &&'a Recorded| {
            let claim = claim(event, &by_id)?;
            Some(Claim { recorded: review.corrections.recorded(event), suspect: review.suspected(event), ..claim })
        };
        let of_part = |part: &[&'a Recorded]| part.iter().filter(stands).filter_map(of_event).collect();
        let parts: Vec<Vec<Claim<'a>>> = known.par_chunks(PART).map(of_part).collect();
        let mut claims: Vec<Claim<'a>> = Vec::with_capacity(parts.iter().map(Vec::len).sum());
        claims.extend(parts.into_iter().flatten());
        mark(&mut claims, &known, &by_id, &|event| retracted(event.seq) || waits(event));
        let struck = struck.into_iter().map(|(seq, strike)| (seq, strike.shown())).collect();
        Self { claims, struck, awaiting, review, by_id, horizon, of_descriptions }
    }

    /// When an event was recorded: by its effective time, as far as corrections of the clock are known here.
    pub fn recorded(&self, event: &Recorded) -> Timestamp {
        self.review.corrections.recorded(event)
    }

    /// When an event was announced.
    pub fn announced(&self, event: &Recorded) -> Window {
        announced(event, self.recorded(event))
    }

    /// Whether an event was public by the horizon. Descriptions always are known, what corrects them or brings them
    /// back, and what the ledger says of itself.
    pub fn is_public(&self, event: &Recorded) -> bool {
        includes(self.horizon, &self.of_descriptions, event, self.recorded(event))
    }

    /// The claim of the event at that position, if it makes one that stands.
    pub fn claim(&self, seq: u64) -> Option<&Claim<'a>> {
        self.claims.binary_search_by_key(&seq, Claim::seq).ok().map(|index| &self.claims[index])
    }

    /// The claim of the announcement of that id, if another names it, or of what stands in its place.
    pub fn claim_of(&self, id: &AnnouncementId) -> Option<&Claim<'a>> {
        let mut seq = self.by_id.get(id)?.seq;
        // What strikes is always later, so this comes to an end.
        while let Some(struck) = self.struck.get(&seq).filter(|struck| struck.replaced) {
            seq = struck.by;
        }
        self.claim(seq)
    }

    /// The event of the announcement of that id, if another names it.
    pub fn event(&self, id: &AnnouncementId) -> Option<&'a Recorded> {
        self.by_id.get(id).copied()
    }

    /// The claims about an agreement, whatever the case of its id.
    pub fn about_agreement(&self, id: &str) -> Vec<&Claim<'a>> {
        let is_ours = |claim: &&Claim<'a>| claim.agreement().is_some_and(|own| own.as_str().eq_ignore_ascii_case(id));
        self.claims.iter().filter(is_ours).collect()
    }

    /// The claims about each agreement, by the folded ids of the agreements.
    pub fn by_agreement(&self) -> BTreeMap<String, Vec<&Claim<'a>>> {
        let mut found: HashMap<&AgreementId, Vec<&Claim<'a>>> = HashMap::new();
        for claim in &self.claims {
            if let Some(id) = claim.agreement() {
                found.entry(id).or_default().push(claim);
            }
        }
        let mut folded: BTreeMap<String, Vec<&Claim<'a>>> = BTreeMap::new();
        for (id, claims) in found {
            folded.entry(id.folded()).or_default().extend(claims);
        }
        // One agreement may be written in more than one case; its claims stay in the order of recording.
        for claims in folded.values_mut() {
            claims.sort_by_key(|claim| claim.seq());
        }
        folded
    }
}

/// Whether an event, recorded at that time, was public by a horizon, by itself or as one of those that are about
/// descriptions.
fn includes(horizon: Horizon, of_descriptions: &HashSet<u64>, event: &Recorded, recorded: Timestamp) -> bool {
    let kind = event.announcement.body.kind();
    let is_always = || kind.is_description() || kind.is_about_ledger() || of_descriptions.contains(&event.seq);
    horizon.announced_by.is_none_or(|day| is_always() || announced(event, recorded).certainly_by(day))
}

/// The corrections and retractions of descriptions, and of each other.
fn about_descriptions(told: &[&Recorded]) -> HashSet<u64> {
    let mut ids: HashSet<&AnnouncementId> = HashSet::new();
    let mut found = HashSet::new();
    for event in told {
        let body = &event.announcement.body;
        let strikes = body.strikes().is_some_and(|target| ids.contains(target));
        if strikes || body.kind().is_description() {
            ids.insert(&event.id);
        }
        if strikes {
            found.insert(event.seq);
        }
    }
    found
}

/// The events whose announcements others name, by their ids: few of many, so that the rest need no place in an index.
fn named<'a>(known: &[&'a Recorded]) -> HashMap<&'a AnnouncementId, &'a Recorded> {
    let of_part = |part: &[&'a Recorded]| {
        let mut ids: HashSet<&AnnouncementId> = HashSet::new();
        for event in part {
            note_names(&event.announcement.body, &mut ids);
        }
        ids
    };
    let ids: HashSet<&AnnouncementId> = known.par_chunks(PART).map(of_part).flatten_iter().collect();
    let named = known.par_iter().with_min_len(PART).filter(|event| !ids.is_empty() && ids.contains(&event.id));
    named.map(|event| (&event.id, *event)).collect()
}

fn note_names<'a>(body: &'a Body, ids: &mut HashSet<&'a AnnouncementId>) {
    match body {
        Body::Correction(correction) => {
            ids.insert(&correction.corrects);
            if let Some(replacement) = &correction.replacement {
                note_names(&replacement.0, ids);
            }
        }
        Body::Retraction(retraction) => ids.extend([&retraction.retracts]),
        Body::Dispute(dispute) => ids.extend([&dispute.of]),
        Body::Confirmation(confirmation) => ids.extend([&confirmation.of]),
        Body::Prospect(prospect) => ids.extend(&prospect.fulfilled_by),
        Body::Count(count) => ids.extend(&count.joining),
        Body::Statement(statement) => ids.extend(&statement.to),
        _ => {}
    }
}

/// When an announcement was made: its own day, else its earliest source's, else that of recording.
fn announced(event: &Recorded, recorded: Timestamp) -> Window {
    event.announcement.public_on().map_or_else(|| Window::of_day(recorded.day()), Date::window)
}

#[derive(Debug)]
struct Strike {
    by: u64,
    replaced: bool,
    retracted: bool,
}

impl Strike {
    fn shown(self) -> Struck {
        Struck { by: self.by, replaced: self.replaced }
    }
}

/// What corrections and retractions strike. Only later events strike earlier ones, so one pass from the end settles
/// whether the one that strikes is itself retracted. A corrected correction still strikes what it corrected, also one that
/// awaits reviewers: the later one says all the same that what it corrected was wrong.
fn strikes(
    known: &[&Recorded],
    by_id: &HashMap<&AnnouncementId, &Recorded>,
    awaits: &dyn Fn(&Recorded) -> bool,
) -> HashMap<u64, Strike> {
    let mut strikes: HashMap<u64, Strike> = HashMap::new();
    for event in known.iter().rev() {
        let seq = event.seq;
        // Few events strike others; only of these it has to be known whether they are struck themselves.
        let (target, replaced, retracted) = match &event.announcement.body {
            Body::Correction(correction) => (&correction.corrects, correction.replacement.is_some(), false),
            Body::Retraction(retraction) => (&retraction.retracts, false, true),
            _ => continue,
        };
        let takes_effect = match strikes.get(&seq) {
            Some(strike) => !strike.retracted,
            None => !awaits(event),
        };
        if !takes_effect {
            continue;
        }
        if let Some(target) = by_id.get(target).filter(|target| target.seq < seq) {
            strikes.insert(target.seq, Strike { by: seq, replaced, retracted });
        }
    }
    strikes
}

/// The claim that an event makes, if it makes one about the world.
fn claim<'a>(event: &'a Recorded, by_id: &HashMap<&AnnouncementId, &'a Recorded>) -> Option<Claim<'a>> {
    let announcement = &event.announcement;
    let plain = |body| Claim {
        event,
        recorded: event.stated,
        body,
        evidence: &announcement.evidence,
        standing: announcement.standing,
        inherited_stay: None,
        disputed_by: Vec::new(),
        confirmed_by: Vec::new(),
        suspect: None,
    };
    match &announcement.body {
        Body::Correction(correction) => {
            let mut claim = plain(correction.replacement.as_ref()?.0.as_ref());
            inherit(&mut claim, announcement, by_id);
            Some(claim)
        }
        Body::Retraction(_) | Body::Dispute(_) | Body::Confirmation(_) => None,
        body => Some(plain(body)),
    }
}

/// Takes evidence, standing and stay from what was corrected, as far back as corrections go, unless the claim has them.
fn inherit<'a>(claim: &mut Claim<'a>, correction: &'a Announcement, by_id: &HashMap<&AnnouncementId, &'a Recorded>) {
    let mut at = correction;
    let mut limit = claim.event.seq;
    while let Body::Correction(correction) = &at.body {
        let Some(target) = by_id.get(&correction.corrects).filter(|target| target.seq < limit) else { return };
        limit = target.seq;
        at = &target.announcement;
        if claim.evidence.is_empty() {
            claim.evidence = &at.evidence;
        }
        if at.standing == Standing::Reported {
            claim.standing = Standing::Reported;
        }
        let body = match &at.body {
            Body::Correction(earlier) => earlier.replacement.as_ref().map(|replacement| replacement.0.as_ref()),
            body => Some(body),
        };
        let stay = match body {
            Some(Body::Joining(joining)) => joining.stay.as_deref(),
            Some(Body::Departure(departure)) => departure.stay.as_deref(),
            Some(Body::Suspension(suspension)) => suspension.stay.as_deref(),
            _ => None,
        };
        claim.inherited_stay = claim.inherited_stay.or(stay);
    }
}

/// Puts the marks of disputes and confirmations on the claims that they are about, unless these are void.
fn mark(
    claims: &mut [Claim<'_>],
    known: &[&Recorded],
    by_id: &HashMap<&AnnouncementId, &Recorded>,
    is_void: &dyn Fn(&Recorded) -> bool,
) {
    for event in known {
        let target = match &event.announcement.body {
            Body::Dispute(dispute) => &dispute.of,
            Body::Confirmation(confirmation) => &confirmation.of,
            _ => continue,
        };
        if is_void(event) {
            continue;
        }
        let Some(target) = by_id.get(target) else { continue };
        let Ok(claim) = claims.binary_search_by_key(&target.seq, Claim::seq) else { continue };
        let claim = &mut claims[claim];
        match event.announcement.body.kind() {
            Kind::Dispute => claim.disputed_by.push(event.seq),
            _ => claim.confirmed_by.push(event.seq),
        }
    }
}
