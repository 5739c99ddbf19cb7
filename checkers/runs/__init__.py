"""Runs: a world with observers, faults and specs, which a strategy or a schedule drives; kept, replayed,
shrunk, traced.

A *scenario* says what is run, a *kind* how nodes of one sort are placed, observed, shown and broken, a
*driver* decides what happens. They are values, ours and a user's alike; nothing here knows any of ours.
Imports `checkers.seam`, `checkers.world` and `checkers.strategies`, `impl` and `specs`.
"""
