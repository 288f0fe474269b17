//! Which of several claims of one fact decides.
//!
//! Sources disagree; a fact keeps all its claims, and a preference only chooses among them. Where nothing conflicts,
//! every preference gives the same answer.

use std::collections::HashSet;

use crate::domain::date::Date;
use crate::domain::shape::vocabulary;
use crate::domain::source::Grade;
use crate::domain::window::Window;
use crate::projection::knowledge::Claim;

vocabulary! {
    /// Which of the claims of one fact decides, where they conflict.
    pub enum Prefer default Strongest {
        /// That of the strongest source, then the most exact, then the first recorded.
        Strongest = "strongest",
        /// That announced last.
        Latest = "latest",
        /// That of a depositary, party or host, whatever its rank among them.
        Official = "official",
        /// One that nobody denies.
        Undisputed = "undisputed",
    }
}

/// What ranking looks at of one of several claims.
#[derive(Debug, Clone, Copy)]
pub struct Rival<'a> {
    /// The claim.
    pub claim: &'a Claim<'a>,
    /// The days that are meant.
    pub window: Window,
    /// The date from which they were read, as the source says it.
    pub date: &'a Date,
}

vocabulary! {
    /// Why one of several claims of a fact decides.
    pub enum Reason {
        /// Its source is closer to the fact.
        BetterGrade = "better-grade",
        /// Its date is more exact.
        MoreExact = "more-exact",
        /// It was recorded first, of equals.
        RecordedFirst = "recorded-first",
        /// It was announced last, as was asked for.
        AnnouncedLast = "announced-last",
        /// It is official, as was asked for.
        Official = "official",
        /// Nobody denies it, as was asked for.
        Undisputed = "undisputed",
    }
}

/// Puts claims of one fact in order, the one that decides first.
///
/// A claim whose window strictly contains another's supports it and comes after the rest. Then grade, precision, and
/// the order of recording decide; where windows of the rest do not overlap, the preference does before them.
pub fn rank<'a, T>(claims: &mut Vec<T>, prefer: Prefer, of: impl Fn(&T) -> Rival<'a>) {
    if claims.len() < 2 {
        return;
    }
    if prefer == Prefer::Undisputed {
        let (mut denied, mut undisputed): (Vec<T>, Vec<T>) =
            claims.drain(..).partition(|claim| is_denied(of(claim).claim));
        by_strength(&mut undisputed, &of);
        by_strength(&mut denied, &of);
        claims.extend(undisputed);
        claims.extend(denied);
        return;
    }
    let rest = by_strength(claims, &of);
    let windows: Vec<Window> = claims[..rest].iter().map(|claim| of(claim).window).collect();
    if !all_overlap(&windows) {
        order(&mut claims[..rest], prefer, |claim| of(claim).claim);
    }
}

/// Why the first of ranked claims decides; nothing, if there is no other.
pub fn reason<'a, T>(claims: &[T], prefer: Prefer, of: impl Fn(&T) -> Rival<'a>) -> Option<Reason> {
    let [first, second, ..] = claims else { return None };
    let (first, second) = (of(first), of(second));
    if prefer == Prefer::Undisputed && is_denied(first.claim) != is_denied(second.claim) {
        return Some(Reason::Undisputed);
    }
    let supporting = supporting(claims.iter().map(|claim| of(claim).window));
    if supporting.contains(&second.window) {
        return Some(Reason::MoreExact);
    }
    let rest = claims.iter().map(|claim| of(claim).window).filter(|window| !supporting.contains(window));
    if !all_overlap(&rest.collect::<Vec<_>>()) {
        match prefer {
            Prefer::Latest => return Some(Reason::AnnouncedLast),
            Prefer::Official if is_official(first.claim) != is_official(second.claim) => return Some(Reason::Official),
            _ => {}
        }
    }
    let grade = |of: Rival<'_>| (of.claim.grade().is_none(), of.claim.grade());
    Some(if grade(first) != grade(second) {
        Reason::BetterGrade
    } else if exactness(first.date) != exactness(second.date) {
        Reason::MoreExact
    } else {
        Reason::RecordedFirst
    })
}

/// How exactly a source says a date: fewer is more. A class, by the days between the first and the last that it may stand
/// for, and not their number; within one, a date that is an estimate or in doubt comes after the others.
fn exactness(date: &Date) -> (usize, bool) {
    /// The most days of a day, a month, a quarter, a year and a decade.
    const MOST: [u32; 5] = [1, 31, 92, 366, 3653];
    let window = date.window();
    let class = match (window.width(), window.earliest().or(window.latest())) {
        (Some(days), _) => MOST.iter().position(|most| days <= *most).unwrap_or(MOST.len()),
        (None, Some(_)) => MOST.len() + 1,
        (None, None) => MOST.len() + 2,
    };
    (class, date.is_approximate() || date.is_uncertain())
}

