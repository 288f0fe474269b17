//! The answers in JSON that the program gives, each with its JSON Schema.
//!
//! A new answer is a type that derives `Serialize` and `JsonSchema`, has a doc comment on every field, and begins with
//! `schema: &'static str`, its name and version. It takes a line in [`ANSWERS`], and a line in `tests/it/answers.rs`
//! with a command that gives it. Whatever the tests see the program answer is held against these schemas.
//!
//! Consumers are told that fields are only ever added, so that no schema here is closed; the tests close them.

use std::collections::BTreeSet;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use crate::cli::command::append::Report;
use crate::cli::command::backup::BackupAnswer;
use crate::cli::command::check::Checked;
use crate::cli::command::checkpoint::CheckpointsAnswer;
use crate::cli::command::forget::RememberedAnswer;
use crate::cli::command::import::ImportAnswer;
use crate::cli::command::schema::Schemas;
use crate::cli::command::source::check::SourceCheck;
use crate::cli::command::source::erase::ErasedAnswer;
use crate::cli::command::status::StatusAnswer;
use crate::cli::command::verify::VerifyAnswer;
use crate::exchange::{ndjson, schema};
use crate::query::agreement::AgreementPage;
use crate::query::certificate::Certificate;
use crate::query::clock::ClockAnswer;
use crate::query::conflicts::Conflicts;
use crate::query::counts::Counts;
use crate::query::diff::Diff;
use crate::query::history::History;
use crate::query::keys::Keys;
use crate::query::list::List;
use crate::query::members::Members;
use crate::query::mission::MissionPage;
use crate::query::party::PartyPage;
use crate::query::prospects::Prospects;
use crate::query::records::{LogAnswer, Shown};
use crate::query::replay::State;
use crate::query::review::{Awaiting, PolicyAnswer, ReviewedAnswer};
use crate::query::search::Search;
use crate::query::sources::Sources;
use crate::query::timeline::Timeline;
use crate::query::why::Why;
use crate::query::years::CountryYears;

/// Every answer, in the order of the names.
pub const ANSWERS: &[Published] = &[
    answer::<AgreementPage>("servanda/agreement/v1", "Everything about one agreement, on a day."),
    answer::<Report>("servanda/appended/v1", "What `append` made of each file."),
    answer::<Awaiting>("servanda/awaiting/v1", "What awaits reviewers, and what is suspect."),
    answer::<BackupAnswer>("servanda/backup/v1", "What a backup has, and what was added to it."),
    answer::<Checked>("servanda/checked/v1", "What a proof or a checkpoint shows, and what it cannot."),
    answer::<CheckpointsAnswer>("servanda/checkpoints/v1", "What was signed of a log, to be kept elsewhere."),
    answer::<ClockAnswer>("servanda/clock/v1", "Which events lie ahead of the clock, and what was corrected."),
    answer::<Conflicts>(
        "servanda/conflicts/v1",
        "Claims that disagree, every source side by side, and acts that cannot follow.",
    ),
    answer::<CountryYears>("servanda/country-years/v1", "In which years who was a member of what."),
    answer::<Counts>("servanda/counts/v1", "Published numbers of parties against our own."),
    answer::<Diff>("servanda/diff/v1", "What changed between two days, or two states of knowledge."),
    answer::<ErasedAnswer>("servanda/erased/v1", "Which documents were erased, and by which events."),
    answer::<Shown>("servanda/event/v1", "One event whole."),
    answer::<History>("servanda/history/v1", "What happened, in the order in which it did."),
    answer::<ImportAnswer>("servanda/import/v1", "What became of every row of a table."),
    answer::<Keys>("servanda/keys/v1", "Who may record, and with which keys."),
    answer::<List>("servanda/list/v1", "What a ledger holds, and how much of it."),
    answer::<LogAnswer>("servanda/log/v1", "The events in the order of recording."),
    answer::<Members>("servanda/members/v1", "Who is what to an agreement on a day."),
    answer::<MissionPage>("servanda/mission/v1", "Everything about one mission, on a day."),
    answer::<PartyPage>("servanda/party/v1", "Everything about one party, on a day."),
    answer::<PolicyAnswer>("servanda/policy/v1", "Which kinds of announcements take reviewers."),
    answer::<Prospects>("servanda/prospects/v1", "What is expected, and what became of it."),
    answer::<RememberedAnswer>("servanda/remembered/v1", "What this account remembers of ledgers, or has laid aside."),
    answer::<ReviewedAnswer>("servanda/reviewed/v1", "How announcements stand with reviewers."),
    answer::<Schemas>("servanda/schemas/v1", "The names of all forms."),
    answer::<Search>("servanda/search/v1", "Where words stand."),
    answer::<SourceCheck>("servanda/source-check/v1", "Whether documents are there, and quotes stand in them."),
    answer::<Sources>("servanda/sources/v1", "The sources, and what rests on them."),
    answer::<State>("servanda/state/v1", "Who is what to every agreement on a day."),
    answer::<StatusAnswer>("servanda/status/v1", "How a ledger stands, and what there is to do."),
    answer::<Timeline>("servanda/timeline/v1", "Who was what to an agreement over time."),
    answer::<VerifyAnswer>("servanda/verify/v1", "Whether anything was altered, removed or slipped in."),
    answer::<Why>("servanda/why/v1", "Why a party is what it is to an agreement on a day."),
];

