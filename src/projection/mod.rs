//! What events mean on a day. Pure folds; there is no today here.
