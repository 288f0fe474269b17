//! Where bytes lie. It returns exactly the bytes it was given, and knows nothing of their meaning.
