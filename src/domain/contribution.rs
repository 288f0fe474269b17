//! What parties give to missions, and what is expected of parties.

use crate::domain::date::Date;
use crate::domain::id::{AgreementId, AnnouncementId, MissionId, PartyId};
use crate::domain::shape::{record, vocabulary};

record! {
    /// A party gives something to a mission.
    pub struct Contribution {
        /// Who gives.
        required party: PartyId,
        /// To which mission.
        required mission: MissionId,
        /// What is given.
        required item: Item,
        /// How far it has come.
        required stage: ContributionStage,
        /// Partners in it.
        list with: PartyId,
        /// The agency that acts for the party.
        optional through: PartyId,
        /// When this stage was reached.
        optional occurred: Date,
        /// When it is expected.
        optional expected: Date,
    }
}

record! {
    /// What is given.
    pub struct Item {
        /// Its name.
        required name: String,
        /// What kind of thing it is.
        required r#type: ItemType,
    }
}

vocabulary! {
    /// What kind of thing is given.
    pub enum ItemType {
        /// A spacecraft.
        Spacecraft = "spacecraft",
        /// A cubesat.
        Cubesat = "cubesat",
        /// An instrument or another payload.
        Payload = "payload",
        /// A launch.
        Launch = "launch",
        /// A facility on the ground.
        Facility = "facility",
        /// Data.
        Data = "data",
        /// Training.
        Training = "training",
        /// People.
        Personnel = "personnel",
        /// Money.
        Funding = "funding",
    }
}

vocabulary! {
    /// How far a contribution has come.
    pub enum ContributionStage {
        /// Offered by the party.
        Offered = "offered",
        /// Agreed with the mission.
        Agreed = "agreed",
        /// Being made.
        UnderWay = "under-way",
        /// Handed over.
        Delivered = "delivered",
        /// Launched.
        Launched = "launched",
        /// At work.
        Operating = "operating",
        /// Done.
        Completed = "completed",
        /// Called off.
        Cancelled = "cancelled",
    }
}

record! {
    /// Something that is expected of parties.
    pub struct Prospect {
        /// Of whom.
        nonempty parties: PartyId,
        /// Which agreement it is about, if there is one already.
        optional agreement: AgreementId,
        /// What it aims at; joining, where an agreement is named, else other.
        optional aim: Aim,
        /// What is expected.
        required what: String,
        /// How far it has come.
        required stage: ProspectStage,
        /// When it is due.
        optional due: Date,
        /// The announcement that fulfilled it.
        optional fulfilled_by: AnnouncementId,
    }
}

vocabulary! {
    /// What something expected aims at.
    pub enum Aim {
        /// That the parties come to the agreement that is named.
        Joining = "joining",
        /// Another instrument between the parties, or with those of the agreement.
        Instrument = "instrument",
        /// Something else.
        Other = "other",
    }
}

impl Prospect {
    /// What it aims at: as stated, else joining where an agreement is named.
    pub fn aim(&self) -> Aim {
        self.aim.unwrap_or(self.default_aim())
    }

    /// Leaves out an aim that it has without saying so.
    pub(super) fn leave_out_default(&mut self) {
        let default = self.default_aim();
        self.aim = self.aim.filter(|aim| *aim != default);
    }

    fn default_aim(&self) -> Aim {
        if self.agreement.is_some() { Aim::Joining } else { Aim::Other }
    }
}

vocabulary! {
    /// How far something expected has come.
    pub enum ProspectStage {
        /// Interest was voiced.
        Interest = "interest",
        /// The party was invited.
        Invited = "invited",
        /// The party applied.
        Applied = "applied",
        /// Talks are held.
        InTalks = "in-talks",
        /// The text is being finished.
        Finalising = "finalising",
        /// A day is set.
        Scheduled = "scheduled",
    }
}
