//! The questions that every face asks. Plain data out, no formatting.
