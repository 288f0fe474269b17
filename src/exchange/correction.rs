//! Announcement files that a command fills in: a correction of what was recorded, and a retraction.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::domain::announcement::Body;
use crate::domain::date::Date;
use crate::domain::id::AnnouncementId;
use crate::exchange::fields::KIND;
use crate::exchange::yaml::{flow, write_keys};

/// Why a command's own file rests on no source, until somebody names one.
const OWN_WORD: &str = "on the recorder's word";

/// A correction, filled with what stands: whoever changes what was wrong in it and says why can append it.
///
/// `what` is the sentence of what is corrected, `wording` the source's own words for its dates.
pub fn correction(
    corrects: &AnnouncementId,
    what: &str,
    (body, wording): (&Body, &BTreeMap<String, String>),
    reason: &str,
) -> String {
    let mut replacement = Map::new();
    replacement.insert(KIND.to_owned(), json!(body.kind()));
    if let Value::Object(fields) = body.to_value() {
        replacement.extend(fields);
    }
    let mut text = format!(
        "\
# Corrects `{corrects}`: {what}
# Change below `replacement` what was wrong, say why, and append this file. What was recorded stays to be seen.

# On whose word it is corrected: a source in place of this line, or the reason why there is none.
evidence: {{ none: {} }}
#source:
#  publisher: Example publisher
#  published: 2023-10-20
#  grade: host
announcements:
  - kind: correction
    corrects: {}
    # never-true: what was recorded never was so; better-information: more is known now.
    because: better-information
    # What was wrong, in a sentence.
    reason: {}
",
        flow(&json!(OWN_WORD)),
        flow(&json!(corrects)),
        if reason.is_empty() { "\"\"".to_owned() } else { flow(&json!(reason)) },
    );
    if !wording.is_empty() {
        text += "    # The source's own words for dates: take away those of a date that you change.\n";
        text += &format!("    wording: {}\n", flow(&json!(wording)));
    }
    text += "    replacement:\n";
    write_keys(&replacement, 6, &mut text);
    text
}

/// A retraction, ready to be appended.
pub fn retraction(retracts: &AnnouncementId, reason: &str, announced: Option<&Date>) -> String {
    let mut fields = Map::new();
    fields.insert("retracts".to_owned(), json!(retracts));
    fields.insert("reason".to_owned(), json!(reason));
    fields.extend(announced.map(|date| ("announced".to_owned(), json!(date))));
    let mut text =
        format!("evidence: {{ none: {} }}\nannouncements:\n  - {KIND}: retraction\n", flow(&json!(OWN_WORD)));
    write_keys(&fields, 4, &mut text);
    text
}
