//! What the canonical form is, by example and against a second saying of it.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A line with something of everything.
const LINE: &str =
    concat!(r#"{"a":0,"b_1":[true,false,[10]],"c":"\"é\\ "#, "\u{a0}", r#"","evidence":[],"z":{"e":"~"}}"#);

fn accepts(line: &str) {
    assert_eq!(check_canonical(line), Ok(()), "{line}");
    let value = serde_json::from_str(line).expect("canonical lines are JSON");
    assert_eq!(to_canonical(&value).as_deref(), Ok(line));
}

fn refuses(line: &str, at: usize, what: &str) {
    let error = check_canonical(line).expect_err(line);
    assert!(error.at == at && error.what.contains(what), "{line}\n{error}");
}

/// What the form is, said a second time: in terms of values and the writer of `serde_json`.
fn oracle(line: &str) -> bool {
    serde_json::from_str::<Value>(line).is_ok_and(|value| {
        value.is_object() && belongs(&value, 0, false) && serde_json::to_string(&value).is_ok_and(|own| own == line)
    })
}

fn belongs(value: &Value, depth: usize, may_be_empty: bool) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) => true,
        Value::Number(number) => number.as_u64().is_some_and(|n| n < 1 << 53),
        Value::String(text) => !text.is_empty() && !text.contains(char::is_control),
        Value::Array(items) => {
            depth < 32
                && (may_be_empty || !items.is_empty())
                && items.iter().all(|item| belongs(item, depth + 1, false))
        }
        Value::Object(entries) => {
            let named = |key: &str| {
                !key.is_empty() && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            };
            depth < 32
                && !entries.is_empty()
                && entries.iter().all(|(key, value)| {
                    named(key) && belongs(value, depth + 1, depth == 0 && key == "evidence" && value.is_array())
                })
        }
    }
}

