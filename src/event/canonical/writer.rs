//! Writing values in canonical form as serde gives them, without a tree of values in between.
//!
//! It writes faithfully what the scanner will then refuse; only what JSON has no form for at all is an error here.

use std::fmt::Display;
use std::ops::Range;

use serde::ser::{self, Serialize};

use super::write_text;

/// Writes a value behind what `line` holds.
///
/// # Errors
///
/// What JSON has no form for: bytes, a variant with values, or a key that is no text.
pub(in crate::event) fn write<T: Serialize + ?Sized>(value: &T, line: &mut String) -> Result<(), Unwritable> {
    value.serialize(Writer { line })
}

/// What canonical JSON has no form for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(in crate::event) struct Unwritable(String);

impl ser::Error for Unwritable {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

struct Writer<'l> {
    line: &'l mut String,
}

fn no_form<T>(what: &str) -> Result<T, Unwritable> {
    Err(Unwritable(format!("{what} has no canonical form")))
}

/// Integers, all written alike.
macro_rules! integers {
    ($($method:ident $type:ty),+) => {$(
        fn $method(self, value: $type) -> Result<(), Unwritable> {
            self.line.push_str(itoa::Buffer::new().format(value));
            Ok(())
        }
    )+};
}

impl<'l> ser::Serializer for Writer<'l> {
    type Ok = ();
    type Error = Unwritable;
    type SerializeSeq = Items<'l>;
    type SerializeTuple = Items<'l>;
    type SerializeTupleStruct = Items<'l>;
    type SerializeTupleVariant = ser::Impossible<(), Unwritable>;
    type SerializeMap = Members<'l>;
    type SerializeStruct = Members<'l>;
    type SerializeStructVariant = ser::Impossible<(), Unwritable>;

    integers!(serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64);
    integers!(serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64);

    fn serialize_bool(self, value: bool) -> Result<(), Unwritable> {
        self.line.push_str(if value { "true" } else { "false" });
        Ok(())
    }
    fn serialize_f32(self, value: f32) -> Result<(), Unwritable> {
        self.serialize_f64(value.into())
    }
    fn serialize_f64(self, value: f64) -> Result<(), Unwritable> {
        self.line.push_str(&serde_json::Number::from_f64(value).map_or_else(|| "null".to_owned(), |n| n.to_string()));
        Ok(())
    }
    fn serialize_char(self, value: char) -> Result<(), Unwritable> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }
    fn serialize_str(self, value: &str) -> Result<(), Unwritable> {
        write_text(value, self.line);
        Ok(())
    }
    fn serialize_bytes(self, _: &[u8]) -> Result<(), Unwritable> {
        no_form("a run of bytes")
    }
    fn serialize_none(self) -> Result<(), Unwritable> {
        self.serialize_unit()
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unwritable> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), Unwritable> {
        self.line.push_str("null");
        Ok(())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unwritable> {
        self.serialize_unit()
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Unwritable> {
        self.serialize_str(variant)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Unwritable> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Unwritable> {
        no_form("a variant with a value")
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'l>, Unwritable> {
        self.line.push('[');
        Ok(Items { line: self.line, is_first: true })
    }
    fn serialize_tuple(self, len: usize) -> Result<Items<'l>, Unwritable> {
        self.serialize_seq(Some(len))
    }
    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Items<'l>, Unwritable> {
        self.serialize_seq(Some(len))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<ser::Impossible<(), Unwritable>, Unwritable> {
        no_form("a variant with values")
    }
    fn serialize_map(self, len: Option<usize>) -> Result<Members<'l>, Unwritable> {
        let begin = self.line.len();
        let places = Vec::with_capacity(len.unwrap_or_default());
        Ok(Members { line: self.line, begin, places, ascending: true })
    }
    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Members<'l>, Unwritable> {
        self.serialize_map(Some(len))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<ser::Impossible<(), Unwritable>, Unwritable> {
        no_form("a variant with values")
    }
}

/// An array on its way.
struct Items<'l> {
    line: &'l mut String,
    is_first: bool,
}

impl Items<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        if !std::mem::take(&mut self.is_first) {
            self.line.push(',');
        }
        write(value, self.line)
    }

    fn close(self) {
        self.line.push(']');
    }
}

