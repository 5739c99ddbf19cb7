"""Runs: a strategy or a schedule drives a world with observers, faults and specs. Runs are kept, replayed,
shrunk and traced.

A *scenario* says what is run, a *kind* how nodes of one sort are placed, observed, shown and broken, a
*driver* decides what happens. They are values, ours and a user's alike; nothing here depends on any of ours.
Imports `checkers.seam`, `checkers.world` and `checkers.strategies`, `impl` and `specs`.
"""
