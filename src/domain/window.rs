//! The days that a date may stand for, and what can be said of them for certain.

use std::cmp::Ordering;

use super::day::Day;
use super::shape::vocabulary;

/// The days from an earliest to a latest, both included; an absent end is open.
///
/// Never empty: the earliest day is not after the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    earliest: Option<Day>,
    latest: Option<Day>,
}

vocabulary! {
    /// How surely something holds, when the days it rests on are not known exactly.
    pub enum Certainty {
        /// Whatever the days turn out to be, it holds.
        Certain = "certain",
        /// It holds for some of the days, and not for others.
        Possible = "possible",
        /// Whatever the days turn out to be, it does not hold.
        Not = "not",
    }
}

impl Window {
    /// Any day at all.
    pub const UNKNOWN: Self = Self { earliest: None, latest: None };

    /// That day and no other.
    pub const fn of_day(day: Day) -> Self {
        Self { earliest: Some(day), latest: Some(day) }
    }

    /// From `earliest` to `latest`, an absent one being an open end; `None` if it would end before it starts.
    pub fn between(earliest: Option<Day>, latest: Option<Day>) -> Option<Self> {
        let is_inverted = earliest.zip(latest).is_some_and(|(earliest, latest)| earliest > latest);
        (!is_inverted).then_some(Self { earliest, latest })
    }

    /// The first day that it may be, if there is a first.
    pub const fn earliest(self) -> Option<Day> {
        self.earliest
    }

    /// The last day that it may be, if there is a last.
    pub const fn latest(self) -> Option<Day> {
        self.latest
    }

    /// Whether every day of this window is before every day of `other`.
    pub fn certainly_before(self, other: Self) -> bool {
        self.latest.zip(other.earliest).is_some_and(|(latest, earliest)| latest < earliest)
    }

    /// Whether no day of this window is after `day`.
    pub fn certainly_by(self, day: Day) -> bool {
        self.latest.is_some_and(|latest| latest <= day)
    }

    /// Whether some day of this window is not after `day`.
    pub fn possibly_by(self, day: Day) -> bool {
        self.earliest.is_none_or(|earliest| earliest <= day)
    }

    /// Whether the two have a day in common.
    pub fn overlaps(self, other: Self) -> bool {
        !self.certainly_before(other) && !other.certainly_before(self)
    }

    /// Whether this window has every day of `other`, and more.
    pub fn strictly_contains(self, other: Self) -> bool {
        self != other && self.hull(other) == self
    }

    /// When the later of two things happens: the later earliest, the later latest.
    #[must_use]
    pub fn later_of(self, other: Self) -> Self {
        Self { earliest: self.earliest.max(other.earliest), latest: later_end(self.latest, other.latest) }
    }

    /// When the earlier of two things happens: the earlier earliest, the earlier latest.
    #[must_use]
    pub fn earlier_of(self, other: Self) -> Self {
        Self { earliest: self.earliest.min(other.earliest), latest: earlier_end(self.latest, other.latest) }
    }

    /// The narrowest window that has the days of both.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self { earliest: self.earliest.min(other.earliest), latest: later_end(self.latest, other.latest) }
    }

    /// The number of days in it, 1 for a single day; `None` if an end is open. Fewer days are more precise.
    pub fn width(self) -> Option<u32> {
        let (earliest, latest) = self.earliest.zip(self.latest)?;
        Some(latest.days_since_epoch().abs_diff(earliest.days_since_epoch()) + 1)
    }

    /// Orders by the earliest day, then by the latest; an open start comes first, an open end last.
    pub fn cmp_by_ends(&self, other: &Self) -> Ordering {
        let open_last = |end: Option<Day>| (end.is_none(), end);
        self.earliest.cmp(&other.earliest).then_with(|| open_last(self.latest).cmp(&open_last(other.latest)))
    }

    /// Both ends so many days later, or earlier if negative; the calendar's limits are never passed.
    #[must_use]
    pub fn shift(self, days: i32) -> Self {
        Self { earliest: self.earliest.map(|day| day.shift(days)), latest: self.latest.map(|day| day.shift(days)) }
    }
}

/// Whether a stay that begins in one window and ends in another has `day` in it.
///
/// The day of the end is the first day outside; no `end` at all means that the stay goes on.
pub fn covers(begin: Window, end: Option<Window>, day: Day) -> Certainty {
    if begin.certainly_by(day) && end.is_none_or(|end| !end.possibly_by(day)) {
        Certainty::Certain
    } else if begin.possibly_by(day) && end.is_none_or(|end| !end.certainly_by(day)) {
        Certainty::Possible
    } else {
        Certainty::Not
    }
}

// Starts need no such functions: `None` sorts before every day, as an open start should.

fn later_end(a: Option<Day>, b: Option<Day>) -> Option<Day> {
    a.zip(b).map(|(a, b)| a.max(b))
}