#[test]
fn lines_of_the_profile_are_accepted_and_written_again() {
    accepts(r#"{"v":1}"#);
    accepts(LINE);
    accepts(r#"{"n":9007199254740991}"#);
    accepts(r#"{"evidence":[]}"#);
    accepts(r#"{"evidence":["x"]}"#);
    accepts("{\"text\":\"\u{a0}\u{202e}\u{10ffff}é漢\"}");
    accepts(r#"{"1":1,"_":1,"a":1,"a1":1,"aa":1}"#);
}

#[test]
fn keys_are_sorted_whatever_order_they_came_in() {
    let value = json!({"v": 1, "a_b": {"z": 1, "a": true}, "a1": "x\"\\y"});
    assert_eq!(to_canonical(&value).as_deref(), Ok(r#"{"a1":"x\"\\y","a_b":{"a":true,"z":1},"v":1}"#));
}

#[test]
fn keys_out_of_order_or_twice_are_refused() {
    refuses(r#"{"b":1,"a":1}"#, 7, "ascend");
    refuses(r#"{"a":1,"a":1}"#, 7, "ascend");
    refuses(r#"{"aa":1,"a":1}"#, 8, "ascend");
    refuses(r#"{"A":1}"#, 2, "a key has");
    refuses(r#"{"a-b":1}"#, 3, "a key has");
    refuses(r#"{"\u0061":1}"#, 2, "a key has");
    refuses(r#"{"":1}"#, 2, "a key has");
}

#[test]
fn numbers_are_plain_integers_below_2_to_the_53() {
    refuses(r#"{"n":9007199254740992}"#, 5, "2^53");
    refuses(r#"{"n":99999999999999999999999}"#, 5, "2^53");
    refuses(r#"{"n":-1}"#, 5, "negative");
    refuses(r#"{"n":-0}"#, 5, "negative");
    refuses(r#"{"n":01}"#, 5, "leading zero");
    refuses(r#"{"n":00}"#, 5, "leading zero");
    refuses(r#"{"n":1.0}"#, 6, "fraction");
    refuses(r#"{"n":1e2}"#, 6, "exponent");
    refuses(r#"{"n":1E2}"#, 6, "exponent");
}

#[test]
fn nothing_is_empty_but_the_evidence_at_the_top() {
    refuses("{}", 1, "empty");
    refuses(r#"{"a":""}"#, 6, "empty");
    refuses(r#"{"a":[]}"#, 6, "empty");
    refuses(r#"{"a":{}}"#, 6, "empty");
    refuses(r#"{"evidence":""}"#, 13, "empty");
    refuses(r#"{"evidence":{}}"#, 13, "empty");
    refuses(r#"{"evidence":[[]]}"#, 14, "empty");
    refuses(r#"{"body":{"evidence":[]}}"#, 21, "empty");
    refuses(r#"{"evidences":[]}"#, 14, "empty");
}

#[test]
fn text_has_no_controls_and_no_needless_escapes() {
    for c in ('\0'..' ').chain('\u{7f}'..='\u{9f}') {
        refuses(&format!("{{\"a\":\"x{c}\"}}"), 7, "control");
    }
    for escape in ["\\/", "\\n", "\\u0041", "\\"] {
        refuses(&format!("{{\"a\":\"x{escape}"), 7, "escaped");
    }
    refuses(r#"{"a":"x"#, 7, "does not end");
}

#[test]
fn a_line_is_one_object_and_nothing_around_it() {
    for text in ["", "[1]", "1", "\"a\"", " {\"v\":1}", "\u{feff}{\"v\":1}"] {
        refuses(text, 0, "an object");
    }
    for rest in ["\n", " ", "}", "{\"v\":1}"] {
        refuses(&format!("{{\"v\":1}}{rest}"), 7, "after");
    }
    refuses(r#"{"v" :1}"#, 4, "colon");
    refuses(r#"{"v": 1}"#, 5, "value");
    refuses(r#"{"v":null}"#, 5, "null");
    refuses(r#"{"v":True}"#, 5, "value");
    refuses(r#"{"v":tru}"#, 5, "value");
    refuses(r#"{"v":1,}"#, 7, "key");
    refuses(r#"{"v":[1,]}"#, 8, "value");
}

#[test]
fn what_the_profile_has_no_place_for_is_not_written() {
    for value in [json!(1), json!([1]), json!({"a": null}), json!({"a": 1.5}), json!({"a": -1}), json!({"A": 1})] {
        assert!(to_canonical(&value).is_err(), "{value}");
    }
    let error = to_canonical(&json!({"b": "x\u{1}", "a": 1})).expect_err("a control character");
    assert_eq!(error.at, r#"{"a":1,"b":"x"#.len());
}

#[test]
fn thirty_two_levels_are_the_limit_for_reading_and_writing() {
    let nested = |arrays: usize| format!("{{\"a\":{}1{}}}", "[".repeat(arrays), "]".repeat(arrays));
    accepts(&nested(31));
    refuses(&nested(32), 5 + 31, "32");
    refuses(&nested(1_000_000), 5 + 31, "32");
    let deep: Value = serde_json::from_str(&nested(32)).expect("serde_json goes to 127");
    assert_eq!(to_canonical(&deep).expect_err("33 levels").what, TOO_DEEP);
}

#[test]
fn every_change_of_one_byte_is_judged_as_by_parsing_and_writing_again() {
    for at in 0..=LINE.len() {
        (0..=u8::MAX).for_each(|byte| changes_agree(LINE, at, byte));
    }
}

/// Inserts the byte at `at`, puts it in place of the one there, and removes that one.
fn changes_agree(line: &str, at: usize, byte: u8) {
    let (before, after) = line.as_bytes().split_at(at);
    let rest = after.get(1..).unwrap_or_default();
    for changed in [[before, &[byte], after].concat(), [before, &[byte], rest].concat(), [before, rest].concat()] {
        // What is not UTF-8 cannot even be asked about.
        let Ok(changed) = String::from_utf8(changed) else { continue };
        let verdict = check_canonical(&changed);
        assert_eq!(verdict.is_ok(), oracle(&changed), "{changed:?}: {verdict:?}");
    }
}

fn any_text() -> impl Strategy<Value = String> {
    "[ -~\u{a0}-\u{2ff}\u{4e00}-\u{4e20}\u{1f600}]{1,12}".prop_map(String::from)
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        (0..=MAX_INTEGER).prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..5).prop_map(Value::from),
            prop::collection::btree_map("[a-z0-9_]{1,3}", inner, 1..5).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn any_statement() -> impl Strategy<Value = Value> {
    let keys = prop_oneof!["[a-z0-9_]{1,3}".prop_map(String::from), Just("evidence".to_owned())];
    let values = prop_oneof![9 => any_value(), 1 => Just(json!([]))];
    prop::collection::btree_map(keys, values, 1..6).prop_map(|mut map| {
        map.retain(|key, value| key == "evidence" || *value != json!([]));
        map.entry("v".to_owned()).or_insert(json!(1));
        map.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn what_is_written_is_canonical_and_what_serde_json_writes(value in any_statement()) {
        let line = to_canonical(&value).expect("generated within the profile");
        prop_assert_eq!(check_canonical(&line), Ok(()));
        prop_assert_eq!(line, serde_json::to_string(&value).expect("values are JSON"));
    }

    #[test]
    fn a_changed_line_is_judged_as_by_parsing_and_writing_again(
        value in any_statement(),
        at: prop::sample::Index,
        byte in prop_oneof![any::<u8>(), prop::sample::select(b"\"\\{}[]:,01 -.ean".to_vec())],
    ) {
        let line = to_canonical(&value).expect("generated within the profile");
        changes_agree(&line, at.index(line.len()), byte);
    }
}
