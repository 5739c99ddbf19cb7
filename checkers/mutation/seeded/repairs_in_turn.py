"""Bugs of admins that begin what cannot go on, or what may take the place of a repair: found by reading."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import NODES, PLANNER, REPLACEMENTS
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "begun_without_a_quorum",
        "A voter is to be replaced though its partition has no quorum that could choose the config.",
        Edit(PLANNER, "if not self.nodes.may_choose(partition, lost):", "if False:"),
        scenario="two-losses",
        breaks=("every_partition_regains_its_voters",),
    ),
    bug(
        "places_kept_without_a_quorum",
        "A replacement that cannot go on, because its partition has lost its quorum, keeps its node busy.",
        Edit(REPLACEMENTS, "heard.blocked = not self.nodes.may_choose(partition)", "pass"),
        scenario="two-losses",
        breaks=("every_partition_regains_its_voters",),
    ),
    bug(
        "deaf_to_who_is_led",
        "A partition whose voters are silent to the admin alone is taken to have no quorum.",
        Edit(NODES, " or any(one is not None and one.led for one in reports)", ""),
        scenario="node-returns",
        breaks=("every_partition_regains_its_voters",),
    ),
)
