//! Which logs are meant, which witnesses are known, and how many of them must have signed: a policy in a file.
//!
//! ```text
//! log <vkey> [<url>]
//! witness <name> <vkey> [<url>]
//! group <name> <all|any|number> <name>...
//! quorum <name|none>
//! ```

use std::collections::{BTreeMap, BTreeSet};

use super::checkpoint::Verified;
use super::note::NoteError;
use super::note_key::{NoteKeyError, Vkey, WitnessKey, unknown_type};

/// The most logs, witnesses and groups, each.
const MOST: usize = 256;

/// A policy that was read.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The logs whose checkpoints are accepted.
    pub logs: Vec<Vkey>,
    /// The witnesses, in the order of the file.
    pub witnesses: Vec<Witness>,
    /// Witnesses with keys that cannot be used here, each with the type of its key: nothing of theirs is ever found.
    pub unknown: Vec<(String, u8)>,
    /// Who has to have signed; none, if nobody has to.
    quorum: Option<String>,
    groups: BTreeMap<String, Group>,
}

/// A witness that is known.
#[derive(Debug, Clone)]
pub struct Witness {
    /// Its name in the policy.
    pub name: String,
    /// Its key.
    pub key: WitnessKey,
    /// Where it can be asked.
    pub url: Option<String>,
}

#[derive(Debug, Clone)]
struct Group {
    threshold: usize,
    members: Vec<String>,
}

/// Why text is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct PolicyError {
    /// The line, from 1; the one after the last, if something is missing.
    pub line: usize,
    /// What is wrong.
    pub what: PolicyFault,
}

/// What is wrong with a line of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyFault {
    /// It begins with another word, or has more or fewer.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A key that is none of its type.
    #[error(transparent)]
    Key(#[from] NoteKeyError),
    /// A name or a key that is there already.
    #[error("`{0}` is there already")]
    Again(String),
    /// A name that was not defined before.
    #[error("`{0}` is not defined before this line")]
    Undefined(String),
    /// A name that is a member of two groups.
    #[error("`{0}` is a member of a group already")]
    TwoGroups(String),
    /// A witness whose signatures cannot be checked, and without which there are never enough.
    #[error(
        "the key of the witness `{witness}` is of type {found:#04x}, which is not known here, and the quorum needs it"
    )]
    UnknownType {
        /// Its name in the policy.
        witness: String,
        /// The type of its key.
        found: u8,
    },
    /// Something that no file of text has.
    #[error("a control character")]
    Control,
    /// More than is looked at.
    #[error("more than {MOST} logs, witnesses or groups")]
    TooMany,
}

