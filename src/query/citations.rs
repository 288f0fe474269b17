//! What the pages of parties, agreements and missions have in common: who signed, and on whose word.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::act::Signatory;
use crate::domain::announcement::Body;
use crate::domain::date::Date;
use crate::domain::source::Grade;
use crate::event::snapshot::Recorded;
use crate::query::View;

/// Somebody who signed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Signed {
    /// The person's name.
    pub name: String,
    /// The office held.
    pub office: Option<String>,
    /// The party signed for, by id.
    pub r#for: Option<String>,
    /// The agreement, by id.
    pub agreement: String,
    /// The event that tells of it.
    pub event: u64,
}

/// A source, and what rests on it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Cited {
    /// Who published it.
    pub publisher: String,
    /// Its title.
    pub title: Option<String>,
    /// Where it stands, or stood.
    pub url: Option<String>,
    /// The day of publication, as EDTF.
    pub published: Option<Date>,
    /// How close the publisher is to the facts.
    pub grade: Grade,
    /// The address of the document that is kept of it.
    pub document: Option<String>,
    /// The events that rest on it.
    pub events: Vec<u64>,
}

/// Who signed what these events tell of; what was struck tells of nothing.
pub(super) fn signatories(view: &View<'_>, events: &[&Recorded]) -> Vec<Signed> {
    let claims = events.iter().filter_map(|event| view.knowledge.claim(event.seq));
    let signed = claims.flat_map(|claim| {
        let (signatories, agreement): (&[Signatory], _) = match claim.body {
            Body::Joining(joining) => (&joining.signatories, joining.agreement.to_string()),
            Body::Memorandum(memorandum) => (&memorandum.signatories, memorandum.agreement.id.to_string()),
            _ => (&[], String::new()),
        };
        let event = claim.seq();
        signatories.iter().map(move |signatory| Signed {
            name: signatory.name.clone(),
            office: signatory.office.clone(),
            r#for: signatory.r#for.as_ref().map(ToString::to_string),
            agreement: agreement.clone(),
            event,
        })
    });
    signed.collect()
}

/// The sources of events, in the order in which the events name them.
pub(super) fn sources(events: &[&Recorded]) -> Vec<Cited> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut found: Vec<Cited> = Vec::new();
    for event in events {
        for evidence in &event.announcement.evidence {
            let source = &evidence.source;
            let key = serde_json::to_string(source).expect("a source has text keys and no floats");
            let place = *places.entry(key).or_insert_with(|| {
                found.push(Cited {
                    publisher: source.publisher.clone(),
                    title: source.title.clone(),
                    url: source.url.as_ref().map(|url| url.as_str().to_owned()),
                    published: source.published.clone(),
                    grade: source.grade,
                    document: source
                        .document
                        .as_ref()
                        .and_then(|document| document.address())
                        .map(|b3| b3.as_str().to_owned()),
                    events: Vec::new(),
                });
                found.len() - 1
            });
            let events = &mut found[place].events;
            if events.last() != Some(&event.seq) {
                events.push(event.seq);
            }
        }
    }
    found
}
