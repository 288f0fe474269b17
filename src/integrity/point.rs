//! Ed25519 public keys, decoded strictly: what recorders' keys and the log's have in common.

use ed25519_dalek::VerifyingKey;

/// Why 32 bytes are no public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PointError {
    /// No point of the curve is written so.
    #[error("the 32 bytes are not the encoding of a point on the curve")]
    NotAPoint,
    /// Signatures by such a key fit more than one message.
    #[error("the key is of small order, and would vouch for anything")]
    SmallOrder,
}

/// Decodes a public key that has exactly this encoding and a subgroup worth the name.
pub(super) fn strict(bytes: &[u8; 32]) -> Result<VerifyingKey, PointError> {
    let key = VerifyingKey::from_bytes(bytes).map_err(|_| PointError::NotAPoint)?;
    if key.is_weak() {
        return Err(PointError::SmallOrder);
    }
    if key.to_edwards().compress().as_bytes() != bytes {
        return Err(PointError::NotAPoint);
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: [u8; 32], expected: Option<PointError>) {
        assert_eq!(strict(&bytes).err(), expected, "{bytes:02x?}");
    }

    /// `y` little-endian, from its lowest byte and the rest.
    fn y(low: u8, rest: u8, top: u8) -> [u8; 32] {
        let mut bytes = [rest; 32];
        bytes[0] = low;
        bytes[31] = top;
        bytes
    }

    #[test]
    fn a_key_of_small_order_is_refused() {
        check(y(0, 0, 0), Some(PointError::SmallOrder));
        check(y(1, 0, 0), Some(PointError::SmallOrder));
        check(y(0xec, 0xff, 0x7f), Some(PointError::SmallOrder));
    }

    #[test]
    fn bytes_off_the_curve_are_refused() {
        check(y(2, 0, 0), Some(PointError::NotAPoint));
    }

    #[test]
    fn a_second_encoding_of_a_point_is_refused() {
        check(y(3, 0, 0), None);
        // The prime is 2^255 - 19, so this is y = 3 again.
        check(y(0xf0, 0xff, 0x7f), Some(PointError::NotAPoint));
    }
}
