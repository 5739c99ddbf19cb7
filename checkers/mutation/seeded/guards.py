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
        Edit(REPLICA, "if shape is None or shape(message):", "if True:"),
        unguarded=True,
    ),
    bug(
        "answers_are_voters",
        "A leader treats every sender of an answer to its heartbeat as one of its voters.",
        Edit(
            LEADER,
            """
            progress = leadership.progress.get(m.source)
            if progress is None:
                return
            """,
            "progress = leadership.progress[m.source]",
            within="Leader.on_heard",
        ),
        unguarded=True,
    ),
)
