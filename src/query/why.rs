//! Why an answer is as it is: the events, the rule, the sources and the quotes behind one row.
//!
//! The rule is the one that the projection carried into the row; it is not worked out a second time.

mod quotes;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::announcement::{Body, Kind, Standing};
use crate::domain::contribution::Aim;
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::id::Namespace;
use crate::domain::shape::vocabulary;
use crate::domain::source::{Evidence, Grade};
use crate::domain::timestamp::Timestamp;
use crate::domain::window::Certainty;
use crate::event::snapshot::{Recorded, Snapshot};
use crate::ledger::documents::inventory::erasures;
use crate::projection::acts::AgreementActs;
use crate::projection::knowledge::Claim;
use crate::projection::membership::{Row, rows};
use crate::projection::rules::{EndGround, Ground, Rules};
use crate::projection::stay::Terms;
use crate::projection::stays::Stays;
use crate::query::history::{days, happened, reason};
use crate::query::members::{Member, member};
use crate::query::prospects::{Expected, ExpectedOf, ProspectState, expectations};
use crate::query::review::{ReviewState, ReviewTold, awaiting_on, describes_any};
use crate::query::sentence::Names;
use crate::query::view::is_of_participants;
use crate::query::{QueryError, Reported, Standpoint, Vantage, View};

/// The answer: `servanda/why/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Why {
    /// Name and version of this form.
    pub schema: &'static str,
    /// The party's id.
    pub party: String,
    /// The party's name on that day.
    pub name: String,
    /// The agreement's id.
    pub agreement: String,
    /// The agreement's title on that day.
    pub title: String,
    /// From where it was asked.
    #[serde(flatten)]
    pub vantage: Vantage,
    /// The row of the party; none, if nothing is told of it.
    pub row: Option<Member>,
    /// By which rule it has its status.
    pub ground: Option<Ground>,
    /// The rule in a sentence.
    pub rule: Option<&'static str>,
    /// How the status ends, as far as that is known.
    pub end_ground: Option<EndGround>,
    /// That in a sentence.
    pub end_rule: Option<&'static str>,
    /// The descriptions by which the agreement and the party are what they are on that day, the agreement's first: from
    /// its type, or from rules of its own, follows who is its member, and the party has its name and type by the other.
    pub described_by: Vec<ClaimTold>,
    /// The claims that the row rests on, the deciding one first.
    pub claims: Vec<ClaimTold>,
    /// What was expected of the party in that agreement, by joining or otherwise, and is overdue on that day.
    pub overdue: Vec<Expected>,
    /// What was told of the party and the agreement, and does not count here; of descriptions, those that await
    /// reviewers.
    pub left_out: Vec<LeftOut>,
}

/// One claim, with its evidence.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ClaimTold {
    /// The event.
    pub event: u64,
    /// The announcement's id.
    pub id: String,
    /// What it is about.
    pub kind: Kind,
    /// What it says.
    pub what: String,
    /// When it happened, as EDTF.
    pub date: Option<Date>,
    /// The source's own words for that date.
    pub wording: Option<String>,
    /// The last day on which that may have been, where its date leaves that open: what was announced had happened.
    pub not_after: Option<Day>,
    /// The source's own words for its other dates, by the date's key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub other_wording: BTreeMap<String, String>,
    /// When it was announced, as EDTF, where it or its source says so.
    pub announced: Option<Date>,
    /// When it was recorded.
    pub recorded: Timestamp,
    /// Who recorded it.
    pub recorder: String,
    /// Whether it is confirmed, or only reported.
    pub standing: Standing,
    /// The events that deny it.
    pub disputed_by: Vec<u64>,
    /// The events that say the same.
    pub confirmed_by: Vec<u64>,
    /// On whose word.
    pub evidence: Vec<Cited>,
    /// Why there is no evidence, where there is none.
    pub no_evidence: Option<String>,
    /// A recorder's remark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The row of an imported table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ref: Option<String>,
    /// What reviewers said, where its kind needs them or they said something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewTold>,
    /// The event that revoked the key with which somebody else may have signed it, unless it was reaffirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspect: Option<u64>,
}

