//! Pages for people: a title, facts in a line each, and sections that are left out when nothing is in them.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cli::as_of::footer;
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::domain::announcement::Standing;
use crate::domain::date::Date;
use crate::domain::governance::Verdict;
use crate::domain::name::folded;
use crate::domain::text::shown;
use crate::domain::window::Certainty;
use crate::query::citations::{Cited, Signed};
use crate::query::contributions::ContributionState;
use crate::query::history::Entry;
use crate::query::members::Member;
use crate::query::prospects::{Expected, ProspectState};
use crate::query::review::{ReviewState, ReviewTold, VerdictTold};
use crate::query::{Position, Status};

/// A page while it is being written.
pub(super) struct Page {
    text: String,
    screen: Screen,
}

impl Page {
    /// A page with that title.
    pub(super) fn new(screen: Screen, title: &str) -> Self {
        let title = screen.title(&screen.wrapped(&shown(title)));
        Self { text: format!("{title}\n"), screen }
    }

    /// A line of its own.
    pub(super) fn line(&mut self, words: &str) {
        for line in words.split('\n') {
            self.text += &self.screen.wrapped(&shown(line));
            self.text.push('\n');
        }
    }

    /// A line that belongs to the one above.
    pub(super) fn indented(&mut self, words: &str) {
        let narrower = Screen { width: self.screen.width.map(|width| width.saturating_sub(4)), ..self.screen };
        for line in narrower.wrapped(&shown(words)).split('\n') {
            self.text += &format!("    {line}\n");
        }
    }

    /// The same, if there are words.
    pub(super) fn indented_if(&mut self, words: &str) {
        if !words.is_empty() {
            self.indented(words);
        }
    }

    /// A fact, if there is one.
    pub(super) fn fact(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.line(&format!("{name}: {value}"));
        }
    }

    /// A table under a heading, if it has rows.
    pub(super) fn section(&mut self, heading: &str, sheet: &Sheet) {
        if !sheet.rows.is_empty() {
            let heading = if heading.is_empty() { String::new() } else { self.screen.title(&shown(heading)) + "\n" };
            self.text += &format!("\n{heading}{}", self.screen.table(sheet, ""));
        }
    }

    /// The page with the position that it rests on.
    pub(super) fn end(mut self, position: &Position) -> String {
        self.text += &format!("\n{}\n", footer(position, self.screen));
        self.text
    }
}

/// What reviewers said, in words.
pub(super) fn review(told: &ReviewTold) -> String {
    let of = |verdict| told.verdicts.iter().filter(move |given| given.verdict == verdict);
    let by = |given: &VerdictTold| {
        let reason = given.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        format!("{} (event {}){reason}", given.reviewer, given.event)
    };
    let confirmed: Vec<String> = of(Verdict::Confirm).map(by).collect();
    let mut words = Vec::new();
    if told.needed > 0 || !confirmed.is_empty() {
        let number = if told.needed > 0 { format!("{} of {} ", told.confirmed, told.needed) } else { String::new() };
        let by = if confirmed.is_empty() { String::new() } else { format!(" by {}", confirmed.join(", ")) };
        words.push(format!("{number}confirmed{by}"));
    }
    words.extend(of(Verdict::Reject).map(|given| format!("rejected by {}", by(given))));
    words.join("; ")
}

/// What makes an announcement less than plain, with reviewers and keys; nothing, if nothing does.
pub(super) fn doubts(review_told: Option<&ReviewTold>, suspect: Option<u64>) -> String {
    let mut words = String::new();
    if let Some(told) = review_told {
        let state = match told.state {
            ReviewState::Counts => "",
            ReviewState::Awaiting | ReviewState::Rejected => "awaits reviewers: ",
        };
        words += &format!(" — {state}{}", review(told));
    }
    if let Some(by) = suspect {
        words += &format!(" — suspect: its key was revoked as compromised by event {by}");
    }
    words
}

/// A date in words, or nothing.
pub(super) fn words(date: Option<&Date>) -> String {
    date.map(Date::in_words).unwrap_or_default()
}

/// A date in words, with the source's own beside it.
pub(super) fn dated(date: &Date, wording: Option<&str>) -> String {
    let words = date.in_words();
    match wording.filter(|wording| folded(wording) != folded(&words)) {
        Some(own) => format!("{words} (“{own}”)"),
        None => words,
    }
}

/// The numbers of events.
pub(super) fn numbers(events: &[u64]) -> String {
    events.iter().map(u64::to_string).collect::<Vec<_>>().join(" ")
}

/// A status with how sure it is, and what else is worth knowing of it.
pub(super) fn status(member: &Member) -> String {
    let status = match member.certainty {
        Certainty::Possible => format!("possibly {}", member.status),
        Certainty::Certain | Certainty::Not => member.status.to_string(),
    };
    let marks = marks(member);
    if marks.is_empty() { status } else { format!("{status} ({marks})") }
}

