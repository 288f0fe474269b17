//! Documents kept under the names of their hashes, some with a salt beside them as `<name>.salt`. The caller computes the
//! names: the store knows no hashes, and does not check that a document fits its name.
//!
//! Each is a file of its own, however small. 1,500 notes of some hundred words, half of them pages with their text beside them,
//! are 2,250 files of 4.0 MB that take 9.2 MB where blocks have 4 KiB: 3.5 KB each for what a file system does not pack by itself
//! (Btrfs, and ext4 with `inline_data`, keep small files without a block). Packed into one file they would save 5 MB in
//! ten years of an office; and nobody could check one with `b3sum` or read it without this program, erasing one would write all of the
//! pack anew, copies that go by files would take all of it for each that is added, and a block that rots could cost all behind it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;

use crate::store::durable_file::{self, Kind};
use crate::store::folder;
use crate::store::many_files::ManyFiles;
use crate::store::shared::Rights;

/// Bytes in a salt.
const SALT_LEN: usize = 32;

/// A folder of documents. It is created with the first of them.
#[derive(Debug, Clone)]
pub struct Documents {
    folder: PathBuf,
}

/// Why a document was not kept or not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// The name is not that of a document. Nothing was looked up.
    #[error("a document's name is 64 lower-case hexadecimal digits, not {name:?}")]
    Name {
        /// The name that was asked for.
        name: String,
    },
    /// The document is longer than the caller reads. Ask with a higher limit, or leave it.
    #[error("document {name} is longer than {limit} bytes")]
    TooLarge {
        /// Which document.
        name: String,
        /// The most bytes that the caller would read.
        limit: u64,
    },
    /// Under the name lies a link, a folder or a device, and it was not followed. Keeping the document again puts a
    /// link right.
    #[error("document {name} is not a regular file")]
    NotAFile {
        /// Which document.
        name: String,
    },
    /// The operating system refused.
    #[error("the documents cannot be reached: {0}")]
    Io(#[from] io::Error),
}

impl Documents {
    /// The documents in `folder`, which need not be there yet.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Keeps `bytes` under `name`; on return they are on the disk.
    ///
    /// A document that is already there with these bytes is left alone, anything else under that name is replaced.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Name`], and [`DocumentError::Io`], also if a folder lies under the name.
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<(), DocumentError> {
        let path = self.path(name)?;
        folder::create(&self.folder)?;
        if self.holds(name, bytes) {
            // Whoever put it there may have crashed before it was durable, or may not have been this program.
            File::open(&path)?.sync_all()?;
            folder::sync(&self.folder)?;
        } else {
            durable_file::replace(&path, bytes, Rights::Usual)?;
        }
        Ok(())
    }

    /// Keeps `bytes` under `name` with a salt beside them, for nobody else to read; on return both are on the disk.
    ///
    /// The salt comes first: a document without its salt could never be told from a damaged one.
    ///
    /// # Errors
    ///
    /// Those of [`put`](Self::put).
    pub fn put_salted(&self, name: &str, bytes: &[u8], salt: &[u8; SALT_LEN]) -> Result<(), DocumentError> {
        let (path, salt_path) = (self.path(name)?, self.salt_path(name)?);
        folder::create(&self.folder)?;
        if self.salt(name)?.as_deref() != Some(salt) {
            durable_file::replace(&salt_path, salt, Rights::Personal)?;
        }
        if !self.holds(name, bytes) {
            durable_file::replace(&path, bytes, Rights::Personal)?;
        }
        // Whoever put them there may have crashed before they were durable.
        File::open(&salt_path)?.sync_all()?;
        File::open(&path)?.sync_all()?;
        Ok(folder::sync(&self.folder)?)
    }

    /// Keeps `bytes` under `name`, with a salt beside them and for nobody else to read if there is one; they are on the disk
    /// when the files are synced that they are among.
    ///
    /// For a folder of which nothing counts before that.
    ///
    /// # Errors
    ///
    /// Those of [`put`](Self::put).
    pub fn put_among(
        &self,
        files: &mut ManyFiles,
        (name, bytes): (&str, &[u8]),
        salt: Option<&[u8; SALT_LEN]>,
    ) -> Result<(), DocumentError> {
        let path = self.path(name)?;
        folder::create(&self.folder)?;
        let Some(salt) = salt else { return Ok(files.write(&path, bytes, Rights::Usual)?) };
        files.write(&self.salt_path(name)?, salt, Rights::Personal)?;
        Ok(files.write(&path, bytes, Rights::Personal)?)
    }

    /// The salt beside the document of that name, of whatever length; nothing, if there is none.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Name`] and [`DocumentError::Io`].
    pub fn salt(&self, name: &str) -> Result<Option<Vec<u8>>, DocumentError> {
        Ok(durable_file::read_bytes(&self.salt_path(name)?, SALT_LEN as u64 * 2)?)
    }