/// Who signed a checkpoint, by a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    /// The names of those that signed, and when, in seconds since 1970.
    pub by: Vec<(String, u64)>,
    /// Those whose signature is there and does not hold.
    pub forged: Vec<String>,
    /// Whether that is enough.
    pub is_quorum: bool,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    ///
    /// [`PolicyError`].
    ///
    /// # Source
    ///
    /// C2SP tlog-policy.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let mut policy = Self {
            logs: Vec::new(),
            witnesses: Vec::new(),
            unknown: Vec::new(),
            quorum: None,
            groups: BTreeMap::new(),
        };
        let mut has_quorum = false;
        // Where the first witness stands whose key cannot be used.
        let mut unknown_at = None;
        let mut members = BTreeSet::new();
        let mut lines = 0;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let given = if text.is_empty() { None } else { Some(text.split('\n')) };
        for (number, line) in (1..).zip(given.into_iter().flatten()) {
            lines = number;
            let fault = |what| PolicyError { line: number, what };
            if line.chars().any(|c| c.is_ascii_control() && c != '\t') {
                return Err(fault(PolicyFault::Control));
            }
            let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
            if words.first().is_none_or(|word| word.starts_with('#')) {
                continue;
            }
            if words[0] == "quorum" {
                if std::mem::replace(&mut has_quorum, true) {
                    return Err(fault(PolicyFault::Again("quorum".to_owned())));
                }
                policy.take_quorum(&words).map_err(fault)?;
            } else {
                policy.take(&words, &mut members).map_err(fault)?;
                unknown_at = unknown_at.or_else(|| (!policy.unknown.is_empty()).then_some(number));
            }
        }
        if !has_quorum {
            return Err(PolicyError { line: lines + 1, what: PolicyFault::Expected("`quorum` and a name, or `none`") });
        }
        match (unknown_at, policy.unknown.first()) {
            (Some(line), Some((witness, found))) if !policy.can_be_enough() => {
                let what = PolicyFault::UnknownType { witness: witness.clone(), found: *found };
                Err(PolicyError { line, what })
            }
            _ => Ok(policy),
        }
    }

    /// Whether it would be enough if every witness with a known key signed.
    fn can_be_enough(&self) -> bool {
        let by: Vec<(String, u64)> = self.witnesses.iter().map(|witness| (witness.name.clone(), 0)).collect();
        self.quorum.as_ref().is_none_or(|name| self.holds(name, &by))
    }

    fn take_quorum(&mut self, words: &[&str]) -> Result<(), PolicyFault> {
        match words {
            ["quorum", "none"] => Ok(()),
            ["quorum", name] if self.is_defined(name) => {
                self.quorum = Some((*name).to_owned());
                Ok(())
            }
            ["quorum", name] => Err(PolicyFault::Undefined((*name).to_owned())),
            _ => Err(PolicyFault::Expected("`quorum` and a name, or `none`")),
        }
    }

    fn take(&mut self, words: &[&str], members: &mut BTreeSet<String>) -> Result<(), PolicyFault> {
        if [self.logs.len(), self.witnesses.len() + self.unknown.len(), self.groups.len()].contains(&MOST) {
            return Err(PolicyFault::TooMany);
        }
        match words {
            ["log", key] | ["log", key, _] => {
                if unknown_type(key).is_some() {
                    return Ok(());
                }
                let key: Vkey = key.parse()?;
                if self.logs.iter().any(|known| known.point() == key.point()) {
                    return Err(PolicyFault::Again(key.to_string()));
                }
                self.logs.push(key);
            }
            ["witness", name, key, url @ ..] if url.len() < 2 => {
                self.check_new(name)?;
                if let Some(found) = unknown_type(key) {
                    self.unknown.push(((*name).to_owned(), found));
                    return Ok(());
                }
                let key: WitnessKey = key.parse()?;
                if self.witnesses.iter().any(|known| known.key.point() == key.point()) {
                    return Err(PolicyFault::Again(key.to_string()));
                }
                let url = url.first().map(|url| (*url).to_owned());
                self.witnesses.push(Witness { name: (*name).to_owned(), key, url });
            }
            ["group", name, threshold, of @ ..] => {
                self.check_new(name)?;
                for member in of {
                    if !self.is_defined(member) {
                        return Err(PolicyFault::Undefined((*member).to_owned()));
                    }
                    if !members.insert((*member).to_owned()) {
                        return Err(PolicyFault::TwoGroups((*member).to_owned()));
                    }
                }
                let threshold = match *threshold {
                    "all" => Some(of.len()),
                    "any" => Some(1),
                    number => super::checkpoint::decimal(number).and_then(|number| usize::try_from(number).ok()),
                };
                let threshold = threshold.filter(|threshold| (1..=of.len()).contains(threshold));
                let threshold =
                    threshold.ok_or(PolicyFault::Expected("`all`, `any`, or a number of the members that follow"))?;
                let members = of.iter().map(|member| (*member).to_owned()).collect();
                self.groups.insert((*name).to_owned(), Group { threshold, members });
            }
            _ => {
                return Err(PolicyFault::Expected(
                    "`log KEY [URL]`, `witness NAME KEY [URL]`, `group NAME NUMBER MEMBERS`, or `quorum NAME`",
                ));
            }
        }
        Ok(())
    }

    fn check_new(&self, name: &str) -> Result<(), PolicyFault> {
        if name == "none" || self.is_defined(name) { Err(PolicyFault::Again(name.to_owned())) } else { Ok(()) }
    }

    fn is_defined(&self, name: &str) -> bool {
        self.groups.contains_key(name)
            || self.witnesses.iter().any(|witness| witness.name == name)
            || self.unknown.iter().any(|(own, _)| own == name)
    }

    /// Whether anybody has to have signed.
    pub fn needs_witnesses(&self) -> bool {
        self.quorum.is_some()
    }

    /// Who of the known witnesses signed a checkpoint, and whether that is enough.
    pub fn witnessed(&self, checkpoint: &Verified) -> Witnessed {
        let (mut by, mut forged) = (Vec::new(), Vec::new());
        for witness in &self.witnesses {
            match witness.key.cosigned(checkpoint) {
                Ok(seconds) => by.push((witness.name.clone(), seconds)),
                Err(NoteError::Unsigned { .. }) => {}
                Err(_) => forged.push(witness.name.clone()),
            }
        }
        let is_quorum = self.quorum.as_ref().is_none_or(|name| self.holds(name, &by));
        Witnessed { by, forged, is_quorum }
    }

    fn holds(&self, name: &str, by: &[(String, u64)]) -> bool {
        // A group names only what was defined before it, so that this ends.
        match self.groups.get(name) {
            Some(group) => group.members.iter().filter(|member| self.holds(member, by)).count() >= group.threshold,
            None => by.iter().any(|(signed, _)| signed == name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrity::LogSigner;
    use crate::integrity::checkpoint::Checkpoint;
    use crate::integrity::note_key::WitnessSigner;

    fn witness(name: &str, seed: u8) -> WitnessSigner {
        WitnessSigner::from_seed(&format!("{name}.example"), &[seed; 32]).expect("a good name")
    }

    fn log() -> LogSigner {
        LogSigner::from_seed("ledger.example/log", &[9; 32]).expect("a good name")
    }

    /// The specification's example: two of three, and one of two.
    fn policy() -> String {
        let mut text = format!("# a policy\nlog {} https://ledger.example\n\n", log().vkey());
        for (name, seed) in [("X1", 1), ("X2", 2), ("X3", 3), ("Y1", 4), ("Y2", 5)] {
            text += &format!("  witness\t{name} {}\n", witness(name, seed).vkey());
        }
        text + "group X 2 X1 X2 X3\ngroup Y any Y1 Y2\ngroup both all X Y\nquorum both\n"
    }

    #[test]
    fn a_quorum_is_as_many_of_each_group_as_the_policy_says() {
        let policy = Policy::parse(&policy()).expect("a policy");
        assert!(policy.needs_witnesses() && policy.logs == [log().vkey()]);
        let plain = Checkpoint { origin: "ledger.example/log".to_owned(), size: 3, root: [7; 32] };
        let plain = plain.sign(&log()).expect("it is one");
        for (names, expected) in [
            ("", false),
            ("X1 X2", false),
            ("X1 Y1", false),
            ("X1 X3 Y2", true),
            ("X1 X2 X3 Y1 Y2", true),
            ("Y1 Y2 X2", false),
        ] {
            let all = [("X1", 1), ("X2", 2), ("X3", 3), ("Y1", 4), ("Y2", 5)];
            let signed = all.into_iter().filter(|(name, _)| names.split(' ').any(|own| own == *name));
            let cosigned = plain.clone().with(signed.clone().map(|(name, seed)| witness(name, seed).cosign(&plain, 5)));
            let found = policy.witnessed(&cosigned);
            let by: Vec<(String, u64)> = signed.map(|(name, _)| (name.to_owned(), 5)).collect();
            assert_eq!(found, Witnessed { by, forged: Vec::new(), is_quorum: expected }, "{names}");
        }
        let mut forged = witness("X1", 1).cosign(&plain, 5);
        forged.bytes[20] ^= 1;
        assert_eq!(policy.witnessed(&plain.with([forged])).forged, ["X1"]);
        let none = Policy::parse("quorum none\n").expect("a policy");
        assert!(!none.needs_witnesses());
    }

    /// A key of another type, with as many bytes.
    fn key_of_type(name: &str, r#type: u8, len: usize) -> String {
        use base64::prelude::{BASE64_STANDARD, Engine};
        use sha2::{Digest, Sha256};
        let typed = [vec![r#type], vec![7; len]].concat();
        let id = Sha256::digest([name.as_bytes(), b"\n", &typed].concat());
        format!("{name}+{:02x}{:02x}{:02x}{:02x}+{}", id[0], id[1], id[2], id[3], BASE64_STANDARD.encode(typed))
    }

    #[test]
    fn a_witness_with_a_key_of_another_type_is_one_that_did_not_sign() {
        let plain = Checkpoint { origin: "ledger.example/log".to_owned(), size: 3, root: [7; 32] };
        let plain = plain.sign(&log()).expect("it is one");
        let ed = witness("ED", 1);
        let cosigned = plain.clone().with([ed.cosign(&plain, 5)]);
        for (r#type, len) in [(0x06, 1312), (0x02, 91), (0x05, 32), (0xff, 40), (0x00, 0)] {
            let other = format!("witness ML {}\nwitness ED {}\n", key_of_type("w.example/ml", r#type, len), ed.vkey());
            let policy = |rest: &str| Policy::parse(&format!("{other}{rest}\n"));
            let any = policy("group g any ML ED\nquorum g").expect("one is enough");
            assert!(any.witnessed(&cosigned).is_quorum && !any.witnessed(&plain).is_quorum, "{type}");
            assert_eq!(any.unknown, [("ML".to_owned(), r#type)]);
            assert!(policy("group g any ML\nquorum ED").expect("it is in no quorum").witnessed(&cosigned).is_quorum);
            policy("quorum none").expect("nobody has to sign");
            for needed in ["group g all ML ED\nquorum g", "quorum ML", "group g any ML\ngroup h all g ED\nquorum h"] {
                let error = policy(needed).expect_err("it can never be enough");
                let what = PolicyFault::UnknownType { witness: "ML".to_owned(), found: r#type };
                assert_eq!(error, PolicyError { line: 1, what }, "{needed}");
            }
        }
        let log = format!("log {}\nquorum none\n", key_of_type("ledger.example/log", 0x06, 1312));
        assert!(Policy::parse(&log).expect("it can have another key as well").logs.is_empty());
    }

    #[test]
    fn a_key_of_another_type_is_one_only_with_its_own_id() {
        let key = key_of_type("w.example/ml", 0x06, 1312);
        for wrong in [key.replacen("+BgcH", "+BgcI", 1), key.replacen("w.", "v.", 1), key[..key.len() - 4].to_owned()] {
            assert_ne!(wrong, key);
            check(&format!("witness ML {wrong}\nquorum none\n"), 1);
        }
    }

    #[track_caller]
    fn check(text: &str, line: usize) {
        let error = Policy::parse(text).expect_err("it is no policy");
        assert_eq!(error.line, line, "{text:?}: {error}");
    }

    #[test]
    fn what_is_no_policy_is_refused_at_its_line() {
        let key = witness("W", 1).vkey();
        check("", 1);
        check("# nothing\n", 2);
        check("quorum W\n", 1);
        let undefined = Policy::parse("quorum W\n").expect_err("nothing is called so").what;
        assert_eq!(undefined, PolicyFault::Undefined("W".to_owned()));
        check("quorum none\nquorum none\n", 2);
        check("quorum\n", 1);
        check("log nothing\nquorum none\n", 1);
        check(&format!("log {key}\nquorum none\n"), 1);
        let other = LogSigner::from_seed("ledger.example/other", &[8; 32]).expect("a good name").vkey();
        assert!(Policy::parse(&format!("log {}\nlog {other}\nquorum none\n", log().vkey())).is_ok());
        check(&format!("log {other}\nlog {} \nlog {other} https://o.example\nquorum none\n", log().vkey()), 3);
        check(&format!("witness W {}\nquorum none\n", log().vkey()), 1);
        check(&format!("witness none {key}\nquorum none\n"), 1);
        check(&format!("witness W {key}\nwitness V {key}\nquorum none\n"), 2);
        check(&format!("witness W {key} a b\nquorum none\n"), 1);
        check(&format!("witness W {key}\ngroup W all W\nquorum none\n"), 2);
        for group in ["group G all", "group G 0 W", "group G 2 W", "group G 01 W", "group G any V", "group G any W W"] {
            check(&format!("witness W {key}\n{group}\nquorum W\n"), 2);
        }
        check(&format!("witness W {key}\ngroup G any W\ngroup H any W\nquorum G\n"), 3);
        check("quorum none\u{b}\n", 1);
        check("quorum none\r\n", 1);
        check("observer W\nquorum none\n", 1);
    }
}
