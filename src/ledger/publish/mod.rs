//! A log for strangers: published as tiles, proved event by event, and shown to witnesses.

pub mod tiles;

pub mod prove;
pub mod signed_event;

pub mod witness;
