//! A history of agreements out of a seed: parties join and leave, sources disagree, promises slip, mistakes are put right.

use servanda::domain::act::{
    Departure, DepartureAct, Joining, JoiningAct, Memorandum, MilestoneAct, NewAgreement, Role, Signatory, Statement,
    StatementAct, Suspension, SuspensionAct,
};
use servanda::domain::agreement::{Agreement, AgreementType, Count, Counted, Milestone, Mission};
use servanda::domain::announcement::{Announcement, Body, Replacement, Standing};
use servanda::domain::contribution::{Contribution, ContributionStage, Item, ItemType, Prospect, ProspectStage};
use servanda::domain::date::Date;
use servanda::domain::day::Day;
use servanda::domain::governance::{Confirmation, Correction, CorrectionCause, Dispute, Retraction};
use servanda::domain::id::{AgreementId, AnnouncementId, MissionId, PartyId};
use servanda::domain::party::{Party, PartyType};
use servanda::ledger::{Batch, Draft};

use super::press::Press;
use super::seed::Seed;

pub(crate) const STATES: usize = 140;
pub(crate) const AGENCIES: usize = 60;
pub(crate) const AGREEMENTS: usize = 45;
const MISSIONS: usize = 12;

/// The announcements that a later one can still be about.
const REMEMBERED: usize = 400;
/// One batch in so many puts mistakes right.
const ERRATA_EVERY: u64 = 16;

/// What is still to be told.
pub(crate) struct History {
    seed: Seed,
    press: Press,
    courses: Vec<Course>,
    told: Vec<(AnnouncementId, Body)>,
    batches: u64,
    memoranda: u64,
    agreements: usize,
}

/// Where a party stands with an agreement.
struct Course {
    party: usize,
    agreement: usize,
    at: Day,
    is: Stage,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Outside,
    Signed,
    Inside,
    Suspended,
}

impl History {
    /// Of the parties and so many agreements.
    pub(crate) fn new(seed: u64, agreements: usize) -> Self {
        let mut seed = Seed(seed);
        let first = Day::from_ymd(1950, 1, 1).expect("a day");
        let mut courses = Vec::new();
        for party in 0..STATES + AGENCIES {
            for agreement in 0..agreements {
                let at = first.shift(seed.days(30 * 365));
                courses.push(Course { party, agreement, at, is: Stage::Outside });
            }
        }
        let press = Press::new(&mut seed);
        Self { seed, press, courses, told: Vec::new(), batches: 0, memoranda: 0, agreements }
    }

    /// Everything that later announcements name.
    pub(crate) fn things(&mut self) -> Batch {
        let states = (0..STATES).map(|number| party(number, PartyType::State, None));
        let agencies = (0..AGENCIES).map(|number| party(STATES + number, PartyType::Agency, Some(number)));
        let agreements = (0..self.agreements).map(|number| {
            let title = format!("{} on the peaceful uses of orbit {number}", type_of(number));
            Body::from(Agreement {
                id: agreement(number),
                title,
                r#type: type_of(number),
                parent: (number > 40).then(|| agreement(number - 40)),
                subjects: vec!["space".to_owned()],
                also_known_as: vec![format!("Orbit {number}")],
                depositary: None,
                membership: None,
                from: None,
            })
        });
        let missions = (0..MISSIONS).map(|number| {
            let title = format!("Lunar mission {number}");
            Body::from(Mission {
                id: mission(number),
                title,
                programme: Some(agreement(3 * number)),
                also_known_as: Vec::new(),
                from: None,
            })
        });
        let bodies: Vec<Body> = states.chain(agencies).chain(agreements).chain(missions).collect();
        let drafts = bodies.into_iter().map(|body| self.press.tabled(&mut self.seed, Announcement::of(body)));
        Batch { drafts: drafts.collect(), ..Batch::default() }
    }

    /// The next `size` announcements, as one file.
    pub(crate) fn batch(&mut self, size: usize) -> Batch {
        self.press.next_file(&mut self.seed);
        self.batches += 1;
        let mut drafts = Vec::with_capacity(size + 1);
        if size > 8 && self.batches.is_multiple_of(ERRATA_EVERY) {
            drafts.extend([self.correction(), self.correction(), self.retraction()].into_iter().flatten());
        }
        while drafts.len() < size {
            let (body, day) = self.next_body();
            drafts.push(self.first_hand(body.clone(), day));
            if drafts.len() < size && self.seed.one_in(4) {
                drafts.push(self.competing(body, day));
            }
        }
        Batch { drafts, ..Batch::default() }
    }

