"""Bugs of handlers that raise. Only here an exception is what kills: that a handler must not raise is the
promise.
"""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import LEADER, REPLICA, SENDER
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "shapes_not_looked_at",
        "A message of a peer is handled whatever its shape.",
        Edit(REPLICA, "if shape is None or shape(message):", "if True:"),
        unguarded=True,
        breaks=("handlers_never_raise",),
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
        breaks=("handlers_never_raise",),
    ),
    bug(
        "gap_filled_below_the_cut_log",
        "A leader fills a gap whose beginning its log no longer has, all the same.",
        Edit(SENDER, "if retained and m.early > m.through + 1:", "if m.early > m.through + 1:"),
        Edit(SENDER, "if follows and retained and", "if follows and"),
        unguarded=True,
        breaks=("handlers_never_raise",),
    ),
)
