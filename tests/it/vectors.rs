//! What specifications print, and facts of our own where they print none: a program that agrees with itself only is worth
//! nothing to others. Suites of others' vectors are not copied; their numbers are made again here.

use servanda::integrity::LogSigner;
use servanda::integrity::checkpoint::{Checkpoint, MAX_SIZE, Verified};
use servanda::integrity::merkle::{Node, Tree, leaf, node, root};
use servanda::integrity::note_key::{Vkey, WitnessKey, unknown_type};
use servanda::integrity::proof::{ProofError, check_consistency, check_inclusion};
use sha2::{Digest, Sha256};

const ORIGIN: &str = "ledger.example/seven";

fn signed(size: u64, root: Node) -> Verified {
    let signer = LogSigner::from_seed(ORIGIN, &[9; 32]).expect("a good name");
    Checkpoint { origin: ORIGIN.to_owned(), size, root }.sign(&signer).expect("it is one")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    let digits = |at: usize| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hex digits");
    std::array::from_fn(digits)
}

/// RFC 6962, section 2.1.3: the tree of seven leaves d0 to d6, with the names of its nodes.
struct Seven([Vec<u8>; 7]);

impl Seven {
    fn of() -> Self {
        Self(std::array::from_fn(|number| format!("d{number}").into_bytes()))
    }

    fn named(&self, name: char) -> Node {
        let event = |number: usize| leaf(&self.0[number]);
        let of = |left, right| node(&self.named(left), &self.named(right));
        match name {
            'a' => event(0),
            'b' => event(1),
            'c' => event(2),
            'd' => event(3),
            'e' => event(4),
            'f' => event(5),
            'j' => event(6),
            'g' => of('a', 'b'),
            'h' => of('c', 'd'),
            'i' => of('e', 'f'),
            'k' => of('g', 'h'),
            'l' => of('i', 'j'),
            _ => of('k', 'l'),
        }
    }

    fn all(&self, names: &str) -> Vec<Node> {
        names.chars().map(|name| self.named(name)).collect()
    }

    fn checkpoint(&self, size: usize) -> Verified {
        signed(size as u64, root(&self.0.each_ref().map(|event| leaf(event))[..size]))
    }
}

impl Tree for Seven {
    type Error = std::convert::Infallible;

    fn complete(&self, height: u32, index: u64) -> Result<Node, Self::Error> {
        if height == 0 {
            return Ok(leaf(&self.0[usize::try_from(index).expect("there are seven")]));
        }
        let [Ok(left), Ok(right)] = [0, 1].map(|side| self.complete(height - 1, 2 * index + side));
        Ok(node(&left, &right))
    }
}

#[test]
fn the_tree_of_seven_leaves_has_the_proofs_that_rfc_6962_names() {
    // There the root over leaves 4 and 5 is `i`, leaf 6 is `j`, and their parent `l`; `k` is the root over the first four.
    let tree = Seven::of();
    for (index, names) in [(0, "bhl"), (3, "cgl"), (4, "fjk"), (6, "ik")] {
        let path = tree.all(names);
        assert_eq!(tree.inclusion(index, 7), Ok(path.clone()), "{index}");
        let event = &tree.0[usize::try_from(index).expect("it is small")];
        assert_eq!(check_inclusion(&tree.checkpoint(7), index, event, &path), Ok(()), "{index}");
    }
    for (old, names) in [(3_usize, "cdgl"), (4, "l"), (6, "ijk")] {
        let path = tree.all(names);
        assert_eq!(tree.consistency(old as u64, 7), Ok(path.clone()), "{old}");
        assert_eq!(check_consistency(&tree.checkpoint(old), &tree.checkpoint(7), &path), Ok(()), "{old}");
    }
    // What it calls the hash of the whole tree.
    assert_eq!(tree.root(7), Ok(tree.named(' ')));
}

#[test]
fn a_tree_of_one_leaf_is_proved_by_nothing_and_one_of_none_proves_nothing() {
    let only = signed(1, leaf(b"only"));
    assert_eq!(check_inclusion(&only, 0, b"only", &[]), Ok(()));
    assert_eq!(check_inclusion(&only, 0, b"other", &[]), Err(ProofError::Root { size: 1 }));
    assert_eq!(check_inclusion(&only, 0, b"only", &[[0; 32]]), Err(ProofError::Length { found: 1 }));
    assert_eq!(check_inclusion(&only, 1, b"only", &[]), Err(ProofError::Beyond { index: 1, size: 1 }));
    let none = signed(0, root(&[]));
    assert_eq!(check_inclusion(&none, 0, b"only", &[]), Err(ProofError::Beyond { index: 0, size: 0 }));
    // A leaf is not taken for a node, nor a node for a leaf.
    let two = signed(2, node(&leaf(b"a"), &leaf(b"b")));
    let as_event = [&[1][..], &leaf(b"a"), &leaf(b"b")].concat();
    assert!(check_inclusion(&two, 0, &as_event, &[]).is_err());
    assert_ne!(leaf(&as_event[1..]), two.root());
}

