//! One file a command: parse, ask, print.

mod agreement;
pub(super) mod append;
mod attest;
mod awaiting;
pub(super) mod backup;
mod certify;
pub(super) mod check;
pub(super) mod checkpoint;
mod clock;
mod completions;
mod conflicts;
mod correct;
mod counts;
mod diff;
mod export;
pub(super) mod forget;
mod history;
pub(super) mod import;
mod init;
mod key;
mod list;
mod log;
mod members;
mod mission;
mod party;
mod policy;
mod prospects;
mod prove;
mod reaffirm;
mod repair;
mod replay;
mod restore;
mod retract;
pub(super) mod schema;
mod search;
mod show;
pub(super) mod source;
pub(super) mod status;
mod template;
mod timeline;
pub(super) mod verify;
mod why;
mod witness;

use clap::Subcommand;

use crate::cli::{Context, Outcome};

/// Declares what can be asked of the program: each command with the type of its arguments, which runs it.
macro_rules! commands {
    ($($name:ident($arguments:path),)*) => {
        /// What can be asked of the program.
        #[derive(Debug, Subcommand)]
        pub(super) enum Command {
            $($name($arguments),)*
        }

        impl Command {
            /// Runs the command.
            pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
                match self {
                    $(Self::$name(command) => command.run(context),)*
                }
            }
        }
    };
}

commands! {
    Init(init::Init),
    Append(append::Append),
    Correct(correct::Correct),
    Retract(retract::Retract),
    Import(import::Import),
    Template(template::Template),
    Schema(schema::Schema),
    List(list::List),
    Search(search::Search),
    Members(members::Members),
    History(history::History),
    Party(party::Party),
    Agreement(agreement::Agreement),
    Mission(mission::Mission),
    Diff(diff::Diff),
    Replay(replay::Replay),
    Prospects(prospects::Prospects),
    Timeline(timeline::Timeline),
    Why(why::Why),
    Conflicts(conflicts::Conflicts),
    Counts(counts::Counts),
    Log(log::Log),
    Show(show::Show),
    Source(source::Source),
    Key(key::Key),
    Policy(policy::Policy),
    Attest(attest::Attest),
    Awaiting(awaiting::Awaiting),
    Reaffirm(reaffirm::Reaffirm),
    Clock(clock::Clock),
    Export(export::Export),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Repair(repair::Repair),
    Forget(forget::Forget),
    Completions(completions::Completions),
    Man(completions::Man),
    Checkpoint(checkpoint::Checkpoint),
    Witness(witness::Witness),
    Prove(prove::Prove),
    Certify(certify::Certify),
    Check(check::Check),
    Verify(verify::Verify),
    Status(status::Status),
}