fn earlier_end(a: Option<Day>, b: Option<Day>) -> Option<Day> {
    a.into_iter().chain(b).min()
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `a..b`, where nothing stands for an open end and one day for itself.
    fn window(text: &str) -> Window {
        let end = |text: &str| (!text.is_empty()).then(|| Day::parse(text).expect("a day"));
        let (earliest, latest) = text.split_once("..").unwrap_or((text, text));
        Window::between(end(earliest), end(latest)).expect("a window")
    }

    /// Windows in order of their ends: open starts first, open ends last.
    const IN_ORDER: [&str; 9] = [
        "..2019-12-31",
        "..2020-02-01",
        "..",
        "2020-01-01",
        "2020-01-01..2020-01-31",
        "2020-01-01..",
        "2020-01-31..2020-02-01",
        "2020-02-01",
        "2020-02-01..",
    ];

    fn pairs_where(law: impl Fn(Window, Window) -> bool) -> Vec<(&'static str, &'static str)> {
        let pairs = IN_ORDER.iter().flat_map(|a| IN_ORDER.iter().map(move |b| (*a, *b)));
        pairs.filter(|(a, b)| law(window(a), window(b))).collect()
    }

    #[test]
    fn a_window_never_ends_before_it_starts() {
        let (early, late) = (Day::parse("2020-01-01").ok(), Day::parse("2020-01-02").ok());
        assert_eq!(Window::between(late, early), None);
        assert_eq!(Window::between(early, early), early.map(Window::of_day));
        assert_eq!(Window::between(None, None), Some(Window::UNKNOWN));
    }

    #[test]
    fn windows_order_by_earliest_then_latest_with_open_ends_outermost() {
        for (i, a) in IN_ORDER.iter().enumerate() {
            for (j, b) in IN_ORDER.iter().enumerate() {
                assert_eq!(window(a).cmp_by_ends(&window(b)), i.cmp(&j), "{a} {b}");
            }
        }
    }

    #[test]
    fn certainly_before_needs_a_last_day_and_a_first_day() {
        let expected = [
            ("..2019-12-31", "2020-01-01"),
            ("..2019-12-31", "2020-01-01..2020-01-31"),
            ("..2019-12-31", "2020-01-01.."),
            ("..2019-12-31", "2020-01-31..2020-02-01"),
            ("..2019-12-31", "2020-02-01"),
            ("..2019-12-31", "2020-02-01.."),
            ("2020-01-01", "2020-01-31..2020-02-01"),
            ("2020-01-01", "2020-02-01"),
            ("2020-01-01", "2020-02-01.."),
            ("2020-01-01..2020-01-31", "2020-02-01"),
            ("2020-01-01..2020-01-31", "2020-02-01.."),
        ];
        assert_eq!(pairs_where(Window::certainly_before), expected);
    }

    #[test]
    fn a_wider_window_contains_the_ones_within_and_not_itself() {
        let expected = [
            ("..2020-02-01", "..2019-12-31"),
            ("..2020-02-01", "2020-01-01"),
            ("..2020-02-01", "2020-01-01..2020-01-31"),
            ("..2020-02-01", "2020-01-31..2020-02-01"),
            ("..2020-02-01", "2020-02-01"),
            ("..", "..2019-12-31"),
            ("..", "..2020-02-01"),
            ("..", "2020-01-01"),
            ("..", "2020-01-01..2020-01-31"),
            ("..", "2020-01-01.."),
            ("..", "2020-01-31..2020-02-01"),
            ("..", "2020-02-01"),
            ("..", "2020-02-01.."),
            ("2020-01-01..2020-01-31", "2020-01-01"),
            ("2020-01-01..", "2020-01-01"),
            ("2020-01-01..", "2020-01-01..2020-01-31"),
            ("2020-01-01..", "2020-01-31..2020-02-01"),
            ("2020-01-01..", "2020-02-01"),
            ("2020-01-01..", "2020-02-01.."),
            ("2020-01-31..2020-02-01", "2020-02-01"),
            ("2020-02-01..", "2020-02-01"),
        ];
        assert_eq!(pairs_where(Window::strictly_contains), expected);
    }

    #[test]
    fn by_a_day_means_on_it_or_before() {
        let check = |text: &str, day: &str, certainly: bool, possibly: bool| {
            let (window, day) = (window(text), Day::parse(day).expect("a day"));
            assert_eq!((window.certainly_by(day), window.possibly_by(day)), (certainly, possibly), "{text} by {day}");
        };
        check("2020-01-02..2020-01-04", "2020-01-01", false, false);
        check("2020-01-02..2020-01-04", "2020-01-02", false, true);
        check("2020-01-02..2020-01-04", "2020-01-03", false, true);
        check("2020-01-02..2020-01-04", "2020-01-04", true, true);
        check("..2020-01-04", "2020-01-03", false, true);
        check("..2020-01-04", "2020-01-04", true, true);
        check("2020-01-02..", "2020-01-01", false, false);
        check("2020-01-02..", "9999-12-31", false, true);
        check("..", "9999-12-31", false, true);
    }

    #[test]
    fn later_and_earlier_are_taken_end_by_end() {
        let check = |a: &str, b: &str, later: &str, earlier: &str| {
            assert_eq!(window(a).later_of(window(b)), window(later), "later of {a} and {b}");
            assert_eq!(window(a).earlier_of(window(b)), window(earlier), "earlier of {a} and {b}");
        };
        check("2020-01-01..2020-01-31", "2020-01-15", "2020-01-15..2020-01-31", "2020-01-01..2020-01-15");
        check("2020-01-01", "2021-01-01", "2021-01-01", "2020-01-01");
        check("..2020-01-31", "2020-01-15..", "2020-01-15..", "..2020-01-31");
        check("..", "2020-01-15", "2020-01-15..", "..2020-01-15");
    }

    #[test]
    fn width_counts_both_ends_and_open_windows_have_none() {
        let widths =
            ["2020-02-29", "2020-01-01..2020-12-31", "2020-01-01..", "..2020-01-01", ".."].map(|w| window(w).width());
        assert_eq!(widths, [Some(1), Some(366), None, None, None]);
        assert_eq!(window("-9999-01-01..9999-12-31").width(), Some(7_304_484));
    }

    #[test]
    fn a_shift_moves_the_ends_and_leaves_open_ones_open() {
        assert_eq!(window("2020-01-31..").shift(30), window("2020-03-01.."));
        assert_eq!(window("..2020-01-31").shift(-31), window("..2019-12-31"));
        assert_eq!(window("2020-01-01..2020-01-31").shift(i32::MAX), Window::of_day(Day::MAX));
    }

    #[test]
    fn a_stay_covers_its_first_day_and_not_the_day_of_its_end() {
        let check = |begin: &str, end: Option<&str>, day: &str, expected: Certainty| {
            let found = covers(window(begin), end.map(window), Day::parse(day).expect("a day"));
            assert_eq!(found, expected, "from {begin} to {end:?}, on {day}");
        };
        for (day, expected) in [
            ("2020-01-01", Certainty::Not),
            ("2020-01-02", Certainty::Possible),
            ("2020-01-03", Certainty::Certain),
            ("2020-01-06", Certainty::Certain),
            ("2020-01-07", Certainty::Possible),
            ("2020-01-08", Certainty::Not),
        ] {
            check("2020-01-02..2020-01-03", Some("2020-01-07..2020-01-08"), day, expected);
        }
        check("2020-01-02", None, "9999-12-31", Certainty::Certain);
        check("2020-01-02", Some("2020-01-02"), "2020-01-02", Certainty::Not);
        check("2020-01-02", Some(".."), "2020-01-02", Certainty::Possible);
        check("2020-01-02", Some("2020-01-05.."), "2020-01-04", Certainty::Certain);
        check("..2020-01-02", None, "1900-01-01", Certainty::Possible);
        check("2020-01-02..", None, "9999-12-31", Certainty::Possible);
        check("2020-01-02", Some("..2020-01-05"), "2020-01-05", Certainty::Not);
    }

    pub(crate) fn any_day() -> impl Strategy<Value = Day> {
        (Day::MIN.days_since_epoch()..=Day::MAX.days_since_epoch())
            .prop_map(|number| Day::from_days_since_epoch(number).expect("between the limits"))
    }

    /// Days near each other half the time, so that windows also meet and nest.
    pub(crate) fn any_window() -> impl Strategy<Value = Window> {
        let near = (0..20).prop_map(|number| Day::from_days_since_epoch(number).expect("in 1970"));
        let end = proptest::option::weighted(0.8, prop_oneof![near, any_day()]);
        (end.clone(), end).prop_map(|(a, b)| Window::between(a, b).or(Window::between(b, a)).expect("one of the two"))
    }

    proptest! {
        #[test]
        fn later_of_and_earlier_of_are_commutative_associative_and_idempotent(
            a in any_window(), b in any_window(), c in any_window()
        ) {
            for law in [Window::later_of, Window::earlier_of, Window::hull] {
                prop_assert_eq!(law(a, b), law(b, a));
                prop_assert_eq!(law(a, law(b, c)), law(law(a, b), c));
                prop_assert_eq!(law(a, a), a);
                prop_assert_eq!(Window::between(law(a, b).earliest, law(a, b).latest), Some(law(a, b)));
            }
        }

        #[test]
        fn what_is_certain_is_possible(a in any_window(), b in any_window(), day in any_day()) {
            prop_assert!(!a.certainly_by(day) || a.possibly_by(day));
            prop_assert!(!a.certainly_before(b) || !b.certainly_before(a));
            prop_assert!(!a.strictly_contains(b) || (a.overlaps(b) && !b.strictly_contains(a)));
            prop_assert_eq!(a.overlaps(b), b.overlaps(a));
        }

        #[test]
        fn knowing_more_never_contradicts_what_was_certain(
            begin in any_window(), end in any_window(), day in any_day(), pick in any::<(bool, bool)>()
        ) {
            // Narrow each window to one of its ends: a certain answer has to stand.
            let narrowed = |window: Window, first: bool| {
                let day = if first { window.earliest.or(window.latest) } else { window.latest.or(window.earliest) };
                day.map_or(window, Window::of_day)
            };
            let before = covers(begin, Some(end), day);
            let after = covers(narrowed(begin, pick.0), Some(narrowed(end, pick.1)), day);
            prop_assert!(before == Certainty::Possible || before == after);
        }
    }
}
