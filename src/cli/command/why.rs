//! `servanda why`

use clap::Args;

use crate::cli::as_of::{Asking, seen_from};
use crate::cli::days::dates;
use crate::cli::failure::Exit;
use crate::cli::page::{self, Page, doubts, marks, review, words};
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::announcement::Standing;
use crate::domain::date::Date;
use crate::domain::window::Certainty;
use crate::query::why::{Cited, ClaimTold, LeftOut, Why as WhyAnswer, why};
use crate::query::{Reason, Status};

/// Show why a party is what it is to an agreement: events, rule, sources and quotes
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda why pakistan ilrs --on 2023-10-19
  servanda why azerbaijan ilrs --on 2023-10-05 --recorded-by 39
  servanda why russia ilrs --json")]
pub(in crate::cli) struct Why {
    /// The party's id, or another of its names
    party: String,
    /// The agreement's id, or another of its names
    agreement: String,
    #[command(flatten)]
    asking: Asking,
}

impl Why {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let at = self.asking.standpoint(context);
        let reading = context.read("why", Some(&self.agreement), &[at.known])?;
        let mut answer = why(&reading.snapshot, &self.party, &self.agreement, at)?;
        answer.place_quotes(&reading.shelf);
        context.answer(&answer)?;
        Ok(Exit::Done)
    }
}

impl Answer for WhyAnswer {
    const ITEMS: &'static str = "claims";

    fn table(&self, screen: Screen) -> String {
        let mut page = Page::new(screen, &self.sentence(screen));
        if let Some(doubt) = self.doubt() {
            page.line(&format!("It is not certain: {doubt}."));
        }
        if let Some(rule) = self.rule {
            page.line(&format!("\nThe rule: {rule}."));
        }
        if let Some(rule) = self.end_rule.filter(|_| self.row.as_ref().is_some_and(|row| row.until.is_some())) {
            page.line(&format!("Its end: {rule}."));
        }
        if let Some(row) = self.row.as_ref().filter(|row| !row.disagree.is_empty()) {
            let events: Vec<String> = row.disagree.iter().map(|event| format!("event {event}")).collect();
            page.line(&format!("Sources disagree: it would be another by {}.", events.join(" or ")));
        }
        for of in &self.overdue {
            let due = of.wording.clone().or_else(|| of.due.as_ref().map(Date::in_words)).unwrap_or_default();
            let event = of.events.first().map(|event| format!(" (event {event})")).unwrap_or_default();
            page.line(&format!("\nOverdue: {}, due {due}{event}.", of.what));
        }
        for (index, claim) in self.claims.iter().enumerate() {
            page.line("");
            self.claim(&mut page, claim, index);
        }
        let row = |of: &ClaimTold| {
            let what = format!("{}{}", of.what, doubts(of.review.as_ref(), of.suspect));
            (Tone::Plain, vec![words(of.date.as_ref()), what, of.recorder.clone(), of.event.to_string()])
        };
        let rows = self.described_by.iter().map(row).collect();
        page.section("By these descriptions", &Sheet { header: vec!["FROM", "WHAT", "RECORDED BY", "EVENT"], rows });
        let row = |of: &LeftOut| {
            let by = of.by.map(|by| format!(" by event {by}")).unwrap_or_default();
            let reason = of.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let told = |told| format!(": {}; recorded by {}", review(told), of.recorder);
            let review = of.review.as_ref().map(told).unwrap_or_default();
            let because = format!("{}{by}{reason}{review}", of.because.as_str().replace('-', " "));
            (Tone::Quiet, vec![words(of.date.as_ref()), of.what.clone(), because, of.event.to_string()])
        };
        let rows = self.left_out.iter().map(row).collect();
        page.section("Told, and not counted here", &Sheet { header: vec!["WHEN", "WHAT", "WHY NOT", "EVENT"], rows });
        page.end(&self.vantage.position)
    }

    fn sheet(&self) -> Sheet {
        let row = |claim: &ClaimTold, cited: Option<&Cited>| {
            let text = |date: Option<&Date>| date.map(ToString::to_string).unwrap_or_default();
            let cells = vec![
                claim.event.to_string(),
                claim.id.clone(),
                claim.what.clone(),
                text(claim.date.as_ref()),
                text(claim.announced.as_ref()),
                claim.standing.to_string(),
                cited.map(|cited| cited.publisher.clone()).unwrap_or_default(),
                cited.map(|cited| cited.grade.to_string()).unwrap_or_default(),
                cited.and_then(|cited| cited.quote.clone()).unwrap_or_default(),
                cited.and_then(|cited| cited.document.clone()).unwrap_or_default(),
                cited.and_then(|cited| cited.line).map(|line| line.to_string()).unwrap_or_default(),
            ];
            (Tone::Plain, cells)
        };
        let rows = self.claims.iter().flat_map(|claim| {
            let alone = claim.evidence.is_empty().then_some(None);
            alone.into_iter().chain(claim.evidence.iter().map(Some)).map(move |cited| row(claim, cited))
        });
        Sheet {
            header: vec![
                "event",
                "id",
                "what",
                "date",
                "announced",
                "standing",
                "publisher",
                "grade",
                "quote",
                "document",
                "line",
            ],
            rows: rows.collect(),
        }
        .with_days(dates!["date", "announced"])
    }
}

