//! What is packed is read as it was, and damaged bytes are refused.

use super::*;

fn numbers(pack: impl FnOnce(&mut Packer<'_>)) -> Vec<u8> {
    let mut packer = Packer::of_many();
    pack(&mut packer);
    packer.into_bytes()
}

#[test]
fn numbers_of_every_length_come_back() {
    let edges = (0..64).flat_map(|bits| [1_u64 << bits, (1 << bits) - 1]).chain([u64::MAX]);
    for number in edges {
        let bytes = numbers(|packer| packer.number(number));
        let mut unpacker = Unpacker::new(&bytes);
        assert_eq!(unpacker.number(), Ok(number));
        assert_eq!(unpacker.finish(), Ok(()));
        for number in [number.cast_signed(), number.cast_signed().wrapping_neg()] {
            let bytes = numbers(|packer| packer.signed(number));
            assert_eq!(Unpacker::new(&bytes).signed(), Ok(number));
        }
    }
}

#[test]
fn a_number_that_is_cut_or_too_long_is_refused() {
    assert!(Unpacker::new(&[0x80]).number().is_err());
    assert!(Unpacker::new(&[0xff; 10]).number().is_err());
    assert!(Unpacker::new(&[0xff; 11]).number().is_err());
    let mut largest = [0xff; 10];
    largest[9] = 1;
    assert_eq!(Unpacker::new(&largest).number(), Ok(u64::MAX));
}

#[test]
fn a_list_that_announces_more_than_there_is_takes_no_memory_for_it() {
    let bytes = numbers(|packer| packer.number(u64::MAX >> 1));
    assert!(Vec::<String>::unpack(&mut Unpacker::new(&bytes)).is_err());
    assert!(String::unpack(&mut Unpacker::new(&bytes)).is_err());
}

#[test]
fn a_name_that_comes_again_is_one_byte() {
    let bytes = numbers(|packer| {
        packer.name("pakistan");
        packer.name("china");
        packer.name("pakistan");
    });
    assert_eq!(bytes.len(), 2 + 8 + 2 + 5 + 1);
    let mut unpacker = Unpacker::new(&bytes);
    let mut next = || unpacker.name(NameKind::Text, |_| true).expect("it is a name").into_string();
    assert_eq!([next(), next(), next()], ["pakistan", "china", "pakistan"]);
}

#[test]
fn one_value_alone_reads_as_many_do() {
    let mut packer = Packer::default();
    packer.name("pakistan");
    packer.name("pakistan");
    let bytes = packer.into_bytes();
    assert_eq!(bytes.len(), 2 * (2 + 8));
    let mut unpacker = Unpacker::new(&bytes);
    for _ in 0..2 {
        assert_eq!(unpacker.name(NameKind::Text, |_| true).expect("it is a name"), "pakistan");
    }
}

#[test]
fn a_name_is_held_against_each_kind_that_it_is_read_as() {
    let bytes = numbers(|packer| {
        packer.name("Ledger");
        packer.name("Ledger");
    });
    let mut unpacker = Unpacker::new(&bytes);
    assert!(unpacker.name(NameKind::PartyId, |_| true).is_ok());
    assert!(unpacker.name(NameKind::Origin, |name| name == name.to_lowercase()).is_err());
}
