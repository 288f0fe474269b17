//! A timeline as a picture: SVG without scripts, fonts or times, so that the same ledger gives the same bytes.
//!
//! Every bar says in words what it is, for those who do not see it. What is only possible is hatched,
//! what is only reported pale, what somebody denies dashed.

use std::collections::BTreeSet;

use crate::cli::screen::columns;
use crate::cli::timeline_chart::{contested, is_contested};
use crate::domain::announcement::Standing;
use crate::domain::date::Date;
use crate::domain::day::Day;
use crate::domain::text::shown;
use crate::domain::window::Certainty;
use crate::query::Status;
use crate::query::timeline::{PartyLine, Span, Timeline};

const WIDTH: i64 = 960;
const NAMES: i64 = 220;
const LEFT: i64 = 16;
const RIGHT: i64 = 24;
const TOP: i64 = 84;
const ROW: i64 = 24;
const BAR: i64 = 14;
const BELOW: i64 = 64;

/// The colours are told apart by those who see few of them, and each is used with its word in the legend.
const STYLE: &str = "\
svg { font: 13px system-ui, sans-serif; background: #fff; }
text { fill: #1c2733; }
.quiet { fill: #5b6875; font-size: 11px; }
.heading { font-size: 18px; font-weight: 600; }
.grid { stroke: #d8dee4; stroke-width: 1; }
.member { fill: #0b6e99; }
.suspended { fill: #b3391f; }
.contracting { fill: #4f9d8f; }
.provisional { fill: #8fb339; }
.signatory { fill: #c98a1b; }
.associated { fill: #8a7db5; }
.prospective { fill: #9aa5b1; }
.hatch { stroke: #fff; stroke-width: 3; }
.disputed { fill: none; stroke: #b3391f; stroke-width: 2; stroke-dasharray: 4 3; }
@media (prefers-color-scheme: dark) {
  svg { background: #10161c; }
  text { fill: #e6ebf0; }
  .quiet { fill: #9aa7b4; }
  .grid { stroke: #2b3640; }
  .hatch { stroke: #10161c; }
  .member { fill: #4fb3e0; }
}
";

/// The picture of a timeline.
pub(super) fn picture(timeline: &Timeline) -> String {
    let bottom = TOP + ROW * i64::try_from(timeline.parties.len()).unwrap_or_default();
    let (legend, legend_height) = legend(timeline, bottom + 30);
    let height = bottom + BELOW + legend_height;
    let title = format!("{} ({})", timeline.title, timeline.agreement);
    let words = |day: Day| Date::of_day(day).in_words();
    let span = format!("{} to {}", words(timeline.from), words(timeline.vantage.on));
    let mut lines = vec![
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-labelledby="title desc">"#
        ),
        format!(r#"<title id="title">Membership over time: {}</title>"#, escaped(&title)),
        format!(r#"<desc id="desc">{}</desc>"#, escaped(&description(timeline, &span))),
        format!("<style>\n{STYLE}</style>"),
        r#"<defs><pattern id="perhaps" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0V7"/></pattern></defs>"#.to_owned(),
        // Whatever font there is, no name reaches into the plot.
        format!(r#"<defs><clipPath id="names"><rect x="0" y="0" width="{}" height="{height}"/></clipPath></defs>"#, NAMES - 6),
        text(LEFT, 30, "heading", &clipped(&title, 18, WIDTH - LEFT - RIGHT)),
        text(LEFT, 50, "quiet", &span),
    ];
    let axis = Axis { from: timeline.from, to: timeline.vantage.on };
    lines.extend(axis.grid(bottom));
    for (row, line) in (0..).zip(&timeline.parties) {
        lines.extend(party(line, &axis, TOP + ROW * row));
    }
    lines.extend(legend);
    let position = &timeline.vantage.position;
    let source = format!("from {} events, head {:.16}", position.len, position.head.to_string());
    lines.push(text(LEFT, height - 10, "quiet", &source));
    lines.push("</svg>".to_owned());
    lines.join("\n") + "\n"
}

fn description(timeline: &Timeline, span: &str) -> String {
    let is_member = |line: &&PartyLine| {
        let last = line.spans.last();
        last.is_some_and(|span| span.to.is_none() && span.status == Status::Member)
    };
    let members = timeline.parties.iter().filter(is_member).count();
    format!(
        "Who was what to {}, {span}: {} parties took part, {members} are members on the last day, the possible ones among them.",
        timeline.title,
        timeline.parties.len()
    )
}

fn party(line: &PartyLine, axis: &Axis, top: i64) -> Vec<String> {
    let said: Vec<String> = line.spans.iter().map(in_words).collect();
    let title = escaped(&format!("{}: {}", line.name, said.join("; ")));
    let name = text(LEFT, top + 15, "", &clipped(&line.name, 13, NAMES - LEFT - 8));
    let mut lines = vec![format!(r#"<g><title>{title}</title><g clip-path="url(#names)">{name}</g>"#)];
    for span in &line.spans {
        let from = span.from.map_or(NAMES, |day| axis.x(day));
        let to = span.to.map_or(WIDTH - RIGHT, |day| axis.x(day.next()));
        let bar = |class: &str| {
            let width = (to - from).max(2);
            format!(r#"<rect x="{from}" y="{}" width="{width}" height="{BAR}" {class}/>"#, top + 4)
        };
        let reported = if span.standing == Standing::Reported { r#" opacity="0.5""# } else { "" };
        lines.push(bar(&format!(r#"class="{}"{reported}"#, span.status)));
        if span.certainty == Certainty::Possible {
            lines.push(bar(r#"fill="url(#perhaps)""#));
        }
        if is_contested(span) {
            lines.push(bar(r#"class="disputed""#));
        }
    }
    lines.push("</g>".to_owned());
    lines
}

/// What a span says, as precisely as its sources do.
fn in_words(span: &Span) -> String {
    let possibly = if span.certainty == Certainty::Possible { "possibly " } else { "" };
    let bound = |date: &Option<Date>| date.as_ref().and_then(Date::bound_in_words);
    let since = bound(&span.since).map(|since| format!(" since {since}")).unwrap_or_default();
    let until = bound(&span.until).map(|until| format!(" until {until}")).unwrap_or_default();
    let disputed = if span.disputed { ", disputed" } else { "" };
    let disagree = if span.disagree.is_empty() { "" } else { ", sources disagree" };
    let reported = if span.standing == Standing::Reported { "reported " } else { "" };
    format!("{possibly}{reported}{}{since}{until}{disputed}{disagree}", span.status)
}

/// The names of statuses that occur, each beside its colour, in as many lines as they need; and how much lower that ends
/// than one line.
fn legend(timeline: &Timeline, y: i64) -> (Vec<String>, i64) {
    let spans = || timeline.parties.iter().flat_map(|line| &line.spans);
    let statuses: BTreeSet<Status> = spans().map(|span| span.status).collect();
    let mut entries: Vec<(String, String)> =
        statuses.iter().rev().map(|status| (format!(r#"class="{status}""#), status.to_string())).collect();
    if spans().any(|span| span.certainty == Certainty::Possible) {
        entries.push((r#"class="prospective""#.to_owned(), "hatched: perhaps".to_owned()));
    }
    if spans().any(|span| span.standing == Standing::Reported) {
        entries.push((r#"class="member" opacity="0.5""#.to_owned(), "pale: only reported".to_owned()));
    }
    entries.extend(contested(timeline).map(|words| (r#"class="disputed""#.to_owned(), format!("dashed: {words}"))));
    let mut lines = Vec::new();
    let (mut x, mut lower) = (NAMES, 0);
    for (class, word) in entries {
        let wide = 44 + width(&word, 11);
        if x > NAMES && x + wide > WIDTH - RIGHT {
            (x, lower) = (NAMES, lower + 18);
        }
        let y = y + lower;
        let rect = |class: &str| format!(r#"<rect x="{x}" y="{}" width="18" height="10" {class}/>"#, y - 9);
        lines.push(rect(&class));
        if word.starts_with("hatched") {
            lines.push(rect(r#"fill="url(#perhaps)""#));
        }
        lines.push(text(x + 24, y, "quiet", &word));
        x += wide;
    }
    (lines, lower)
}

/// Days to places.
struct Axis {
    from: Day,
    to: Day,
}

impl Axis {
    fn x(&self, day: Day) -> i64 {
        let days = |day: Day| i64::from(day.days_since_epoch());
        let all = (days(self.to) - days(self.from) + 1).max(1);
        let at = (days(day) - days(self.from)).clamp(0, all);
        NAMES + at * (WIDTH - NAMES - RIGHT) / all
    }

    /// A line for every so many years, with its year at the top.
    fn grid(&self, bottom: i64) -> Vec<String> {
        let (first, last) = (self.from.ymd().0, self.to.ymd().0);
        let steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000];
        let step = steps.into_iter().find(|step| (last - first) / step <= 14).unwrap_or(10_000);
        let years = (first..=last).filter(|year| year.rem_euclid(step) == 0);
        let days = years.filter_map(|year| Day::from_ymd(year, 1, 1).ok()).filter(|day| *day >= self.from);
        let mut lines = Vec::new();
        for day in days {
            let x = self.x(day);
            lines.push(format!(r#"<path class="grid" d="M{x} {}V{bottom}"/>"#, TOP - 8));
            let year = day.ymd().0.to_string();
            let at = (x + 3).min(WIDTH - width(&year, 11));
            lines.push(text(at, TOP - 10, "quiet", &year));
        }
        lines
    }
}

fn text(x: i64, y: i64, class: &str, words: &str) -> String {
    let class = if class.is_empty() { String::new() } else { format!(r#" class="{class}""#) };
    format!(r#"<text x="{x}" y="{y}"{class}>{}</text>"#, escaped(words))
}

/// Words that fit into so many pixels, cut off if they have to be.
fn clipped(words: &str, size: i64, room: i64) -> String {
    if width(words, size) <= room {
        return words.to_owned();
    }
    let mut kept = String::new();
    for c in words.chars() {
        if width(&kept, size) + width(c.encode_utf8(&mut [0; 4]), size) + size > room {
            break;
        }
        kept.push(c);
    }
    kept.trim_end().to_owned() + "…"
}

/// The pixels that words take at most, in the fonts that screens have: a picture does not know its font.
fn width(words: &str, size: i64) -> i64 {
    let tenths = |c: char| match c {
        'i' | 'j' | 'l' | 'I' | ' ' | '.' | ',' | '\'' | '|' | ':' | ';' => 4,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 10,
        'A'..='Z' => 8,
        _ if c.is_ascii() => 6,
        _ => 6 * i64::try_from(columns(c.encode_utf8(&mut [0; 4]))).unwrap_or(2).max(1),
    };
    (words.chars().map(tenths).sum::<i64>() * size + 9) / 10
}

/// Text for XML, with nothing hidden in it.
fn escaped(words: &str) -> String {
    shown(words).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
