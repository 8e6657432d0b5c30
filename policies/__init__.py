"""Pure decisions: documents in, verdicts with clauses out. No I/O, no clock, no randomness."""
