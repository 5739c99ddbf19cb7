"""Clients: what they ask, when, and how they give up; and what judges or records the answers. Imports
`impl` and `specs`, and `checkers.linearizability` for the judge.
"""
