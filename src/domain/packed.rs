//! The packed form of what can be announced, for files that are derived from events and can be made again from them.
//!
//! Integers are varints of seven bits a byte, lowest first. A name that comes again is the number of its first coming;
//! a day is its number; a word of a vocabulary is its place in it. Only what was packed together can be unpacked: there
//! are no versions here, the files that hold it have one.
//!
//! In scope: one value after the other. Out of scope: hashes and limits of the whole, which the files see to.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use compact_str::CompactString;

use crate::domain::source::Source;

/// The most items for which memory is taken before they are read.
const TRUSTED_LEN: usize = 64;

/// A value that has a packed form.
pub trait Packed: Sized {
    /// Writes the value.
    fn pack<'v>(&'v self, to: &mut Packer<'v>);

    /// Reads the value.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] if these bytes are not what [`pack`](Self::pack) writes.
    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Unreadable>;
}

/// Bytes that are no packed value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not in the packed form: {what} at byte {at}")]
pub struct Unreadable {
    /// Where.
    pub at: usize,
    /// What is wrong.
    pub what: &'static str,
}

/// Writes values one after the other.
#[derive(Debug, Default)]
pub struct Packer<'v> {
    bytes: Vec<u8>,
    /// What came before; nothing, if every name and source is written out.
    before: Option<Before<'v>>,
}

/// Names and sources that came before, with their numbers.
#[derive(Debug, Default)]
struct Before<'v> {
    names: HashMap<&'v str, u64, foldhash::fast::RandomState>,
    /// By where they lie; the borrow keeps them there.
    sources: HashMap<*const Source, u64, foldhash::fast::RandomState>,
}

/// Reads values one after the other.
#[derive(Debug)]
pub struct Unpacker<'b> {
    bytes: &'b [u8],
    at: usize,
    names: Vec<Name>,
    sources: Vec<Arc<Source>>,
}

/// A name that was read, and as what it was found to be well formed.
#[derive(Debug)]
struct Name {
    text: CompactString,
    checked: u8,
}

impl<'v> Packer<'v> {
    /// For many values: what comes again is written once. By default everything is written out, for one value alone.
    pub fn of_many() -> Self {
        Self { bytes: Vec::new(), before: Some(Before::default()) }
    }

    /// The bytes so far.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Writes one byte.
    pub fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Writes bytes whose number is known to whoever reads them.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes a number.
    pub fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.bytes.push(number.to_le_bytes()[0]);
    }

    /// Writes a number that may be negative.
    pub fn signed(&mut self, number: i64) {
        self.number((number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned());
    }

    /// Writes a text that hardly comes again.
    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.raw(text.as_bytes());
    }

    /// Writes a text that may come again.
    pub fn name(&mut self, name: &'v str) {
        let known = self.before.as_mut().and_then(|before| number_of(&mut before.names, name));
        self.number(known.unwrap_or_default());
        if known.is_none() {
            self.text(name);
        }
    }

    /// Writes a source that may come again.
    pub fn source(&mut self, source: &'v Arc<Source>) {
        let known = self.before.as_mut().and_then(|before| number_of(&mut before.sources, Arc::as_ptr(source)));
        self.number(known.unwrap_or_default());
        if known.is_none() {
            source.as_ref().pack(self);
        }
    }
}

/// The number of what came before, from 1; what did not gets the next.
fn number_of<K: Eq + Hash>(numbers: &mut HashMap<K, u64, foldhash::fast::RandomState>, key: K) -> Option<u64> {
    let next = numbers.len() as u64 + 1;
    match numbers.entry(key) {
        Entry::Occupied(known) => Some(*known.get()),
        Entry::Vacant(new) => {
            new.insert(next);
            None
        }
    }
}

