//! `servanda policy`

use std::collections::BTreeMap;

use clap::{Args, Subcommand};

use crate::cli::administer::{Admin, conclude, unrecorded};
use crate::cli::arguments::word;
use crate::cli::failure::Exit;
use crate::cli::page::{Page, counted};
use crate::cli::screen::{Answer, Screen, Sheet, Tone};
use crate::cli::{Context, Outcome};
use crate::domain::announcement::Kind;
use crate::domain::id::Recorder;
use crate::query::review::{KindConfirmed, PolicyAnswer, policy};

/// Show which kinds of announcements take reviewers, and change that
///
/// An announcement of such a kind is in the log at once, is shown as awaiting, and counts when so many reviewers have confirmed it with `servanda attest`. The policy before an announcement decides, whatever policy comes later.
///
/// Of parties, agreements and missions the first description is free: later ones, and corrections of any, take reviewers. What takes something back takes at least as many as that took.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda policy show
  servanda policy set joining=1 departure=1   with one reviewer each from now on")]
pub(in crate::cli) struct Policy {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show which kinds take reviewers, and who can review
    Show,
    Set(Set),
    Lift(Lift),
}

/// Have announcements of these kinds count only when reviewers have confirmed them
///
/// It takes the place of every earlier policy: a kind that is not named takes no reviewers. Only party, agreement and mission take as many as joining, or as the kind that takes the most, unless they are named: whoever describes them anew changes what the others amount to. What was recorded before stays as it is. It needs an admin's key.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda policy set joining=1
  servanda policy set joining=2 departure=2 correction=1
  servanda policy set joining=2 mission=0    missions can be described anew by one recorder")]
struct Set {
    /// A kind, and how many reviewers it takes; 0 for party, agreement or mission alone
    #[arg(required = true, value_name = "KIND=NUMBER", value_parser = need)]
    needs: Vec<(Kind, u64)>,
    #[command(flatten)]
    admin: Admin,
}

/// Have every announcement count at once, from now on
///
/// What awaits reviewers goes on to await them. It needs an admin's key.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  servanda policy lift
  servanda policy lift --key ~/.ssh/id_ed25519")]
struct Lift {
    #[command(flatten)]
    admin: Admin,
}

impl Policy {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self.what {
            What::Show => {
                let answer = policy(&context.read("policy", None, &[])?.snapshot);
                context.answer(&answer)?;
                Ok(Exit::Done)
            }
            What::Set(set) => change(&set.needs.into_iter().collect(), &set.admin, context),
            What::Lift(lift) => change(&BTreeMap::new(), &lift.admin, context),
        }
    }
}

fn change(needs: &BTreeMap<Kind, u64>, admin: &Admin, context: &mut Context<'_, '_>) -> Outcome {
    let folder = context.ledger();
    let mut ledger = context.open_to_write("policy", &folder)?;
    let signer = admin.key(context)?;
    let made = ledger.set_policy(needs, &signer, admin.clock(context)).map_err(unrecorded)?;
    let made: Vec<_> = made.into_iter().map(|made| (Kind::Policy.as_str(), made)).collect();
    conclude((ledger, &folder), &made, policy, context)
}

/// A kind with the number of reviewers that it takes, on the command line.
fn need(text: &str) -> Result<(Kind, u64), String> {
    let (kind, number) = text.split_once('=').ok_or("a kind and a number are needed, as in joining=2")?;
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.takes_reviewers()).collect();
    let kind = word(&kinds, kind)?;
    if !kind.takes_reviewers() {
        return Err(format!("a {kind} counts without reviewers"));
    }
    match number.parse() {
        Ok(0) if kind.is_description() => Ok((kind, 0)),
        Ok(number @ 1..=99) => Ok((kind, number)),
        _ => Err(format!("`{number}` is not a number of reviewers, from 1 to 99")),
    }
}

impl Answer for PolicyAnswer {
    const ITEMS: &'static str = "confirm";

    fn table(&self, screen: Screen) -> String {
        let since = self.since.map(|since| format!(", since event {}", since.event)).unwrap_or_default();
        let mut page = Page::new(screen, &format!("Kinds that take reviewers{since}"));
        if self.confirm.is_empty() {
            page.line("none: every announcement counts at once");
        }
        let row = |of: &KindConfirmed| {
            let anew = if of.kind.is_description() { ", described anew" } else { "" };
            (Tone::Plain, vec![format!("{}{anew}", of.kind), of.reviewers.to_string()])
        };
        let rows = self.confirm.iter().map(row).collect();
        page.section("", &Sheet { header: vec!["KIND", "REVIEWERS"], rows });
        page.line("");
        let names: Vec<&str> = self.reviewers.iter().map(Recorder::as_str).collect();
        let number = counted(names.len(), "reviewer", "reviewers");
        page.line(&if names.is_empty() { number } else { format!("{number}: {}", names.join(", ")) });
        let most = self.confirm.iter().map(|of| of.reviewers).max().unwrap_or_default();
        if most > names.len() as u64 {
            page.line(
                "That is too few: what takes more awaits them. `servanda key add NAME --role reviewer` adds one.",
            );
        }
        if !self.unnamed.is_empty() {
            let kinds: Vec<&str> = self.unnamed.iter().map(|kind| kind.as_str()).collect();
            page.line(&format!(
                "It says nothing of {}: one recorder alone can describe them anew, and so change what counts. `servanda policy set` with the same kinds has that take reviewers.",
                kinds.join(", ")
            ));
        }
        page.end(&self.position)
    }

    fn sheet(&self) -> Sheet {
        let row = |of: &KindConfirmed| (Tone::Plain, vec![of.kind.to_string(), of.reviewers.to_string()]);
        Sheet { header: vec!["kind", "reviewers"], rows: self.confirm.iter().map(row).collect() }
    }
}
