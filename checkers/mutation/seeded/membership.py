"""Bugs of replacing voters, and of what a new incarnation may say."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import ACCEPTOR, REQUESTS
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "promises_when_admitted",
        "A new incarnation promises nothing before it knows its own config to be chosen.",
        Edit(
            ACCEPTOR,
            "if m.ballot < self.log.promised:",
            """
            if not self.admitted:
                return
            if m.ballot < self.log.promised:
            """,
            within="Acceptor.on_prepare",
        ),
    ),
    bug(
        "final_for_an_earlier_incarnation",
        "A refusal is final for an attempt that an earlier incarnation on the same node may have proposed.",
        Edit(
            REQUESTS,
            "m.ballot.node != replica.name",
            "m.ballot[1:] != (replica.name, replica.incarnation)",
        ),
    ),
)
