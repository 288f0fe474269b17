//! The keys of an announcement file beside those of a kind's body.
//!
//! What stands at the top of a file holds for every announcement in it that does not say otherwise.

/// One key that every announcement may have, or the top of a file.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// One sentence.
    pub doc: &'static str,
    /// Whether it may also stand at the top of the file.
    pub at_top: bool,
}

/// The keys that every announcement may have beside `kind` and those of its kind.
pub const COMMON: &[Key] = &[
    Key { name: "id", doc: "The announcement's id; one is made of its content if there is none.", at_top: false },
    Key { name: "announced", doc: "When the public could know, as an EDTF date.", at_top: true },
    Key { name: "source", doc: "The source, or a list of sources.", at_top: true },
    Key {
        name: "quote",
        doc: "The exact passage of the source's document that supports the announcement, or a list of passages.",
        at_top: false,
    },
    Key {
        name: "evidence",
        doc: "Sources each with its own quotes, in place of `source` and `quote`; or `none` with the reason.",
        at_top: true,
    },
    Key { name: "standing", doc: "Whether the source says that it is so, or that it is said to be so.", at_top: true },
    Key { name: "note", doc: "A recorder's remark.", at_top: false },
    Key { name: "wording", doc: "The source's own words for a date, by the name of the date's key.", at_top: false },
];

/// The key of a source that keeps its document from being known by a hash.
pub const PERSONAL: Key = Key {
    name: "personal",
    doc: "Whether the document tells of persons: it is then known by a commitment instead of its hash, its quotes by \
        their places alone, and it is never exported. It has to be plain text.",
    at_top: false,
};

/// The keys at the top of a file, beside those of [`COMMON`] that may stand there.
pub const ANNOUNCEMENTS: &str = "announcements";

/// The key that says what an announcement is about.
pub const KIND: &str = "kind";
