//! What the golden events announce: every kind, with every key that it may have.
//!
//! Frozen with the files: an announcement here is never changed, others may be added. The structs are written out in
//! full, so that a new field cannot be forgotten.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use servanda::domain::act::{
    Departure, DepartureAct, Joining, JoiningAct, Memorandum, MilestoneAct, NewAgreement, Role, Signatory, Statement,
    StatementAct, Suspension, SuspensionAct,
};
use servanda::domain::agreement::{Agreement, AgreementType, Count, Counted, InForce, Membership, Milestone, Mission};
use servanda::domain::announcement::{Announcement, Body, Kind, Replacement, Standing};
use servanda::domain::contribution::{Aim, Contribution, ContributionStage, Item, ItemType, Prospect, ProspectStage};
use servanda::domain::governance::{
    Attestation, Authorised, ClockCorrected, Confirm, Confirmation, Correction, CorrectionCause, Dispute, Erasure,
    Genesis, LogKeyChanged, Policy, Reaffirmation, RecorderRevoked, RecorderRole, Retraction, RevocationCause, Verdict,
};
use servanda::domain::party::{Identifiers, Party, PartyType};
use servanda::domain::source::{Document, Evidence, ExtractedText, Grade, Source};
use servanda::integrity::SigningKey;
use servanda::integrity::note_key::LogSigner;

use crate::support::name;

/// The ledger that the golden events belong to; a unit test has a vector for it.
pub(super) const ORIGIN: &str = "ledger.example/agreements";

/// Every announcement by the name of its file. The first word is the kind, but for what a kind needs twice.
pub(super) fn announcements() -> Vec<(&'static str, Announcement)> {
    let mut all = of_things();
    all.extend(of_acts());
    all.extend(of_announcements());
    all.extend(of_the_ledger());
    all
}

fn of_things() -> Vec<(&'static str, Announcement)> {
    let party = Party {
        id: name("suparco"),
        name: "Space & Upper Atmosphere Research Commission (پاکستان)".to_owned(),
        r#type: PartyType::Agency,
        acts_for: Some(name("pakistan")),
        country: Some(name("PK")),
        also_known_as: vec!["SUPARCO".to_owned(), "巴基斯坦太空与高层大气研究委员会".to_owned()],
        identifiers: Some(Identifiers {
            wikidata: Some(name("Q1367049")),
            ror: Some(name("03yrm5c26")),
            lei: Some(name("5493001KJTIIGC8Y1R12")),
        }),
        from: Some(name("1981")),
    };
    let agreement = Agreement {
        id: name("ilrs"),
        title: "International Lunar Research Station".to_owned(),
        r#type: AgreementType::Programme,
        parent: Some(name("moon-programme")),
        subjects: vec!["Moon".to_owned(), "research station".to_owned()],
        also_known_as: vec!["ILRS".to_owned(), "国际月球科研站".to_owned()],
        depositary: Some(name("cnsa")),
        membership: Some(Membership {
            member: vec![JoiningAct::Signature, JoiningAct::Memorandum],
            associated: vec![JoiningAct::JointStatement, JoiningAct::LetterOfIntent],
            in_force: InForce::Stated,
            delay: 30,
        }),
        from: Some(name("2021-06-16")),
    };
    let mission = Mission {
        id: name("Change-6"),
        title: "Chang’e-6".to_owned(),
        programme: Some(name("ilrs")),
        also_known_as: vec!["嫦娥六号".to_owned()],
        from: Some(name("2018")),
    };
    let minimal_party = Party {
        id: name("pk"),
        name: "Pakistan".to_owned(),
        r#type: PartyType::State,
        acts_for: None,
        country: None,
        also_known_as: Vec::new(),
        identifiers: None,
        from: None,
    };
    vec![
        ("party", with(party, vec![kept("the agency’s own page")])),
        ("agreement", with(agreement, vec![kept("International Lunar Research Station")])),
        ("mission", with(mission, vec![bare()])),
        ("minimal-party", unsupported(minimal_party)),
    ]
}

