"""Bugs of what comes late, or is old, in nodes, admins and routers. Most of them cost time only: no promise
forbids them (`used_and_never_refreshed`, `no_hints_who_leads`, `older_hints_kept`, `first_nodes_get_all`,
`term_not_told`); the others need what no run so far has met. A test sees each of them (`unreached`).
"""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    AGENT,
    DIRECTORY,
    HOST,
    NODES,
    PLACEMENT,
    SPLITTING,
    TABLES,
)
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "creates_again",
        "A replica that is dropped before it was made is made by a command that comes late (CreatesAgain).",
        Edit(
            HOST,
            "if live == member.incarnation or member.incarnation > self.journal.floor(group):",
            "if live == member.incarnation:",
        ),
        scenario="move",
    ),
    bug(
        "final_past_the_deadline",
        "Who knows the barrier says for certain that a request came too late, though its id may be forgotten "
        "(WrongPartitionPastTheDeadline).",
        Edit(SPLITTING, "final = self.replica.full and split.timestamp <= m.deadline", "final = True"),
        scenario="split-under-load",
    ),
    bug(
        "final_where_nothing_is",
        "A node without the partition refuses a write for good that it may have proposed in an earlier life.",
        Edit(
            AGENT,
            "final = isinstance(m.operation, READS) or m.ballot.node != self.env.me.name",
            "final = True",
        ),
        scenario="create-delete-create",
    ),
    bug(
        "used_and_never_refreshed",
        "What a router knows of a table is used for as long as it serves, and not looked up again.",
        Edit(TABLES, "self.refresh(table)", "pass", within="Tables.get"),
        scenario="create-delete-create",
    ),
    bug(
        "no_hints_who_leads",
        "Nodes do not tell the metadata which partitions they lead.",
        Edit(
            AGENT,
            "if replica.leading is not None and replica.serving",
            "if replica.leading is None and replica.serving",
        ),
        scenario="table",
    ),
    bug(
        "older_hints_kept",
        "The metadata takes whatever it hears last of who leads, though that is of an older ballot.",
        Edit(
            DIRECTORY,
            "(ballot, sender) if known is None or ballot > known[0] else known",
            "(ballot, sender)",
        ),
        scenario="table",
    ),
    bug(
        "first_nodes_get_all",
        "New partitions go to the same nodes, however many replicas these have.",
        Edit(PLACEMENT, "key=lambda node: (load[node], node)", "key=lambda node: node"),
        scenario="create-delete-create",
    ),
    bug(
        "term_not_told",
        "Nodes that are commanded nothing do not hear of the term of the active admin.",
        Edit(NODES, "if m.fence < self.term.term:", "if m.fence > self.term.term:"),
        scenario="admin-takeover",
    ),
    bug(
        "places_on_the_silent",
        "Nodes get new replicas that have not reported for long.",
        Edit(NODES, "and heard.at >= since", "and heard.at >= 0"),
        scenario="create-delete-create",
    ),
)