    /// What happens next, and on which day.
    fn next_body(&mut self) -> (Body, Day) {
        let day = Day::from_ymd(1955, 1, 1).expect("a day").shift(self.seed.days(70 * 365));
        let body = match self.seed.below(100) {
            0..4 => self.prospect(day).into(),
            4..10 => self.contribution(day).into(),
            10..12 => self.milestone(day).into(),
            12..14 => self.count(day).into(),
            14 => self.memorandum(day).into(),
            15..19 if !self.told.is_empty() => self.reply(),
            _ => return self.act(),
        };
        (body, day)
    }

    /// The next act in some party's course with some agreement.
    fn act(&mut self) -> (Body, Day) {
        let index = self.seed.index(self.courses.len());
        let roll = self.seed.below(8);
        let days = 30 + self.seed.days(5 * 365);
        let course = &mut self.courses[index];
        let last = Day::from_ymd(2025, 12, 31).expect("a day");
        if course.at.shift(days) > last {
            course.at = Day::from_ymd(1950, 1, 1).expect("a day");
            course.is = Stage::Outside;
        }
        course.at = course.at.shift(days);
        let (party, of, at, was) = (party_id(course.party), agreement(course.agreement), course.at, course.is);
        let of_type = type_of(course.agreement);
        let treaty = of_type == AgreementType::Treaty;
        let leaves = was != Stage::Outside && roll < 2;
        let pauses = was == Stage::Suspended || was == Stage::Inside && roll == 2;
        let joins = matches!(was, Stage::Outside | Stage::Signed);
        course.is = match was {
            _ if leaves => Stage::Outside,
            Stage::Outside if treaty => Stage::Signed,
            Stage::Inside if pauses => Stage::Suspended,
            Stage::Outside | Stage::Signed | Stage::Suspended | Stage::Inside => Stage::Inside,
        };
        let occurred = Date::of_day(at);
        let body = if leaves {
            let acts = [DepartureAct::Withdrawal, DepartureAct::Denunciation, DepartureAct::NonRenewal];
            let act = if was == Stage::Signed { DepartureAct::WithdrawalOfSignature } else { *self.seed.one_of(&acts) };
            let effective = self.seed.one_in(2).then(|| Date::of_day(at.shift(365)));
            Departure { party, agreement: of, act, occurred, effective, stay: None }.into()
        } else if joins {
            self.joining(party, of, of_type, was, at).into()
        } else if pauses {
            let act = if was == Stage::Suspended { SuspensionAct::Resumption } else { SuspensionAct::Suspension };
            Suspension { party: Some(party), agreement: of, act, occurred, effective: None, stay: None }.into()
        } else {
            let acts = [StatementAct::Reservation, StatementAct::Declaration, StatementAct::Understanding];
            let act = *self.seed.one_of(&acts);
            let summary =
                Some("does not consider itself bound by the article on the settlement of disputes".to_owned());
            Statement { party, agreement: of, act, occurred, summary, to: None }.into()
        };
        (body, at)
    }

