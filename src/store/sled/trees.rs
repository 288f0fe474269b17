//! The trees of the store, and what an append writes to them.

use std::convert::Infallible;
use std::ops::Range;

use rayon::prelude::*;
use sled::transaction::{ConflictableTransactionResult, TransactionError, Transactional, TransactionalTree};
use sled::{Config, IVec, Tree};

use super::{damaged, guarded};
use crate::store::StoreError;
use crate::store::bundle::{BUNDLE_LEN, Opener, Sealer, Sealing};
use crate::store::run::Run;

/// More values than there can be; what lies beyond is damage.
const LEN_MAX: u64 = 1 << 53;
pub(super) const LEN: &[u8] = b"len";
/// The most bytes of a bundle in one value: 17 of them fit a page.
const PIECE_BYTES: usize = 96 << 10;
const BUNDLE: u64 = BUNDLE_LEN as u64;

pub(super) struct Trees {
    pub(super) tail: Tree,
    pub(super) bundles: Tree,
    pub(super) roots: Tree,
    pub(super) marks: Tree,
}

/// What one append writes.
pub(super) struct Write<'v> {
    sealed: Vec<(u64, Sealed)>,
    /// Values that fill no bundle yet, with their seqs.
    tail: Vec<(u64, &'v [u8])>,
    /// Keys in the tail that are sealed now, or were never appended.
    gone: Vec<IVec>,
    /// Pieces and roots of bundles that were never appended.
    never: (Vec<IVec>, Vec<IVec>),
    /// Values below the old length that only such a bundle has.
    put_back: Vec<(u64, Vec<u8>)>,
    new_len: u64,
}

/// One bundle, sealed.
struct Sealed {
    bytes: Vec<u8>,
    root: [u8; 32],
}

impl Trees {
    pub(super) fn open(config: &Config) -> Result<Self, StoreError> {
        let db = config.open()?;
        let tree = |name: &str| db.open_tree(name);
        Ok(Self { tail: tree("tail")?, bundles: tree("bundles")?, roots: tree("roots")?, marks: tree("marks")? })
    }

    /// The number of values; 0 is written where there is none yet, in a store just created.
    pub(super) fn read_len(&self) -> Result<u64, StoreError> {
        let Some(mark) = self.marks.get(LEN)? else {
            if self.tail.iter().chain(self.bundles.iter()).next().transpose()?.is_some() {
                return Err(damaged("there are values, but it is not known how many"));
            }
            self.marks.insert(LEN, &0_u64.to_be_bytes())?;
            return Ok(0);
        };
        let len = <[u8; 8]>::try_from(mark.as_ref()).ok().map(u64::from_be_bytes);
        len.filter(|len| *len <= LEN_MAX).ok_or_else(|| damaged("its length is not a number of values"))
    }

    pub(super) fn root(&self, bundle: u64) -> Result<Option<[u8; 32]>, StoreError> {
        self.roots.get(key(bundle))?.as_ref().map(hash).transpose()
    }

    /// Those of the first bundles, which is ten times as fast as one after the other.
    pub(super) fn roots(&self, bundles: u64) -> Result<Vec<Option<[u8; 32]>>, StoreError> {
        let mut found = Vec::new();
        for kept in self.roots.range(..key(bundles)) {
            let (bundle, root) = kept?;
            let bundle = <[u8; 8]>::try_from(bundle.as_ref()).map(u64::from_be_bytes);
            let bundle = bundle.map_err(|_| damaged("the root of a bundle has no place"))?;
            let place = usize::try_from(bundle).map_err(|_| damaged("the root of a bundle has no place"))?;
            found.resize(place, None);
            found.push(Some(hash(&root)?));
        }
        found.resize(usize::try_from(bundles).map_err(|_| damaged("there are not so many bundles"))?, None);
        Ok(found)
    }

    pub(super) fn append(&self, write: &Write<'_>) -> Result<(), StoreError> {
        type Four = (TransactionalTree, TransactionalTree, TransactionalTree, TransactionalTree);
        let apply = |(bundles, roots, tail, marks): &Four| {
            for piece in &write.never.0 {
                bundles.remove(piece)?;
            }
            for root in &write.never.1 {
                roots.remove(root)?;
            }
            for (bundle, sealed) in &write.sealed {
                for (number, piece) in (0..).zip(sealed.bytes.chunks(PIECE_BYTES)) {
                    bundles.insert(&piece_key(*bundle, number), piece)?;
                }
                roots.insert(&key(*bundle), &sealed.root)?;
            }
            for key in &write.gone {
                tail.remove(key)?;
            }
            for (seq, value) in &write.put_back {
                tail.insert(&key(*seq), value.as_slice())?;
            }
            for (seq, value) in &write.tail {
                tail.insert(&key(*seq), *value)?;
            }
            marks.insert(LEN, &write.new_len.to_be_bytes())?;
            ConflictableTransactionResult::<(), Infallible>::Ok(())
        };
        match (&self.bundles, &self.roots, &self.tail, &self.marks).transaction(apply) {
            Ok(()) => {}
            Err(TransactionError::Storage(error)) => return Err(error.into()),
            Err(TransactionError::Abort(never)) => match never {},
        }
        self.tail.flush()?;
        Ok(())
    }