/// What people write, and what is exported for other programs.
pub const FILES: &[Published] = &[
    Published {
        name: "servanda/announcement-file/v1",
        what: "A file of announcements.",
        schema: |_| schema::announcement_file(),
    },
    Published {
        name: "servanda/announcement/v1",
        what: "One announcement, as in a line of NDJSON.",
        schema: |_| schema::announcement(),
    },
    Published {
        name: "servanda/certificate/v1",
        what: "An answer with the events that it rests on, and proofs of them.",
        schema: schema_of::<Certificate>,
    },
    Published {
        name: "servanda/exported-event/v1",
        what: "One event of an export, a line of NDJSON.",
        schema: |_| ndjson::schema(),
    },
];

/// A form of JSON with its schema.
#[derive(Debug)]
pub struct Published {
    /// Name and version, as in `servanda/members/v1`.
    pub name: &'static str,
    /// What it tells, in a sentence.
    pub what: &'static str,
    schema: fn(&Self) -> Value,
}

impl Published {
    /// The form of that name, in full or without `servanda/` and `/v1`.
    pub fn find(name: &str) -> Option<&'static Self> {
        Self::all().find(|form| name == form.name || name == form.short_name())
    }

    /// Every form, those that people write first.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        FILES.iter().chain(ANSWERS)
    }

    /// The name without `servanda/` and the version.
    pub fn short_name(&self) -> &'static str {
        self.name.split('/').nth(1).unwrap_or(self.name)
    }

    /// Its JSON Schema.
    ///
    /// # Source
    ///
    /// JSON Schema, draft 2020-12, without extensions.
    pub fn schema(&self) -> Value {
        (self.schema)(self)
    }
}

const fn answer<T: JsonSchema>(name: &'static str, what: &'static str) -> Published {
    Published { name, what, schema: schema_of::<T> }
}

fn schema_of<T: JsonSchema>(form: &Published) -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize().with_transform(RecursiveTransform(as_answered));
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    let path = form.name.trim_start_matches("servanda/");
    schema.insert("$id".to_owned(), format!("https://servanda.example/schema/{path}").into());
    schema.insert("title".to_owned(), form.name.into());
    schema.insert("description".to_owned(), form.what.into());
    schema.insert("$comment".to_owned(), "Fields are only ever added: pass over those that you do not know.".into());
    let mut schema = schema.to_value();
    schema["properties"]["schema"] = json!({ "description": "Name and version of this form.", "const": form.name });
    schema
}

/// What an answer leaves out is not there, and never null; and no object is closed, not even one that files close.
fn as_answered(schema: &mut Schema) {
    if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
        schema.remove("additionalProperties");
    }
    let names = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    let required: BTreeSet<String> = names.filter_map(Value::as_str).map(str::to_owned).collect();
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten();
    for (_, property) in properties.filter(|(name, _)| !required.contains(*name)) {
        never_null(property);
    }
}

/// Takes away the null that stands for an absent `Option`.
fn never_null(property: &mut Value) {
    let Some(property) = property.as_object_mut() else { return };
    if let Some(types) = property.get_mut("type").and_then(Value::as_array_mut) {
        types.retain(|name| name != "null");
        if let [only] = types.as_mut_slice() {
            property["type"] = only.take();
        }
    }
    if let Some(cases) = property.get_mut("anyOf").and_then(Value::as_array_mut) {
        cases.retain(|case| case["type"] != "null");
        if let [Value::Object(only)] = cases.as_mut_slice() {
            let only = std::mem::take(only);
            property.remove("anyOf");
            for (keyword, value) in only {
                property.entry(keyword).or_insert(value);
            }
        }
    }
}
