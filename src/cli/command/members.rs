//! `servanda members`

use clap::Args;

use crate::cli::command::{counted, day, prefer, recorded_by, word};
use crate::cli::failure::Exit;
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::announcement::Standing;
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::party::PartyType;
use crate::domain::window::Certainty;
use crate::query::members::{Member, Members as MembersAnswer, Question, members};
use crate::query::{Known, Prefer, RecordedBy, Reported, Standpoint, Status};

/// Show who is what to an agreement on a day
///
/// With imprecise dates a party is certainly, possibly or not a member. A day is looked at on three clocks: when it held (--on), when it was announced (--announced-by) and when this ledger knew (--recorded-by).
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda members ilrs --on 2023-10-19
  servanda members ilrs --on 2023-10-19 --announced-by 2023-10-19
  servanda members ilrs --type state --json")]
pub(in crate::cli) struct Members {
    /// The agreement's id, or another of its names
    agreement: String,
    /// The day [default: today]
    #[arg(long, value_name = "DATE", value_parser = day)]
    on: Option<Day>,
    /// Count only what was certainly announced by this day
    #[arg(long, value_name = "DATE", value_parser = day)]
    announced_by: Option<Day>,
    /// Count only what was recorded by then: an event's position, a day or a moment
    #[arg(long, value_name = "SEQ|TIME", value_parser = recorded_by)]
    recorded_by: Option<RecordedBy>,
    /// Only parties of this type, such as state
    #[arg(long, value_name = "TYPE", value_parser = party_type)]
    r#type: Option<PartyType>,
    /// Which of several claims of one fact decides: strongest, latest, official or undisputed
    #[arg(long, value_name = "WHICH", value_parser = prefer)]
    prefer: Option<Prefer>,
    /// Show what is only reported, where nothing higher is confirmed
    #[arg(long)]
    include_reported: bool,
    /// Show former parties, and those that are nothing to it, too
    #[arg(long)]
    all: bool,
}

impl Members {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let at = Standpoint {
            on: self.on.unwrap_or(context.around.now.day()),
            known: Known { announced_by: self.announced_by, recorded_by: self.recorded_by },
            reported: if self.include_reported { Reported::Included } else { Reported::LeftOut },
            prefer: self.prefer.unwrap_or_default(),
        };
        let question = Question { at, party_type: self.r#type, all: self.all };
        let reading = context.read("members")?;
        let answer = members(reading.asked(), &self.agreement, question)?;
        context.answer(&answer)?;
        Ok(Exit::Done)
    }
}

fn party_type(text: &str) -> Result<PartyType, String> {
    word(PartyType::ALL, text)
}

impl Answer for MembersAnswer {
    const ITEMS: &'static str = "members";

    fn table(&self, screen: Screen) -> String {
        let on = Date::of_day(self.on).in_words();
        let announced = self.announced_by.map(|day| format!(", as announced by {}", Date::of_day(day).in_words()));
        let recorded = self.recorded_by.map(|by| match by {
            RecordedBy::Seq(seq) => format!(", as recorded up to event {seq}"),
            RecordedBy::At(moment) => format!(", as recorded by {moment}"),
        });
        let preferred = (self.prefer != Prefer::default()).then(|| format!(", the {} claims first", self.prefer));
        let known = announced.into_iter().chain(recorded).chain(preferred).collect::<String>();
        let title = format!("{} ({}) on {on}{known}", self.title, self.agreement);
        let mut rows: Vec<&Member> = self.members.iter().collect();
        rows.sort_by_key(|row| (row.certainty == Certainty::Possible, std::cmp::Reverse(row.status), row.name.clone()));
        let sheet = Sheet {
            header: vec!["PARTY", "NAME", "STATUS", "SINCE", "UNTIL", "EVENTS"],
            rows: rows.into_iter().map(cells).collect(),
        };
        let counts = format!(
            "{}: {} certainly, {} possibly",
            counted(self.counts.certain + self.counts.possible, "member", "members"),
            self.counts.certain,
            self.counts.possible
        );
        let unbound = self.counts.certain + self.counts.possible == 0
            && self.members.iter().any(|member| member.status == Status::Contracting);
        let counts = if unbound {
            format!(
                "{counts}\nwhoever is contracting becomes a member when the agreement is in force; see `servanda template milestone`"
            )
        } else {
            counts
        };
        let position = format!("from {} events, head {:.16}", self.position.len, self.position.head.to_string());
        format!(
            "{}\n\n{}\n{counts}\n{}\n",
            screen.title(&screen.wrapped(&crate::domain::text::shown(&title))),
            screen.table(&sheet, "no party is recorded for these conditions"),
            screen.toned(Tone::Quiet, &position)
        )
    }

    fn sheet(&self) -> Sheet {
        let row = |member: &Member| {
            let text = |date: &Option<Date>| date.as_ref().map(ToString::to_string).unwrap_or_default();
            let events: Vec<String> = member.events.iter().map(u64::to_string).collect();
            let statements: Vec<String> =
                member.statements.iter().map(|statement| format!("{}:{}", statement.act, statement.event)).collect();
            let cells = vec![
                member.party.clone(),
                member.name.clone(),
                member.r#type.to_string(),
                member.status.to_string(),
                member.certainty.to_string(),
                member.at_least.to_string(),
                member.role.map(|role| role.to_string()).unwrap_or_default(),
                text(&member.since),
                text(&member.until),
                member.effect_assumed.to_string(),
                member.disputed.to_string(),
                member.standing.to_string(),
                member.without_evidence.to_string(),
                statements.join(" "),
                events.join(" "),
            ];
            (Tone::Plain, cells)
        };
        Sheet {
            header: vec![
                "party",
                "name",
                "type",
                "status",
                "certainty",
                "at_least",
                "role",
                "since",
                "until",
                "effect_assumed",
                "disputed",
                "standing",
                "without_evidence",
                "statements",
                "events",
            ],
            rows: self.members.iter().map(row).collect(),
        }
    }
}

/// A row for people: what is unsure, reported or disputed is said in words, and coloured besides.
fn cells(member: &Member) -> (Tone, Vec<String>) {
    let mut status = match member.certainty {
        Certainty::Possible => format!("possibly {}", member.status),
        Certainty::Certain | Certainty::Not => member.status.to_string(),
    };
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
    if member.without_evidence {
        marks.push("no evidence");
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
    if !marks.is_empty() {
        status += &format!(" ({})", marks.join(", "));
    }
    let tone = match (member.certainty, member.disputed || member.standing == Standing::Reported) {
        (Certainty::Certain, false) => Tone::Plain,
        _ => Tone::Unsure,
    };
    let words = |date: &Option<Date>| date.as_ref().map(Date::in_words).unwrap_or_default();
    let events: Vec<String> = member.events.iter().map(u64::to_string).collect();
    let cells = vec![
        member.party.clone(),
        member.name.clone(),
        status,
        words(&member.since),
        words(&member.until),
        events.join(" "),
    ];
    (tone, cells)
}