/// What else is worth knowing of a row: its role, and what makes it less than plain.
pub(super) fn marks(member: &Member) -> String {
    let mut marks = Vec::new();
    if let Some(role) = member.role.filter(|role| role.as_str() != member.status.as_str()) {
        marks.push(role.as_str());
    }
    if member.standing == Standing::Reported {
        marks.push("reported");
    }
    if member.disputed {
        marks.push("disputed");
    }
    if !member.disagree.is_empty() {
        marks.push("sources disagree");
    }
    if member.without_evidence {
        marks.push("no evidence");
    }
    if member.suspect {
        marks.push("suspect");
    }
    if member.effect_assumed {
        marks.push("effect assumed");
    }
    let mut kinds: Vec<&str> = member.statements.iter().map(|statement| statement.act.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    marks.extend(kinds);
    if member.statements.iter().any(|statement| !statement.objections.is_empty()) {
        marks.push("objected to");
    }
    marks.join(", ")
}

/// What the certainty of a row asks of the eye.
pub(super) fn tone(member: &Member) -> Tone {
    let doubted = member.disputed || member.suspect || !member.disagree.is_empty();
    match (member.certainty, doubted || member.standing == Standing::Reported) {
        (Certainty::Certain, false) if member.status == Status::Former => Tone::Quiet,
        (Certainty::Certain, false) => Tone::Plain,
        _ => Tone::Unsure,
    }
}

/// Contributions, as on the pages of parties and missions.
pub(super) fn contributions(contributions: &[ContributionState]) -> Sheet {
    let row = |of: &ContributionState| {
        let mut stage = of.stage.to_string().replace('-', " ");
        if of.certainty == Certainty::Possible {
            stage = format!("possibly {stage}");
        }
        let marks = [(of.standing == Standing::Reported, "reported"), (of.disputed, "disputed")];
        let marks: Vec<&str> = marks.iter().filter(|(holds, _)| *holds).map(|(_, mark)| *mark).collect();
        if !marks.is_empty() {
            stage += &format!(" ({})", marks.join(", "));
        }
        let wording = of.wording.as_deref();
        let day = match (&of.occurred, &of.expected) {
            (Some(occurred), _) => dated(occurred, wording),
            (None, Some(expected)) => format!("expected {}", dated(expected, wording)),
            (None, None) => String::new(),
        };
        let cells = vec![
            of.name.clone(),
            format!("{} ({})", of.item, of.item_type),
            of.title.clone(),
            stage,
            day,
            of.with.join(", "),
            numbers(&of.events),
        ];
        (if marks.is_empty() { Tone::Plain } else { Tone::Unsure }, cells)
    };
    Sheet {
        header: vec!["PARTY", "ITEM", "MISSION", "STAGE", "WHEN", "WITH", "EVENTS"],
        rows: contributions.iter().map(row).collect(),
    }
}

/// What is expected.
pub(super) fn prospects(prospects: &[Expected]) -> Sheet {
    let row = |of: &Expected| {
        let mut state = of.state.to_string();
        if of.late == Some(true) {
            state += ", late";
        }
        if of.slipped {
            state += ", slipped";
        } else if !of.moved_from.is_empty() {
            state += ", moved";
        }
        if of.standing == Standing::Reported {
            state += " (reported)";
        }
        if of.disputed {
            state += " (disputed)";
        }
        let mut due = of.due.as_ref().map(|due| dated(due, of.wording.as_deref())).unwrap_or_default();
        if let Some(moved) = of.moved_from.last() {
            let before = moved.due.as_ref().map_or_else(|| "no day".to_owned(), Date::in_words);
            due += &format!(" (before: {before})");
        }
        if let Some(met) = &of.met {
            // Of a span of days its last says by when it was met.
            let met = match (met.as_day(), met.window().latest()) {
                (None, Some(latest)) => format!("met by {}", Date::of_day(latest).in_words()),
                _ => format!("met {}", met.in_words()),
            };
            due = if due.is_empty() { met } else { format!("{due}; {met}") };
        }
        let whose = match (of.names.as_slice(), &of.agreement, &of.mission) {
            ([], Some(of), _) | ([], None, Some(of)) => of.clone(),
            (names, _, _) => names.join(", "),
        };
        let stage = of.stage.as_ref().map(|stage| format!(" ({})", stage.replace('-', " "))).unwrap_or_default();
        let tone = match of.state {
            ProspectState::Overdue => Tone::Bad,
            ProspectState::Due => Tone::Unsure,
            ProspectState::Met => Tone::Good,
            ProspectState::Cancelled => Tone::Quiet,
            ProspectState::Open => Tone::Plain,
        };
        (tone, vec![state, due, whose, format!("{}{stage}", of.what), numbers(&of.events)])
    };
    Sheet { header: vec!["STATE", "DUE", "WHOSE", "WHAT", "EVENTS"], rows: prospects.iter().map(row).collect() }
}

/// Who signed.
pub(super) fn signatories(signed: &[Signed]) -> Sheet {
    let row = |of: &Signed| {
        let cells = vec![
            of.name.clone(),
            of.office.clone().unwrap_or_default(),
            of.r#for.clone().unwrap_or_default(),
            of.agreement.clone(),
            of.event.to_string(),
        ];
        (Tone::Plain, cells)
    };
    Sheet { header: vec!["NAME", "OFFICE", "FOR", "AGREEMENT", "EVENT"], rows: signed.iter().map(row).collect() }
}

/// What happened, without what merely describes: a line a fact.
pub(super) fn history(entries: &[Entry], claims: Claims) -> Sheet {
    let mut lines = facts(entries, claims);
    lines.retain(|line| !line.entry.kind.is_description());
    Sheet { header: vec!["WHEN", "WHAT", "EVENT"], rows: lines.iter().map(happening).collect() }
}

/// Whether the claims of a fact that do not decide have lines of their own, or are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claims {
    Counted,
    Unfolded,
}

