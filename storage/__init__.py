"""Bytes that must survive: vault, keys, ledger. The truth of the archive."""
