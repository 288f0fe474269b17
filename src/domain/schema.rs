//! The JSON Schemas of what can be announced, as answers have it: written from the tables of
//! [`shape`](crate::domain::shape), of which they say nothing new.
//!
//! `schemars` stands wherever serde does: what derives `Serialize` for an answer derives `JsonSchema` beside it.

use schemars::{Schema, SchemaGenerator, json_schema};

use crate::domain::announcement::{Kind, Replacement};
use crate::domain::date::Date;
use crate::domain::id::{AgreementId, AnnouncementId, MissionId, Namespace, PartyId};
use crate::domain::shape::{Field, Need, Record, Shape, Word};
use crate::domain::source::Document;

/// Gives a type that knows its shape the JSON Schema of that shape, under its own name.
macro_rules! schema_of_shape {
    ($(#[doc = $doc:literal])+ $name:ident) => {
        $crate::domain::schema::named_schema!($name, |generator| {
            let shape = <Self as $crate::domain::shape::Shaped>::SHAPE;
            $crate::domain::schema::described($crate::domain::schema::of_shape(shape, generator), concat!($($doc),+))
        });
    };
}
pub(crate) use schema_of_shape;

/// Gives a type a JSON Schema under its own name.
macro_rules! named_schema {
    ($name:ident, |$generator:pat_param| $schema:expr) => {
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn schema_id() -> std::borrow::Cow<'static, str> {
                concat!(module_path!(), "::", stringify!($name)).into()
            }

            fn json_schema($generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $schema
            }
        }
    };
}
pub(crate) use named_schema;

/// The schema of values of a shape, as events and answers write them.
pub(crate) fn of_shape(shape: Shape, generator: &mut SchemaGenerator) -> Schema {
    match shape {
        Shape::Text(_) => json_schema!({ "type": "string", "minLength": 1 }),
        Shape::Id(Namespace::Party) => generator.subschema_for::<PartyId>(),
        Shape::Id(Namespace::Agreement) => generator.subschema_for::<AgreementId>(),
        Shape::Id(Namespace::Mission) => generator.subschema_for::<MissionId>(),
        Shape::Id(Namespace::Announcement) => generator.subschema_for::<AnnouncementId>(),
        Shape::Date => generator.subschema_for::<Date>(),
        Shape::Integer => json_schema!({ "type": "integer", "minimum": 0, "maximum": (1_u64 << 53) - 1 }),
        Shape::Boolean => json_schema!({ "type": "boolean" }),
        Shape::Word(vocabulary) => words(vocabulary),
        Shape::Code(code) => {
            let mut schema = json_schema!({ "type": "string", "description": format!("It is {}.", code.what) });
            if let Some(pattern) = code.pattern {
                schema.insert("pattern".to_owned(), pattern.into());
            }
            schema
        }
        Shape::Record(record) => of_record(record, generator),
        Shape::List(item) => {
            json_schema!({ "type": "array", "minItems": 1, "items": of_shape(*item, generator) })
        }
        Shape::Document => generator.subschema_for::<Document>(),
        Shape::Replacement => generator.subschema_for::<Replacement>(),
    }
}

/// The schema of an object whose `kind`, one of these, says what its `body` is.
pub(crate) fn of_claim(kinds: impl IntoIterator<Item = Kind>, generator: &mut SchemaGenerator) -> Schema {
    let mut claim = |kind: Kind| {
        let body = kind.body_schema(generator);
        json_schema!({ "properties": { "kind": { "const": kind }, "body": body } })
    };
    let claims: Vec<Schema> = kinds.into_iter().map(&mut claim).collect();
    json_schema!({
        "type": "object",
        "properties": { "kind": generator.subschema_for::<Kind>() },
        "required": ["body", "kind"],
        "oneOf": claims,
    })
}

/// Puts `doc` before what the schema says of itself.
pub(crate) fn described(mut schema: Schema, doc: &str) -> Schema {
    let doc = doc.trim();
    let said = match schema.get("description").and_then(|own| own.as_str()) {
        Some(own) if own != doc => format!("{doc} {own}"),
        _ => doc.to_owned(),
    };
    schema.insert("description".to_owned(), said.into());
    schema
}

fn of_record(record: &Record, generator: &mut SchemaGenerator) -> Schema {
    let properties: serde_json::Map<_, _> = record
        .fields
        .iter()
        .map(|field| (field.name().to_owned(), described(of_shape(field.shape, generator), field.doc).to_value()))
        .collect();
    let required: Vec<_> = record.fields.iter().filter(|field| field.need == Need::Required).map(Field::name).collect();
    json_schema!({
        "description": record.doc,
        "type": "object",
        "properties": properties,
        "required": required,
    })
}

/// Each word with its meaning, which `enum` has no room for.
fn words(vocabulary: &[Word]) -> Schema {
    let words: Vec<_> =
        vocabulary.iter().map(|word| serde_json::json!({ "const": word.text, "description": word.doc })).collect();
    json_schema!({ "type": "string", "oneOf": words })
}