/// A source and a passage of it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Cited {
    /// Who published it.
    pub publisher: String,
    /// Its title.
    pub title: Option<String>,
    /// Where it stands, or stood.
    pub url: Option<String>,
    /// The day of publication, as EDTF.
    pub published: Option<Date>,
    /// The day on which it was fetched, as EDTF.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retrieved: Option<Date>,
    /// How close the publisher is to the fact.
    pub grade: Grade,
    /// The address of the document that is kept of it.
    pub document: Option<String>,
    /// The address of the text in which the passage stands: the document itself, or what was extracted from it.
    pub text: Option<String>,
    /// The event by which the document was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased: Option<u64>,
    /// The passage; none of a personal document, where only its place is recorded.
    pub quote: Option<String>,
    /// Where the passage stands in that text: first byte and one past the last.
    pub at: Option<(u64, u64)>,
    /// The line of that text on which the passage begins, from 1, where the text was at hand.
    pub line: Option<u64>,
}

/// Something told that does not count.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LeftOut {
    /// The event.
    pub event: u64,
    /// What it says.
    pub what: String,
    /// When it happened, as EDTF.
    pub date: Option<Date>,
    /// Who recorded it.
    pub recorder: String,
    /// Why it does not count.
    pub because: LeftOutBecause,
    /// The event that corrected or took it back.
    pub by: Option<u64>,
    /// The reason that that event gives.
    pub reason: Option<String>,
    /// What reviewers said, where its kind needs them or they said something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewTold>,
}

vocabulary! {
    /// Why something told does not count.
    pub enum LeftOutBecause {
        /// It was corrected.
        Corrected = "corrected",
        /// It was taken back.
        Retracted = "retracted",
        /// It cannot follow the history.
        Irregular = "irregular",
        /// It is a notice that was called off in time, or the calling off.
        CalledOff = "called-off",
        /// It is only reported.
        Reported = "reported",
        /// It was recorded later than asked for.
        RecordedLater = "recorded-later",
        /// It was not certainly announced by the day asked for.
        AnnouncedLater = "announced-later",
        /// What it expects is another thing than that the party joins.
        OtherAim = "other-aim",
        /// It tells of another stay or status, which is not the highest on that day.
        OtherStatus = "other-status",
        /// Too few reviewers have confirmed it.
        Awaiting = "awaiting",
        /// Too few reviewers have confirmed it, and somebody rejects it.
        Rejected = "rejected",
    }
}

/// Answers why a party is what it is to an agreement on a day.
///
/// # Errors
///
/// [`QueryError::NotFound`] if the party or the agreement is not described by then, [`QueryError::NotRecorded`].
///
/// # Example
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/example_ledger.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use servanda::domain::day::Day;
/// use servanda::query::{Standpoint, why::why};
///
/// let facts = example()?;
/// let on = Standpoint::on(Day::parse("2023-10-19")?);
/// let answer = why(&facts, "pakistan", "ilrs", on)?;
/// assert_eq!(answer.claims[0].what, "Pakistan joins International Lunar Research Station (signature)");
/// assert!(answer.rule.is_some_and(|rule| rule.contains("is its member")));
/// # Ok(())
/// # }
/// ```
pub fn why(snapshot: &Snapshot, party: &str, agreement: &str, at: Standpoint) -> Result<Why, QueryError> {
    let view = View::of(snapshot, at.known)?;
    let party = view.find(Namespace::Party, party)?;
    let agreement = view.find(Namespace::Agreement, agreement)?;
    let described = view.catalogue.agreement(&agreement, at.on).expect("what was found is described");
    let of_party = view.catalogue.party(&party, at.on).expect("what was found is described");
    let rules = Rules::of(described);
    let claims = view.knowledge.about_agreement(&agreement);
    let row = rows(&view.knowledge, &claims, &agreement, &rules, at.reckoning());
    let row = row.into_iter().find(|row| row.party == party);
    let used: Vec<&Claim<'_>> = row.iter().flat_map(|row| row.claims.iter().copied()).collect();
    let mut seen = BTreeSet::new();
    let erased = erasures(&snapshot.events);
    let used = used.iter().filter(|claim| seen.insert(claim.seq()));
    let claims_told = used.map(|claim| told(&view, claim.event, Some(claim), &erased)).collect();
    let described_by = [(Namespace::Agreement, &agreement), (Namespace::Party, &party)];
    let described_by = described_by.into_iter().filter_map(|(space, id)| {
        let event = view.event(view.catalogue.described_by(space, id, at.on)?)?;
        Some(told(&view, event, view.knowledge.claim(event.seq), &erased))
    });
    let unused = Unused { snapshot, view: &view, party: &party, agreement: &agreement, at };
    Ok(Why {
        schema: "servanda/why/v1",
        party: of_party.id.to_string(),
        name: of_party.name.clone(),
        agreement: described.id.to_string(),
        title: described.title.clone(),
        vantage: view.vantage(at),
        ground: row.as_ref().and_then(|row| row.ground),
        rule: row.as_ref().and_then(|row| row.ground).map(rule),
        end_ground: row.as_ref().and_then(|row| row.end_ground),
        end_rule: row.as_ref().and_then(|row| row.end_ground).map(end_rule),
        overdue: overdue(&view, at, &party, &agreement),
        left_out: unused.list(&claims, &rules, row.as_ref(), &seen),
        row: row.as_ref().map(|row| member(row, &view, at.on, is_of_participants(described))),
        described_by: described_by.collect(),
        claims: claims_told,
    })
}

