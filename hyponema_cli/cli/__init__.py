"""Words in, words out: one file a noun. Nothing is decided here."""
