//! Long lists in answers, made into JSON on all cores.

use rayon::prelude::*;
use serde::ser::{Error, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::value::to_raw_value;

/// Shorter lists are not worth more than one thread.
const FEWEST: usize = 512;
/// The items that are in memory as text at a time.
const AT_A_TIME: usize = 16_384;

/// Serialises a list as any other, a long one piece by piece.
pub(super) fn serialize<T: Serialize + Sync, S: Serializer>(items: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    if items.len() < FEWEST {
        return items.serialize(serializer);
    }
    let mut list = serializer.serialize_seq(Some(items.len()))?;
    for some in items.chunks(AT_A_TIME) {
        let texts = some.par_iter().with_min_len(FEWEST / 8).map(to_raw_value);
        let texts: Vec<_> = texts.collect::<Result<_, _>>().map_err(S::Error::custom)?;
        texts.iter().try_for_each(|text| list.serialize_element(text))?;
    }
    list.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Answer {
        #[serde(serialize_with = "serialize")]
        items: Vec<(usize, String)>,
    }

    #[test]
    fn a_long_list_is_written_as_a_short_one_is() {
        for len in [0, 1, FEWEST - 1, FEWEST, 2 * AT_A_TIME + 1] {
            let items: Vec<(usize, String)> = (0..len).map(|number| (number, format!("\"{number}\u{202e}"))).collect();
            let expected = serde_json::to_string(&items).expect("JSON");
            let found = serde_json::to_string(&Answer { items }).expect("JSON");
            assert_eq!(found, format!("{{\"items\":{expected}}}"));
        }
    }
}
