//! Days beside EDTF dates, for programs that know none: the first that a date may mean, and the last.

use crate::cli::screen::Sheet;
use crate::domain::date::Date;
use crate::domain::window::Window;

/// The names of the columns that belong to a column of dates: its own, and those of the first and last day.
pub(super) type DateColumn = (&'static str, &'static str, &'static str);

/// Columns of dates, by their names.
macro_rules! dates {
    ($( $name:literal ),+ $(,)?) => {
        &[ $( ($name, concat!($name, "_earliest"), concat!($name, "_latest")) ),+ ]
    };
}
pub(super) use dates;

impl Sheet {
    /// The sheet with the first and the last day beside each of its dates; an open end is empty.
    pub(super) fn with_days(mut self, columns: &[DateColumn]) -> Self {
        for (name, earliest, latest) in columns {
            // A table that has no rows may have no columns either.
            let Some(at) = self.header.iter().position(|own| own == name) else { continue };
            let behind = at + 1..=at;
            self.header.splice(behind.clone(), [*earliest, *latest]);
            for (_, cells) in &mut self.rows {
                let days = days(Date::parse(&cells[at]).ok().as_ref());
                cells.splice(behind.clone(), days);
            }
        }
        self
    }
}

/// The first day that a date may mean, and the last.
pub(super) fn days(date: Option<&Date>) -> [String; 2] {
    let window = date.map(Date::window);
    let [earliest, latest] = [window.and_then(Window::earliest), window.and_then(Window::latest)];
    [earliest, latest].map(|day| day.map(|day| day.to_string()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::screen::Tone;

    #[test]
    fn a_date_stands_for_the_days_between_its_first_and_its_last() {
        for (edtf, expected) in [
            ("2023-10-18", ["2023-10-18", "2023-10-18"]),
            ("2024-02", ["2024-02-01", "2024-02-29"]),
            ("202X", ["2020-01-01", "2029-12-31"]),
            ("[..2023-10]", ["", "2023-10-31"]),
            ("XXXX", ["", ""]),
            ("-0044", ["-0044-01-01", "-0044-12-31"]),
        ] {
            assert_eq!(days(Date::parse(edtf).ok().as_ref()), expected, "{edtf}");
        }
    }

    #[test]
    fn days_stand_behind_their_date_and_a_cell_without_one_has_none() {
        let cells = |cells: &[&str]| (Tone::Plain, cells.iter().map(|cell| (*cell).to_owned()).collect());
        let sheet =
            Sheet { header: vec!["a", "since", "b"], rows: vec![cells(&["x", "2023", "y"]), cells(&["x", "", "y"])] };
        let sheet = sheet.with_days(dates!["since"]);
        assert_eq!(sheet.header, ["a", "since", "since_earliest", "since_latest", "b"]);
        assert_eq!(sheet.rows[0].1, ["x", "2023", "2023-01-01", "2023-12-31", "y"]);
        assert_eq!(sheet.rows[1].1, ["x", "", "", "", "y"]);
    }
}
