"""Proofs by Z3 about the very functions of `impl`."""
