//! Many values kept as one: a bundle of 256, cut, packed, and restored to the byte.
//!
//! ```text
//! sealed = form[1] || size[4, big-endian, of the entries] || zstd frame of the entries
//! entry  = length[2, big-endian] || bytes           (the entry bundles of C2SP tlog-tiles)
//! ```
//!
//! Values hang together: each holds a hash of the one before, which does not compress and can be computed. With form 1
//! that link is cut from every entry but the first, and computed again when the bundle is opened: so whoever reads a
//! bundle has hashed it. With form 0 the entries are whole; that is how values lie that do not hang together as
//! [`Sealing`] says.

use std::io;

use zstd::bulk::{Compressor, Decompressor};

use crate::store::MAX_VALUE_BYTES;
use crate::store::run::Run;

/// The values in a bundle.
pub const BUNDLE_LEN: usize = 256;
/// The bytes of a link: a hash in hexadecimal digits.
pub const LINK_BYTES: usize = 64;
/// The most bytes that the entries of a bundle have.
const MAX_ENTRIES_BYTES: usize = BUNDLE_LEN * (2 + MAX_VALUE_BYTES);
const LEVEL: i32 = 3;

const WHOLE: u8 = 0;
const CUT: u8 = 1;

/// How values hang together, which the store itself does not know.
pub trait Sealing: Send + Sync {
    /// Where the link stands in a value, or would stand in one that it was cut from.
    fn slot(&self, value: &[u8]) -> Option<usize>;

    /// The hash of a value, which stands in the next one in hexadecimal digits.
    fn hash(&self, value: &[u8]) -> [u8; 32];

    /// The hash that stands for a bundle: the root of the tree over its values.
    fn root(&self, values: &[&[u8]]) -> [u8; 32];
}

/// Seals bundles, one after the other.
pub struct Sealer<'s> {
    sealing: &'s dyn Sealing,
    compressor: Compressor<'static>,
}

impl<'s> Sealer<'s> {
    /// A sealer for values that hang together in that way.
    ///
    /// # Errors
    ///
    /// What zstd says; only memory can be lacking.
    pub fn new(sealing: &'s dyn Sealing) -> io::Result<Self> {
        Ok(Self { sealing, compressor: Compressor::new(LEVEL)? })
    }

    /// Seals the values of a bundle.
    ///
    /// # Errors
    ///
    /// What zstd says; only memory can be lacking.
    pub fn seal(&mut self, values: &[&[u8]]) -> io::Result<Vec<u8>> {
        let (form, entries) = match self.cut(values) {
            Some(entries) => (CUT, entries),
            None => (WHOLE, whole(values)),
        };
        let mut sealed = vec![form];
        sealed.extend(u32::try_from(entries.len()).expect("a bundle is bounded").to_be_bytes());
        sealed.extend(self.compressor.compress(&entries)?);
        Ok(sealed)
    }

    /// The entries without their links; nothing, if any value could not be restored from them.
    fn cut(&self, values: &[&[u8]]) -> Option<Vec<u8>> {
        let mut entries = Vec::with_capacity(values.iter().map(|value| value.len() + 2).sum());
        let (first, rest) = values.split_first()?;
        entry(&[first], &mut entries);
        for (before, value) in values.iter().zip(rest) {
            let slot = self.sealing.slot(value)?;
            let (head, tail) = value.split_at_checked(slot)?;
            let (link, tail) = tail.split_at_checked(LINK_BYTES)?;
            if link != hex(&self.sealing.hash(before)) {
                return None;
            }
            let start = entries.len() + 2;
            entry(&[head, tail], &mut entries);
            if self.sealing.slot(&entries[start..]) != Some(slot) {
                return None;
            }
        }
        Some(entries)
    }
}

/// Opens bundles, one after the other.
pub struct Opener<'s> {
    sealing: &'s dyn Sealing,
    decompressor: Decompressor<'static>,
    entries: Vec<u8>,
}

impl<'s> Opener<'s> {
    /// An opener of bundles that were sealed in that way.
    ///
    /// # Errors
    ///
    /// What zstd says; only memory can be lacking.
    pub fn new(sealing: &'s dyn Sealing) -> io::Result<Self> {
        Ok(Self { sealing, decompressor: Decompressor::new()?, entries: Vec::new() })
    }

    /// Restores the values of a bundle, of which the first has that seq.
    ///
    /// # Errors
    ///
    /// What is wrong with the bytes, in words.
    pub fn open(&mut self, sealed: &[u8], first: u64) -> Result<Run, &'static str> {
        let (form, rest) = sealed.split_first().ok_or("it is empty")?;
        let (size, frame) = rest.split_first_chunk::<4>().ok_or("it ends early")?;
        let size = usize::try_from(u32::from_be_bytes(*size)).unwrap_or(usize::MAX);
        if size > MAX_ENTRIES_BYTES {
            return Err("it says that it is larger than a bundle may be");
        }
        self.entries.clear();
        self.entries.reserve(size);
        self.decompressor.decompress_to_buffer(frame, &mut self.entries).map_err(|_| "it does not unpack")?;
        if self.entries.len() != size {
            return Err("it has another size than it says");
        }
        let mut run = Run::new(first, self.entries.len() + BUNDLE_LEN * LINK_BYTES);
        let mut rest = self.entries.as_slice();
        while let Some((value, after)) = take_entry(rest)? {
            rest = after;
            match (*form, run.len().checked_sub(1).and_then(|before| run.value(before))) {
                (WHOLE, _) | (CUT, None) => run.push(&[value]),
                (CUT, Some(before)) => {
                    let hash = self.sealing.hash(before);
                    let slot = self.sealing.slot(value).ok_or("a value has no place for its link")?;
                    let (head, tail) = value.split_at_checked(slot).ok_or("a value has no place for its link")?;
                    run.push(&[head, &hex(&hash), tail]);
                    run.hashed(hash);
                }
                _ => return Err("its form is not known"),
            }
        }
        if run.len() == BUNDLE_LEN { Ok(run) } else { Err("it has another number of values") }
    }
}

