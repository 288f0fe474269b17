//! Why bytes can be trusted: digests and signatures. Pure; knows no agreements.
