"""Values in, text out. No queries, no clock, no terminal: who calls says how wide it is."""
