//! Numbers, days and dates out of a seed, the same on every machine.

use servanda::domain::date::Date;
use servanda::domain::day::Day;

pub(crate) struct Seed(pub(crate) u64);

impl Seed {
    /// # Source
    ///
    /// `SplitMix64` (Steele, Lea and Flood, 2014).
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(crate) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).expect("below a length")
    }

    pub(crate) fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    pub(crate) fn days(&mut self, end: u32) -> i32 {
        i32::try_from(self.below(end.into())).expect("a century has fewer")
    }

    pub(crate) fn one_of<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        let index = self.index(things.len());
        &things[index]
    }

    /// A date that may be that day, as sources give them.
    pub(crate) fn vague(&mut self, day: Day) -> Date {
        let (year, month, of_month) = day.ymd();
        let text = match self.below(8) {
            0 | 1 => format!("{year}-{month:02}"),
            2 => format!("{year}"),
            3 => format!("[..{}]", day.shift(2)),
            4 => format!("[{}..{}]", day.shift(-3), day.shift(3)),
            5 => format!("{year}-{month:02}-{of_month:02}~"),
            _ => day.shift(1).to_string(),
        };
        Date::parse(&text).expect("it is EDTF")
    }
}