/// The same array by each of the names that serde has for it.
macro_rules! items {
    ($($name:ident $method:ident),+) => {$(
        impl ser::$name for Items<'_> {
            type Ok = ();
            type Error = Unwritable;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
                self.item(value)
            }
            fn end(self) -> Result<(), Unwritable> {
                self.close();
                Ok(())
            }
        }
    )+};
}
items!(SerializeSeq serialize_element, SerializeTuple serialize_element, SerializeTupleStruct serialize_field);

/// An object on its way: its members as they come, put in order at the end.
struct Members<'l> {
    line: &'l mut String,
    begin: usize,
    /// Where each key and each member stands, from `begin` on: the key without its quotes.
    places: Vec<(Range<usize>, Range<usize>)>,
    ascending: bool,
}

impl Members<'_> {
    fn key(&mut self, key: &str) {
        // The first takes the place of the bracket.
        self.line.push(if self.places.is_empty() { '{' } else { ',' });
        let start = self.line.len() - self.begin;
        write_text(key, self.line);
        let end = self.line.len() - self.begin;
        self.line.push(':');
        if let Some((last, _)) = self.places.last() {
            self.ascending &= self.line[self.begin..][last.clone()] < *key;
        }
        self.places.push((start + 1..end - 1, start..end));
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        write(value, self.line)?;
        if let Some((_, member)) = self.places.last_mut() {
            member.end = self.line.len() - self.begin;
        }
        Ok(())
    }

    fn close(self) {
        if self.places.is_empty() {
            self.line.push('{');
        }
        if !self.ascending {
            let written = self.line[self.begin..].to_owned();
            let mut places = self.places;
            places.sort_by(|(a, _), (b, _)| written[a.clone()].cmp(&written[b.clone()]));
            self.line.truncate(self.begin);
            for (index, (_, member)) in places.into_iter().enumerate() {
                self.line.push(if index == 0 { '{' } else { ',' });
                self.line.push_str(&written[member]);
            }
        }
        self.line.push('}');
    }
}

impl ser::SerializeStruct for Members<'_> {
    type Ok = ();
    type Error = Unwritable;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Unwritable> {
        self.key(key);
        self.value(value)
    }
    fn end(self) -> Result<(), Unwritable> {
        self.close();
        Ok(())
    }
}

impl ser::SerializeMap for Members<'_> {
    type Ok = ();
    type Error = Unwritable;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unwritable> {
        let mut text = String::new();
        write(key, &mut text)?;
        match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(key) if !key.contains('\\') => {
                self.key(key);
                Ok(())
            }
            _ => no_form("a key that is no plain text"),
        }
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.value(value)
    }
    fn end(self) -> Result<(), Unwritable> {
        self.close();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn check(value: &impl Serialize, expected: &str) {
        let mut line = "before ".to_owned();
        write(value, &mut line).expect("it has a form");
        assert_eq!(line, format!("before {expected}"));
    }

    #[derive(serde::Serialize)]
    struct Thing {
        z: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        y: Option<&'static str>,
        a: Vec<bool>,
        r#type: (u64, u64),
        inner: Option<Box<Thing>>,
    }

    #[test]
    fn members_ascend_whatever_the_order_of_the_struct() {
        let inner = Thing { z: 1, y: None, a: vec![], r#type: (0, 7), inner: None };
        let thing = Thing { z: 2, y: Some("é\""), a: vec![true, false], r#type: (1, 2), inner: Some(Box::new(inner)) };
        let within = r#"{"a":[],"inner":null,"type":[0,7],"z":1}"#;
        check(&thing, &format!(r#"{{"a":[true,false],"inner":{within},"type":[1,2],"y":"é\"","z":2}}"#));
        check(&HashMap::from([("b", "2"), ("a", "\"1\\")]), r#"{"a":"\"1\\","b":"2"}"#);
        let value = serde_json::json!({"z": 1.5, "y": {"b": [-1, {"d": 1, "c": "x"}], "a": null}, "a": {}});
        check(&value, r#"{"a":{},"y":{"a":null,"b":[-1,{"c":"x","d":1}]},"z":1.5}"#);
    }

    #[test]
    fn what_json_has_no_form_for_is_refused() {
        assert!(write(&HashMap::from([(1, 2)]), &mut String::new()).is_err());
        assert!(write(&HashMap::from([("\"", 2)]), &mut String::new()).is_err());
        assert!(write(&Err::<(), u8>(1), &mut String::new()).is_err());
    }
}