fn of_acts() -> Vec<(&'static str, Announcement)> {
    let signatory = Signatory {
        name: "Zhang Kejian".to_owned(),
        office: Some("administrator".to_owned()),
        r#for: Some(name("cnsa")),
    };
    let joining = Joining {
        party: name("pakistan"),
        agreement: name("ilrs"),
        act: JoiningAct::Signature,
        occurred: name("2023-10-18"),
        deposited: Some(name("2023-10-19~")),
        effective: Some(name("2023-10")),
        through: Some(name("suparco")),
        role: Some(Role::FoundingMember),
        stay: Some("first".to_owned()),
        signatories: vec![signatory.clone(), Signatory { name: "N. N.".to_owned(), office: None, r#for: None }],
        attended_by: vec!["the prime minister".to_owned()],
        scope: vec!["development".to_owned(), "operation".to_owned()],
        place: None,
    };
    let full_joining = Announcement {
        announced: Some(name("2023-10-20")),
        standing: Standing::Reported,
        note: Some("the page says “18 October”; C:\\notes has a \"second\" copy — 🌒".to_owned()),
        wording: BTreeMap::from([
            ("deposited".to_owned(), "about a day later".to_owned()),
            ("occurred".to_owned(), "on Wednesday".to_owned()),
        ]),
        source_ref: Some("parties.csv:41".to_owned()),
        ..with(joining, vec![extracted(), personal(), bare()])
    };
    let minimal_joining = Joining {
        party: name("pakistan"),
        agreement: name("ilrs"),
        act: JoiningAct::Unspecified,
        occurred: name("XXXX"),
        deposited: None,
        effective: None,
        through: None,
        role: None,
        stay: None,
        signatories: Vec::new(),
        attended_by: Vec::new(),
        scope: Vec::new(),
        place: None,
    };
    let memorandum = Memorandum {
        agreement: NewAgreement {
            id: name("ilrs-joint-statement-2021"),
            title: "Joint statement on the ILRS".to_owned(),
            r#type: AgreementType::JointStatement,
        },
        parties: vec![name("cnsa"), name("roscosmos")],
        occurred: name("2021-04-29"),
        effective: Some(name("[2021-05..2021-06]")),
        signatories: vec![signatory],
        scope: vec!["cooperation".to_owned()],
        place: None,
    };
    let contribution = Contribution {
        party: name("pakistan"),
        mission: name("Change-6"),
        item: Item { name: "ICUBE-Q".to_owned(), r#type: ItemType::Cubesat },
        stage: ContributionStage::UnderWay,
        with: vec![name("sjtu"), name("ist")],
        through: Some(name("suparco")),
        occurred: Some(name("2022-09")),
        expected: Some(name("[2024-04..2024-06]")),
    };
    let departure = Departure {
        party: name("eswatini"),
        agreement: name("ilrs"),
        act: DepartureAct::WithdrawalOfSignature,
        occurred: name("202X"),
        effective: Some(name("[..2030-01-01]")),
        stay: Some("first".to_owned()),
    };
    let suspension = Suspension {
        party: Some(name("roscosmos")),
        agreement: name("ilrs"),
        act: SuspensionAct::Suspension,
        occurred: name("2022-02-24?"),
        effective: Some(name("2022-03-01")),
        stay: Some("first".to_owned()),
    };
    let minimal_suspension = Suspension {
        party: None,
        agreement: name("ilrs"),
        act: SuspensionAct::Resumption,
        occurred: name("2025"),
        effective: None,
        stay: None,
    };
    let statement = Statement {
        party: name("pakistan"),
        agreement: name("ilrs"),
        act: StatementAct::Objection,
        occurred: name("2023-11-01"),
        summary: Some("It does not hold itself bound by the reservation.".to_owned()),
        to: Some(name("joining-0123456789abcdef0123456789abcdef")),
    };
    let prospect = Prospect {
        parties: vec![name("cnsa"), name("suparco")],
        agreement: Some(name("ilrs")),
        aim: None,
        what: "framework agreement on human spaceflight".to_owned(),
        stage: ProspectStage::InTalks,
        due: Some(name("2024-06/2024-09")),
        fulfilled_by: Some(name("pakistan-joins-ilrs")),
    };
    let milestone = Milestone {
        agreement: Some(name("ilrs")),
        mission: None,
        act: MilestoneAct::EntryIntoForce,
        occurred: Some(name("2021-06-16")),
        expected: None,
        what: Some("roadmap published".to_owned()),
    };
    let milestone_of_a_mission = Milestone {
        agreement: None,
        mission: Some(name("Change-6")),
        act: MilestoneAct::Launched,
        occurred: None,
        expected: Some(name("2024-05")),
        what: None,
    };
    let count = Count {
        agreement: name("ilrs"),
        number: 9_007_199_254_740_991,
        of: Counted::States,
        on: Some(name("2025-04-23")),
        during: None,
        joining: None,
        listed: Vec::new(),
        complete: false,
    };
    let placed_joining = Joining { place: Some("Beijing".to_owned()), ..minimal_joining.clone() };
    let placed_memorandum = Memorandum { place: Some("Islamabad".to_owned()), ..memorandum.clone() };
    let aimed_prospect = Prospect { aim: Some(Aim::Instrument), ..prospect.clone() };
    let listed_count = Count {
        number: 2,
        of: Counted::Signatories,
        listed: vec![name("pakistan"), name("azerbaijan")],
        complete: true,
        ..count.clone()
    };
    let ordinal_count = Count {
        number: 19,
        of: Counted::Parties,
        on: None,
        during: Some(name("2024")),
        joining: Some(name("pakistan-joins-ilrs")),
        ..count.clone()
    };
    vec![
        ("joining", full_joining),
        ("memorandum", with(memorandum, vec![bare()])),
        ("contribution", with(contribution, vec![bare()])),
        ("departure", with(departure, vec![bare()])),
        ("suspension", with(suspension, vec![bare()])),
        ("statement", with(statement, vec![bare()])),
        ("prospect", with(prospect, vec![bare()])),
        ("milestone", with(milestone, vec![bare()])),
        ("count", with(count, vec![bare()])),
        ("minimal-joining", unsupported(minimal_joining)),
        ("minimal-suspension", unsupported(minimal_suspension)),
        ("minimal-milestone", unsupported(milestone_of_a_mission)),
        ("placed-joining", unsupported(placed_joining)),
        ("placed-memorandum", unsupported(placed_memorandum)),
        ("aimed-prospect", unsupported(aimed_prospect)),
        ("listed-count", unsupported(listed_count)),
        ("ordinal-count", unsupported(ordinal_count)),
    ]
}

fn of_announcements() -> Vec<(&'static str, Announcement)> {
    let departure = Departure {
        party: name("pakistan"),
        agreement: name("ilrs"),
        act: DepartureAct::NonRenewal,
        occurred: name("2028-10-18"),
        effective: None,
        stay: None,
    };
    let correction = Correction {
        corrects: name("pakistan-joins-ilrs"),
        because: CorrectionCause::BetterInformation,
        replacement: Some(Replacement(Box::new(departure.into()))),
        reason: Some("the minutes say that the term was not renewed".to_owned()),
    };
    let minimal_correction = Correction {
        corrects: name("party:eswatini@2018-04-19"),
        because: CorrectionCause::NeverTrue,
        replacement: None,
        reason: None,
    };
    let retraction = Retraction { retracts: name("count-1"), reason: "recorded by mistake".to_owned() };
    let dispute = Dispute { of: name("pakistan-joins-ilrs"), reason: Some("the ministry denies it".to_owned()) };
    let confirmation = Confirmation { of: name("pakistan-joins-ilrs"), reason: Some("in the same words".to_owned()) };
    vec![
        ("correction", with(correction, vec![bare()])),
        ("retraction", unsupported(retraction)),
        ("dispute", with(dispute, vec![bare()])),
        ("confirmation", with(confirmation, vec![bare()])),
        ("minimal-correction", unsupported(minimal_correction)),
        ("minimal-dispute", unsupported(Dispute { of: name("count-1"), reason: None })),
    ]
}

fn of_the_ledger() -> Vec<(&'static str, Announcement)> {
    let log_key = |seed: u8| {
        let signer = LogSigner::from_seed(ORIGIN, &[seed; 32]).expect("an origin can name a log key");
        name(&signer.vkey().to_string())
    };
    let added = Authorised {
        key: name(&security_key(8)),
        recorder: name("reviewer@ministry.example"),
        roles: vec![RecorderRole::Reviewer, RecorderRole::Recorder],
    };
    let genesis = Genesis {
        log_key: log_key(9),
        origin: name(ORIGIN),
        recorders: vec![
            Authorised {
                key: name(&key(7)),
                recorder: name("desk@ministry.example"),
                roles: vec![RecorderRole::Admin, RecorderRole::Recorder],
            },
            added.clone(),
        ],
    };
    let revoked = RecorderRevoked {
        because: RevocationCause::Compromised,
        key: name(&security_key(8)),
        recorder: name("reviewer@ministry.example"),
        suspect_from: Some(12),
    };
    let minimal_revoked = RecorderRevoked {
        because: RevocationCause::Retired,
        key: name(&security_key(8)),
        recorder: name("reviewer@ministry.example"),
        suspect_from: None,
    };
    let changed = LogKeyChanged { because: RevocationCause::Lost, new: log_key(10), old: log_key(9) };
    let policy = Policy {
        confirm: vec![
            Confirm { kinds: vec![Kind::Joining, Kind::Departure], reviewers: 2 },
            Confirm { kinds: vec![Kind::Count], reviewers: 0 },
        ],
    };
    let attestation = Attestation {
        of: name("pakistan-joins-ilrs"),
        verdict: Verdict::Reject,
        reason: Some("the quote is of another agreement".to_owned()),
    };
    let minimal_attestation = Attestation { of: name("pakistan-joins-ilrs"), verdict: Verdict::Confirm, reason: None };
    let reaffirmation = Reaffirmation {
        of: vec![name("pakistan-joins-ilrs"), name("party:suparco@1981")],
        reason: "checked against the documents".to_owned(),
    };
    let clock = ClockCorrected { from: 39, reason: "the machine's clock was ten years ahead".to_owned() };
    let erasure = Erasure {
        authority: "order 12/2026 of the data protection office".to_owned(),
        documents: vec![name(&"ab".repeat(32)), name(&"0c".repeat(32))],
        reason: "it names private persons".to_owned(),
    };
    vec![
        ("genesis", Announcement::of(genesis)),
        ("recorder-added", Announcement::of(added)),
        ("recorder-revoked", Announcement::of(revoked)),
        ("log-key-changed", Announcement::of(changed)),
        ("policy", Announcement::of(policy)),
        ("attestation", Announcement::of(attestation)),
        ("clock-corrected", Announcement::of(clock)),
        ("reaffirmation", Announcement::of(reaffirmation)),
        ("erasure", Announcement { note: Some("asked for by mail".to_owned()), ..Announcement::of(erasure) }),
        ("minimal-recorder-revoked", Announcement::of(minimal_revoked)),
        ("minimal-attestation", Announcement::of(minimal_attestation)),
    ]
}

fn with(body: impl Into<Body>, evidence: Vec<Evidence>) -> Announcement {
    Announcement { evidence, ..Announcement::of(body) }
}

fn unsupported(body: impl Into<Body>) -> Announcement {
    Announcement { no_evidence: Some("told by telephone".to_owned()), ..Announcement::of(body) }
}

/// A source with only what it must have.
fn bare() -> Evidence {
    let source = Source {
        publisher: "Xinhua".to_owned(),
        title: None,
        url: None,
        published: None,
        retrieved: None,
        grade: Grade::Press,
        document: None,
    };
    Evidence { source: Arc::new(source), quote: None, at: None }
}

/// A source with all that it may have; its document is the quote, and plain text.
fn kept(quote: &str) -> Evidence {
    let len = quote.len() as u64;
    let document = Document {
        b3: Some(name(&servanda::integrity::digest::document_hash(quote.as_bytes()).to_string())),
        commit: None,
        len,
        r#type: "text/plain".to_owned(),
        text: None,
    };
    Evidence { source: Arc::new(full(Some(document))), quote: Some(quote.to_owned()), at: Some((0, len)) }
}

/// A page, of which the text is kept beside it; the quote has what quotes alone may have.
fn extracted() -> Evidence {
    let document = Document {
        b3: Some(name(&"1f".repeat(32))),
        commit: None,
        len: 20_481,
        r#type: "text/html".to_owned(),
        text: Some(ExtractedText { b3: name(&"2e".repeat(32)), len: 4_096 }),
    };
    let quote = "signed the agreement \u{202e}on\u{202c} 18\u{a0}October";
    Evidence { source: Arc::new(full(Some(document))), quote: Some(quote.to_owned()), at: Some((1_024, 1_065)) }
}

/// A document whose hash is not told, quoted only by place.
fn personal() -> Evidence {
    let document = Document {
        b3: None,
        commit: Some(name(&"3d".repeat(32))),
        len: 512,
        r#type: "text/markdown".to_owned(),
        text: None,
    };
    Evidence { source: Arc::new(full(Some(document))), quote: None, at: Some((17, 40)) }
}

fn full(document: Option<Document>) -> Source {
    Source {
        publisher: "China National Space Administration".to_owned(),
        title: Some("Pakistan joins the ILRS".to_owned()),
        url: Some(name("https://example.org/cnsa/2023-10-20?lang=en&page=\"1\"\\")),
        published: Some(name("2023-10-20")),
        retrieved: Some(name("2023-10-21")),
        grade: Grade::Host,
        document: document.map(Box::new),
    }
}

fn key(seed: u8) -> String {
    SigningKey::from_seed(&[seed; 32]).public().to_string()
}

/// The public half of a key that lives in a token, as OpenSSH writes it.
fn security_key(seed: u8) -> String {
    const TYPE: &str = "sk-ssh-ed25519@openssh.com";
    let public = SigningKey::from_seed(&[seed; 32]).public();
    let mut wire = Vec::new();
    for part in [TYPE.as_bytes(), public.point(), b"ssh:"] {
        wire.extend(u32::try_from(part.len()).expect("a short part").to_be_bytes());
        wire.extend(part);
    }
    format!("{TYPE} {}", STANDARD.encode(wire))
}
