//! Values written as YAML that people go on to edit: a key a line, and quotes only where they are needed.

use serde_json::{Map, Value};

/// Writes the keys of a map, each on a line of its own, with so many columns before them.
pub(super) fn write_keys(map: &Map<String, Value>, indent: usize, out: &mut String) {
    for (key, value) in map {
        out.push_str(&" ".repeat(indent));
        write_key(key, value, indent, out);
    }
}

/// Writes a key with its value, and ends the line.
fn write_key(key: &str, value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.extend([key, ":\n"]);
            write_keys(map, indent + 2, out);
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            out.extend([key, ":\n"]);
            for item in items {
                out.extend([&" ".repeat(indent + 2), "- ", &flow(item), "\n"]);
            }
        }
        _ => out.extend([key, ": ", &flow(value), "\n"]),
    }
}

/// A value on one line.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(key, value)| format!("{key}: {}", flow(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::String(text) if is_plain(text) => text.clone(),
        // JSON's strings are YAML's with double quotes.
        other => other.to_string(),
    }
}

/// Whether a text needs no quotes, and no reader takes it for anything but a text or a day.
fn is_plain(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric());
    let is_odd = |c: char| !(c.is_alphanumeric() || " ._/()'-".contains(c));
    let is_word = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"].contains(&&*text.to_lowercase());
    begins && !text.contains(is_odd) && !text.ends_with(' ') && !is_word && text.parse::<f64>().is_err()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::exchange::schema::tests::read_yaml;

    fn check(value: &Value) {
        let mut text = String::new();
        write_keys(value.as_object().expect("a map"), 0, &mut text);
        assert_eq!(read_yaml(&text), *value, "{text}");
    }

    #[test]
    fn what_is_written_is_read_again() {
        check(&json!({
            "kind": "joining",
            "occurred": "[..2023-10-08]",
            "name": "Côte d'Ivoire: \"a # b\"",
            "scope": ["a, b", "c", "no", "1e5"],
            "signatories": [{ "name": "Zhang Kejian", "office": "administrator" }, { "name": "null" }],
            "item": { "name": "ICUBE-Q", "type": "cubesat" },
            "number": 5,
            "complete": true,
        }));
    }

    proptest! {
        #[test]
        fn any_text_is_read_again(text in "[^\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\u{feff}\u{fffe}\u{ffff}]{1,20}") {
            check(&json!({ "a": text.clone(), "list": [text] }));
        }
    }
}
