//! Sources out of a seed: few documents that many announcements quote, tables with a row for each, and pages of their own.

use std::sync::Arc;

use servanda::domain::announcement::Announcement;
use servanda::domain::date::Date;
use servanda::domain::day::Day;
use servanda::domain::source::{Grade, Source, Url};
use servanda::evidence::extract::MediaType;
use servanda::ledger::{Draft, DraftDocument, DraftQuote, DraftSource, Privacy};

use super::seed::Seed;

const DOCUMENTS: usize = 48;
const SENTENCES: usize = 60;
const PUBLISHERS: [&str; 6] = [
    "Office of the Depositary",
    "The Orbital Gazette",
    "Ministry of Foreign Affairs",
    "News Agency of the Capital",
    "Space Daily Report",
    "Register of Treaties",
];

/// What is quoted.
pub(crate) struct Press {
    documents: Vec<(DraftSource, Vec<String>)>,
    /// The document that the file of this moment is about.
    open: usize,
    number: u64,
}

impl Press {
    pub(crate) fn new(seed: &mut Seed) -> Self {
        let documents = (0..DOCUMENTS).map(|number| document(number, seed)).collect();
        Self { documents, open: 0, number: 0 }
    }

    /// Goes on to another file, which rests on another document.
    pub(crate) fn next_file(&mut self, seed: &mut Seed) {
        self.open = seed.index(self.documents.len());
    }

    /// An announcement with an id of its own: one in ten quotes the document of the file, the others have
    /// pages of their own.
    pub(crate) fn reported(&mut self, seed: &mut Seed, announcement: Announcement) -> Draft {
        self.number += 1;
        let id = format!("{}-of-{}-{:x}", announcement.body.kind(), self.open, self.number);
        let mut draft = Draft::of(announcement);
        draft.id = Some(id.parse().expect("it has only what ids have"));
        if seed.one_in(10) {
            let (source, sentences) = &self.documents[self.open];
            draft.sources.push(source.clone());
            draft.quotes.push(DraftQuote { text: seed.one_of(sentences).clone(), source: None });
        } else {
            let url = format!("https://gazette.example/{}/{:x}", 1950 + self.number % 75, seed.next());
            draft.sources.push(DraftSource { source: page(url, Grade::Press), document: None });
        }
        draft
    }

    /// An announcement out of a table, known by its row.
    pub(crate) fn tabled(&mut self, seed: &mut Seed, mut announcement: Announcement) -> Draft {
        self.number += 1;
        announcement.source_ref = Some(format!("row {}", self.number));
        let mut draft = Draft::of(announcement);
        let url = format!("https://tables.example/agreements/{}", seed.below(30));
        draft.sources.push(DraftSource { source: page(url, Grade::Secondary), document: None });
        draft
    }
}

fn page(url: String, grade: Grade) -> Source {
    Source {
        publisher: PUBLISHERS[url.len() % PUBLISHERS.len()].to_owned(),
        title: None,
        url: Some(address(url)),
        published: None,
        retrieved: None,
        grade,
        document: None,
    }
}

fn document(number: usize, seed: &mut Seed) -> (DraftSource, Vec<String>) {
    let verbs = ["signed the text", "deposited its instrument", "gave notice", "joined the programme", "was admitted"];
    let sentences: Vec<String> = (0..SENTENCES)
        .map(|index| format!("Delegation {number}.{index} {} in the {} hall.", seed.one_of(&verbs), seed.below(90)))
        .collect();
    let bytes: Arc<[u8]> = Arc::from(sentences.join("\n").into_bytes());
    let published = Day::from_ymd(1950, 1, 1).expect("a day").shift(seed.days(70 * 365));
    let source = Source {
        publisher: seed.one_of(&PUBLISHERS).to_string(),
        title: Some(format!("Report {number} on the conference")),
        url: Some(address(format!("https://reports.example/{number}"))),
        published: Some(Date::of_day(published)),
        retrieved: None,
        grade: *seed.one_of(Grade::ALL),
        document: None,
    };
    let (media, privacy) = (MediaType::Text, Privacy::Public);
    let document = DraftDocument { media, bytes, encoding: None, expected: None, privacy };
    (DraftSource { source, document: Some(document) }, sentences)
}

fn address(text: String) -> Url {
    Url::try_from(text).expect("it begins with https://")
}
