//! The key of a PDF that everybody may read: one whose owner alone has a password, for changing or printing it.
//!
//! The crate reads encrypted files by ways on which nothing counts how much comes of them. So the entry of the trailer that
//! says "encrypted" is given another name of its length, the file is read as any other, and each object is decrypted as it
//! comes, before it is counted. Out of scope: files that ask for a password, and other ways to lock them than by passwords.

use std::cell::RefCell;
use std::collections::HashSet;

use lopdf::encryption::decrypt_object;
use lopdf::xref::XrefEntry;
use lopdf::{Dictionary, Document, EncryptionState, LoadOptions, Object, ObjectId};

use crate::evidence::pdf::{MAX_OBJECT_BYTES, MAX_STREAM_BYTES, PdfError, ROOM, admit};

/// What a trailer calls the way in which the file is encrypted.
const NAME: &[u8] = b"Encrypt";
/// What it is called here instead.
const MASKED: &[u8] = b"Encrypx";
/// The object that the way is put under where it stands in the trailer itself.
const OWN: ObjectId = (u32::MAX, 0);

/// What decrypts the objects of a file.
struct Key {
    state: EncryptionState,
    /// The object that says how, in the clear itself.
    own: ObjectId,
    /// The objects inside streams, in the clear once the stream is.
    packed: HashSet<u32>,
}

thread_local! {
    /// The key of the file that is read on this thread. The crate takes a function for the objects that it has read, and no
    /// more than a function.
    static KEY: RefCell<Option<Key>> = const { RefCell::new(None) };
}

/// Makes ready for decrypting a file, if it is encrypted; `bytes` are then such that it does not look so.
pub(super) fn make_ready(bytes: &mut [u8]) -> Result<(), PdfError> {
    KEY.set(None);
    let places = names(bytes);
    if places.is_empty() {
        return Ok(());
    }
    let before: Vec<u8> = places.iter().map(|place| bytes[*place]).collect();
    for place in &places {
        bytes[*place] = if bytes[*place] == b't' { b'x' } else { b'8' };
    }
    let options = LoadOptions {
        filter: Some(without_streams),
        max_decompressed_size: Some(MAX_STREAM_BYTES),
        ..LoadOptions::default()
    };
    ROOM.set(MAX_OBJECT_BYTES);
    let document = Document::load_mem_with_options(bytes, options)?;
    if ROOM.get() == 0 {
        return Err(PdfError::TooMuch);
    }
    if let Some(key) = key_of(&document)? {
        KEY.set(Some(key));
        return Ok(());
    }
    // The words stood somewhere else, and are what the page shows.
    for (place, byte) in places.into_iter().zip(before) {
        bytes[place] = byte;
    }
    Ok(())
}

/// Decrypts an object that was read; what cannot be decrypted stays as it is, and shows nothing.
pub(super) fn decrypt(id: ObjectId, object: &mut Object) {
    KEY.with_borrow(|key| {
        if let Some(key) = key.as_ref().filter(|key| key.own != id && !key.packed.contains(&id.0)) {
            let _ = decrypt_object(&key.state, id, object);
        }
    });
}

/// Streams say nothing of how they are encrypted; all else counts.
fn without_streams(id: ObjectId, object: &mut Object) -> Option<(ObjectId, Object)> {
    if object.as_stream().is_ok() { None } else { admit(id, object) }
}

/// The key that no password is needed for; none, if the trailer does not say that the file is encrypted.
fn key_of(document: &Document) -> Result<Option<Key>, PdfError> {
    let Ok(way) = document.trailer.get(MASKED) else { return Ok(None) };
    let (own, way) = match way {
        Object::Reference(id) => (*id, document.get_dictionary(*id).map_err(|_| PdfError::Encrypted)?),
        Object::Dictionary(way) => (OWN, way),
        _ => return Err(PdfError::Encrypted),
    };
    let mut lock = Document::new();
    lock.objects.insert(own, Object::Dictionary(way.clone()));
    let mut trailer = Dictionary::new();
    trailer.set(NAME, Object::Reference(own));
    if let Ok(id) = document.trailer.get_deref(b"ID", document) {
        trailer.set("ID", id.clone());
    }
    lock.trailer = trailer;
    lock.authenticate_password("").map_err(|_| PdfError::Encrypted)?;
    let state = EncryptionState::decode(&lock, "").map_err(|_| PdfError::Encrypted)?;
    let is_packed = |entry: &XrefEntry| matches!(entry, XrefEntry::Compressed { .. });
    let entries = document.reference_table.entries.iter();
    let packed = entries.filter(|(_, entry)| is_packed(entry)).map(|(number, _)| *number).collect();
    Ok(Some(Key { state, own, packed }))
}

/// Where the name `/Encrypt` ends, wherever it stands, in whatever spelling: the place of the last digit or letter of it.
fn names(bytes: &[u8]) -> Vec<usize> {
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let is_end =
        |at: usize| bytes.get(at).is_none_or(|byte| byte.is_ascii_whitespace() || b"\0()<>[]{}/%".contains(byte));
    let end = |slash: usize| {
        let mut at = slash + 1;
        for wanted in NAME {
            let escaped = (bytes.get(at) == Some(&b'#')).then(|| Some(digit(at + 1)? * 16 + digit(at + 2)?)).flatten();
            let (found, len) = match escaped {
                Some(byte) => (Some(byte), 3),
                None => (bytes.get(at).map(|byte| u32::from(*byte)), 1),
            };
            if found != Some(u32::from(*wanted)) {
                return None;
            }
            at += len;
        }
        is_end(at).then(|| at - 1)
    };
    memchr::memchr_iter(b'/', bytes).filter_map(end).collect()
}
