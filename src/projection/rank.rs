//! Which of several claims of one fact decides.
//!
//! Sources disagree; a fact keeps all its claims, and a preference only chooses among them. Where nothing conflicts,
//! every preference gives the same answer.

use std::collections::HashSet;

use crate::domain::shape::vocabulary;
use crate::domain::source::Grade;
use crate::domain::window::Window;
use crate::projection::knowledge::Claim;

vocabulary! {
    /// Which of the claims of one fact decides, where they conflict.
    pub enum Prefer default Strongest {
        /// That of the strongest source, then the most precise, then the first recorded.
        Strongest = "strongest",
        /// That announced last.
        Latest = "latest",
        /// That of a depositary, party or host, whatever its rank among them.
        Official = "official",
        /// One that nobody denies.
        Undisputed = "undisputed",
    }
}

/// Puts claims of one fact in order, the one that decides first.
///
/// A claim whose window strictly contains another's supports it and comes after the rest. Then grade, precision, and
/// the order of recording decide; where windows of the rest do not overlap, the preference does before them.
pub fn rank<'a, T>(claims: &mut Vec<T>, prefer: Prefer, of: impl Fn(&T) -> (&'a Claim<'a>, Window)) {
    if claims.len() < 2 {
        return;
    }
    if prefer == Prefer::Undisputed {
        let (mut denied, mut undisputed): (Vec<T>, Vec<T>) =
            claims.drain(..).partition(|claim| !of(claim).0.disputed_by.is_empty());
        by_strength(&mut undisputed, &of);
        by_strength(&mut denied, &of);
        claims.extend(undisputed);
        claims.extend(denied);
        return;
    }
    let rest = by_strength(claims, &of);
    let windows: Vec<Window> = claims[..rest].iter().map(|claim| of(claim).1).collect();
    if !all_overlap(&windows) {
        order(&mut claims[..rest], prefer, |claim| of(claim).0);
    }
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
fn by_strength<'a, T>(claims: &mut [T], of: &impl Fn(&T) -> (&'a Claim<'a>, Window)) -> usize {
    let supporting = supporting(claims.iter().map(|claim| of(claim).1));
    claims.sort_by_cached_key(|claim| {
        let (claim, window) = of(claim);
        let (supports, ungraded) = (supporting.contains(&window), claim.grade().is_none());
        (supports, ungraded, claim.grade(), window.width().unwrap_or(u32::MAX), claim.seq())
    });
    claims.iter().filter(|claim| !supporting.contains(&of(claim).1)).count()
}

/// Moves what a preference wants to the front; among equals the order stays.
fn order<'a, T>(claims: &mut [T], prefer: Prefer, of: impl Fn(&T) -> &'a Claim<'a>) {
    match prefer {
        Prefer::Strongest => {}
        Prefer::Latest => claims.sort_by(|a, b| {
            let (a, b) = (of(a), of(b));
            b.announced().cmp_by_ends(&a.announced()).then(b.seq().cmp(&a.seq()))
        }),
        Prefer::Official => claims.sort_by_key(|claim| {
            let official = of(claim).grade().is_some_and(|grade| grade <= Grade::Host);
            !official
        }),
        Prefer::Undisputed => claims.sort_by_key(|claim| !of(claim).disputed_by.is_empty()),
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