/// What was expected of a party in an agreement, and is overdue on the day.
fn overdue(view: &View<'_>, at: Standpoint, party: &str, agreement: &str) -> Vec<Expected> {
    let of_party = [(Namespace::Party, party.to_owned())];
    let mut expected = expectations(view, at, Some(&of_party));
    let is_ours = |of: &Expected| of.agreement.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(agreement));
    expected.retain(|of| of.of == ExpectedOf::Prospect && of.state == ProspectState::Overdue && is_ours(of));
    expected
}

/// Whether a body expects another thing of its parties than that they join.
fn is_of_other_aim(body: &Body) -> bool {
    matches!(body.said(), Some(Body::Prospect(prospect)) if prospect.aim() != Aim::Joining)
}

/// The rule behind a status, in a sentence with its source.
const fn rule(ground: Ground) -> &'static str {
    match ground {
        Ground::Role => "the role that a source states decides what a participant is",
        Ground::Joining => "whoever joins a programme or organisation without a stated role is its member",
        Ground::SoftJoining => {
            "a joint statement or a letter of intent makes an associated party of a programme or organisation"
        }
        Ground::OwnRules => "the agreement has rules of membership of its own, and they name the act",
        Ground::Conclusion => "whoever concludes such an instrument is its member",
        Ground::Signature => {
            "a signature makes a signatory, who is not bound yet (Vienna Convention, articles 12 and 18)"
        }
        Ground::Consent => "consent to be bound makes a contracting party (Vienna Convention, articles 2(1)(f) and 11)",
        Ground::ProvisionalApplication => {
            "the treaty is applied provisionally, before it is in force for the party (Vienna Convention, article 25)"
        }
        Ground::SofterThanSignature => {
            "an act softer than signature makes no more than an associated party of a treaty"
        }
        Ground::StatedEntryIntoForce => {
            "it is in force for the party from the day that its source states (Vienna Convention, article 24(1))"
        }
        Ground::DerivedEntryIntoForce => {
            "it is in force for the party from the later of its consent and the agreement's entry into force (Vienna Convention, article 24)"
        }
        Ground::Table => "the table that the agreement is read from states from when the party is bound",
        Ground::Suspension => "its operation is suspended for the party (Vienna Convention, articles 57 and 58)",
        Ground::Expectation => "something is expected of the party, and has not come about yet",
    }
}

/// How a status ends, in a sentence with its source.
const fn end_rule(ground: EndGround) -> &'static str {
    match ground {
        EndGround::Departure => "the party left, and was outside from the day on which that took effect",
        EndGround::Notice => {
            "the party gave notice without saying when it takes effect; the day of the notice is assumed, and a treaty that says nothing else asks for twelve months (Vienna Convention, article 56(2))"
        }
        EndGround::Agreement => "the agreement as a whole came to an end (Vienna Convention, articles 54 and 59)",
        EndGround::Resumption => "what was suspended was resumed (Vienna Convention, article 72)",
        EndGround::Fulfilment => "what was expected was fulfilled, or the party came nearer",
    }
}

