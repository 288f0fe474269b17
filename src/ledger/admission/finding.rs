//! What admission finds: each problem with its place in the announcement, a code and a hint.

use std::fmt;

/// One problem of one announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The position of the announcement in its batch, from 0; fragments count on behind the drafts.
    pub draft: usize,
    /// The way to the value, as `signatories[0].name`; the announcement itself if empty.
    pub field: String,
    /// What kind of problem.
    pub code: Code,
    /// One sentence: what was expected, and what was there.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Declares the codes with their numbers.
macro_rules! codes {
    ($( $(#[doc = $doc:literal])+ $name:ident = $text:literal ),* $(,)?) => {
        /// What kind of problem: `E` is refused, `W` is admitted and said.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $( $(#[doc = $doc])+ $name ),* }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[ $( Self::$name ),* ];

            /// The number as it is printed.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$name => $text ),* }
            }
        }
    };
}

codes! {
    /// The file does not parse.
    Syntax = "E0101",
    /// The file is not text in UTF-8.
    NotText = "E0102",
    /// The file holds nothing.
    EmptyFile = "E0103",
    /// A key stands twice.
    DuplicateKey = "E0104",
    /// The file is too large or too deep.
    TooLarge = "E0105",
    /// A feature of YAML that announcement files do without.
    YamlFeature = "E0106",
    /// A key that this kind does not have.
    UnknownKey = "E0107",
    /// A key that must be there is not.
    MissingKey = "E0108",
    /// A value of another form than the key takes.
    WrongForm = "E0109",
    /// A word outside the vocabulary.
    UnknownWord = "E0110",
    /// A text that is no id or code.
    NotId = "E0111",
    /// Keys that exclude or need each other.
    Combination = "E0112",
    /// A kind that is not written in announcement files.
    KindNotHere = "E0113",

    /// A date that is no EDTF date, or no day of the calendar.
    NotDate = "E0201",
    /// Announced before it occurred.
    AnnouncedBeforeOccurred = "E0203",
    /// A source of a day that the clock has not reached.
    SourceAhead = "E0204",
    /// A correction of the clock that would correct nothing, or too much.
    ClockCorrection = "E0205",

    /// It names what is neither in the ledger nor in the batch.
    UnknownReference = "E0301",
    /// An id that differs from another only in case.
    CaseOnly = "E0302",
    /// A second description with other content.
    SecondDescription = "E0303",
    /// The same announcement id with other content.
    OtherContent = "E0304",
    /// The announcement that it names comes later.
    LaterReference = "E0305",
    /// An id that belongs to a description.
    ReservedId = "E0306",

    /// What it corrects or retracts was already corrected or retracted.
    AlreadyStruck = "E0401",
    /// It is about itself.
    Itself = "E0402",

    /// No evidence, and no reason why.
    NoEvidence = "E0501",
    /// The document cannot be read.
    Unreadable = "E0502",
    /// The document's hash is not the one given.
    OtherHash = "E0503",
    /// The quote does not stand in the document.
    QuoteNotFound = "E0504",
    /// A quote without a document to stand in.
    QuoteWithoutDocument = "E0505",
    /// The document was erased.
    Erased = "E0506",
    /// The document cannot be personal, or cannot be anything else.
    Personal = "E0507",

    /// A control character.
    ControlCharacter = "E0601",
    /// A character that changes the direction of text, or cannot be seen.
    HiddenCharacter = "E0602",
    /// A text that says nothing.
    EmptyText = "E0603",

    /// The signer may not.
    NotAuthorised = "E0701",
    /// It must stand alone in its batch.
    NotAlone = "E0702",

    /// The statement has more bytes than an event may have.
    TooLong = "E0801",
    /// The batch has more events or bytes than a batch may have.
    BatchTooLarge = "E0802",

    /// It certainly cannot follow the history; admitted, and not counted.
    Irregular = "W0901",
    /// A text was brought into Unicode normal form C.
    Normalised = "W0902",
    /// An id that looks like another.
    Confusable = "W0903",
    /// One recorder alone describes a thing anew, since the policy does not name descriptions.
    PassedOver = "W0904",
    /// Nothing says when it was announced, so that it is known only from the day of recording on.
    Undated = "W0905",
    /// A date without a beginning, of an agreement that nothing says since when there is.
    OpenBeginning = "W0906",
    /// An act that lies ahead of its recording; it stands as it is told.
    Ahead = "W0907",
}

impl Code {
    /// Whether the batch is refused for it.
    pub fn refuses(self) -> bool {
        self.as_str().starts_with('E')
    }

    /// Whether what is an event already would be refused for it too: for what it says, and not for the day.
    pub fn refuses_again(self) -> bool {
        self.refuses() && self != Self::SourceAhead
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Finding {
    /// A problem at a field of an announcement.
    pub fn new(draft: usize, field: impl Into<String>, code: Code, message: impl Into<String>) -> Self {
        Self { draft, field: field.into(), code, message: message.into(), hint: None }
    }

    /// With what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The longest word that a near one is looked for, in bytes: twice that of the longest id.
const MAX_WORD: usize = 256;

/// The word among `words` that is nearest to `wrong`, if one is near.
pub fn nearest<'a>(wrong: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Comparing takes time and memory in proportion to both; nothing of ours is near to so long a word.
    if wrong.len() > MAX_WORD {
        return None;
    }
    let wrong = wrong.to_lowercase();
    let near = |word: &&str| strsim::damerau_levenshtein(&wrong, &word.to_lowercase());
    let limit = (wrong.chars().count() / 3).max(1);
    let (distance, word) = words.into_iter().map(|word| (near(&word), word)).min()?;
    (distance <= limit || (wrong.len() >= 3 && word.to_lowercase().starts_with(&wrong))).then_some(word)
}