fn is_denied(claim: &Claim<'_>) -> bool {
    !claim.disputed_by.is_empty()
}

fn is_official(claim: &Claim<'_>) -> bool {
    claim.grade().is_some_and(|grade| grade <= Grade::Host)
}

/// The value that the best claim states; ranked claims, the one that decides first.
///
/// Only where different values are stated has the preference anything to choose.
pub fn stated<'a, T, V: PartialEq>(
    claims: &[T],
    prefer: Prefer,
    claim: impl Fn(&T) -> &'a Claim<'a>,
    value: impl Fn(&T) -> Option<V>,
) -> Option<V> {
    let mut stating: Vec<(&'a Claim<'a>, V)> =
        claims.iter().filter_map(|told| Some((claim(told), value(told)?))).collect();
    if stating.iter().any(|(_, value)| *value != stating[0].1) {
        order(&mut stating, prefer, |(claim, _)| *claim);
    }
    stating.into_iter().next().map(|(_, value)| value)
}

/// Whether there is a day that may be meant by all of each pair of these windows.
pub fn all_overlap(windows: &[Window]) -> bool {
    let first_to_end = windows.iter().filter_map(|window| window.latest()).min();
    let last_to_begin = windows.iter().filter_map(|window| window.earliest()).max();
    first_to_end.zip(last_to_begin).is_none_or(|(end, begin)| begin <= end)
}

/// Ranks by strength, and tells how many do not merely support another.
fn by_strength<'a, T>(claims: &mut [T], of: &impl Fn(&T) -> Rival<'a>) -> usize {
    let supporting = supporting(claims.iter().map(|claim| of(claim).window));
    claims.sort_by_cached_key(|claim| {
        let Rival { claim, window, date } = of(claim);
        let (supports, ungraded) = (supporting.contains(&window), claim.grade().is_none());
        (supports, ungraded, claim.grade(), exactness(date), claim.seq())
    });
    claims.iter().filter(|claim| !supporting.contains(&of(claim).window)).count()
}

/// Moves what a preference wants to the front; among equals the order stays.
fn order<'a, T>(claims: &mut [T], prefer: Prefer, of: impl Fn(&T) -> &'a Claim<'a>) {
    match prefer {
        Prefer::Strongest => {}
        Prefer::Latest => claims.sort_by(|a, b| {
            let (a, b) = (of(a), of(b));
            b.announced().cmp_by_ends(&a.announced()).then(b.seq().cmp(&a.seq()))
        }),
        Prefer::Official => claims.sort_by_key(|claim| !is_official(of(claim))),
        Prefer::Undisputed => claims.sort_by_key(|claim| is_denied(of(claim))),
    }
}

/// The windows that strictly contain another: claims that have them support a more precise one.
pub fn supporting(windows: impl Iterator<Item = Window>) -> HashSet<Window> {
    let mut windows: Vec<Window> = windows.collect();
    // From the latest beginning to the earliest, on equal beginnings from the earliest end on: whatever a window
    // contains stands before it.
    windows.sort_by(|a, b| b.earliest().cmp(&a.earliest()).then_with(|| a.cmp_by_ends(b)));
    windows.dedup();
    let mut containing = HashSet::new();
    let mut first_end = None;
    for (index, window) in windows.iter().enumerate() {
        let ends_in_time = match (first_end, window.latest()) {
            (Some(end), Some(latest)) => end <= latest,
            (_, None) => index > 0,
            (None, Some(_)) => false,
        };
        if ends_in_time {
            containing.insert(*window);
        }
        first_end = first_end.into_iter().chain(window.latest()).min();
    }
    containing
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::day::Day;

    fn window() -> impl Strategy<Value = Window> {
        let end = || proptest::option::of(0..12_i32);
        (end(), end()).prop_filter_map("in order", |(begin, end)| {
            let day = |end: Option<i32>| end.map(|days| Day::parse("2020-01-01").expect("a day").shift(days));
            Window::between(day(begin), day(end))
        })
    }

    proptest! {
        #[test]
        fn a_claim_supports_what_its_window_strictly_contains(windows in proptest::collection::vec(window(), 0..9)) {
            let contains = |a: &Window| windows.iter().any(|b| a.strictly_contains(*b));
            let expected: HashSet<Window> = windows.iter().copied().filter(contains).collect();
            prop_assert_eq!(supporting(windows.iter().copied()), expected);
        }

        #[test]
        fn windows_conflict_if_two_of_them_do_not_overlap(windows in proptest::collection::vec(window(), 0..9)) {
            let expected = windows.iter().all(|a| windows.iter().all(|b| a.overlaps(*b)));
            prop_assert_eq!(all_overlap(&windows), expected);
        }
    }
}