/// What an event tells, and what else is known of the claim that it makes; a memorandum that awaits reviewers makes
/// none yet.
fn told(view: &View<'_>, event: &Recorded, claim: Option<&Claim<'_>>, erased: &BTreeMap<&str, u64>) -> ClaimTold {
    let announcement = &event.announcement;
    let happened = happened(&announcement.body);
    let evidence = claim.map_or(&*announcement.evidence, |claim| claim.evidence);
    let mut other_wording = announcement.wording.clone();
    ClaimTold {
        event: event.seq,
        id: event.id.to_string(),
        kind: announcement.body.kind(),
        what: Names(&view.catalogue).sentence(&announcement.body),
        date: happened.map(|(_, date)| date.clone()),
        wording: happened.and_then(|(field, _)| other_wording.remove(field)),
        not_after: happened.and_then(|of| not_after(view, event, of)),
        other_wording,
        announced: announcement.public_on().cloned(),
        recorded: view.recorded(event),
        recorder: event.recorder.to_string(),
        standing: claim.map_or(announcement.standing, |claim| claim.standing),
        disputed_by: claim.map(|claim| claim.disputed_by.clone()).unwrap_or_default(),
        confirmed_by: claim.map(|claim| claim.confirmed_by.clone()).unwrap_or_default(),
        evidence: evidence.iter().map(|evidence| Cited::of(evidence, erased)).collect(),
        no_evidence: announcement.no_evidence.clone(),
        note: announcement.note.clone(),
        source_ref: announcement.source_ref.clone(),
        review: ReviewTold::of_event(&view.knowledge.review, event),
        suspect: view.knowledge.review.suspected(event),
    }
}

/// The last day that an act may have been done, where it is not as late as its date says.
fn not_after(view: &View<'_>, event: &Recorded, of: (&str, &Date)) -> Option<Day> {
    let latest = days(view, event, of).latest();
    latest.filter(|_| of.1.window().latest() != latest)
}

impl Cited {
    fn of(evidence: &Evidence, erased: &BTreeMap<&str, u64>) -> Self {
        let source = &evidence.source;
        let address = source.document.as_ref().and_then(|of| of.address());
        Self {
            publisher: source.publisher.clone(),
            title: source.title.clone(),
            url: source.url.as_ref().map(|url| url.as_str().to_owned()),
            published: source.published.clone(),
            retrieved: source.retrieved.clone(),
            grade: source.grade,
            document: address.map(|address| address.as_str().to_owned()),
            text: source.document.as_ref().and_then(|of| of.text_address()).map(|address| address.as_str().to_owned()),
            erased: address.and_then(|address| erased.get(address.as_str()).copied()),
            quote: evidence.quote.clone(),
            at: evidence.at,
            line: None,
        }
    }
}

/// What was told of one party and one agreement, and is not used.
struct Unused<'u, 'a> {
    snapshot: &'a Snapshot,
    view: &'u View<'a>,
    party: &'u str,
    agreement: &'u str,
    at: Standpoint,
}

