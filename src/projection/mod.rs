//! What events mean on a day. Pure folds; there is no today here.
//!
//! Reading order: what counts once it was reviewed ([`policies`], [`review`]), what was known ([`knowledge`]), what it
//! tells of parties ([`acts`]), which of several claims of one fact decides ([`rank`]), what the acts amount to
//! ([`stays`], each put together as one [`stay`] of [`interval`]s, by the [`rules`] of the agreement), what parties say
//! about how they are bound ([`statements`]), and who is what on a day ([`membership`], and on every day [`spans`]), with the
//! claims by which alone it would be otherwise ([`disagreement`]).

pub mod acts;
pub mod catalogue;
pub mod disagreement;
pub mod interval;
pub mod knowledge;
pub mod lookup;
pub mod membership;
pub mod policies;
pub mod rank;
pub mod review;
pub mod rules;
pub mod spans;
pub mod statements;
pub mod stay;
pub mod stays;