#[test]
fn the_first_and_the_last_leaf_of_the_largest_tree_are_proved() {
    let siblings: Vec<Node> = (0..60_u8).map(|number| [number; 32]).collect();
    // The last leaf lies alone: only the trees to its left, one for each further bit of its index, are its neighbours.
    let (of_last, of_first) = ((MAX_SIZE - 1).count_ones() as usize, 53);
    let fold = |len: usize, is_last: bool| {
        siblings[..len].iter().fold(
            leaf(b"x"),
            |found, sibling| {
                if is_last { node(sibling, &found) } else { node(&found, sibling) }
            },
        )
    };
    for (index, len, is_last) in [(MAX_SIZE - 1, of_last, true), (0, of_first, false)] {
        let largest = signed(MAX_SIZE, fold(len, is_last));
        assert_eq!(check_inclusion(&largest, index, b"x", &siblings[..len]), Ok(()), "{index}");
        for other in [0, len - 1, len + 1, 60] {
            let found = check_inclusion(&largest, index, b"x", &siblings[..other]);
            assert_eq!(found, Err(ProofError::Length { found: other }), "{index}");
        }
    }
    let largest = signed(MAX_SIZE, [7; 32]);
    for index in [MAX_SIZE, u64::MAX] {
        let beyond = ProofError::Beyond { index, size: MAX_SIZE };
        assert_eq!(check_inclusion(&largest, index, b"x", &siblings[..53]), Err(beyond));
    }
}

/// Seed, public key, message and signature, of RFC 8032, section 7.1, as far as the messages are text.
const ED25519: [[&str; 4]; 2] = [
    [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "r",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
];

/// The order of the group, little-endian.
const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

#[test]
fn signatures_are_those_of_rfc_8032_and_no_others_pass() {
    for [seed, public, message, expected] in ED25519 {
        let signer = LogSigner::from_seed(ORIGIN, &bytes(seed)).expect("a good name");
        let signature = signer.sign(message).bytes;
        assert_eq!((hex(signer.vkey().point()), hex(&signature)), (public.to_owned(), expected.to_owned()));
        let key = signer.vkey();
        assert_eq!(key.verify(message, &signature), Ok(()));
        // S + L; S = L; R of small order; cut, and longer.
        let mut second = signature.clone();
        let mut carry = 0;
        for (byte, add) in second[32..].iter_mut().zip(bytes::<32>(ORDER)) {
            carry += u16::from(*byte) + u16::from(add);
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        let order = [&signature[..32], &bytes::<32>(ORDER)].concat();
        let small = [&[0; 32], &signature[32..]].concat();
        let identity = [&[1][..], &[0; 31], &signature[32..]].concat();
        for wrong in [second, order, small, identity, signature[..63].to_vec(), [&signature[..], b"\0"].concat()] {
            assert!(key.verify(message, &wrong).is_err(), "{}", hex(&wrong));
        }
    }
}

#[test]
fn a_point_of_small_order_is_no_key_however_it_is_written() {
    // The points whose order divides 8, with either sign, and those of them whose y can also be written as p + y.
    let points = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ];
    for point in points {
        assert!(note_key(ORIGIN, 0x01, &bytes::<32>(point)).parse::<Vkey>().is_err(), "{point}");
    }
    assert!(note_key(ORIGIN, 0x01, &bytes::<32>(ED25519[0][1])).parse::<Vkey>().is_ok());
}

/// A key of a signed note, as the specification words it.
fn note_key(name: &str, r#type: u8, key: &[u8]) -> String {
    use base64::prelude::{BASE64_STANDARD, Engine};
    let typed = [&[r#type], key].concat();
    let id = Sha256::digest([name.as_bytes(), b"\n", &typed].concat());
    format!("{name}+{}+{}", hex(&id[..4]), BASE64_STANDARD.encode(typed))
}

#[test]
fn each_type_of_key_is_one_thing_to_a_log_a_witness_and_a_policy() {
    let point = bytes::<32>(ED25519[1][1]);
    // The type; whether it is a log's and a witness's key with 32 bytes.
    for (r#type, is_logs, is_witnesses) in
        [(0x00, false, false), (0x01, true, false), (0x02, false, false), (0x04, false, true), (0x05, false, false)]
            .into_iter()
            .chain([(0x06, false, false), (0xfa, false, false), (0xff, false, false)])
    {
        let key = note_key("witness.example", r#type, &point);
        assert_eq!(key.parse::<Vkey>().is_ok(), is_logs, "{type}");
        assert_eq!(key.parse::<WitnessKey>().is_ok(), is_witnesses, "{type}");
        let is_known = is_logs || is_witnesses;
        assert_eq!(unknown_type(&key), (!is_known).then_some(r#type), "{type}");
        // With more bytes, or another id, it is none that is known; and with another id none at all.
        let longer = note_key("witness.example", r#type, &[&point[..], &point].concat());
        assert!(longer.parse::<Vkey>().is_err() && longer.parse::<WitnessKey>().is_err(), "{type}");
        assert_eq!(unknown_type(&longer), (!is_known).then_some(r#type), "{type}");
        let renamed = key.replacen("witness", "witless", 1);
        assert!(renamed.parse::<Vkey>().is_err() && unknown_type(&renamed).is_none(), "{type}");
    }
    // Go's checksum database, whose log is named otherwise.
    let sum = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8".parse::<Vkey>();
    assert_eq!(sum.expect("it is in every installation of Go").name(), "sum.golang.org");
}
