//! A law, against a slow model that reckons what counts from the rules as they are told.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::anew::{concluded, described};
use super::{confirms, rejects};
use crate::given::{Given, Told, corrected, joined, programme, retracted, told};
use crate::laws::{DAYS, history};

/// One step of a history with reviewers: an announcement, a verdict or a policy.
#[derive(Debug, Clone)]
enum Step {
    Told(Told),
    Verdict {
        reviewer: usize,
        of: usize,
        is_confirmed: bool,
    },
    /// Describes the pact anew.
    Description {
        of_type: usize,
        from: Option<usize>,
        is_concluded: bool,
    },
    /// Retracts an announcement, or corrects it by one of its own kind.
    Strike {
        of: usize,
        is_retracted: bool,
        of_type: usize,
    },
    /// How many reviewers the kinds take.
    Policy([u64; KINDS.len()]),
}

/// The kinds that take reviewers here.
const KINDS: [&str; 6] = ["joining", "departure", "memorandum", "agreement", "correction", "retraction"];
/// The types that the pact is described to have.
const TYPES: [&str; 4] = ["programme", "treaty", "agreement", "organisation"];

/// Recorders, who may all review.
const PEOPLE: [&str; 3] = ["ana", "boris", "cleo"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let others = prop_oneof![
        4 => (0..3_usize, any::<prop::sample::Index>(), prop::bool::weighted(0.8)).prop_map(|(reviewer, of, is_confirmed)| {
            Step::Verdict { reviewer, of: of.index(16), is_confirmed }
        }),
        1 => prop::array::uniform6(0..3_u64).prop_map(Step::Policy),
        2 => (0..4_usize, prop::option::of(0..9_usize), prop::bool::weighted(0.3)).prop_map(|(of_type, from, is_concluded)| {
            Step::Description { of_type, from, is_concluded }
        }),
        2 => (any::<prop::sample::Index>(), any::<bool>(), 0..4_usize).prop_map(|(of, is_retracted, of_type)| {
            Step::Strike { of: of.index(16), is_retracted, of_type }
        }),
    ];
    (history(), prop::collection::vec((any::<prop::sample::Index>(), others), 0..24)).prop_map(|(told, others)| {
        let mut steps: Vec<Step> = told.into_iter().map(Step::Told).collect();
        for (place, step) in others {
            steps.insert(place.index(steps.len() + 1), step);
        }
        steps
    })
}

/// An announcement, and what the slow model knows of it.
struct Claim {
    told: Told,
    /// The announcement that it strikes, and whether it takes that back.
    strikes: Option<(usize, bool)>,
    /// Whether the pact is described by it, or otherwise because of it.
    describes: bool,
    takes: u64,
    verdicts: [Option<bool>; 3],
}

/// What the slow model was told so far.
#[derive(Default)]
struct Slow {
    all: Vec<Told>,
    claims: Vec<Claim>,
    in_force: [u64; KINDS.len()],
}

impl Slow {
    fn tell(&mut self, told: Told, strikes: Option<(usize, bool)>, replacement: Option<&str>) {
        let place = self.claims.len();
        let told = told.named(&format!("told-{place}")).by(PEOPLE[place % 3]);
        let says = |kind: &str| KINDS.iter().position(|known| *known == kind).map_or(0, |at| self.in_force[at]);
        let is_description = |kind: &str| matches!(kind, "agreement" | "memorandum");
        let target = strikes.map(|(of, _)| &self.claims[of]);
        let describes = target.is_some_and(|target| target.describes)
            || replacement.is_some_and(is_description)
            || is_description(told.kind());
        let takes = [
            says(told.kind()),
            replacement.map_or(0, says),
            target.map_or(0, |target| target.takes),
            if describes { says("agreement") } else { 0 },
        ];
        let takes = takes.into_iter().max().expect("there are four");
        self.all.push(told.clone());
        self.claims.push(Claim { told, strikes, describes, takes, verdicts: [None; 3] });
    }

    fn take(&mut self, step: &Step) {
        let place = self.claims.len();
        match step {
            Step::Told(told) => self.tell(told.clone(), None, None),
            Step::Policy(in_force) => {
                self.in_force = *in_force;
                let confirm =
                    KINDS.iter().zip(in_force).map(|(kind, number)| json!({"kinds": [kind], "reviewers": number}));
                self.all.push(told("policy", json!({ "confirm": confirm.collect::<Vec<_>>() })));
            }
            Step::Description { of_type, from, is_concluded } => {
                let told = match (from, is_concluded) {
                    (_, true) => concluded("a"),
                    // No two hold from one day.
                    (Some(year), false) => {
                        described(TYPES[*of_type]).with("from", format!("200{year}-01-{:02}", place + 1))
                    }
                    (None, false) => described(TYPES[*of_type]),
                };
                self.tell(told, None, None);
            }
            Step::Verdict { of, .. } | Step::Strike { of, .. } if *of >= place => {}
            Step::Verdict { reviewer, of, is_confirmed } => {
                self.claims[*of].verdicts[*reviewer] = Some(*is_confirmed);
                let say = if *is_confirmed { confirms } else { rejects };
                self.all.push(say(PEOPLE[*reviewer], &format!("told-{of}")));
            }
            Step::Strike { of, is_retracted, of_type } => {
                let target = &self.claims[*of];
                let is_correctable = !matches!(target.told.kind(), "correction" | "retraction");
                let is_struck = self.claims.iter().any(|claim| claim.strikes.is_some_and(|(struck, _)| struck == *of));
                if is_struck || !(*is_retracted || is_correctable) {
                    return;
                }
                let id = format!("told-{of}");
                let replacement = if target.describes { described(TYPES[*of_type]) } else { joined("b", "2002-02") };
                if *is_retracted {
                    self.tell(retracted(&id), Some((*of, true)), None);
                } else {
                    self.tell(corrected(&id, &replacement), Some((*of, false)), Some(replacement.kind()));
                }
            }
        }
    }

    /// The announcements that enough others have confirmed.
    fn counting(&self) -> Vec<Told> {
        let mut counts: Vec<bool> = Vec::new();
        for (place, claim) in self.claims.iter().enumerate() {
            let others = (0..3).filter(|person| *person != place % 3);
            let confirmed = others.filter(|person| claim.verdicts[*person] == Some(true)).count() as u64;
            counts.push(confirmed >= claim.takes);
        }
        let counting = self.claims.iter().zip(counts).filter(|(_, counts)| *counts);
        counting.map(|(claim, _)| claim.told.clone()).collect()
    }
}

/// Who is what on the days, without the positions of events.
fn statuses(given: &Given) -> Vec<Value> {
    let row =
        |row: servanda::query::members::Member| json!([row.party, row.status, row.at_least, row.since, row.until]);
    let known = |row: &Value| row[1] != "none";
    DAYS.iter().map(|on| given.answer(on).members.into_iter().map(row).filter(known).collect()).collect()
}

proptest! {
    #[test]
    fn answers_are_those_of_a_ledger_that_has_nothing_but_what_counts(steps in steps()) {
        let mut slow = Slow::default();
        for step in &steps {
            slow.take(step);
        }
        let counting = slow.counting();
        prop_assert_eq!(statuses(&programme(slow.all)), statuses(&programme(counting)));
    }
}
