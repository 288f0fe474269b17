//! What is found of announcements while they are appended, in words.

use crate::domain::announcement::Announcement;
use crate::domain::timestamp::Timestamp;
use crate::event::snapshot::Recorded;
use crate::event::statement::EventError;
use crate::ledger::admission::AdmittedDraft;
use crate::ledger::admission::finding::{Code, Finding};
use crate::ledger::write::append::Options;
use crate::projection::stays::Irregularity;

/// What cannot be written as a statement.
pub(super) fn unwritable(draft: usize, error: &EventError) -> Finding {
    let code = match error {
        EventError::StatementTooLong(_) => Code::TooLong,
        _ => Code::ControlCharacter,
    };
    Finding::new(draft, "", code, error.to_string())
        .hint("split it: several announcements, or fewer and shorter quotes")
}

/// The ledger's own kinds stand alone in their batch, so that authority is the state before it.
pub(super) fn stand_alone(new: &[AdmittedDraft]) -> Option<Finding> {
    let own = new.iter().find(|new| new.announcement.body.kind().is_about_ledger())?;
    let kind = own.announcement.body.kind();
    let message = format!("a {kind} stands alone in its file, and this one has {} new announcements", new.len());
    (new.len() > 1)
        .then(|| Finding::new(own.draft, "kind", Code::NotAlone, message).hint("put it into a file of its own"))
}

/// What certainly cannot follow the history.
pub(super) fn irregular(draft: usize, event: &Recorded, because: Irregularity, options: Options) -> Finding {
    let why = match because {
        Irregularity::EndsBeforeItBegins => "the stay that it belongs to ends before it begins, or on that day",
        Irregularity::NothingToEnd => "by then the party had joined nothing that it could end",
    };
    let message = format!("`{}` certainly cannot follow the history, and is not counted: {why}", event.id);
    let hint = if options.strict {
        "look at its dates; without --strict it is admitted with a warning"
    } else {
        "look at its dates; a later announcement may make it regular"
    };
    Finding::new(draft, "", Code::Irregular, message).hint(hint)
}

/// That nothing says when something was announced: told once of an append, of the first such draft; `others` come after it.
pub(super) fn undated(draft: usize, others: usize, recorded: Timestamp) -> Finding {
    let others = match others {
        0 => String::new(),
        1 => ", and of 1 other".to_owned(),
        others => format!(", and of {others} others"),
    };
    let message = format!(
        "nothing says when this was announced{others}: with --announced-by it is known only from {} on",
        recorded.day()
    );
    let hint = "give the day on which it was made public as `announced`, or the source's as `published`";
    Finding::new(draft, "", Code::Undated, message).hint(hint)
}

/// Whether something tells of the world, and neither it nor a source of it says when it was made public. Descriptions
/// always are known; what is about other announcements is the recorder's own word.
pub(super) fn is_undated(announcement: &Announcement) -> bool {
    let body = &announcement.body;
    let tells = !body.kind().is_about_ledger() && !body.kind().is_description() && body.about().is_none();
    let published = || announcement.evidence.iter().any(|evidence| evidence.source.published.is_some());
    tells && announcement.announced.is_none() && !published()
}

/// What describes a thing anew, and takes no reviewers only since the policy is from before that was asked.
pub(super) fn passed_over(draft: usize, event: &Recorded, policy: u64) -> Finding {
    let message = format!(
        "`{}` changes how a thing is described, and counts at once: the policy of event {policy} says nothing of that",
        event.id
    );
    let hint = "`servanda policy set` with the same kinds has it take reviewers from then on";
    Finding::new(draft, "", Code::PassedOver, message).hint(hint)
}
