//! The SSH wire format, as much of it as Ed25519 keys and signatures need (RFC 4251, section 5).

/// Why bytes are not the expected SSH structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The bytes end inside a field.
    #[error("the bytes end early: a field needs {needed} more, and {left} are left")]
    Truncated {
        /// Bytes that the field needs.
        needed: usize,
        /// Bytes that there are.
        left: usize,
    },
    /// Bytes follow the last field.
    #[error("{len} bytes follow the last field")]
    Trailing {
        /// How many.
        len: usize,
    },
    /// A key or signature of another size.
    #[error("expected a field of {expected} bytes, found {found}")]
    Length {
        /// Size of the field in Ed25519.
        expected: usize,
        /// Size found.
        found: usize,
    },
}

/// Reads fields off the front of a slice, and copies none of them.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(&mut self, len: usize) -> Result<&'a [u8], WireError> {
        let (field, rest) =
            self.0.split_at_checked(len).ok_or(WireError::Truncated { needed: len, left: self.0.len() })?;
        self.0 = rest;
        Ok(field)
    }

    pub(super) fn byte(&mut self) -> Result<u8, WireError> {
        Ok(self.bytes(1)?[0])
    }

    pub(super) fn uint32(&mut self) -> Result<u32, WireError> {
        let field = self.bytes(4)?;
        Ok(u32::from_be_bytes(field.try_into().expect("four bytes were asked for")))
    }

    pub(super) fn string(&mut self) -> Result<&'a [u8], WireError> {
        let len = self.uint32()?;
        self.bytes(usize::try_from(len).unwrap_or(usize::MAX))
    }

    /// A string that can only have `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let field = self.string()?;
        field.try_into().map_err(|_| WireError::Length { expected: N, found: field.len() })
    }

    pub(super) fn finish(self) -> Result<(), WireError> {
        if self.0.is_empty() { Ok(()) } else { Err(WireError::Trailing { len: self.0.len() }) }
    }
}

/// Appends `string`, a length and the bytes.
pub(super) fn put_string(out: &mut Vec<u8>, string: &[u8]) {
    let len = u32::try_from(string.len()).expect("keys, digests and namespaces are far shorter than 4 GiB");
    out.extend(len.to_be_bytes());
    out.extend(string);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_beyond_the_end_is_refused_before_anything_is_read() {
        assert_eq!(
            Reader::new(&[0xff, 0xff, 0xff, 0xff, 1]).string(),
            Err(WireError::Truncated { needed: 0xffff_ffff, left: 1 })
        );
        assert_eq!(Reader::new(&[0, 0, 1]).uint32(), Err(WireError::Truncated { needed: 4, left: 3 }));
    }

    #[test]
    fn what_was_put_is_read_back_to_the_last_byte() {
        let mut out = Vec::new();
        put_string(&mut out, b"abc");
        let mut reader = Reader::new(&out);
        assert_eq!(reader.array(), Ok(*b"abc"));
        assert_eq!(reader.finish(), Ok(()));
        assert_eq!(Reader::new(&out).array::<2>(), Err(WireError::Length { expected: 2, found: 3 }));
        assert_eq!(Reader::new(&out).finish(), Err(WireError::Trailing { len: 7 }));
    }
}
