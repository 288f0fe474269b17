//! Source documents beside an announcement file: read once each, from its folder and never from outside.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::evidence::extract::{MAX_DOCUMENT_BYTES, MediaType};

/// A document's bytes, shared by all that rests on them.
pub(in crate::exchange) type DocumentBytes = (MediaType, Arc<[u8]>);

/// The documents of one folder.
#[derive(Debug)]
pub(in crate::exchange) struct DocumentFolder<'f> {
    folder: &'f Path,
    read: HashMap<String, Result<DocumentBytes, Refusal>>,
}

/// Why a document was not read.
#[derive(Debug, Clone)]
pub(in crate::exchange) struct Refusal {
    pub(in crate::exchange) message: String,
    pub(in crate::exchange) hint: &'static str,
}

impl<'f> DocumentFolder<'f> {
    pub(in crate::exchange) fn new(folder: &'f Path) -> Self {
        Self { folder, read: HashMap::new() }
    }

    /// The bytes of a document, by its way from the folder.
    pub(in crate::exchange) fn get(&mut self, path: &str) -> Result<DocumentBytes, Refusal> {
        if let Some(known) = self.read.get(path) {
            return known.clone();
        }
        let read = self.read_one(path);
        self.read.insert(path.to_owned(), read.clone());
        read
    }

    fn read_one(&self, path: &str) -> Result<DocumentBytes, Refusal> {
        let media = MediaType::of_file(path)
            .map_err(|error| refusal(error.to_string(), "documents are .txt, .md, .html or .pdf files"))?;
        let inside = self.inside(path)?;
        let missing = |error: std::io::Error| {
            refusal(format!("the document `{path}` cannot be read: {error}"), "it is looked for beside this file")
        };
        // Asked before it is opened: opening a pipe waits for somebody to write to it.
        if !std::fs::metadata(&inside).map_err(missing)?.is_file() {
            return Err(refusal(format!("`{path}` is not a file"), "name the document itself"));
        }
        let mut bytes = Vec::new();
        let file = std::fs::File::open(inside).map_err(missing)?;
        file.take(MAX_DOCUMENT_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(missing)?;
        if bytes.len() > MAX_DOCUMENT_BYTES {
            let message = format!("the document `{path}` has more than {MAX_DOCUMENT_BYTES} bytes");
            return Err(refusal(message, "keep the part that supports the announcement"));
        }
        Ok((media, bytes.into()))
    }

    /// The way to a document, if it stays below the folder; symbolic links are followed only as far as they do.
    fn inside(&self, path: &str) -> Result<PathBuf, Refusal> {
        let outside = || {
            refusal(
                format!("the document `{path}` lies outside the folder of this file"),
                "keep documents beside the file or below it, and name them from there",
            )
        };
        let plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !plain {
            return Err(outside());
        }
        let missing = |error: std::io::Error| {
            refusal(format!("the document `{path}` cannot be read: {error}"), "it is looked for beside this file")
        };
        let folder = self.folder.canonicalize().map_err(missing)?;
        let target = folder.join(path).canonicalize().map_err(missing)?;
        if target.starts_with(&folder) { Ok(target) } else { Err(outside()) }
    }
}

fn refusal(message: String, hint: &'static str) -> Refusal {
    Refusal { message, hint }
}
