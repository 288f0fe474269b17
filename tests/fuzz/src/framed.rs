//! Backups without what nobody finds by chance: their records in a looser form, without checks, and with events not packed.
//!
//! ```text
//! loose  = *(kind:u8 len:u16 payload:[len]), kind other than b'e' and b'r'
//!        | b'e' len:u16 first:u64 count:u32 *(len:u16 (big-endian) event)      a record of events
//!        | b'r' len:u16 payload:[len]                                         bytes without a record around them
//! ```
//!
//! Numbers are little-endian, but for the one before an event; what is missing of the last payload is left out.

use servanda::integrity::digest::backup_check;
use servanda::store::compressed::{Effort, compress, decompress};

const MAGIC: &[u8] = b"servanda backup1";
const EVENTS: u8 = 1;

/// The file that these records make.
pub fn framed(mut loose: &[u8]) -> Vec<u8> {
    let mut file = MAGIC.to_vec();
    let mut check = [0; 32];
    while let Some(([kind, low, high], rest)) = loose.split_first_chunk() {
        let (payload, behind) = rest.split_at(usize::from(u16::from_le_bytes([*low, *high])).min(rest.len()));
        loose = behind;
        let (kind, payload) = match kind {
            b'r' => {
                file.extend(payload);
                continue;
            }
            b'e' => {
                let Some((numbers, events)) = payload.split_first_chunk::<12>() else { continue };
                let len = u32::try_from(events.len()).expect("less than 64 KiB");
                let packed = compress(events, Effort::More).expect("there is memory");
                (EVENTS, [&numbers[..], &len.to_le_bytes(), &packed].concat())
            }
            kind => (*kind, payload.to_vec()),
        };
        let mut head = [kind; 9];
        head[1..].copy_from_slice(&(payload.len() as u64).to_le_bytes());
        check = backup_check(&check, &[&head, &payload]);
        file.extend([&head[..], &payload, &check].concat());
    }
    file
}

/// The records of a sound backup.
pub fn loose(file: &[u8]) -> Vec<u8> {
    let mut rest = file.strip_prefix(MAGIC).expect("it is a backup");
    let mut loose = Vec::new();
    while let Some((head, behind)) = rest.split_first_chunk::<9>() {
        let len = u64::from_le_bytes(head[1..].try_into().expect("8 bytes"));
        let (payload, behind) = behind.split_at(usize::try_from(len).expect("it is small"));
        let (kind, payload) = match head[0] {
            EVENTS => {
                let (numbers, packed) = payload.split_at(16);
                let len = u32::from_le_bytes(numbers[12..].try_into().expect("4 bytes"));
                let events = decompress(packed, usize::try_from(len).expect("it is small")).expect("it was packed so");
                (b'e', [&numbers[..12], &events].concat())
            }
            kind => (kind, payload.to_vec()),
        };
        loose.push(kind);
        loose.extend(u16::try_from(payload.len()).expect("it is small").to_le_bytes());
        loose.extend(payload);
        rest = &behind[32..];
    }
    loose
}
