//! Values in a row, in one piece of memory: what a store reads at a time.

/// Values in a row, one after the other in one piece of memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    first: u64,
    bytes: Vec<u8>,
    /// Where each value ends in `bytes`.
    ends: Vec<usize>,
    /// The hashes of the first values, as far as restoring those after them needed them.
    hashes: Vec<[u8; 32]>,
}

impl Run {
    /// A run that begins at that seq, with room for so many bytes.
    pub fn new(first: u64, room: usize) -> Self {
        Self { first, bytes: Vec::with_capacity(room), ends: Vec::new(), hashes: Vec::new() }
    }

    /// Adds a value made of pieces.
    pub fn push(&mut self, pieces: &[&[u8]]) {
        for piece in pieces {
            self.bytes.extend_from_slice(piece);
        }
        self.ends.push(self.bytes.len());
    }

    /// Adds the hash of the first value that has none yet.
    pub fn hashed(&mut self, hash: [u8; 32]) {
        self.hashes.push(hash);
    }

    /// The hash of the value at a place, where it was computed from the value's bytes while they were read.
    pub fn hash(&self, index: usize) -> Option<[u8; 32]> {
        self.hashes.get(index).copied()
    }

    /// The seq of its first value.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it has no value.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The value at a place in the run.
    pub fn value(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.bytes[start..end])
    }

    /// The values, in order.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |end| &self.bytes[std::mem::replace(&mut start, *end)..*end])
    }

    /// The values of these places alone.
    #[must_use]
    pub fn part(&self, from: usize, to: usize) -> Self {
        let mut part = Self { first: self.first + from as u64, ..Self::default() };
        for value in self.values().take(to).skip(from) {
            part.push(&[value]);
        }
        part.hashes = self.hashes.iter().take(to).skip(from).copied().collect();
        part
    }
}
