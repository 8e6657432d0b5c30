"""Shadows that can be rebuilt from ledger and vault: catalogue and full text. Never the truth."""
