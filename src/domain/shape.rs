//! The shape of what can be announced: one description of every field, from which files are read, the schema and the
//! templates are written, and admission finds texts and references.
//!
//! A record is declared once, with `record!`; the macro makes the struct, its JSON form, its packed form, its [`Record`]
//! table and the JSON Schema that answers have of it.

use crate::domain::announcement::Kind;
use crate::domain::id::Namespace;
use crate::domain::text::TextKind;

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Text for people.
    Text(TextKind),
    /// An id: in a field named `id` it gives the thing its name, elsewhere it names a thing that exists.
    Id(Namespace),
    /// An EDTF date.
    Date,
    /// An integer from 0 to 2^53−1.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// One word of a closed vocabulary.
    Word(&'static [Word]),
    /// A code with a syntax of its own, such as a country code or a public key.
    Code(&'static Code),
    /// A record of fields.
    Record(&'static Record),
    /// At least one value, each of this shape.
    List(&'static Shape),
    /// A document: in a file the way to it, in an event its hash, length and type.
    Document,
    /// The kind and the body that take the place of a corrected announcement's.
    Replacement,
}

/// A word of a vocabulary, and what it means.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    /// As it is written in files and events.
    pub text: &'static str,
    /// One sentence.
    pub doc: &'static str,
}

/// A syntax for short codes.
#[derive(Debug)]
pub struct Code {
    /// What it is, as "a country code of ISO 3166-1, such as PK".
    pub what: &'static str,
    /// Whether the text is such a code.
    pub accepts: fn(&str) -> bool,
    /// The same as a regular expression, where it is a short one.
    pub pattern: Option<&'static str>,
}

/// The fields of a record, in the order in which people write them.
#[derive(Debug)]
pub struct Record {
    /// One sentence.
    pub doc: &'static str,
    /// The fields.
    pub fields: &'static [Field],
}

impl Record {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name() == name)
    }

    /// The names of the fields that must be there.
    pub fn required(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().filter(|field| field.need == Need::Required).map(Field::name)
    }
}

/// One field of a record.
#[derive(Debug)]
pub struct Field {
    /// The Rust identifier; see [`name`](Self::name).
    pub identifier: &'static str,
    /// One sentence.
    pub doc: &'static str,
    /// Whether it can be left out.
    pub need: Need,
    /// What it holds.
    pub shape: Shape,
}

impl Field {
    /// The field's name in files and events.
    pub fn name(&self) -> &'static str {
        self.identifier.strip_prefix("r#").unwrap_or(self.identifier)
    }
}

/// Whether a field can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It must be there.
    Required,
    /// It may be absent.
    Optional,
}

/// A type that knows its shape.
pub trait Shaped {
    /// The shape of its values.
    const SHAPE: Shape;

    /// Calls `visit` for every id in the value, its own included, in the order of the table.
    fn each_id(&self, visit: &mut dyn FnMut(Namespace, &str)) {
        let _ = visit;
    }

    /// Calls `visit` for every text for people in the value, in the order of the table.
    fn each_text(&self, visit: &mut dyn FnMut(&str)) {
        let _ = visit;
    }
}

impl Shaped for String {
    const SHAPE: Shape = Shape::Text(TextKind::Name);

    fn each_text(&self, visit: &mut dyn FnMut(&str)) {
        visit(self);
    }
}

impl Shaped for u64 {
    const SHAPE: Shape = Shape::Integer;
}

impl Shaped for bool {
    const SHAPE: Shape = Shape::Boolean;
}

impl Shaped for crate::domain::date::Date {
    const SHAPE: Shape = Shape::Date;
}

impl<T: Shaped> Shaped for Box<T> {
    const SHAPE: Shape = T::SHAPE;

    fn each_id(&self, visit: &mut dyn FnMut(Namespace, &str)) {
        self.as_ref().each_id(visit);
    }

    fn each_text(&self, visit: &mut dyn FnMut(&str)) {
        self.as_ref().each_text(visit);
    }
}

impl<T: Shaped> Shaped for Option<T> {
    const SHAPE: Shape = T::SHAPE;

    fn each_id(&self, visit: &mut dyn FnMut(Namespace, &str)) {
        if let Some(value) = self {
            value.each_id(visit);
        }
    }

    fn each_text(&self, visit: &mut dyn FnMut(&str)) {
        if let Some(value) = self {
            value.each_text(visit);
        }
    }
}

impl<T: Shaped + 'static> Shaped for Vec<T> {
    const SHAPE: Shape = Shape::List(&T::SHAPE);

    fn each_id(&self, visit: &mut dyn FnMut(Namespace, &str)) {
        for value in self {
            value.each_id(visit);
        }
    }

    fn each_text(&self, visit: &mut dyn FnMut(&str)) {
        for value in self {
            value.each_text(visit);
        }
    }
}

