//! Bytes made smaller, for files that are derived and can be made again; events lie in [bundles](crate::store::bundle).

use std::io;

/// The level at which files that are written once and read often are compressed.
const LEVEL: i32 = 3;

/// Compresses bytes.
///
/// # Errors
///
/// What zstd says; only memory can be lacking.
pub fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    zstd::bulk::compress(bytes, LEVEL)
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
        let small = compress(&bytes).expect("there is memory");
        assert!(small.len() < bytes.len() / 4);
        assert_eq!(decompress(&small, bytes.len()).expect("they are whole"), bytes);
        assert!(decompress(&small, bytes.len() - 1).is_err());
        assert!(decompress(&small, bytes.len() + 1).is_err());
        assert!(decompress(&small[1..], bytes.len()).is_err());
    }
}