impl<'b> Unpacker<'b> {
    /// Reads these bytes.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0, names: Vec::new(), sources: Vec::new() }
    }

    /// Sees to it that there is nothing more.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] if there is.
    pub fn finish(self) -> Result<(), Unreadable> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(self.unreadable("bytes behind the end")) }
    }

    /// What is wrong here.
    pub fn unreadable(&self, what: &'static str) -> Unreadable {
        Unreadable { at: self.at, what }
    }

    /// Reads one byte.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] at the end.
    pub fn byte(&mut self) -> Result<u8, Unreadable> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    /// The next byte, which stays the next.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] at the end.
    pub fn peek(&self) -> Result<u8, Unreadable> {
        self.bytes.get(self.at).copied().ok_or_else(|| self.unreadable("the end"))
    }

    /// Reads so many bytes.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] if there are fewer.
    pub fn raw(&mut self, len: usize) -> Result<&'b [u8], Unreadable> {
        let bytes = self.bytes[self.at..].get(..len).ok_or_else(|| self.unreadable("fewer bytes than announced"))?;
        self.at += len;
        Ok(bytes)
    }

    /// Reads a number.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] if it ends before it should, or has more than 64 bits.
    pub fn number(&mut self) -> Result<u64, Unreadable> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(self.unreadable("a number of more than 64 bits"))
    }

    /// Reads a number that may be negative.
    ///
    /// # Errors
    ///
    /// As [`number`](Self::number).
    pub fn signed(&mut self) -> Result<i64, Unreadable> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// Reads a number of things in memory.
    fn len(&mut self) -> Result<usize, Unreadable> {
        let number = self.number()?;
        usize::try_from(number).map_err(|_| self.unreadable("more than fits in memory"))
    }

    /// Reads a text.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] if there is less of it, or it is no UTF-8.
    pub fn text(&mut self) -> Result<&'b str, Unreadable> {
        let len = self.len()?;
        let bytes = self.raw(len)?;
        std::str::from_utf8(bytes).map_err(|_| self.unreadable("text that is not UTF-8"))
    }

    /// Reads a text that may come again, and looks once whether it is well formed as this kind of name.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] if it is not, or no such text came before.
    pub fn name(
        &mut self,
        kind: NameKind,
        is_well_formed: impl FnOnce(&str) -> bool,
    ) -> Result<CompactString, Unreadable> {
        let number = self.len()?;
        let place = if number == 0 {
            let text = CompactString::from(self.text()?);
            self.names.push(Name { text, checked: 0 });
            self.names.len() - 1
        } else {
            number - 1
        };
        let unknown = self.unreadable("a name that did not come before");
        let name = self.names.get_mut(place).ok_or(unknown)?;
        let bit = 1 << kind as u8;
        if name.checked & bit == 0 {
            if !is_well_formed(&name.text) {
                return Err(Unreadable { at: self.at, what: "a name that is not well formed" });
            }
            name.checked |= bit;
        }
        Ok(name.text.clone())
    }

    /// Reads a source that may come again.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] if it is none, or did not come before.
    pub fn source(&mut self) -> Result<Arc<Source>, Unreadable> {
        let number = self.len()?;
        if number > 0 {
            let known = self.sources.get(number - 1).cloned();
            return known.ok_or_else(|| self.unreadable("a source that did not come before"));
        }
        // No source holds another, so that it takes its place when it is whole as well as when it begins.
        let source = Arc::new(Source::unpack(self)?);
        self.sources.push(Arc::clone(&source));
        Ok(source)
    }
}

/// As what a name has to be well formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind {
    /// Any text.
    Text,
    /// Names a party.
    PartyId,
    /// Names an agreement.
    AgreementId,
    /// Names a mission.
    MissionId,
    /// Names an announcement.
    AnnouncementId,
    /// Names a recorder.
    Recorder,
    /// Names a ledger.
    Origin,
}

impl Packed for String {
    fn pack<'v>(&'v self, to: &mut Packer<'v>) {
        to.text(self);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Unreadable> {
        from.text().map(str::to_owned)
    }
}

impl Packed for u64 {
    fn pack<'v>(&'v self, to: &mut Packer<'v>) {
        to.number(*self);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Unreadable> {
        from.number()
    }
}

impl Packed for bool {
    fn pack<'v>(&'v self, to: &mut Packer<'v>) {
        to.byte(u8::from(*self));
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Unreadable> {
        match from.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(from.unreadable("neither true nor false")),
        }
    }
}

impl<T: Packed> Packed for Box<T> {
    fn pack<'v>(&'v self, to: &mut Packer<'v>) {
        self.as_ref().pack(to);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Unreadable> {
        T::unpack(from).map(Self::new)
    }
}

impl<T: Packed> Packed for Option<T> {
    fn pack<'v>(&'v self, to: &mut Packer<'v>) {
        to.byte(self.is_some().into());
        if let Some(value) = self {
            value.pack(to);
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Unreadable> {
        match from.byte()? {
            0 => Ok(None),
            1 => T::unpack(from).map(Some),
            _ => Err(from.unreadable("neither a value nor none")),
        }
    }
}

impl<T: Packed> Packed for Vec<T> {
    fn pack<'v>(&'v self, to: &mut Packer<'v>) {
        to.number(self.len() as u64);
        for value in self {
            value.pack(to);
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Unreadable> {
        let len = from.len()?;
        let mut values = Self::with_capacity(len.min(TRUSTED_LEN));
        for _ in 0..len {
            values.push(T::unpack(from)?);
        }
        Ok(values)
    }
}

impl Packed for BTreeMap<String, String> {
    fn pack<'v>(&'v self, to: &mut Packer<'v>) {
        to.number(self.len() as u64);
        for (key, value) in self {
            to.name(key);
            to.text(value);
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Unreadable> {
        let mut map = Self::new();
        for _ in 0..from.len()? {
            let key = from.name(NameKind::Text, |_| true)?.into_string();
            map.insert(key, from.text()?.to_owned());
        }
        Ok(map)
    }
}

/// Packs the fields of a struct in the order in which they are given.
macro_rules! packed_fields {
    ($name:ident { $( $field:ident ),* $(,)? }) => {
        impl $crate::domain::packed::Packed for $name {
            fn pack<'v>(&'v self, to: &mut $crate::domain::packed::Packer<'v>) {
                $( $crate::domain::packed::Packed::pack(&self.$field, to); )*
            }

            fn unpack(
                from: &mut $crate::domain::packed::Unpacker<'_>,
            ) -> Result<Self, $crate::domain::packed::Unreadable> {
                Ok(Self { $( $field: $crate::domain::packed::Packed::unpack(from)? ),* })
            }
        }
    };
}
pub(crate) use packed_fields;

#[cfg(test)]
mod tests;
