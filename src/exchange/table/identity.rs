//! Who the parties are that rows name: decided over all rows before anything is made, so that their order decides nothing.
//!
//! A spelling names a party of the ledger by its id, else by a name of one party alone, else by the country that the
//! party is. Spellings that fold to one, or that are codes and names of one country, are one party. What only resembles a
//! party is asked for, and so is what would be two; what was answered is taken from [`Answers`].

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::id::{IdError, MAX_ID, Namespace, PartyId};
use crate::domain::name::folded;
use crate::domain::party::PartyType;
use crate::domain::text::{self, TextKind};
use crate::exchange::table::account::RejectCode;
use crate::exchange::table::countries::{self, Known};
use crate::exchange::table::directory::Names;
use crate::exchange::table::fault::TableFault;
use crate::exchange::table::layout::NewParties;
use crate::exchange::table::matches::{Answer, Answers, May, Question};
use crate::exchange::table::mentions::{Mentions, Spelled};
use crate::exchange::table::roster::{Roster, Standing, Thing, id_of};
use crate::exchange::table::similar::Similar;
use crate::integrity::digest::document_hash;

/// What the rows of a table name, as parties, and what has to be asked.
pub(super) struct Decided {
    pub(super) parties: Roster<PartyId>,
    pub(super) questions: Vec<Question>,
}

/// Spellings that are one party, unless the ledger tells them apart.
struct Group {
    members: Vec<usize>,
    country: Option<Known>,
    /// The id that it would have.
    id: String,
}

/// Who a spelling is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    /// The party of the ledger with that id.
    InLedger(String),
    /// A party that the table brings: the place of its group.
    New(usize),
    /// That has to be said.
    Unclear(Vec<May>),
}

/// Decides who the parties are.
///
/// # Errors
///
/// [`TableFault::NoSuchParty`] if an answer names nobody.
pub(super) fn decide(
    mentions: Mentions,
    known: &Names,
    layout: &NewParties,
    answers: &Answers,
) -> Result<Decided, TableFault> {
    let spelled = Spelled::all(mentions.in_order(), layout);
    let mut deciding = Deciding {
        spelled,
        groups: Vec::new(),
        known,
        layout,
        answers,
        resembling: Similar::default(),
        by_only_name: BTreeMap::new(),
    };
    deciding.group();
    let found = deciding.found();
    let who = deciding.who(&found)?;
    Ok(deciding.decided(&who))
}

struct Deciding<'a> {
    spelled: Vec<Spelled>,
    groups: Vec<Group>,
    known: &'a Names,
    layout: &'a NewParties,
    answers: &'a Answers,
    resembling: Similar,
    /// By the only name that rows give, folded: the places of groups.
    by_only_name: BTreeMap<String, Vec<usize>>,
}

