"""Bugs of the nodes and the routers of a region that no exploration has found so far (`unreached.py`)."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import HOST, TABLES
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "second_replica_beside_one",
        "A node makes a replica of a partition beside one that it has.",
        Edit(HOST, "if there is not None or group in self.making or", "if group in self.making or"),
        scenario="move",
        breaks=("no_two_replicas_in_a_zone",),
    ),
    bug(
        "late_ones_told_too",
        "That a table is not there is said to those, too, who asked when the metadata had been asked.",
        Edit(TABLES, "(look_up.late if look_up.asked else look_up.waits).append", "look_up.waits.append"),
        scenario="create-delete-create",
        breaks=("active_tables_are_found",),
    ),
)
