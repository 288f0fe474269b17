//! The file for the first day: a whole case that can be appended as it is.

/// Who there is, what they act on, that one joined it, and where that was read, in one file.
pub const CASE: &str = r#"# The first day: who there is, what they act on, that one of them joined it, and where you read it.
#
# It can be appended as it is, to see how that goes:
#   servanda append --init --ledger try.servanda case.yaml
#   servanda members example-programme --ledger try.servanda
#   servanda why example-state example-programme --ledger try.servanda
# Then put your own values in place of the examples. Ids are yours to choose, and stay; names can change. From then on,
# what is announced goes into files of its own, without describing again who is known:
#   servanda template joining      servanda template prospect      servanda template departure

# What stands here holds for every announcement below that does not say otherwise.
# When the public could know. A date is as precise as its source: 2023-10-20, 2023-10, 2023, "[..2023-10-20]".
announced: 2023-10-20

# Where you read it.
source:
  publisher: Example Space Agency
  title: Example State joins the Example Programme
  url: https://example.org/2023-10-20
  published: 2023-10-20
  # How close the publisher is to it: depositary, party, host, press or secondary.
  grade: host
  # The page itself, saved beside this file: a copy is kept, and every `quote` below is looked for in it.
  #document: sources/example.md

announcements:
  # Who acts. A state, ministry, agency, intergovernmental, company, non-governmental, institute, university.
  - kind: party
    id: example-state
    name: Example State
    type: state
    # Its code in ISO 3166-1, by which it is found too.
    #country: PK
    #also_known_as: [Republic of Example]

  # An agency acts for its state. What it joins, it joins itself.
  - kind: party
    id: example-agency
    name: Example Agency
    type: agency
    acts_for: example-state

  # What they act on: a programme, organisation, treaty, protocol, framework-agreement, agreement, memorandum,
  # joint-statement or letter-of-intent. Its type says what an act makes of a party: `servanda template joining`.
  - kind: agreement
    id: example-programme
    title: Example Programme
    type: programme

  # Since when there is one: joinings of which the day is not known began no earlier.
  - kind: milestone
    agreement: example-programme
    act: established
    occurred: 2021-06-16

  # That a party joined it.
  - kind: joining
    party: example-state
    agreement: example-programme
    act: signature
    occurred: 2023-10-18
    # The agency that acted for it.
    through: example-agency
    # The exact words of the document above.
    #quote: signed the agreement on 18 October
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::schema::tests::{check_valid, read_yaml};

    #[test]
    fn the_case_is_a_valid_file_and_fits_a_page() {
        check_valid("case", &read_yaml(CASE));
        let without_hash = |line: &str| {
            let (margin, rest) = line.split_at(line.len() - line.trim_start().len());
            let key = rest.strip_prefix('#').filter(|key| key.starts_with(|c: char| c.is_ascii_lowercase()));
            format!("{margin}{}", key.unwrap_or(rest))
        };
        let in_full = CASE.lines().map(without_hash).collect::<Vec<_>>().join("\n");
        check_valid("case in full", &read_yaml(&in_full));
        assert!(CASE.lines().all(|line| line.chars().count() <= 120));
    }
}