impl Deciding<'_> {
    /// Puts spellings of one country, or that fold to one, together.
    fn group(&mut self) {
        let mut groups: BTreeMap<(bool, String), Vec<usize>> = BTreeMap::new();
        for (place, spelled) in self.spelled.iter().enumerate() {
            let key = match &spelled.country {
                Some(country) => (true, country.code.to_owned()),
                None => (false, spelled.folded.clone()),
            };
            groups.entry(key).or_default().push(place);
        }
        for (place, members) in groups.into_values().enumerate() {
            let names: BTreeSet<String> =
                members.iter().filter_map(|member| self.spelled[*member].only_name()).map(str::to_owned).collect();
            for name in names {
                self.by_only_name.entry(name).or_default().push(place);
            }
            let country = self.spelled[members[0]].country.clone();
            let spelling = &self.spelled[members[0]].mention.spelling;
            let id = match &country {
                Some(country) => id_of(&self.layout.prefix, country.code),
                None => id_of(&self.layout.prefix, spelling),
            };
            self.groups.push(Group { members, country, id });
        }
        self.tell_apart();
    }

    /// Gives ids that two groups would have an ending that each of them keeps whoever else is there.
    fn tell_apart(&mut self) {
        let mut by_id: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, group) in self.groups.iter().enumerate() {
            by_id.entry(group.id.to_ascii_lowercase()).or_default().push(place);
        }
        for places in by_id.into_values().filter(|places| places.len() > 1) {
            let first = places.iter().copied().find(|place| self.groups[*place].country.is_some());
            let first = first.or_else(|| places.iter().copied().find(|place| self.is_as_spelled(*place)));
            for place in places.into_iter().filter(|place| Some(*place) != first) {
                self.groups[place].id = self.with_ending(place);
            }
        }
        for place in 0..self.groups.len() {
            if self.groups[place].id.len() > MAX_ID {
                self.groups[place].id = self.with_ending(place);
            }
        }
    }

    /// Whether the id is what the table writes, and not made of it.
    fn is_as_spelled(&self, group: usize) -> bool {
        let Group { members, id, .. } = &self.groups[group];
        id.eq_ignore_ascii_case(&format!("{}{}", self.layout.prefix, self.spelled[members[0]].mention.spelling))
    }

    /// The id with digits of a hash of the name behind it.
    fn with_ending(&self, group: usize) -> String {
        const DIGITS: usize = 6;
        let Group { members, id, .. } = &self.groups[group];
        let hash = document_hash(self.spelled[members[0]].folded.as_bytes()).to_string();
        let digits: String = hash.chars().filter(char::is_ascii_hexdigit).take(DIGITS).collect();
        let room = MAX_ID - DIGITS - 1;
        format!("{}-{digits}", id[..id.len().min(room)].trim_end_matches('-'))
    }

    /// The parties of the ledger that each spelling may be.
    fn found(&self) -> Vec<Vec<String>> {
        let mut found: Vec<Vec<String>> = self.spelled.iter().map(|spelled| self.in_ledger(spelled)).collect();
        for group in &self.groups {
            let all: BTreeSet<String> = group.members.iter().flat_map(|member| found[*member].clone()).collect();
            for member in &group.members {
                if found[*member].is_empty() {
                    found[*member] = all.iter().cloned().collect();
                }
            }
        }
        found
    }

    fn in_ledger(&self, spelled: &Spelled) -> Vec<String> {
        let Spelled { mention, country, .. } = spelled;
        let of_country = || {
            let code = country.as_ref().map(|country| country.code);
            code.map_or(&[][..], |code| self.known.of_country(code)).to_vec()
        };
        if spelled.is_named_code {
            return of_country();
        }
        let prefixed = format!("{}{}", self.layout.prefix, mention.spelling);
        let by_id = self.known.of_id(&prefixed).or_else(|| self.known.of_id(&mention.spelling));
        if let Some(id) = by_id {
            return vec![id.to_owned()];
        }
        match self.known.all_called(&mention.spelling) {
            [] => of_country(),
            called => called.to_vec(),
        }
    }

    fn who(&mut self, found: &[Vec<String>]) -> Result<Vec<Who>, TableFault> {
        let ledgers = self.enter_names();
        let mut who = vec![Who::Unclear(Vec::new()); self.spelled.len()];
        for place in 0..self.groups.len() {
            let resembling = self.may_be(place, &ledgers, found);
            let members = &self.groups[place].members;
            for member in members {
                who[*member] = match found[*member].as_slice() {
                    [only] => Who::InLedger(only.clone()),
                    [] if resembling.is_empty() => Who::New(place),
                    [] => Who::Unclear(resembling.clone()),
                    several => Who::Unclear(several.iter().map(|id| May::one_of(id)).collect()),
                };
            }
            let own = |member: &usize| self.answers.of(self.folded(*member));
            let contradictory: Vec<Option<Vec<May>>> =
                members.iter().map(|member| self.contradiction(*member, &who[*member])).collect();
            // One answer is for all that are asked of alike; what a row contradicts itself in is its own question.
            let mut alike = members.iter().zip(&contradictory).filter(|(_, two)| two.is_none());
            let answer = alike.find_map(|(member, _)| own(member));
            for (member, two) in members.iter().zip(contradictory) {
                let shared = answer.filter(|_| two.is_none() && matches!(who[*member], Who::Unclear(_)));
                who[*member] = match (own(member).or(shared), two) {
                    (Some(answer), _) => self.answered(answer, place, found)?,
                    (None, Some(two)) => Who::Unclear(two),
                    (None, None) => continue,
                };
            }
        }
        Ok(who)
    }

    fn folded(&self, place: usize) -> &str {
        &self.spelled[place].folded
    }

    fn answered(&self, answer: &Answer, place: usize, found: &[Vec<String>]) -> Result<Who, TableFault> {
        let Answer::Is { party, .. } = answer else { return Ok(self.one_of_its_own(place, found)) };
        if let Some(id) = self.known.of_id(party).or_else(|| self.known.called(party)) {
            return Ok(Who::InLedger(id.to_owned()));
        }
        let name = folded(party);
        let is_it = |group: &Group| {
            group.id.eq_ignore_ascii_case(party) || group.members.iter().any(|member| self.folded(*member) == name)
        };
        let group = self.groups.iter().position(is_it).ok_or_else(|| self.answers.nobody(answer))?;
        match found[self.groups[group].members[0]].as_slice() {
            [only] => Ok(Who::InLedger(only.clone())),
            _ => Ok(Who::New(group)),
        }
    }

    /// A party apart from all that are called like it; an import before may have made it.
    fn one_of_its_own(&self, place: usize, found: &[Vec<String>]) -> Who {
        let group = &self.groups[place];
        let own = [group.id.clone(), self.with_ending(place)];
        let before = found[group.members[0]].iter().find(|id| own.iter().any(|own| own.eq_ignore_ascii_case(id)));
        let before = before.map(String::as_str).or_else(|| self.known.of_id(&own[1]));
        before.map_or(Who::New(place), |id| Who::InLedger(id.to_owned()))
    }

    /// Code and name of a row that are two countries: a code of another system, or a slip.
    fn contradiction(&self, member: usize, who: &Who) -> Option<Vec<May>> {
        let Spelled { country: Some(country), called: Some(called), .. } = &self.spelled[member] else { return None };
        let is_code = countries::of_name(&self.spelled[member].mention.spelling).is_none();
        let is_called_so = match who {
            Who::InLedger(id) => self.known.of_country(called.code).contains(id),
            Who::New(_) => false,
            Who::Unclear(_) => return None,
        };
        if country == called || !is_code || is_called_so {
            return None;
        }
        let may = |known: &Known| match self.known.of_country(known.code) {
            [] => May::code_or_name(known.code),
            [first, ..] => May::code_or_name(first),
        };
        Some(vec![may(country), may(called)])
    }

    /// Enters the names that others may resemble: those of the ledger, then those of the table, each in order.
    fn enter_names(&mut self) -> Vec<Vec<String>> {
        let mut of_ledger: Vec<(&str, &[String])> = self.known.each_name().collect();
        of_ledger.sort_unstable();
        let mut resembling = Similar::default();
        for (name, _) in &of_ledger {
            resembling.enter(name);
        }
        for group in &self.groups {
            let name = group.country.as_ref().map(|country| folded(country.name));
            resembling.enter(name.as_deref().unwrap_or(self.folded(group.members[0])));
        }
        self.resembling = resembling;
        of_ledger.into_iter().map(|(_, ids)| ids.to_vec()).collect()
    }

    /// What a group may be that is found nowhere.
    fn may_be(&self, place: usize, ledgers: &[Vec<String>], found: &[Vec<String>]) -> Vec<May> {
        let group = &self.groups[place];
        if group.members.iter().any(|member| !found[*member].is_empty()) {
            return Vec::new();
        }
        // What is no country yet may be this one, and only that.
        let is_open = |id: &str| group.country.is_none() || !self.known.is_a_country(id);
        let mut may: Vec<May> = self.known.of_id(&group.id).into_iter().map(May::same_id).collect();
        for number in self.names(group).iter().flat_map(|name| self.resembling.find(name)) {
            match ledgers.get(number) {
                Some(ids) => may.extend(ids.iter().filter(|id| is_open(id)).map(|id| May::similar(id))),
                None => may.extend(self.sure(place, number - ledgers.len(), found).map(|id| May::similar(&id))),
            }
        }
        may.extend(self.same_name(place, found));
        may.sort_unstable();
        may.dedup_by(|one, other| one.id == other.id);
        may
    }

    /// Who has the name that all rows give beside a spelling that says nothing by itself.
    fn same_name(&self, place: usize, found: &[Vec<String>]) -> Vec<May> {
        let group = &self.groups[place];
        let name = group.members.iter().find_map(|member| self.spelled[*member].only_name());
        let Some(name) = name.filter(|_| group.country.is_none()) else { return Vec::new() };
        let in_ledger = self.known.all_called(name).iter().map(|id| May::same_name(id));
        let before = self.by_only_name.get(name).into_iter().flatten().filter(|other| **other != place);
        let of_table = before.filter_map(|other| self.sure(place, *other, found)).map(|id| May::same_name(&id));
        in_ledger.chain(of_table).collect()
    }

    /// The names of a group that can resemble others.
    fn names(&self, group: &Group) -> Vec<String> {
        let own = group.members.iter().map(|member| &self.spelled[*member]).filter(|spelled| !spelled.is_short());
        let own = own.map(|spelled| spelled.folded.clone());
        own.chain(group.country.iter().map(|country| folded(country.name)))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    /// The id of another group of the table, if that is the one which is sure: a country, in the ledger, or first in order.
    fn sure(&self, place: usize, other: usize, found: &[Vec<String>]) -> Option<String> {
        let (own, group) = (&self.groups[place], &self.groups[other]);
        let in_ledger = found[group.members[0]].first();
        let is_sure = group.country.is_some() || in_ledger.is_some() || other < place;
        (own.country.is_none() && is_sure).then(|| in_ledger.unwrap_or(&group.id).clone())
    }

    fn decided(self, who: &[Who]) -> Decided {
        let mut places: BTreeMap<&Who, u32> = BTreeMap::new();
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (place, who) in who.iter().enumerate() {
            if let Who::New(group) = who {
                members.entry(*group).or_default().push(place);
            }
        }
        let mut parties = Roster::new(Namespace::Party, &self.layout.prefix);
        let mut questions = Vec::new();
        for (place, spelled) in self.spelled.iter().enumerate() {
            let known = places.get(&who[place]).copied();
            let number = match (&who[place], known) {
                (Who::Unclear(may), _) => {
                    let question = Question::of(&spelled.mention, may);
                    let fault = (RejectCode::UnclearParty, question.reason());
                    questions.push(question);
                    parties.add(Thing::unclear(&spelled.mention.spelling, fault))
                }
                (_, Some(number)) => number,
                (Who::InLedger(id), None) => parties.add(Thing::in_ledger(&spelled.mention.spelling, id)),
                (Who::New(group), None) => parties.add(self.new_thing(*group, &members[group])),
            };
            if !matches!(who[place], Who::Unclear(_)) {
                places.insert(&who[place], number);
            }
            parties.spell(&spelled.mention.spelling, number);
        }
        Decided { parties, questions }
    }

    /// A party that the table brings, of all spellings that are it.
    fn new_thing(&self, group: usize, members: &[usize]) -> Thing<PartyId> {
        let first = &self.spelled[members[0]];
        let usual =
            members.iter().map(|member| &self.spelled[*member]).filter(|spelled| spelled.usual_name().is_some());
        let usual = usual.max_by_key(|spelled| spelled.mention.rows).and_then(Spelled::usual_name);
        let spellings: Vec<&str> = members.iter().map(|member| &*self.spelled[*member].mention.spelling).collect();
        let is_taken = self.known.of_id(&self.groups[group].id).is_some();
        let own_id = if is_taken { self.with_ending(group) } else { self.groups[group].id.clone() };
        let group = &self.groups[group];
        let id = match spellings.iter().find_map(|spelling| text::admit(spelling, TextKind::Name).err()) {
            Some(fault) => Err((RejectCode::NoId, fault.to_string())),
            None => own_id.parse().map_err(|error: IdError| (RejectCode::NoId, no_id(first, &error))),
        };
        let name = usual.and_then(|name| text::admit(name, TextKind::Name).ok()).map(|admitted| admitted.text.into());
        Thing {
            spelling: first.mention.spelling.clone(),
            others: spellings.iter().skip(1).map(|spelling| (*spelling).into()).collect(),
            id,
            name,
            r#type: self.usual_type(members),
            country: group.country.clone(),
            standing: Standing::ToDescribe,
        }
    }
}

impl Deciding<'_> {
    /// The type that most rows give; of several, the first of the vocabulary.
    fn usual_type(&self, members: &[usize]) -> Option<PartyType> {
        let mut types: BTreeMap<PartyType, u64> = BTreeMap::new();
        for (own, rows) in members.iter().flat_map(|member| &self.spelled[*member].mention.types) {
            *types.entry(*own).or_default() += rows;
        }
        types.into_iter().rev().max_by_key(|(_, rows)| *rows).map(|(own, _)| own)
    }
}

fn no_id(spelled: &Spelled, error: &IdError) -> String {
    let spelling = &spelled.mention.spelling;
    let is_number = spelling.bytes().all(|byte| byte.is_ascii_digit());
    let hint =
        if is_number { "; if it is a code, say of which system in the map: [parties] codes = \"m49\"" } else { "" };
    format!("`{spelling}` cannot become an id: {error}{hint}")
}