impl Unused<'_, '_> {
    fn list(
        &self,
        claims: &[&Claim<'_>],
        rules: &Rules<'_>,
        row: Option<&Row<'_>>,
        used: &BTreeSet<u64>,
    ) -> Vec<LeftOut> {
        let mut apart: Vec<(u64, LeftOutBecause)> = Vec::new();
        for standing in Standing::ALL {
            let acts = AgreementActs::of(claims, self.agreement, rules, *standing, self.at.prefer);
            let terms = Terms { milestones: &acts.milestones, rules, prefer: self.at.prefer };
            let own = acts.parties.get(self.party).map_or(&[][..], Vec::as_slice);
            let stays = Stays::of(own, &acts.for_all, terms);
            apart.extend(stays.irregular.iter().map(|of| (of.claim.seq(), LeftOutBecause::Irregular)));
            apart.extend(stays.called_off.iter().map(|claim| (claim.seq(), LeftOutBecause::CalledOff)));
        }
        let reported_counts = row.is_some_and(|row| row.standing == Standing::Reported);
        let is_in = |review: &Option<ReviewTold>, state| review.as_ref().is_some_and(|told| told.state == state);
        let awaiting = self.awaiting();
        let is_ours =
            |event: &&Recorded| self.tells(&event.announcement.body) || awaiting.binary_search(&event.seq).is_ok();
        let told = self.snapshot.events.iter().filter(is_ours).filter(|event| !used.contains(&event.seq));
        told.map(|event| {
            let seq = event.seq;
            let struck = self.view.knowledge.struck.get(&seq);
            let apart = apart.iter().find(|(of, _)| *of == seq).map(|(_, because)| *because);
            let by = struck.and_then(|struck| self.view.event(struck.by));
            let review = ReviewTold::of_event(&self.view.knowledge.review, event);
            let because = match (by.map(|by| by.announcement.body.kind()), apart) {
                (Some(Kind::Correction), _) => LeftOutBecause::Corrected,
                (Some(_), _) => LeftOutBecause::Retracted,
                (None, _) if seq >= self.view.position.len => LeftOutBecause::RecordedLater,
                (None, _) if !self.view.is_public(event) => LeftOutBecause::AnnouncedLater,
                (None, _) if is_in(&review, ReviewState::Awaiting) => LeftOutBecause::Awaiting,
                (None, _) if is_in(&review, ReviewState::Rejected) => LeftOutBecause::Rejected,
                (None, Some(because)) => because,
                (None, None) if self.is_reported(event) && !reported_counts => LeftOutBecause::Reported,
                (None, None) if is_of_other_aim(&event.announcement.body) => LeftOutBecause::OtherAim,
                (None, None) => LeftOutBecause::OtherStatus,
            };
            LeftOut {
                event: seq,
                what: Names(&self.view.catalogue).sentence(&event.announcement.body),
                date: happened(&event.announcement.body).map(|(_, date)| date.clone()),
                recorder: event.recorder.to_string(),
                because,
                by: struck.map(|struck| struck.by),
                reason: by.and_then(|by| reason(&by.announcement.body)),
                review,
            }
        })
        .collect()
    }

    fn is_reported(&self, event: &Recorded) -> bool {
        let standing = self.view.knowledge.claim(event.seq).map(|claim| claim.standing);
        standing.unwrap_or(event.announcement.standing) == Standing::Reported && self.at.reported == Reported::LeftOut
    }

    /// The events that await reviewers, and tell of both, describe one of them, or are about what does.
    fn awaiting(&self) -> Vec<u64> {
        let [party, agreement] = [self.party, self.agreement].map(str::to_owned);
        let things = BTreeSet::from([(Namespace::Party, party), (Namespace::Agreement, agreement)]);
        let found = awaiting_on(self.view, |body| self.tells(body) || describes_any(body, &things));
        found.into_iter().map(|event| event.seq).collect()
    }

    /// Whether a body tells what the party is to the agreement.
    fn tells(&self, body: &Body) -> bool {
        let Some(body) = body.said() else { return false };
        let of_agreement = body.agreement().is_some_and(|id| id.as_str().eq_ignore_ascii_case(self.agreement));
        let is_ours = |id: &crate::domain::id::PartyId| id.as_str().eq_ignore_ascii_case(self.party);
        of_agreement
            && match body {
                Body::Joining(joining) => is_ours(&joining.party),
                Body::Memorandum(memorandum) => memorandum.parties.iter().any(is_ours),
                Body::Departure(departure) => is_ours(&departure.party),
                Body::Suspension(suspension) => suspension.party.as_ref().is_none_or(is_ours),
                Body::Prospect(prospect) => prospect.parties.iter().any(is_ours),
                _ => false,
            }
    }
}

impl Why {
    /// Why the answer is not certain, in words; nothing, if it is.
    pub fn doubt(&self) -> Option<String> {
        let row = self.row.as_ref().filter(|row| row.certainty == Certainty::Possible)?;
        let imprecise = |date: &&Date| date.window().width() != Some(1);
        let covers =
            |date: &&Date| date.window().possibly_by(self.vantage.on) && !date.window().certainly_by(self.vantage.on);
        let since = row.since.as_ref().filter(imprecise).filter(covers);
        let until = row.until.as_ref().filter(imprecise).filter(covers);
        let mut reasons = Vec::new();
        if let Some(since) = since {
            reasons.push(format!("the beginning is known only as {}", since.in_words()));
        }
        if let Some(until) = until {
            reasons.push(format!("the end is known only as {}", until.in_words()));
        }
        if reasons.is_empty() {
            reasons.push("something that it follows from is not known to the day".to_owned());
        }
        Some(reasons.join(", and "))
    }
}