impl WhyAnswer {
    /// The answer itself.
    fn sentence(&self, screen: Screen) -> String {
        let on = seen_from(&self.vantage, screen);
        let known = self.row.as_ref().filter(|row| row.status != Status::None);
        let Some(row) = known else {
            return format!("On {on}: {} is nothing to {}, by what counts here.", self.name, self.title);
        };
        let bound = |date: &Option<Date>| date.as_ref().and_then(Date::bound_in_words);
        let since = bound(&row.since).map(|since| format!(", since {since}")).unwrap_or_default();
        let until = bound(&row.until).map(|until| format!(", until {until}")).unwrap_or_default();
        let possibly = if row.certainty == Certainty::Possible { "possibly " } else { "" };
        let marks = marks(row);
        let marks = if marks.is_empty() { marks } else { format!(" ({marks})") };
        format!("On {on}: {} is {possibly}{} {}{marks}{since}{until}.", self.name, relation(row.status), self.title)
    }

    fn claim(&self, page: &mut Page, claim: &ClaimTold, index: usize) {
        let counts = self.row.as_ref().is_some_and(|row| row.status != Status::None);
        let part = match (counts, index) {
            (false, _) => "holds on other days",
            (true, 0) => "decides",
            (true, _) => "counts too",
        };
        let reason = self.row.as_ref().and_then(|row| row.decided_by).filter(|_| part == "decides");
        let part = reason.map_or_else(|| part.to_owned(), |reason| format!("{part}: {}", because(reason)));
        let reported = if claim.standing == Standing::Reported { "only reported; " } else { "" };
        page.line(&format!("Event {} ({part}): {reported}{}", claim.event, claim.what));
        let when = claim.date.as_ref().map(|date| page::dated(date, claim.wording.as_deref()));
        let announced = claim.announced.as_ref().map(|date| format!("announced {}, ", date.in_words()));
        let when = when.map(|when| format!("{when}, ")).unwrap_or_default();
        let recorded = format!("recorded {} by {}", claim.recorded, claim.recorder);
        page.indented(&format!("{when}{}{recorded}", announced.unwrap_or_default()));
        if let Some(day) = claim.not_after {
            page.indented(&format!(
                "not after {}, since it was announced or recorded by then",
                Date::of_day(day).in_words()
            ));
        }
        let mut source = String::new();
        for cited in &claim.evidence {
            let title = cited.title.as_ref().map(|title| format!(", {title}")).unwrap_or_default();
            let own = format!("{} ({}){title}", cited.publisher, cited.grade);
            if own != source {
                page.indented(&own);
                page.indented_if(&whereabouts(cited));
                source = own;
            }
            let line = cited.line.map(|line| format!("line {line}"));
            let erased = cited.erased.map(|by| format!("document erased by event {by}"));
            let place = line.or(erased).map(|place| format!(" ({place})")).unwrap_or_default();
            match (&cited.quote, cited.at) {
                (Some(quote), _) => page.indented(&format!("  “{quote}”{place}")),
                (None, Some((start, end))) => page.indented(&format!("  a passage, bytes {start}–{end}{place}")),
                (None, None) if cited.erased.is_some() => page.indented(&format!(" {place}")),
                (None, None) => {}
            }
        }
        if let Some(reason) = &claim.no_evidence {
            page.indented(&format!("no evidence: {reason}"));
        }
        for (date, words) in &claim.other_wording {
            page.indented(&format!("{date}: {words}"));
        }
        if let Some(note) = &claim.note {
            page.indented(&format!("note: {note}"));
        }
        if let Some(row) = &claim.source_ref {
            page.indented(&format!("row of a table: {row}"));
        }
        if let Some(told) = &claim.review {
            page.indented(&format!("reviewers: {}", review(told)));
        }
        if let Some(by) = claim.suspect {
            page.indented(&format!("suspect: its key was revoked as compromised by event {by}"));
        }
        for (events, word) in [(&claim.disputed_by, "denied"), (&claim.confirmed_by, "confirmed")] {
            if !events.is_empty() {
                let events: Vec<String> = events.iter().map(ToString::to_string).collect();
                page.indented(&format!("{word} by event {}", events.join(", ")));
            }
        }
    }
}

/// Why one of several claims decides, in words.
pub(super) const fn because(reason: Reason) -> &'static str {
    match reason {
        Reason::BetterGrade => "its source is closer to the fact",
        Reason::MoreExact => "its date is more exact",
        Reason::RecordedFirst => "recorded first of equals",
        Reason::AnnouncedLast => "announced last, as asked for",
        Reason::Official => "official, as asked for",
        Reason::Undisputed => "denied by nobody, as asked for",
    }
}

/// Where a source stands, and of when it is.
fn whereabouts(cited: &Cited) -> String {
    let dated = |what: &str, date: &Option<Date>| date.as_ref().map(|date| format!("{what} {}", date.in_words()));
    let dates = [dated("published", &cited.published), dated("retrieved", &cited.retrieved)];
    dates.into_iter().flatten().chain(cited.url.clone()).collect::<Vec<_>>().join(", ")
}

/// How a party stands to an agreement, before the agreement's name.
const fn relation(status: Status) -> &'static str {
    match status {
        Status::None => "nothing to",
        Status::Former => "a former party of",
        Status::Prospective => "expected in",
        Status::Associated => "associated with",
        Status::Signatory => "a signatory of",
        Status::Provisional => "provisionally applying",
        Status::Contracting => "a contracting party of",
        Status::Suspended => "a suspended member of",
        Status::Member => "a member of",
    }
}
