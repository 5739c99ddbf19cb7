"""Bugs of handlers that raise. Only here an exception is what kills: that a handler must not raise is the
promise.
"""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import LEADER, REPLICA
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "shapes_not_looked_at",
        "A message of a peer is handled whatever its shape.",
        Edit(REPLICA, "return shape is None or shape(message)", "return True"),
        unguarded=True,
    ),
    bug(
        "answers_are_voters",
        "A leader takes whoever answers its heartbeat for one of its voters.",
        Edit(
            LEADER,
            """
            progress = self.progress.get(m.source)
            if m.ballot != self.leading or progress is None:
                return
            """,
            """
            if m.ballot != self.leading:
                return
            progress = self.progress[m.source]
            """,
            within="Leader.on_heard",
        ),
        unguarded=True,
    ),
)
