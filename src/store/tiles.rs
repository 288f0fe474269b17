//! A log published as files, in the layout of C2SP tlog-tiles: where its tiles lie, and its entries as a store to read.
//!
//! ```text
//! tile/<L>/<N>[.p/<W>]        W hashes of 32 bytes, of height 8 * L each; 256 without `.p/<W>`
//! tile/entries/<N>[.p/<W>]    W entries, each of 16 bits big-endian with its length, and its bytes
//! <N>                         in elements of three digits, an `x` before all but the last
//! ```

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::bundle::BUNDLE_LEN;
use super::durable_file::read_bytes;
use super::run::Run;
use super::{MAX_VALUE_BYTES, Runs, Store, StoreError};

/// Hashes or entries in a full tile.
pub const TILE_WIDTH: u64 = BUNDLE_LEN as u64;
/// The most bytes in a bundle of entries.
const MAX_ENTRIES_BYTES: u64 = TILE_WIDTH * (2 + MAX_VALUE_BYTES as u64);

/// A tile of hashes, or a bundle of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    /// The level of the hashes; none of entries.
    pub level: Option<u32>,
    /// Its place within the level.
    pub index: u64,
    /// How many there are in it, at least one.
    pub width: u64,
}

impl Tile {
    /// Every tile of a tree over so many entries that does not lie whole within the first `known` of them: bundles of
    /// entries, then hashes from level 0 up.
    pub fn all(known: u64, size: u64) -> impl Iterator<Item = Self> {
        let of_level = move |level: Option<u32>| {
            let below = level.unwrap_or(0);
            let shift = |number: u64| number.checked_shr(8 * below).unwrap_or(0);
            let (known, size) = (shift(known), shift(size));
            (known / TILE_WIDTH..size.div_ceil(TILE_WIDTH)).map(move |index| {
                let width = (size - index * TILE_WIDTH).min(TILE_WIDTH);
                Self { level, index, width }
            })
        };
        let levels = std::iter::once(None).chain((0..8).map(Some));
        // What was full before is there already.
        levels.flat_map(of_level).filter(move |tile| {
            let last = (tile.index * TILE_WIDTH + tile.width).checked_shl(8 * tile.level.unwrap_or(0));
            last.is_none_or(|last| last > known)
        })
    }

    /// Every partial tile of a tree over `older` entries for which the tree over `size` has no full one: whoever keeps a
    /// checkpoint of `older` needs it.
    pub fn partial(older: u64, size: u64) -> impl Iterator<Item = Self> {
        let levels = std::iter::once(None).chain((0..8).map(Some));
        levels.filter_map(move |level: Option<u32>| {
            let [older, size] = [older, size].map(|number| number >> (8 * level.unwrap_or(0)));
            let tile = Self { level, index: older / TILE_WIDTH, width: older % TILE_WIDTH };
            (tile.width > 0 && tile.index == size / TILE_WIDTH).then_some(tile)
        })
    }

    /// Where it lies below the published folder.
    pub fn path(self) -> PathBuf {
        let mut path = match self.level {
            Some(level) => format!("tile/{level}"),
            None => "tile/entries".to_owned(),
        };
        let digits = self.index.to_string();
        let elements = digits.len().div_ceil(3);
        let digits = format!("{digits:0>width$}", width = 3 * elements);
        for element in 0..elements {
            path += if element + 1 < elements { "/x" } else { "/" };
            path += &digits[3 * element..3 * element + 3];
        }
        if self.width < TILE_WIDTH {
            path += &format!(".p/{}", self.width);
        }
        PathBuf::from(path)
    }

    /// The most bytes that it can have.
    pub fn most_bytes(self) -> u64 {
        if self.level.is_some() { 32 * self.width } else { MAX_ENTRIES_BYTES }
    }

    /// The folder of its partial forms.
    pub fn partials(self) -> PathBuf {
        let mut path = Self { width: TILE_WIDTH, ..self }.path().into_os_string();
        path.push(".p");
        PathBuf::from(path)
    }
}

/// Entries as a bundle has them.
pub fn bundle<'v>(values: impl IntoIterator<Item = &'v [u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in values {
        let len = u16::try_from(value.len()).expect("a store holds no longer value");
        bytes.extend_from_slice(&len.to_be_bytes());
        bytes.extend_from_slice(value);
    }
    bytes
}

