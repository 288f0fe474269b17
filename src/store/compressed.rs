//! Bytes made smaller, for files that are derived and can be made again; events lie in [bundles](crate::store::bundle).

use std::io;

/// How much time compressing may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Little: somebody waits.
    Little,
    /// More: it is written once and read often.
    More,
}

/// Compresses bytes.
///
/// # Errors
///
/// What zstd says; only memory can be lacking.
pub fn compress(bytes: &[u8], effort: Effort) -> io::Result<Vec<u8>> {
    let level = match effort {
        Effort::Little => 1,
        Effort::More => 9,
    };
    zstd::bulk::compress(bytes, level)
}

/// Restores bytes, of which there are exactly so many.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidData`] if these are others, or more or fewer.
pub fn decompress(bytes: &[u8], len: usize) -> io::Result<Vec<u8>> {
    let found = zstd::bulk::decompress(bytes, len)?;
    if found.len() == len { Ok(found) } else { Err(io::Error::new(io::ErrorKind::InvalidData, "fewer bytes")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_and_no_other_number_of_them() {
        let bytes = b"agreements are to be kept, ".repeat(20);
        for effort in [Effort::Little, Effort::More] {
            let small = compress(&bytes, effort).expect("there is memory");
            assert!(small.len() < bytes.len() / 4);
            assert_eq!(decompress(&small, bytes.len()).expect("they are whole"), bytes);
            assert!(decompress(&small, bytes.len() - 1).is_err());
            assert!(decompress(&small, bytes.len() + 1).is_err());
            assert!(decompress(&small[1..], bytes.len()).is_err());
        }
    }
}
