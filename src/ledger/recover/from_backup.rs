//! Taking everything that a backup has, to make a ledger of it again.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use crate::event::chain::Chain;
use crate::event::statement::Event;
use crate::integrity::digest::event_hash;
use crate::ledger::folder::settings::Settings;
use crate::ledger::recover::backup::file::{Contents, Record, RecordFault, Records};
use crate::ledger::recover::backup::files::{is_ours, is_within};
use crate::ledger::recover::backup::{BackupError, Holding, contents};
use crate::ledger::recover::restore::{At, Copied, Restoration, RestoreError};
use crate::store::many_files::ManyFiles;
use crate::store::shared::Rights;
use crate::store::{durable_file, folder as store_folder};

impl Restoration<'_> {
    /// Lays what comes as a stream aside in a file without a name, which is gone with this, whatever happens.
    ///
    /// # Errors
    ///
    /// [`RestoreError::Stopped`], [`RestoreError::Io`]; [`RestoreError::Backup`] if no more can be read.
    pub fn lay_aside(&self, name: &Path, mut input: impl Read) -> Result<File, RestoreError> {
        let mut file = tempfile::tempfile_in(self.folder().path())?;
        let mut buffer = vec![0; 1 << 16];
        let mut len = 0;
        loop {
            self.go_on()?;
            let read = match input.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // Whoever is to stop while nothing comes finds that it cannot be read.
                Err(source) => {
                    return self.go_on().and(Err(BackupError::Io { file: name.to_owned(), source }.into()));
                }
                Ok(0) => return Ok(file),
                Ok(read) => read,
            };
            file.write_all(&buffer[..read])?;
            len += read as u64;
            self.told("bytes read", len, 0);
        }
    }

    /// Takes everything that a backup has, or what it had at some point, and tells what it has, and what became of the
    /// documents; it is called so.
    ///
    /// # Errors
    ///
    /// Those of [`push`](Self::push) and [`copy_documents`](Self::copy_documents), and [`RestoreError::Backup`];
    /// [`RestoreError::NoSuchEvent`] and [`RestoreError::NothingBy`] if there was nothing at that point.
    pub fn take_backup(
        &mut self,
        (name, file): (&Path, &File),
        at: Option<At>,
    ) -> Result<(Holding, Copied), RestoreError> {
        let damaged = |what| BackupError::NotBackup { file: name.to_owned(), what };
        let faulty = |fault| not_read(name, fault);
        let contents = contents(file, name, &|| self.go_on().map_err(io::Error::other));
        self.go_on()?;
        let contents = contents?;
        self.await_events(contents.head.len);
        let until = at.map(|at| self.until(at, (name, file), &contents)).transpose()?;
        if let Some(seq) = until {
            self.keep_until(seq);
        }
        let mut records = records(file, name)?;
        // Some of them are personal.
        let documents = store_folder::private(self.folder().path())?;
        let mut files = ManyFiles::default();
        while !records.is_at(contents.len) {
            self.go_on()?;
            match records.next().map_err(faulty)? {
                Some(Record::Events { values, .. }) => {
                    for value in values {
                        self.push(event_hash(&value), value)?;
                    }
                }
                Some(Record::File { path, bytes }) => {
                    self.take_file(until, (&path, &bytes), (documents.path(), &mut files))?;
                }
                Some(Record::End { .. }) => {}
                None => return Err(damaged("it changed meanwhile".to_owned()).into()),
            }
        }
        files.sync()?;
        let Contents { origin, head, rest, .. } = contents;
        if self.head() != Some(head) || self.origin().as_ref() != Some(&origin) {
            return Err(damaged("its end tells of other events than it has".to_owned()).into());
        }
        let copied = self.copy_documents(documents.path())?;
        Ok((Holding { origin, head, rest }, copied))
    }

    /// The last event that is wanted. Who stands behind it, and whether any of it holds, is looked at when it is taken.
    fn until(&self, at: At, (name, file): (&Path, &File), contents: &Contents) -> Result<u64, RestoreError> {
        let len = contents.head.len;
        let moment = match at {
            At::Event(seq) if seq < len => return Ok(seq),
            At::Event(seq) => return Err(RestoreError::NoSuchEvent { seq, len }),
            At::Moment(moment) => moment,
        };
        // A clock that was corrected later dates events back: all of them tell when each was recorded.
        let mut chain = Chain::new(contents.origin.clone());
        let mut first = None;
        let mut records = records(file, name)?;
        while !records.is_at(contents.len) {
            self.go_on()?;
            let damaged = |what| BackupError::NotBackup { file: name.to_owned(), what };
            let Some(Record::Events { values, .. }) = records.next().map_err(|fault| not_read(name, fault))? else {
                continue;
            };
            for value in values {
                let event = Event::recall(&value).map_err(|error| damaged(error.to_string()))?;
                first.get_or_insert(event.header.recorded);
                chain.push(&event);
            }
        }
        match (chain.first_after(moment), first) {
            (Some(0), Some(first)) => Err(RestoreError::NothingBy { moment, first }),
            (Some(after), _) => Ok(after.saturating_sub(1)),
            (None, _) => Ok(len.saturating_sub(1)),
        }
    }

    /// Documents are laid aside until it is known which of them were erased.
    fn take_file(
        &self,
        until: Option<u64>,
        (path, bytes): (&str, &[u8]),
        (documents, files): (&Path, &mut ManyFiles),
    ) -> Result<(), RestoreError> {
        let folder = self.folder();
        if !is_ours(path) {
            return Ok(());
        }
        if path == "servanda.toml" {
            // What it says is used where it can be: an origin is what the events say.
            let text = std::str::from_utf8(bytes).unwrap_or_default();
            if let (Ok(theirs), Ok(own)) = (Settings::parse(text), Settings::load(&folder)) {
                Settings { checkpoint: theirs.checkpoint, ..own }.save(&folder)?;
            }
            return Ok(());
        }
        if let Some(name) = path.strip_prefix("documents/") {
            return Ok(durable_file::replace_unsynced(&documents.join(name), bytes, Rights::Personal)?);
        }
        // What was signed of more events than are kept is not of what is made.
        if until.is_some_and(|_| !is_within(path, self.whole())) {
            return Ok(());
        }
        let file = folder.path().join(path);
        store_folder::create(store_folder::parent(&file))?;
        Ok(files.write(&file, bytes, Rights::Usual)?)
    }
}

