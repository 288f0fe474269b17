//! The JSON Schemas of what can be announced, as answers have it: written from the tables of
//! [`shape`](crate::domain::shape), of which they say nothing new.
//!
//! `schemars` stands wherever serde does: what derives `Serialize` for an answer derives `JsonSchema` beside it.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::domain::announcement::{Kind, Replacement};
use crate::domain::date::Date;
use crate::domain::id::{AgreementId, AnnouncementId, MissionId, Namespace, PartyId};
use crate::domain::shape::{Field, Record, Shape, Word};
use crate::domain::source::Document;

/// Gives a type that knows its shape the JSON Schema of that shape, under its own name.
macro_rules! schema_of_shape {
    ($(#[doc = $doc:literal])+ $name:ident) => {
        $crate::domain::schema::named_schema!($name, |generator| {
            let shape = <Self as $crate::domain::shape::Shaped>::SHAPE;
            let schema = $crate::domain::schema::of_shape(shape, generator);
            let schema = $crate::domain::schema::described(schema, concat!($($doc),+).trim_ascii());
            schemars::Schema::try_from(schema).expect("what has a description is an object")
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
pub(crate) fn of_shape(shape: Shape, generator: &mut SchemaGenerator) -> Value {
    match shape {
        Shape::Text(_) => json!({ "type": "string", "minLength": 1 }),
        Shape::Id(Namespace::Party) => generator.subschema_for::<PartyId>().to_value(),
        Shape::Id(Namespace::Agreement) => generator.subschema_for::<AgreementId>().to_value(),
        Shape::Id(Namespace::Mission) => generator.subschema_for::<MissionId>().to_value(),
        Shape::Id(Namespace::Announcement) => generator.subschema_for::<AnnouncementId>().to_value(),
        Shape::Date => generator.subschema_for::<Date>().to_value(),
        Shape::Integer => json!({ "type": "integer", "minimum": 0, "maximum": (1_u64 << 53) - 1 }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Word(vocabulary) => json!({ "type": "string", "oneOf": words(vocabulary) }),
        Shape::Code(code) => {
            let mut schema = json!({ "type": "string", "description": format!("It is {}.", code.what) });
            if let Some(pattern) = code.pattern {
                schema["pattern"] = pattern.into();
            }
            schema
        }
        Shape::Record(record) => of_record(record, generator),
        Shape::List(item) => json!({ "type": "array", "minItems": 1, "items": of_shape(*item, generator) }),
        Shape::Document => generator.subschema_for::<Document>().to_value(),
        Shape::Replacement => generator.subschema_for::<Replacement>().to_value(),
    }
}

/// The schema of an object whose `kind`, one of these, says what its `body` is.
pub(crate) fn of_claim(kinds: impl IntoIterator<Item = Kind>, generator: &mut SchemaGenerator) -> Schema {
    let claim =
        |kind: Kind| json!({ "properties": { "kind": { "const": kind }, "body": kind.body_schema(generator) } });
    let claims: Vec<Value> = kinds.into_iter().map(claim).collect();
    json_schema!({
        "type": "object",
        "properties": { "kind": described(generator.subschema_for::<Kind>().to_value(), "What it is about.") },
        "required": ["body", "kind"],
        "oneOf": claims,
    })
}

/// Each word with its meaning, which `enum` has no room for.
pub(crate) fn words(vocabulary: &[Word]) -> Vec<Value> {
    vocabulary.iter().map(|word| json!({ "const": word.text, "description": word.doc })).collect()
}

/// Puts `doc` before what the schema says of itself, if that is something else.
pub(crate) fn described(mut schema: Value, doc: &str) -> Value {
    let own = schema["description"].as_str().filter(|own| *own != doc);
    schema["description"] = own.map_or(doc.to_owned(), |own| format!("{doc} {own}")).into();
    schema
}

fn of_record(record: &Record, generator: &mut SchemaGenerator) -> Value {
    let mut property =
        |field: &Field| (field.name().to_owned(), described(of_shape(field.shape, generator), field.doc));
    let properties: Map<_, _> = record.fields.iter().map(&mut property).collect();
    json!({
        "description": record.doc,
        "type": "object",
        "properties": properties,
        "required": record.required().collect::<Vec<_>>(),
    })
}
