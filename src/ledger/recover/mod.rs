//! A ledger made whole again: from its backup, from what was published of it, or from what is left of a damaged one.

pub mod backup;

pub mod restore;

pub mod from_backup;
pub mod from_tiles;

pub mod salvage;

pub mod repair;