/// The records of a backup, of which the contents are known.
fn records<'f>(file: &'f File, name: &Path) -> Result<Records<BufReader<&'f File>>, BackupError> {
    let records = Records::open(BufReader::new(file));
    let records = records.map_err(|source| BackupError::Io { file: name.to_owned(), source })?;
    let changed = || BackupError::NotBackup { file: name.to_owned(), what: "it changed meanwhile".to_owned() };
    records.ok_or_else(changed)
}

impl From<BackupError> for RestoreError {
    fn from(error: BackupError) -> Self {
        Self::Backup(Box::new(error))
    }
}

/// Says why there is no next record.
fn not_read(name: &Path, fault: RecordFault) -> BackupError {
    match fault {
        RecordFault::Damaged(what) => BackupError::NotBackup { file: name.to_owned(), what },
        RecordFault::Io(source) => BackupError::Io { file: name.to_owned(), source },
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::domain::id::Origin;
    use crate::event::chain::Head;
    use crate::integrity::digest::EventHash;
    use crate::ledger::folder::Folder;
    use crate::ledger::log::reader::Log;
    use crate::ledger::recover::backup::file::Writer;
    use crate::ledger::recover::restore::Meant;
    use crate::ledger::testing::{access, with_missions};

    #[test]
    fn a_backup_whose_end_tells_of_other_events_than_it_has_is_refused() {
        let desk = tempfile::tempdir().expect("a temporary folder");
        let log = Log::read(&with_missions(desk.path(), &["a", "b"]), &access()).expect("it can be read");
        let value = |seq| log.value(seq).expect("within").expect("it can be read");
        let values: Vec<_> = (0..log.len()).map(value).collect();
        let head = log.check().expect("it is sound");
        let other = Head { hash: EventHash::from_bytes([7; 32]), ..head };
        let (origin, others) = (log.origin().clone(), Origin::parse("other.example/ledger").expect("an origin"));
        let ends = [(head, origin.clone(), true), (other, origin, false), (head, others, false)];
        for (number, (head, origin, is_taken)) in ends.into_iter().enumerate() {
            let mut writer = Writer::begin(Cursor::new(Vec::new())).expect("there is memory");
            let end = Record::End { head, origin };
            for record in [Record::Events { first: 0, values: values.clone() }, end] {
                writer.write(&record).expect("there is memory");
            }
            let file = desk.path().join(format!("{number}.backup"));
            std::fs::write(&file, writer.end().expect("there is memory").into_inner()).expect("there is room");
            let target = Folder::at(desk.path().join(format!("{number}.restored")));
            let mut restoration = Restoration::new(&target, Meant::default(), &access()).expect("nothing is there");
            let opened = File::open(&file).expect("it was written");
            match restoration.take_backup((&file, &opened), None) {
                Ok((holding, _)) => assert!(is_taken && holding.head == head),
                Err(error) => assert!(!is_taken && error.to_string().contains("tells of other events"), "{error}"),
            }
        }
    }
}