    /// The bytes of a sealed bundle, if there is one.
    fn bundle(&self, bundle: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let mut bytes: Option<Vec<u8>> = None;
        for (number, entry) in (0..).zip(self.bundles.scan_prefix(key(bundle))) {
            let (found, piece) = entry?;
            if found != piece_key(bundle, number) {
                return Err(damaged("a piece of a bundle is missing"));
            }
            bytes.get_or_insert_default().extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}

impl<'v> Write<'v> {
    /// What an append of `values` to a store of `len` values changes.
    pub(super) fn of(
        trees: &Trees,
        sealing: &dyn Sealing,
        len: u64,
        values: &'v [Vec<u8>],
        new_len: u64,
    ) -> Result<Self, StoreError> {
        let (begun, full) = (len / BUNDLE, new_len / BUNDLE);
        let stale: Vec<IVec> = trees.bundles.range(key(begun)..).keys().collect::<Result<_, _>>()?;
        let roots: Vec<IVec> = trees.roots.range(key(begun)..).keys().collect::<Result<_, _>>()?;
        let open = if full > begun || !stale.is_empty() {
            Walk::new(trees, sealing, begun * BUNDLE..len, len).collect::<Result<Vec<Run>, _>>()?
        } else {
            Vec::new()
        };
        let open: Vec<&[u8]> = open.iter().flat_map(Run::values).collect();
        let all: Vec<&[u8]> = open.iter().copied().chain(values.iter().map(Vec::as_slice)).collect();
        let sealed = if full > begun { seal(sealing, begun, &all)? } else { Vec::new() };

        let first = (full * BUNDLE).max(len);
        let left = usize::try_from(first - len).expect("values are in memory");
        let gone_from = if full > begun { begun * BUNDLE } else { len };
        let put_back = if full > begun || stale.is_empty() { &[] } else { open.as_slice() };
        Ok(Self {
            sealed,
            tail: (first..).zip(values[left..].iter().map(Vec::as_slice)).collect(),
            gone: trees.tail.range(key(gone_from)..).keys().collect::<Result<_, _>>()?,
            never: (stale, roots),
            put_back: (begun * BUNDLE..).zip(put_back.iter().map(|value| value.to_vec())).collect(),
            new_len,
        })
    }
}

/// Seals all full bundles of values, the first of which begins the bundle `begun`, on all cores.
fn seal(sealing: &dyn Sealing, begun: u64, values: &[&[u8]]) -> Result<Vec<(u64, Sealed)>, StoreError> {
    let full: Vec<(u64, &[&[u8]])> = (begun..).zip(values.chunks_exact(BUNDLE_LEN)).collect();
    let sealed = full.into_par_iter().map_init(
        || Sealer::new(sealing),
        |sealer, (bundle, values)| {
            let sealer = sealer.as_mut().map_err(|error| std::io::Error::other(error.to_string()))?;
            Ok((bundle, Sealed { bytes: sealer.seal(values)?, root: sealing.root(values) }))
        },
    );
    sealed.collect()
}

/// A read on its way: bundle by bundle, and then the tail.
pub(super) struct Walk<'s> {
    trees: &'s Trees,
    sealing: &'s dyn Sealing,
    opener: Option<Opener<'s>>,
    seqs: Range<u64>,
    len: u64,
}

impl<'s> Walk<'s> {
    pub(super) fn new(trees: &'s Trees, sealing: &'s dyn Sealing, seqs: Range<u64>, len: u64) -> Self {
        Self { trees, sealing, opener: None, seqs, len }
    }

    /// The values from `seq` on, up to the end of its bundle, of the tail or of what is wanted.
    fn run(&mut self, seq: u64) -> Result<Run, StoreError> {
        if seq >= self.len {
            return Err(StoreError::Missing { seq });
        }
        let (bundle, end) = (seq / BUNDLE, self.seqs.end.min(self.len));
        let first = bundle * BUNDLE;
        let Some(sealed) = guarded(|| self.trees.bundle(bundle))? else {
            return self.tail(seq..end.min(first + BUNDLE));
        };
        let opener = match &mut self.opener {
            Some(opener) => opener,
            None => self.opener.insert(Opener::new(self.sealing)?),
        };
        let run = opener.open(&sealed, first).map_err(|what| {
            damaged(&format!("the values {first} to {} cannot be restored: {what}", first + BUNDLE - 1))
        })?;
        let place = |seq: u64| usize::try_from(seq - first).unwrap_or(usize::MAX);
        let whole = seq == first && end >= first + BUNDLE;
        Ok(if whole { run } else { run.part(place(seq), place(end)) })
    }

    /// Values of the tail, up to the first that is missing.
    fn tail(&self, seqs: Range<u64>) -> Result<Run, StoreError> {
        let mut run = Run::new(seqs.start, 0);
        let mut entries = self.trees.tail.range(key(seqs.start)..);
        for seq in seqs {
            match guarded(|| Ok(entries.next().transpose()?))? {
                Some((found, value)) if found == key(seq) => run.push(&[&value]),
                Some((found, _)) if found.len() != 8 => return Err(damaged("there is a key that is not a seq")),
                Some(_) | None if run.is_empty() => return Err(StoreError::Missing { seq }),
                Some(_) | None => break,
            }
        }
        Ok(run)
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<Run, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let seq = self.seqs.start;
        if seq >= self.seqs.end {
            return None;
        }
        let run = self.run(seq);
        self.seqs.start = run.as_ref().map_or(self.seqs.end, |run| seq + run.len() as u64);
        Some(run)
    }
}

fn hash(root: &IVec) -> Result<[u8; 32], StoreError> {
    <[u8; 32]>::try_from(root.as_ref()).map_err(|_| damaged("the root of a bundle is no hash"))
}

pub(super) fn key(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

fn piece_key(bundle: u64, piece: u16) -> [u8; 10] {
    let mut key = [0; 10];
    key[..8].copy_from_slice(&bundle.to_be_bytes());
    key[8..].copy_from_slice(&piece.to_be_bytes());
    key
}