/// One value of a record that is not itself a record or a list, with the way to it.
#[derive(Debug)]
pub struct Leaf<'a> {
    /// As `signatories[0].name`.
    pub path: String,
    /// The name of the last field on the way.
    pub field: &'static str,
    /// Its shape.
    pub shape: Shape,
    /// The value itself.
    pub value: &'a mut serde_json::Value,
}

/// Calls `visit` for every leaf of a value of this record's shape, in the order of the table.
///
/// What is not in the table is passed over: reading a file, or an event, has refused it before.
pub fn for_each_leaf(
    record: &'static Record,
    value: &mut serde_json::Value,
    path: &str,
    visit: &mut dyn FnMut(Leaf<'_>),
) {
    let Some(map) = value.as_object_mut() else { return };
    for field in record.fields {
        if let Some(value) = map.get_mut(field.name()) {
            let path = if path.is_empty() { field.name().to_owned() } else { format!("{path}.{}", field.name()) };
            visit_value(field, field.shape, value, path, visit);
        }
    }
}

fn visit_value(
    field: &'static Field,
    shape: Shape,
    value: &mut serde_json::Value,
    path: String,
    visit: &mut dyn FnMut(Leaf<'_>),
) {
    match shape {
        Shape::Record(inner) => for_each_leaf(inner, value, &path, visit),
        Shape::List(inner) => {
            for (index, item) in value.as_array_mut().into_iter().flatten().enumerate() {
                visit_value(field, *inner, item, format!("{path}[{index}]"), visit);
            }
        }
        Shape::Replacement => {
            let kind: Option<Kind> =
                value.get("kind").and_then(|kind| kind.as_str()).and_then(|kind| kind.parse().ok());
            if let (Some(kind), Some(body)) = (kind, value.get_mut("body")) {
                for_each_leaf(kind.record(), body, &path, visit);
            }
        }
        Shape::Text(_)
        | Shape::Id(_)
        | Shape::Date
        | Shape::Integer
        | Shape::Boolean
        | Shape::Word(_)
        | Shape::Code(_)
        | Shape::Document => visit(Leaf { path, field: field.name(), shape, value }),
    }
}

/// Declares a record: the struct, its JSON form (unknown keys refused, absent and default values left out), its packed
/// form, its [`Record`] table, and its JSON Schema.
///
/// A field is `required`, `optional` (an `Option`), `defaulted` (its default is left out) or a `list` (left out when
/// empty; `nonempty` when it must have an item). A text's kind can be given behind its type, as `String as Prose`.
macro_rules! record {
    (
        $(#[doc = $doc:literal])+
        pub struct $name:ident {
            $( $(#[doc = $field_doc:literal])+ $need:ident $field:ident : $type:ty $(as $text:ident)? ),* $(,)?
        }
    ) => {
        $crate::domain::shape::record! { @munch
            { $(#[doc = $doc])+ $name }
            {}
            { $( { $(#[doc = $field_doc])+ $need $field : $type } )* }
        }

        impl $name {
            /// The table of this record's fields.
            pub const RECORD: $crate::domain::shape::Record = $crate::domain::shape::Record {
                doc: concat!($($doc),+).trim_ascii(),
                fields: &[ $( $crate::domain::shape::Field {
                    identifier: stringify!($field),
                    doc: concat!($($field_doc),+).trim_ascii(),
                    need: $crate::domain::shape::record!(@need $need),
                    shape: $crate::domain::shape::record!(@shape $need $type $(, $text)?),
                } ),* ],
            };
        }

        impl $crate::domain::shape::Shaped for $name {
            const SHAPE: $crate::domain::shape::Shape = $crate::domain::shape::Shape::Record(&Self::RECORD);

            fn each_id(&self, visit: &mut dyn FnMut($crate::domain::id::Namespace, &str)) {
                $( $crate::domain::shape::Shaped::each_id(&self.$field, visit); )*
            }

            fn each_text(&self, visit: &mut dyn FnMut(&str)) {
                $( $crate::domain::shape::Shaped::each_text(&self.$field, visit); )*
            }
        }

        $crate::domain::packed::packed_fields!($name { $( $field ),* });

        $crate::domain::schema::schema_of_shape!($(#[doc = $doc])+ $name);
    };

    (@munch { $(#[$doc:meta])+ $name:ident } { $($done:tt)* } {}) => {
        $(#[$doc])+
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($done)* }
    };
    (@munch $head:tt { $($done:tt)* } { { $(#[$m:meta])+ required $field:ident : $type:ty } $($rest:tt)* }) => {
        $crate::domain::shape::record! { @munch $head { $($done)* $(#[$m])+ pub $field: $type, } { $($rest)* } }
    };
    (@munch $head:tt { $($done:tt)* } { { $(#[$m:meta])+ optional $field:ident : $type:ty } $($rest:tt)* }) => {
        $crate::domain::shape::record! { @munch $head { $($done)* $(#[$m])+
            #[serde(default, skip_serializing_if = "Option::is_none")] pub $field: Option<$type>, } { $($rest)* } }
    };
    (@munch $head:tt { $($done:tt)* } { { $(#[$m:meta])+ defaulted $field:ident : $type:ty } $($rest:tt)* }) => {
        $crate::domain::shape::record! { @munch $head { $($done)* $(#[$m])+
            #[serde(default, skip_serializing_if = "crate::domain::shape::is_default")] pub $field: $type, }
            { $($rest)* } }
    };
    (@munch $head:tt { $($done:tt)* } { { $(#[$m:meta])+ list $field:ident : $type:ty } $($rest:tt)* }) => {
        $crate::domain::shape::record! { @munch $head { $($done)* $(#[$m])+
            #[serde(default, skip_serializing_if = "Vec::is_empty")] pub $field: Vec<$type>, } { $($rest)* } }
    };
    (@munch $head:tt { $($done:tt)* } { { $(#[$m:meta])+ nonempty $field:ident : $type:ty } $($rest:tt)* }) => {
        $crate::domain::shape::record! { @munch $head { $($done)* $(#[$m])+ pub $field: Vec<$type>, } { $($rest)* } }
    };

    (@need required) => { $crate::domain::shape::Need::Required };
    (@need nonempty) => { $crate::domain::shape::Need::Required };
    (@need $other:ident) => { $crate::domain::shape::Need::Optional };

    (@shape list $type:ty) => { <Vec<$type> as $crate::domain::shape::Shaped>::SHAPE };
    (@shape nonempty $type:ty) => { <Vec<$type> as $crate::domain::shape::Shaped>::SHAPE };
    (@shape $need:ident $type:ty) => { <$type as $crate::domain::shape::Shaped>::SHAPE };
    (@shape $need:ident $type:ty, $text:ident) => {
        $crate::domain::shape::Shape::Text($crate::domain::text::TextKind::$text)
    };
}
pub(crate) use record;

/// Declares a closed vocabulary: the enum, its words, its shape, packed form and JSON Schema, and the default where one
/// is named.
macro_rules! vocabulary {
    (
        $(#[doc = $doc:literal])+
        pub enum $name:ident $(default $default:ident)? {
            $( $(#[doc = $variant_doc:literal])+ $variant:ident = $word:literal ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $( $(#[doc = $variant_doc])+ $variant, )* }

        impl $name {
            /// Every word, in the order of the vocabulary.
            pub const ALL: &'static [Self] = &[ $( Self::$variant ),* ];

            /// The word as it is written in files and events.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $word ),* }
            }
        }

        $( impl Default for $name {
            fn default() -> Self {
                Self::$default
            }
        } )?

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::shape::UnknownWord;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $( $word => Ok(Self::$variant), )*
                    _ => Err($crate::domain::shape::UnknownWord(text.to_owned())),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::domain::shape::read_text(deserializer, str::parse)
            }
        }

        impl $crate::domain::packed::Packed for $name {
            fn pack<'v>(&'v self, to: &mut $crate::domain::packed::Packer<'v>) {
                to.byte(*self as u8);
            }

            fn unpack(
                from: &mut $crate::domain::packed::Unpacker<'_>,
            ) -> Result<Self, $crate::domain::packed::Unreadable> {
                let place = from.byte()?;
                Self::ALL.get(usize::from(place)).copied().ok_or_else(|| from.unreadable("a word that there is not"))
            }
        }

        impl $crate::domain::shape::Shaped for $name {
            const SHAPE: $crate::domain::shape::Shape = $crate::domain::shape::Shape::Word(&[ $(
                $crate::domain::shape::Word { text: $word, doc: concat!($($variant_doc),+).trim_ascii() }
            ),* ]);
        }

        $crate::domain::schema::schema_of_shape!($(#[doc = $doc])+ $name);
    };
}
pub(crate) use vocabulary;

/// A word that the vocabulary does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a word of this vocabulary")]
pub struct UnknownWord(pub String);

/// Reads a value that is written as text, from where the text stands: most of it is not needed a second time.
pub(crate) fn read_text<'de, D, T, E>(deserializer: D, read: fn(&str) -> Result<T, E>) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    E: std::fmt::Display,
{
    deserializer.deserialize_str(Text(read))
}

/// What is read from text.
struct Text<T, E>(fn(&str) -> Result<T, E>);

impl<T, E: std::fmt::Display> serde::de::Visitor<'_> for Text<T, E> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<F: serde::de::Error>(self, text: &str) -> Result<T, F> {
        self.0(text).map_err(F::custom)
    }
}

/// Whether a value is its type's default, and so is left out of an event.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
