//! What events mean on a day. Pure folds; there is no today here.
//!
//! Reading order: what was known ([`knowledge`]), what it tells of parties ([`acts`]), what the acts amount to
//! ([`stays`], by the [`rules`] of the agreement), and who is what on a day ([`membership`]).

pub mod acts;
pub mod catalogue;
pub mod knowledge;
pub mod membership;
pub mod rules;
pub mod stays;