/// The first entries of a published log, to be read only.
#[derive(Debug)]
pub struct Published {
    folder: PathBuf,
    len: u64,
}

impl Published {
    /// Those of the log that was published in a folder, as many as a checkpoint says.
    pub fn at(folder: &Path, len: u64) -> Self {
        Self { folder: folder.to_owned(), len }
    }

    /// The first bundle that is not there at all.
    pub fn missing(&self) -> Option<PathBuf> {
        (0..self.len.div_ceil(TILE_WIDTH)).find_map(|index| {
            let width = (self.len - index * TILE_WIDTH).min(TILE_WIDTH);
            let paths = [width, TILE_WIDTH].map(|width| Tile { level: None, index, width }.path());
            let is_there = paths.iter().any(|path| self.folder.join(path).is_file());
            (!is_there).then(|| paths[0].clone())
        })
    }

    fn run(&self, index: u64) -> Result<Run, StoreError> {
        let first = index * TILE_WIDTH;
        let width = (self.len - first).min(TILE_WIDTH);
        // A partial bundle may have been replaced by the full one meanwhile.
        let tiles = [width, TILE_WIDTH].map(|width| Tile { level: None, index, width });
        let mut found = tiles.iter().filter_map(|tile| {
            let bytes = read_bytes(&self.folder.join(tile.path()), MAX_ENTRIES_BYTES).transpose()?;
            Some(bytes.map(|bytes| (tile.width == width, bytes)))
        });
        let (is_exact, bytes) = found.next().transpose()?.ok_or(StoreError::Missing { seq: first })?;
        let mut run = Run::new(first, bytes.len());
        let mut rest = bytes.as_slice();
        for seq in first..first + width {
            let damaged = || StoreError::Damaged { what: format!("the bundle of entry {seq} ends within it") };
            let (len, more) = rest.split_first_chunk::<2>().ok_or_else(damaged)?;
            let (value, more) = more.split_at_checked(u16::from_be_bytes(*len).into()).ok_or_else(damaged)?;
            run.push(&[value]);
            rest = more;
        }
        if is_exact && !rest.is_empty() {
            return Err(StoreError::Damaged { what: format!("the bundle of entry {first} has more than its entries") });
        }
        Ok(run)
    }
}

impl Store for Published {
    fn len(&self) -> u64 {
        self.len
    }

