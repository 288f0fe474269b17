//! `servanda witness serve`

use std::cell::RefCell;
use std::net::SocketAddr;

use clap::Args;

use super::{LOST, Logs, Own};
use crate::cli::failure::{Exit, Failure};
use crate::cli::page::counted;
use crate::cli::service::Service;
use crate::cli::{Context, Outcome};
use crate::domain::timestamp::Timestamp;
use crate::exchange::witness::server::{Limits, Server, Told, What};
use crate::ledger::publish::witness::{Refusal, Witness};

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
        if let Err(refusal @ Refusal::Lost { .. }) = witness.check_kept() {
            return Err(Failure::new(Exit::CouldNot, refusal.to_string()).hint(LOST));
        }
        let server = Server::bind(self.listen, &self.prefix, witness, Limits::default()).map_err(|error| {
            Failure::new(Exit::CouldNot, format!("{} cannot be listened at: {error}", self.listen))
                .hint("name another address with --listen; port 0 is any free one")
        })?;
        if !self.listen.ip().is_loopback() {
            context.complain("warning: it can be asked from elsewhere, without TLS: put a reverse proxy before it\n");
        }
        let service = Service::of(context.around).unwrap_or_else(|error| {
            context.complain(&format!("warning: NOTIFY_SOCKET cannot be reached: {error}\n"));
            Service::default()
        });
        let (is_to_end, is_to_reload) = ((context.around.watch_interrupt)()?, (context.around.watch_hangup)()?);
        context.print(&format!("listening on {}\n", server.url()?))?;
        service.say("READY=1");
        let (clock, elapsed) = (context.around.clock, context.around.elapsed);
        let seconds = || u64::try_from(clock().unix_ms() / 1000).unwrap_or_default();
        let context = RefCell::new(context);
        let go_on = || {
            service.beat(elapsed());
            if is_to_reload() {
                service.say("RELOADING=1");
                self.reload(server.witness(), clock(), &mut context.borrow_mut());
                service.say("READY=1");
            }
            let ends = is_to_end();
            if ends {
                service.say("STOPPING=1");
            }
            ends
        };
        server.run(&seconds, &go_on, &mut |told| tell(&told, &mut context.borrow_mut()))?;
        Ok(Exit::Done)
    }

    /// Reads the keys of the logs again. If one of them cannot be read, the witness signs for those that it signed for.
    fn reload(&self, witness: &Witness, now: Timestamp, context: &mut Context<'_, '_>) {
        let read = self.logs.known(context).and_then(|logs| {
            let number = logs.len();
            let failed = |refusal: Refusal| Failure::new(Exit::CouldNot, refusal.to_string()).hint(LOST);
            witness.sign_for(logs).map(|()| number).map_err(failed)
        });
        match read {
            Ok(number) => context.say_shown(&format!("{now} reloaded: {}", counted(number, "log", "logs"))),
            Err(failure) => {
                witness.keep_logs();
                context.complain_shown(&format!("{now} error: not reloaded, and signing for the logs as before"));
                context.complain(&failure.text());
            }
        }
    }
}

/// Says what happened, in a line with the time. What the witness or its operator has to look at is said also where little is
/// to be said.
fn tell(told: &Told, context: &mut Context<'_, '_>) {
    let line = line(told);
    let is_to_be_seen = match &told.what {
        What::Failed(_) | What::Refused(Refusal::Fork { .. } | Refusal::NotShown { .. }) => true,
        What::Refused(refusal) => refusal.status() >= 500,
        What::Signed(_) | What::Answered | What::NoRequest(_) => told.status.is_some_and(|status| status >= 500),
    };
    if is_to_be_seen {
        context.complain_shown(&line);
    } else {
        context.say_shown(&line);
    }
}

/// What happened, as `TIME STATUS METHOD PATH: OUTCOME`.
fn line(told: &Told) -> String {
    const MOST: usize = 200;
    let ms = i64::try_from(told.seconds).ok().and_then(|seconds| seconds.checked_mul(1000));
    let time = ms.and_then(|ms| Timestamp::from_unix_ms(ms).ok()).map_or_else(|| "-".to_owned(), |at| at.to_string());
    let status = told.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
    let asked = match &told.asked {
        Some((method, path)) => format!("{method} {path}").chars().take(MOST).collect(),
        None => "-".to_owned(),
    };
    let what = match &told.what {
        What::Signed(signed) => {
            let events = usize::try_from(signed.size).unwrap_or(usize::MAX);
            format!(": signed {} of {}", counted(events, "event", "events"), signed.origin)
        }
        What::Refused(refusal) => format!(": refused: {refusal}"),
        What::NoRequest(why) => format!(": {why}"),
        What::Failed(what) => format!(": error: {what}"),
        What::Answered => String::new(),
    };
    format!("{time} {status} {asked}{what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_the_time_and_what_came_of_a_request_and_no_more_of_a_path_than_fits() {
        let told = |asked: &str, what| Told {
            seconds: 1_795_392_000,
            status: Some(404),
            asked: Some(("GET".to_owned(), asked.to_owned())),
            what,
        };
        assert_eq!(line(&told("/x", What::Answered)), "2026-11-23T00:00:00.000Z 404 GET /x");
        assert_eq!(line(&told(&"/x".repeat(4096), What::Answered)).len(), "2026-11-23T00:00:00.000Z 404 ".len() + 200);
        let failed = Told { seconds: u64::MAX, status: None, asked: None, what: What::Failed("why".to_owned()) };
        assert_eq!(line(&failed), "- - -: error: why");
    }
}