fn hex(hash: &[u8; 32]) -> [u8; LINK_BYTES] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; LINK_BYTES];
    for (pair, byte) in text.chunks_exact_mut(2).zip(hash) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 0xf)];
    }
    text
}

fn whole(values: &[&[u8]]) -> Vec<u8> {
    let mut entries = Vec::new();
    for value in values {
        entry(&[value], &mut entries);
    }
    entries
}

fn entry(pieces: &[&[u8]], entries: &mut Vec<u8>) {
    let len: usize = pieces.iter().map(|piece| piece.len()).sum();
    let len = u16::try_from(len).expect("no value is longer than an entry may be");
    entries.extend(len.to_be_bytes());
    for piece in pieces {
        entries.extend_from_slice(piece);
    }
}

/// An entry, and those after it.
type Taken<'e> = (&'e [u8], &'e [u8]);

/// The first entry, and those after it.
fn take_entry(entries: &[u8]) -> Result<Option<Taken<'_>>, &'static str> {
    if entries.is_empty() {
        return Ok(None);
    }
    let (len, rest) = entries.split_first_chunk::<2>().ok_or("an entry ends early")?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*len))).ok_or("an entry ends early").map(Some)
}

/// How values hang together in tests: `>` is followed by a hash that is the length of the value before, 16 times.
#[cfg(test)]
pub(super) struct Toy;

#[cfg(test)]
impl Sealing for Toy {
    fn slot(&self, value: &[u8]) -> Option<usize> {
        value.iter().position(|byte| *byte == b'>').map(|at| at + 1)
    }

    fn hash(&self, value: &[u8]) -> [u8; 32] {
        let len = u16::try_from(value.len()).expect("no value is longer").to_be_bytes();
        std::array::from_fn(|at| len[at % 2])
    }

    fn root(&self, values: &[&[u8]]) -> [u8; 32] {
        [values.iter().fold(0, |sum: u8, value| sum.wrapping_add(value.len().to_le_bytes()[0])); 32]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 256 values that hang together.
    fn linked() -> Vec<Vec<u8>> {
        let mut values: Vec<Vec<u8>> = vec![b"the first".to_vec()];
        for number in 1..BUNDLE_LEN {
            let link = hex(&Toy.hash(&values[number - 1]));
            values.push([format!("value {number} >").as_bytes(), &link, b" and more"].concat());
        }
        values
    }

    fn sealed(values: &[Vec<u8>]) -> Vec<u8> {
        let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        Sealer::new(&Toy).and_then(|mut sealer| sealer.seal(&values)).expect("there is memory")
    }

    fn open(sealed: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
        let run = Opener::new(&Toy).expect("there is memory").open(sealed, 512)?;
        assert_eq!(run.first(), 512);
        Ok(run.values().map(<[u8]>::to_vec).collect())
    }

    /// Values come back to the byte, in the form that is expected.
    fn check(values: &[Vec<u8>], form: u8) {
        let sealed = sealed(values);
        assert_eq!(sealed[0], form);
        assert!(open(&sealed).as_deref() == Ok(values));
    }

    #[test]
    fn values_that_hang_together_are_kept_without_their_links() {
        check(&linked(), CUT);
        assert!(sealed(&linked()).len() * 2 < whole(&linked().iter().map(Vec::as_slice).collect::<Vec<_>>()).len());
    }

    #[test]
    fn values_that_do_not_are_kept_whole() {
        let mut broken = linked();
        broken[7] = [b"value 7 >", &[b'9'; LINK_BYTES][..]].concat();
        check(&broken, WHOLE);
        let mut without = linked();
        without[255] = b"no link".to_vec();
        check(&without, WHOLE);
        let mut cut_short = linked();
        cut_short[3] = b"value 3 >0".to_vec();
        check(&cut_short, WHOLE);
        let mut shadowed = linked();
        let link = hex(&Toy.hash(&shadowed[8]));
        shadowed[9] = [b">", &link[..]].concat();
        shadowed[10] = [b"ten >", &hex(&Toy.hash(&shadowed[9]))[..]].concat();
        shadowed.truncate(11);
        shadowed.resize(BUNDLE_LEN, Vec::new());
        check(&shadowed, WHOLE);
    }

    #[test]
    fn longest_and_empty_values_come_back() {
        let mut values = vec![Vec::new(); BUNDLE_LEN];
        values[1] = vec![0xa5; MAX_VALUE_BYTES];
        check(&values, WHOLE);
    }

    #[test]
    fn no_changed_byte_yields_a_run_of_another_form_or_a_panic() {
        let sealed = sealed(&linked());
        for at in 0..sealed.len() {
            for mask in [0x01, 0x80] {
                let mut changed = sealed.clone();
                changed[at] ^= mask;
                if let Ok(values) = open(&changed) {
                    assert_eq!(values.len(), BUNDLE_LEN);
                }
            }
            assert!(open(&sealed[..at]).is_err());
        }
    }
}