impl Claims {
    /// As `--claims` asks.
    pub(super) const fn wanted(unfolded: bool) -> Self {
        if unfolded { Self::Unfolded } else { Self::Counted }
    }
}

/// An answer whose table may count the claims that do not decide; in other forms they are always there.
pub(super) trait Unfold: Serialize {
    /// As [`Answer::ITEMS`].
    const ITEMS: &'static str;

    /// As [`Answer::table`].
    fn table(&self, screen: Screen, claims: Claims) -> String;

    /// As [`Answer::sheet`].
    fn sheet(&self) -> Sheet;
}

/// Such an answer, as it was asked for.
pub(super) struct Unfolding<A> {
    pub(super) answer: A,
    pub(super) claims: Claims,
}

impl<A: Serialize> Serialize for Unfolding<A> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.answer.serialize(serializer)
    }
}

impl<A: Unfold> Answer for Unfolding<A> {
    const ITEMS: &'static str = A::ITEMS;

    fn table(&self, screen: Screen) -> String {
        self.answer.table(screen, self.claims)
    }

    fn sheet(&self) -> Sheet {
        self.answer.sheet()
    }
}

/// One line of a history.
pub(super) struct Line<'e> {
    pub(super) entry: &'e Entry,
    /// Whether it is beneath the line of the claim that decides.
    pub(super) beneath: bool,
    /// How many claims of the same fact have no line.
    more: usize,
}

impl Line<'_> {
    /// What the entry says, with the claims that have no line.
    pub(super) fn what(&self, what: &str) -> String {
        let beneath = if self.beneath { "  also: " } else { "" };
        match self.more {
            0 => format!("{beneath}{what}"),
            1 => format!("{what} — and 1 more claim"),
            more => format!("{what} — and {more} more claims"),
        }
    }
}

/// The lines of a history: a fact is where its deciding claim is.
pub(super) fn facts(entries: &[Entry], claims: Claims) -> Vec<Line<'_>> {
    let mut others: BTreeMap<u64, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        if let Some(by) = entry.claim_of {
            others.entry(by).or_default().push(entry);
        }
    }
    let own = entries.iter().filter(|entry| entry.claim_of.is_none());
    own.flat_map(|entry| {
        let others = others.remove(&entry.event).unwrap_or_default();
        let more = if claims == Claims::Counted { others.len() } else { 0 };
        let beneath = others.into_iter().filter(|_| claims == Claims::Unfolded);
        let beneath = beneath.map(|entry| Line { entry, beneath: true, more: 0 });
        std::iter::once(Line { entry, beneath: false, more }).chain(beneath).collect::<Vec<_>>()
    })
    .collect()
}

fn happening(line: &Line<'_>) -> (Tone, Vec<String>) {
    let entry = line.entry;
    let when = match &entry.date {
        Some(date) => dated(date, entry.wording.as_deref()),
        None => words(entry.announced.as_ref()),
    };
    let struck = entry.struck.as_ref().map(|struck| format!(" — struck by event {}", struck.event));
    let reported = if entry.standing == Standing::Reported { "(reported) " } else { "" };
    let disputed = if entry.disputed_by.is_empty() { "" } else { " — disputed" };
    let doubts = doubts(entry.review.as_ref(), entry.suspect);
    let tone = match &struck {
        Some(_) => Tone::Struck,
        None if entry.is_unsure() => Tone::Unsure,
        None => Tone::Plain,
    };
    let what = line.what(&format!("{reported}{}{disputed}{doubts}{}", entry.what, struck.unwrap_or_default()));
    (tone, vec![when, what, entry.event.to_string()])
}

/// On whose word.
pub(super) fn sources(sources: &[Cited]) -> Sheet {
    let row = |of: &Cited| {
        let cells = vec![
            of.publisher.clone(),
            of.title.clone().unwrap_or_default(),
            of.grade.to_string(),
            words(of.published.as_ref()),
            numbers(&of.events),
        ];
        (Tone::Plain, cells)
    };
    Sheet {
        header: vec!["PUBLISHER", "TITLE", "GRADE", "PUBLISHED", "EVENTS"],
        rows: sources.iter().map(row).collect(),
    }
}

/// A number with the word for what is counted.
pub(super) fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