    /// The names beside which there is a salt, in order, whether their documents are there or not.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Io`]; a folder that is not there is an empty one.
    pub fn salted(&self) -> Result<Vec<String>, DocumentError> {
        self.listed(|file| file.strip_suffix(".salt").filter(|name| is_name(name)))
    }

    /// Deletes the documents of these names with their salts, and returns how many files there were; on return the disk
    /// has forgotten their names. What is not there is no error, so that a deletion that was cut short can be done again.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Name`], before anything is deleted, and [`DocumentError::Io`].
    pub fn remove<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Result<usize, DocumentError> {
        let paths = |name| Ok([self.path(name)?, self.salt_path(name)?]);
        let paths: Vec<[PathBuf; 2]> = names.into_iter().map(paths).collect::<Result<_, DocumentError>>()?;
        let mut removed = 0;
        for path in paths.iter().flatten() {
            match fs::remove_file(path) {
                Ok(()) => removed += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        // Also if nothing was there: whoever deleted it may have crashed before that was durable.
        if self.folder.is_dir() {
            folder::sync(&self.folder)?;
        }
        Ok(removed)
    }

    /// The bytes under `name`, or nothing if there is no such document. No more than `limit` bytes are read.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Name`], [`DocumentError::TooLarge`], [`DocumentError::NotAFile`] and [`DocumentError::Io`].
    pub fn get(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, DocumentError> {
        let path = self.path(name)?;
        let file = match durable_file::open_to_read(&path) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(DocumentError::NotAFile { name: name.to_owned() });
            }
            Err(error) => return Err(error.into()),
        };
        let mut bytes = Vec::new();
        let read = file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        if read as u64 > limit {
            return Err(DocumentError::TooLarge { name: name.to_owned(), limit });
        }
        Ok(Some(bytes))
    }

    /// Whether there is a document of this name. Its bytes are not looked at.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Name`] and [`DocumentError::Io`].
    pub fn contains(&self, name: &str) -> Result<bool, DocumentError> {
        Ok(durable_file::kind(&self.path(name)?)? == Kind::Regular)
    }

    /// The names of all documents, in order. Other files in the folder are passed over.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Io`]; a folder that is not there is an empty one.
    pub fn names(&self) -> Result<Vec<String>, DocumentError> {
        self.listed(|file| Some(file).filter(|name| is_name(name)))
    }

    /// The names that some of the files here stand for.
    fn listed(&self, name_of: impl Fn(&str) -> Option<&str>) -> Result<Vec<String>, DocumentError> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            outcome => outcome?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            let Ok(file) = entry.file_name().into_string() else { continue };
            if let Some(name) = name_of(&file).filter(|_| entry.file_type().is_ok_and(|kind| kind.is_file())) {
                names.push(name.to_owned());
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Whether exactly these bytes are there. What cannot be read is not there: it will be written again.
    fn holds(&self, name: &str, bytes: &[u8]) -> bool {
        matches!(self.get(name, bytes.len() as u64), Ok(Some(held)) if held == bytes)
    }

    fn salt_path(&self, name: &str) -> Result<PathBuf, DocumentError> {
        Ok(self.path(name)?.with_extension("salt"))
    }

    fn path(&self, name: &str) -> Result<PathBuf, DocumentError> {
        if is_name(name) { Ok(self.folder.join(name)) } else { Err(DocumentError::Name { name: name.to_owned() }) }
    }
}

fn is_name(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u64 = 1 << 20;

    fn documents() -> (tempfile::TempDir, Documents) {
        let top = tempfile::tempdir().expect("a temporary folder");
        let documents = Documents::at(top.path().join("ledger/documents"));
        (top, documents)
    }

    fn name(digit: &str) -> String {
        digit.repeat(64)
    }

    fn put(documents: &Documents, name: &str, bytes: &[u8]) {
        documents.put(name, bytes).expect("the folder can be written");
    }

    fn check(documents: &Documents, name: &str, expected: Option<&[u8]>) {
        assert_eq!(documents.get(name, LIMIT).expect("it can be read").as_deref(), expected);
        assert_eq!(documents.contains(name).expect("it can be looked up"), expected.is_some());
    }

    #[test]
    fn documents_come_back_as_they_were_put() {
        let (_top, documents) = documents();
        check(&documents, &name("a"), None);
        assert!(documents.names().expect("an absent folder is an empty one").is_empty());

        put(&documents, &name("b"), b"");
        put(&documents, &name("a"), b"a\0document\n");
        check(&documents, &name("a"), Some(b"a\0document\n"));
        check(&documents, &name("b"), Some(b""));
        assert_eq!(documents.names().expect("it can be listed"), [name("a"), name("b")]);
    }

    #[test]
    fn anything_but_64_lower_case_hexadecimal_digits_is_not_a_name() {
        let (_top, documents) = documents();
        let outside = format!("../{}", "a".repeat(61));
        for bad in ["", "a", &name("A"), &name("g"), &"a".repeat(63), &"a".repeat(65), &"é".repeat(32), &outside] {
            assert!(matches!(documents.put(bad, b""), Err(DocumentError::Name { .. })));
            assert!(matches!(documents.get(bad, LIMIT), Err(DocumentError::Name { .. })));
            assert!(matches!(documents.contains(bad), Err(DocumentError::Name { .. })));
        }
    }

    #[test]
    fn putting_a_document_again_heals_it_and_else_leaves_it_alone() {
        let (_top, documents) = documents();
        let path = documents.folder.join(name("a"));
        put(&documents, &name("a"), b"right");
        let first = fs::metadata(&path).and_then(|metadata| metadata.modified()).expect("it is there");
        put(&documents, &name("a"), b"right");
        assert_eq!(fs::metadata(&path).and_then(|metadata| metadata.modified()).expect("it is there"), first);

        for wrong in ["wrong", "righ", "right and more"] {
            fs::write(&path, wrong).expect("the file can be written");
            put(&documents, &name("a"), b"right");
            check(&documents, &name("a"), Some(b"right"));
        }
    }

    #[test]
    fn what_is_not_a_document_is_not_listed() {
        let (_top, documents) = documents();
        put(&documents, &name("a"), b"document");
        for other in [".tmp-left-over", "README", &format!("{}.salt", name("a"))] {
            fs::write(documents.folder.join(other), "other").expect("a fresh file");
        }
        fs::create_dir(documents.folder.join(name("b"))).expect("a fresh folder");
        assert_eq!(documents.names().expect("it can be listed"), [name("a")]);
        assert!(!documents.contains(&name("b")).expect("it can be looked up"));
        assert!(matches!(documents.get(&name("b"), LIMIT), Err(DocumentError::NotAFile { .. })));
    }

    #[test]
    fn a_salt_lies_beside_its_document_and_goes_with_it() {
        let (_top, documents) = documents();
        assert_eq!(documents.remove([name("a").as_str()]).expect("nothing is there"), 0);
        put(&documents, &name("b"), b"other");
        for _ in 0..2 {
            documents.put_salted(&name("a"), b"personal", &[7; 32]).expect("the folder can be written");
        }
        check(&documents, &name("a"), Some(b"personal"));
        assert_eq!(documents.salt(&name("a")).expect("it can be read"), Some(vec![7; 32]));
        assert_eq!(documents.salt(&name("b")).expect("it can be looked up"), None);
        assert_eq!(documents.salted().expect("it can be listed"), [name("a")]);
        assert_eq!(documents.names().expect("it can be listed"), [name("a"), name("b")]);

        assert_eq!(documents.remove([name("a").as_str()]).expect("it can be deleted"), 2);
        assert_eq!(documents.remove([name("a").as_str()]).expect("it was deleted"), 0);
        assert_eq!(documents.salted().expect("it can be listed"), [""; 0]);
        assert_eq!(documents.names().expect("it can be listed"), [name("b")]);
        assert!(documents.remove(["../a"]).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_salted_is_for_nobody_else() {
        use std::os::unix::fs::PermissionsExt;
        let (_top, documents) = documents();
        documents.put_salted(&name("a"), b"personal", &[7; 32]).expect("the folder can be written");
        for file in [name("a"), format!("{}.salt", name("a"))] {
            let metadata = fs::metadata(documents.folder.join(file)).expect("it is there");
            assert_eq!(metadata.permissions().mode() & 0o077, 0);
        }
    }

    #[test]
    fn no_more_is_read_than_the_caller_allows() {
        let (_top, documents) = documents();
        put(&documents, &name("a"), b"four");
        assert!(documents.get(&name("a"), 4).is_ok_and(|bytes| bytes.is_some()));
        assert!(documents.get(&name("a"), u64::MAX).is_ok_and(|bytes| bytes.is_some()));
        assert!(matches!(documents.get(&name("a"), 3), Err(DocumentError::TooLarge { limit: 3, .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_is_not_followed_and_is_replaced() {
        let (top, documents) = documents();
        let secret = top.path().join("secret");
        fs::write(&secret, "secret").expect("a fresh file");
        put(&documents, &name("b"), b"makes the folder");
        std::os::unix::fs::symlink(&secret, documents.folder.join(name("a"))).expect("a fresh link");

        assert!(matches!(documents.get(&name("a"), LIMIT), Err(DocumentError::NotAFile { .. })));
        assert!(!documents.contains(&name("a")).expect("it can be looked up"));
        assert_eq!(documents.names().expect("it can be listed"), [name("b")]);

        // Equal bytes behind a link are not a document either.
        put(&documents, &name("a"), b"secret");
        fs::remove_file(&secret).expect("it is there");
        check(&documents, &name("a"), Some(b"secret"));
    }
}
