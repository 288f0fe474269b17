//! Where the announcements of a table go: into a ledger, or nowhere.

use std::collections::HashSet;

use crate::event::Recorded;
use crate::event::statement::{content_hash, default_id};
use crate::ledger::admission::look;
use crate::ledger::{AppendError, Batch, Clock, Code, Draft, Finding, Ledger, Options, Signer};

/// Where announcements go.
pub enum Target<'a> {
    /// Into a ledger.
    Ledger {
        /// The ledger.
        ledger: &'a mut Ledger,
        /// Who signs each batch.
        signer: &'a dyn Signer,
        /// The caller's clock.
        clock: Clock,
    },
    /// Nowhere: only the account is wanted, as it would be on top of these events. Of what the ledger would refuse, only
    /// evidence that does not hold is told.
    Nowhere(&'a [Recorded]),
}

impl Target<'_> {
    /// What is there already.
    pub(super) fn events(&self) -> &[Recorded] {
        match self {
            Self::Ledger { ledger, .. } => ledger.events(),
            Self::Nowhere(events) => events,
        }
    }
}

/// What became of a batch.
pub(super) struct Taken {
    /// The positions of the drafts that were events before.
    pub(super) already: HashSet<usize>,
    /// Whether anything was appended.
    pub(super) is_written: bool,
    /// How many were admitted although they certainly cannot follow the history.
    pub(super) irregular: u64,
}

/// A target that is being filled.
pub(super) struct Receiver<'t, 'a> {
    target: &'t mut Target<'a>,
    /// Where nothing is appended, the ids of the announcements of tables that are there.
    present: HashSet<String>,
}

impl<'t, 'a> Receiver<'t, 'a> {
    pub(super) fn of(target: &'t mut Target<'a>) -> Self {
        let of_table = |event: &&Recorded| event.announcement.source_ref.is_some();
        let present = match &target {
            Target::Nowhere(events) => events.iter().filter(of_table).map(|event| event.id.folded()).collect(),
            Target::Ledger { .. } => HashSet::new(),
        };
        Self { target, present }
    }

    /// Takes one batch, and gives its drafts back.
    pub(super) fn take(&mut self, drafts: Vec<Draft>) -> (Vec<Draft>, Result<Taken, AppendError>) {
        match &mut *self.target {
            Target::Ledger { ledger, signer, clock } => append(ledger, *signer, *clock, drafts),
            Target::Nowhere(_) => {
                let batch = Batch { drafts, ..Batch::default() };
                let taken = self.already(&batch).map(|already| Taken { already, is_written: false, irregular: 0 });
                (batch.drafts, taken)
            }
        }
    }

    /// The positions of the drafts that are there, by the ids that they would have; of drafts that rest on sources, these
    /// are looked at, too.
    fn already(&self, batch: &Batch) -> Result<HashSet<usize>, AppendError> {
        let with_evidence = if batch.drafts.iter().all(|draft| draft.sources.is_empty()) {
            None
        } else {
            let (announcements, findings) = look(batch);
            if findings.iter().any(|finding| finding.code.refuses()) {
                return Err(AppendError::NotAdmissible { findings: vec![findings] });
            }
            Some(announcements)
        };
        if self.present.is_empty() {
            return Ok(HashSet::new());
        }
        let is_present = |position: &usize| {
            let draft = &batch.drafts[*position];
            let announcement = with_evidence.as_ref().map_or(&draft.announcement, |all| &all[*position]);
            let own = || Some(default_id(announcement, content_hash(announcement).ok()?));
            draft.id.clone().or_else(own).is_some_and(|id| self.present.contains(&id.folded()))
        };
        Ok((0..batch.drafts.len()).filter(is_present).collect())
    }
}

fn append(
    ledger: &mut Ledger,
    signer: &dyn Signer,
    clock: Clock,
    drafts: Vec<Draft>,
) -> (Vec<Draft>, Result<Taken, AppendError>) {
    let batches = [Batch { drafts, ..Batch::default() }];
    let appended = ledger.append(&batches, Options::default(), signer, clock);
    let [Batch { drafts, .. }] = batches;
    let taken = appended.map(|appended| {
        let outcome = appended.batches.into_iter().next().unwrap_or_default();
        let irregular = |finding: &&Finding| finding.code == Code::Irregular;
        Taken {
            already: outcome.already.iter().map(|(draft, _)| *draft).collect(),
            is_written: !outcome.appended.is_empty(),
            irregular: outcome.warnings.iter().filter(irregular).count() as u64,
        }
    });
    (drafts, taken)
}