    fn append(&mut self, _: u64, _: &[Vec<u8>]) -> Result<(), StoreError> {
        Err(io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "a published log is read only").into())
    }

    fn runs(&self, seqs: Range<u64>) -> Runs<'_> {
        let beyond = (seqs.end > self.len && !seqs.is_empty()).then_some(self.len.max(seqs.start));
        let seqs = seqs.start..seqs.end.min(self.len);
        let bundles = if seqs.is_empty() { 0..0 } else { seqs.start / TILE_WIDTH..seqs.end.div_ceil(TILE_WIDTH) };
        let runs = bundles.map(move |index| {
            let run = self.run(index)?;
            let place = |seq: u64| usize::try_from(seq - run.first()).unwrap_or(usize::MAX);
            let (from, to) = (place(seqs.start.max(run.first())), place(seqs.end).min(run.len()));
            Ok(if (from, to) == (0, run.len()) { run } else { run.part(from, to) })
        });
        let mut failed = false;
        let runs = runs.take_while(move |run: &Result<Run, StoreError>| {
            let before = failed;
            failed = run.is_err();
            !before
        });
        Box::new(runs.chain(beyond.map(|seq| Err(StoreError::Missing { seq }))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_lies_where_the_layout_puts_it() {
        let path = |level, index, width| Tile { level, index, width }.path().to_string_lossy().into_owned();
        assert_eq!(path(Some(0), 0, 256), "tile/0/000");
        assert_eq!(path(None, 1_234_067, 256), "tile/entries/x001/x234/067");
        assert_eq!(path(Some(2), 1000, 17), "tile/2/x001/000.p/17");
        assert_eq!(Tile { level: Some(1), index: 5, width: 3 }.partials(), Path::new("tile/1/005.p"));
    }

    #[test]
    fn a_tree_of_70_000_has_the_tiles_of_the_specification() {
        let tiles: Vec<Tile> = Tile::all(0, 70_000).collect();
        let count = |level: Option<u32>, full: bool| {
            let is_meant = |tile: &&Tile| tile.level == level && (tile.width == TILE_WIDTH) == full;
            tiles.iter().filter(is_meant).count()
        };
        assert_eq!([count(None, true), count(None, false)], [273, 1]);
        assert_eq!([count(Some(0), true), count(Some(0), false)], [273, 1]);
        assert_eq!([count(Some(1), true), count(Some(1), false)], [1, 1]);
        assert_eq!([count(Some(2), true), count(Some(2), false)], [0, 1]);
        assert_eq!(tiles.len(), 274 + 274 + 2 + 1);
        assert_eq!(tiles.last(), Some(&Tile { level: Some(2), index: 0, width: 1 }));
        let of_256: Vec<Tile> = Tile::all(0, 256).collect();
        assert_eq!(of_256.len(), 3);
        assert_eq!(of_256[2], Tile { level: Some(1), index: 0, width: 1 });
    }

    #[test]
    fn partial_tiles_of_an_older_tree_are_needed_until_they_are_full() {
        for (older, size) in
            [(0, 0), (0, 5), (1, 1), (1, 255), (1, 256), (255, 256), (256, 257), (300, 511), (300, 512)]
                .into_iter()
                .chain([(256, 65_535), (256, 65_536), (65_537, 65_600), (70_000, 70_000), (70_000, 131_072)])
        {
            let full: Vec<Tile> = Tile::all(0, size).filter(|tile| tile.width == TILE_WIDTH).collect();
            let has_full = |tile: &Tile| full.contains(&Tile { width: TILE_WIDTH, ..*tile });
            let expected: Vec<Tile> =
                Tile::all(0, older).filter(|tile| tile.width < TILE_WIDTH && !has_full(tile)).collect();
            assert_eq!(Tile::partial(older, size).collect::<Vec<_>>(), expected, "{older} in {size}");
        }
    }

    #[test]
    fn what_was_full_is_not_published_again() {
        for (known, size) in [(0, 0), (0, 1), (255, 256), (256, 257), (300, 600), (65_536, 65_537), (511, 512), (5, 5)]
        {
            let before: Vec<Tile> = Tile::all(0, known).collect();
            let all: Vec<Tile> = Tile::all(0, size).collect();
            let new: Vec<Tile> = Tile::all(known, size).collect();
            for tile in &all {
                assert!(before.contains(tile) || new.contains(tile), "{known} to {size}: {tile:?}");
            }
            for tile in &new {
                assert!(all.contains(tile), "{known} to {size}: {tile:?}");
                let was_full = tile.width == TILE_WIDTH && before.contains(tile);
                assert!(!was_full, "{known} to {size}: {tile:?}");
            }
        }
    }

    #[test]
    fn a_published_log_is_a_store_to_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let values: Vec<Vec<u8>> =
            (0..600_u32).map(|number| number.to_be_bytes().repeat(1 + number as usize % 3)).collect();
        for tile in Tile::all(0, 600).filter(|tile| tile.level.is_none()) {
            let first = usize::try_from(tile.index * TILE_WIDTH).expect("a small number");
            let some = values[first..].iter().take(BUNDLE_LEN).map(Vec::as_slice);
            let path = folder.path().join(tile.path());
            std::fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("it can be made");
            std::fs::write(path, bundle(some)).expect("it can be written");
        }
        let store = Published::at(folder.path(), 600);
        for (from, to) in [(0, 600), (0, 0), (255, 257), (256, 512), (599, 600), (10, 20)] {
            let found: Vec<Vec<u8>> = store.read(from..to).collect::<Result<_, _>>().expect("they are there");
            assert_eq!(found, values[usize::try_from(from).expect("small")..usize::try_from(to).expect("small")]);
        }
        assert!(matches!(store.read(599..601).nth(1), Some(Err(StoreError::Missing { seq: 600 }))));
        let cut = folder.path().join("tile/entries/001");
        let bytes = std::fs::read(&cut).expect("it is there");
        std::fs::write(&cut, &bytes[..bytes.len() - 1]).expect("it can be written");
        let mut read = store.runs(0..600);
        assert!(read.next().is_some_and(|run| run.is_ok()));
        assert!(matches!(read.next(), Some(Err(StoreError::Damaged { .. }))));
        assert!(read.next().is_none());
        std::fs::remove_file(&cut).expect("it is there");
        assert!(matches!(store.read(300..301).next(), Some(Err(StoreError::Missing { seq: 256 }))));
    }
}