    fn joining(&mut self, party: PartyId, of: AgreementId, of_type: AgreementType, was: Stage, at: Day) -> Joining {
        let consents = [JoiningAct::Ratification, JoiningAct::Accession, JoiningAct::Acceptance, JoiningAct::Approval];
        let softly =
            [JoiningAct::Unspecified, JoiningAct::Memorandum, JoiningAct::JointStatement, JoiningAct::Admission];
        let act = match of_type {
            AgreementType::Treaty if was == Stage::Signed => *self.seed.one_of(&consents),
            AgreementType::Programme => *self.seed.one_of(&softly),
            _ => JoiningAct::Signature,
        };
        let in_programme = of_type == AgreementType::Programme;
        let roles = [Role::Member, Role::FoundingMember, Role::Observer, Role::Associate];
        let signatories =
            vec![Signatory { name: "Ana Duval".to_owned(), office: Some("minister".to_owned()), r#for: None }];
        Joining {
            party,
            agreement: of,
            act,
            occurred: Date::of_day(at),
            deposited: (was == Stage::Signed).then(|| Date::of_day(at.shift(20))),
            effective: (was == Stage::Signed && self.seed.one_in(2)).then(|| Date::of_day(at.shift(50))),
            through: (in_programme && self.seed.one_in(3)).then(|| party_id(STATES + self.seed.index(AGENCIES))),
            role: (in_programme && self.seed.one_in(2)).then(|| *self.seed.one_of(&roles)),
            stay: None,
            signatories: if self.seed.one_in(5) { signatories } else { Vec::new() },
            attended_by: Vec::new(),
            scope: if self.seed.one_in(4) { vec!["operation".to_owned(), "training".to_owned()] } else { Vec::new() },
            place: None,
        }
    }

    fn memorandum(&mut self, day: Day) -> Memorandum {
        self.memoranda += 1;
        Memorandum {
            agreement: NewAgreement {
                id: id(&format!("memorandum-{}", self.memoranda)),
                title: format!("Memorandum on ground stations, number {}", self.memoranda),
                r#type: AgreementType::Memorandum,
            },
            parties: vec![party_id(self.seed.index(STATES)), party_id(STATES + self.seed.index(AGENCIES))],
            occurred: Date::of_day(day),
            effective: None,
            signatories: Vec::new(),
            scope: vec!["tracking".to_owned()],
            place: None,
        }
    }

    fn contribution(&mut self, day: Day) -> Contribution {
        let kinds = [ItemType::Cubesat, ItemType::Payload, ItemType::Facility, ItemType::Data, ItemType::Training];
        let r#type = *self.seed.one_of(&kinds);
        let number = self.seed.below(400);
        let is_expected = self.seed.one_in(3);
        let stages = [ContributionStage::Agreed, ContributionStage::Delivered, ContributionStage::Operating];
        Contribution {
            party: self.party(),
            mission: mission(self.seed.index(MISSIONS)),
            item: Item { name: format!("{} {number}", r#type.as_str().to_uppercase()), r#type },
            stage: if is_expected { ContributionStage::UnderWay } else { *self.seed.one_of(&stages) },
            with: if self.seed.one_in(3) { vec![self.party()] } else { Vec::new() },
            through: None,
            occurred: (!is_expected).then(|| Date::of_day(day)),
            expected: is_expected.then(|| self.seed.vague(day.shift(400))),
        }
    }

    fn prospect(&mut self, day: Day) -> Prospect {
        Prospect {
            parties: vec![self.party(), self.party()],
            agreement: self.seed.one_in(2).then(|| agreement(self.seed.index(self.agreements))),
            aim: None,
            what: "an agreement on the exchange of samples".to_owned(),
            stage: *self.seed.one_of(ProspectStage::ALL),
            due: self.seed.one_in(2).then(|| self.seed.vague(day.shift(700))),
            fulfilled_by: None,
        }
    }

    fn milestone(&mut self, day: Day) -> Milestone {
        let acts = [MilestoneAct::Adopted, MilestoneAct::Opened, MilestoneAct::EntryIntoForce, MilestoneAct::Amended];
        Milestone {
            agreement: Some(agreement(self.seed.index(self.agreements))),
            mission: None,
            act: *self.seed.one_of(&acts),
            occurred: Some(Date::of_day(day)),
            expected: None,
            what: None,
        }
    }

    fn count(&mut self, day: Day) -> Count {
        let (number, of) = (self.seed.below(120), *self.seed.one_of(&[Counted::States, Counted::All]));
        Count {
            agreement: agreement(self.seed.index(self.agreements)),
            number,
            of,
            on: Some(Date::of_day(day)),
            during: None,
            joining: None,
            listed: Vec::new(),
            complete: false,
        }
    }

    /// Another's word on an announcement.
    fn reply(&mut self) -> Body {
        let index = self.seed.index(self.told.len());
        let of = self.told[index].0.clone();
        if self.seed.one_in(2) {
            Dispute { of, reason: Some("the ministry denies it".to_owned()) }.into()
        } else {
            Confirmation { of, reason: None }.into()
        }
    }

    /// The same fact in the words of another source, which knows the day less well.
    fn competing(&mut self, mut body: Body, day: Day) -> Draft {
        let vague = self.seed.vague(day);
        match &mut body {
            Body::Joining(joining) => joining.occurred = vague,
            Body::Departure(departure) => departure.occurred = vague,
            Body::Suspension(suspension) => suspension.occurred = vague,
            _ => {}
        }
        let mut announcement = Announcement::of(body);
        if self.seed.one_in(12) {
            announcement.standing = Standing::Reported;
        }
        self.press.tabled(&mut self.seed, announcement)
    }

    fn first_hand(&mut self, body: Body, day: Day) -> Draft {
        let mut announcement = Announcement::of(body.clone());
        announcement.announced = Some(Date::of_day(day.shift(self.seed.days(20))));
        let draft = self.press.reported(&mut self.seed, announcement);
        let can_be_wrong = matches!(body, Body::Joining(_) | Body::Departure(_));
        if let Some(id) = draft.id.clone().filter(|_| can_be_wrong) {
            if self.told.len() == REMEMBERED {
                let index = self.seed.index(REMEMBERED);
                self.told.swap_remove(index);
            }
            self.told.push((id, body));
        }
        draft
    }

    fn correction(&mut self) -> Option<Draft> {
        let (corrects, mut body) = self.forget_one()?;
        match &mut body {
            Body::Joining(joining) => joining.occurred = moved(&joining.occurred),
            Body::Departure(departure) => departure.occurred = moved(&departure.occurred),
            _ => {}
        }
        let because = CorrectionCause::BetterInformation;
        let replacement = Some(Replacement(Box::new(body)));
        let reason = Some("the depositary gives another day".to_owned());
        let announcement = Announcement::of(Correction { corrects, because, replacement, reason });
        Some(self.press.tabled(&mut self.seed, announcement))
    }

    fn retraction(&mut self) -> Option<Draft> {
        let (retracts, _) = self.forget_one()?;
        let announcement = Announcement::of(Retraction { retracts, reason: "the page was withdrawn".to_owned() });
        Some(self.press.tabled(&mut self.seed, announcement))
    }

    /// An announcement that no later one is about.
    fn forget_one(&mut self) -> Option<(AnnouncementId, Body)> {
        let index = (!self.told.is_empty()).then(|| self.seed.index(self.told.len()))?;
        Some(self.told.swap_remove(index))
    }

    fn party(&mut self) -> PartyId {
        party_id(self.seed.index(STATES + AGENCIES))
    }
}

fn moved(date: &Date) -> Date {
    date.as_day().map_or_else(|| date.clone(), |day| Date::of_day(day.shift(1)))
}

fn party(number: usize, r#type: PartyType, acts_for: Option<usize>) -> Body {
    let name = match r#type {
        PartyType::State => format!("Republic of {}", place(number)),
        _ => format!("Space Agency of {}", place(number - STATES)),
    };
    Body::from(Party {
        id: party_id(number),
        name,
        r#type,
        acts_for: acts_for.map(party_id),
        country: None,
        also_known_as: Vec::new(),
        identifiers: None,
        from: None,
    })
}

/// A name that no other number has.
fn place(number: usize) -> String {
    const BEGINNINGS: [&str; 14] =
        ["Al", "Bor", "Cal", "Dor", "Est", "Fal", "Gal", "Hes", "Il", "Kal", "Lor", "Mar", "Nor", "Ost"];
    const ENDINGS: [&str; 10] = ["avia", "onia", "istan", "umbra", "eria", "oria", "ala", "enia", "untu", "emark"];
    format!("{}{}", BEGINNINGS[number / 10 % 14], ENDINGS[number % 10])
}

fn party_id(number: usize) -> PartyId {
    if number < STATES {
        id(&place(number).to_lowercase())
    } else {
        id(&format!("{}-space-agency", place(number - STATES).to_lowercase()))
    }
}

fn type_of(agreement: usize) -> AgreementType {
    [AgreementType::Programme, AgreementType::Treaty, AgreementType::Memorandum][agreement % 3]
}

fn agreement(number: usize) -> AgreementId {
    id(&format!("orbit-{number}"))
}

fn mission(number: usize) -> MissionId {
    id(&format!("lunar-{number}"))
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("it has only what ids have")
}
