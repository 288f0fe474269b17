//! Files of which the disk cannot read every part.

use std::io::{self, Read, Seek, SeekFrom};

/// The piece that is given up if it cannot be read: a disk that cannot read one may still read the next.
const PAGE: usize = 4096;

/// Reads what stands at this offset of a file. Where the disk cannot read a page of it, counted from there, zeros are.
pub fn read_around<F: Read + Seek>(file: &mut F, at: u64, buffer: &mut [u8]) {
    if read(file, at, buffer).is_err() {
        for (page, at) in buffer.chunks_mut(PAGE).zip((at..).step_by(PAGE)) {
            if read(file, at, page).is_err() {
                page.fill(0);
            }
        }
    }
}

fn read<F: Read + Seek>(file: &mut F, at: u64, buffer: &mut [u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(buffer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk on which one page cannot be read.
    struct Disk {
        content: io::Cursor<Vec<u8>>,
        bad: u64,
    }

    impl Read for Disk {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let page = PAGE as u64;
            let at = self.content.position();
            if at / page == self.bad {
                return Err(io::Error::other("a bad sector"));
            }
            let room = usize::try_from(page - at % page).expect("within a page").min(buffer.len());
            self.content.read(&mut buffer[..room])
        }
    }

    impl Seek for Disk {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.content.seek(to)
        }
    }

    #[test]
    fn all_but_the_page_that_cannot_be_read_is_there() {
        let content: Vec<u8> = (0..5 * PAGE + 100).map(|byte| (byte % 250).to_le_bytes()[0] | 1).collect();
        for bad in 0..=6 {
            let mut disk = Disk { content: io::Cursor::new(content.clone()), bad: bad as u64 };
            let mut expected = content.clone();
            expected.chunks_mut(PAGE).skip(bad).take(1).for_each(|page| page.fill(0));
            let mut found = vec![7; content.len()];
            read_around(&mut disk, 0, &mut found);
            assert!(found == expected, "page {bad}");
            let mut found = vec![7; 2 * PAGE];
            read_around(&mut disk, PAGE as u64, &mut found);
            assert!(found == expected[PAGE..3 * PAGE], "page {bad}");
        }
    }
}
