"""Bugs of queues before the network: what may be shed, and what is said of it."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import OUTBOX
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "own_messages_shed",
        "A full outbox drops any message without a word, those of the node to itself too: one lost word of a "
        "checkpoint, and no other ever ends.",
        Edit(OUTBOX, "if fits or to.address == self._address:", "if fits:"),
        Edit(OUTBOX, "self.dropped.append(one)", "pass"),
        breaks=("sheds_are_noted",),
    ),
    bug(
        "own_messages_shed_and_noted",
        "A full outbox sheds a message of the node to itself like any other, and notes it.",
        Edit(OUTBOX, "if fits or to.address == self._address:", "if fits:"),
        breaks=("sheds_are_noted",),
    ),
    bug(
        "sheds_not_noted",
        "A full outbox drops messages to other nodes without a word.",
        Edit(OUTBOX, "self.dropped.append(one)", "pass"),
        breaks=("sheds_are_noted",),
    ),
)
