"""Proofs by Z3 over the very functions of `impl`."""
