//! `servanda witness serve`

use std::net::SocketAddr;

use clap::Args;

use super::{LOST, Logs, Own};
use crate::cli::command::counted;
use crate::cli::failure::{Exit, Failure};
use crate::cli::{Context, Outcome};
use crate::exchange::witness::server::{Limits, Server, Told};
use crate::ledger::witness::Refusal;

#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda witness serve --log @public/log.vkey
  servanda witness serve --listen 127.0.0.1:0 --prefix desk --log @public/log.vkey")]
pub(super) struct Serve {
    /// Where it listens; port 0 is any free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7080")]
    listen: SocketAddr,
    /// The path below which it is asked, if a proxy before it keeps one
    #[arg(long, value_name = "PATH", default_value = "", value_parser = path, hide_default_value = true)]
    prefix: String,
    #[command(flatten)]
    logs: Logs,
    #[command(flatten)]
    own: Own,
}

fn path(text: &str) -> Result<String, &'static str> {
    let is_path = text.bytes().all(|b| b.is_ascii_graphic() && !b"?#".contains(&b));
    if is_path { Ok(text.to_owned()) } else { Err("a path has visible characters of ASCII, without ? and #") }
}

impl Serve {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let witness = self.logs.witness(&self.own, context)?;
        // What others would be refused for ever is told before it begins.
        if let Err(refusal @ Refusal::Lost { .. }) = witness.check() {
            return Err(Failure::new(Exit::CouldNot, refusal.to_string()).hint(LOST));
        }
        let server = Server::bind(self.listen, &self.prefix, witness, Limits::default()).map_err(|error| {
            Failure::new(Exit::CouldNot, format!("{} cannot be listened at: {error}", self.listen))
                .hint("name another address with --listen; port 0 is any free one")
        })?;
        if !self.listen.ip().is_loopback() {
            context.complain("warning: it can be asked from elsewhere, without TLS: put a reverse proxy before it\n");
        }
        let is_to_end = (context.around.watch_interrupt)()?;
        context.print(&format!("listening on {}\n", server.url()?))?;
        let clock = context.around.clock;
        let seconds = || u64::try_from(clock().unix_ms() / 1000).unwrap_or_default();
        server.run(&seconds, &*is_to_end, &mut |told| tell(&told, context))?;
        Ok(Exit::Done)
    }
}

/// Says what happened. What the witness or its operator has to look at is said also where little is to be said.
fn tell(told: &Told, context: &mut Context<'_, '_>) {
    match told {
        Told::Signed(signed) => {
            let events = usize::try_from(signed.size).unwrap_or(usize::MAX);
            context.say_shown(&format!("signed {} of {}", counted(events, "event", "events"), signed.origin));
        }
        Told::Refused(refusal @ (Refusal::Fork { .. } | Refusal::NotShown { .. })) => {
            context.complain_shown(&refusal.to_string());
        }
        Told::Refused(refusal) if refusal.status() >= 500 => {
            context.complain_shown(&format!("error: {refusal}"));
        }
        Told::Refused(refusal) => context.say_shown(&format!("refused, {}: {refusal}", refusal.status())),
        Told::Failed(what) => context.complain_shown(&format!("error: {what}")),
    }
}
