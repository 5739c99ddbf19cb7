"""Bugs of admins that begin what cannot go on, or what may take the place of a repair: found by reading."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import NODES, ORDERS, PLANNER, REPLACED, REPLACEMENTS, SURVEY
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
    bug(
        "one_lost_voter_hides_another",
        "A lost voter for which no node is free keeps another one from being replaced.",
        Edit(
            REPLACED,
            "return [voter for voter in lost if config.brought not in lost or voter == config.brought]",
            "return sorted(lost, key=lambda voter: voter != config.brought)[:1]",
        ),
        scenario="five",
        breaks=("every_partition_regains_its_voters",),
    ),
    bug(
        "out_of_turn",
        "A voter is to be replaced though another one, which came last, is lost, so no leader may do it.",
        Edit(
            REPLACED,
            "return [voter for voter in lost if config.brought not in lost or voter == config.brought]",
            "return list(lost)",
        ),
        scenario="five",
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "drained_nodes_are_not_asked",
        "A move goes on though a repair waits for it that only a node that is drained may have.",
        Edit(
            REPLACEMENTS,
            "free = (*nodes.candidates(), *nodes.candidates(draining=True))",
            "free = nodes.candidates()",
        ),
        scenario="drain",
        breaks=("every_partition_regains_its_voters",),
    ),
    bug(
        "moves_take_every_place",
        "Operators may order as many moves as voters may be replaced at a time, so no repair can begin.",
        Edit(ORDERS, "self.settings.ordered_moves", "self.settings.replacements"),
        scenario="move",
        breaks=("routers_and_admins_stay_bounded",),
    ),
    bug(
        "leavers_go_while_a_node_is_busy",
        "Who has left is dropped beside a lost voter, though a node that is busy may have its successor.",
        Edit(
            SURVEY,
            "if lost is not None and self.planner.has_place(partition, lost, candidates):",
            "if False:",
        ),
        scenario="repair",
    ),
    bug(
        "unmade_voters_keep_who_has_left",
        "A voter whose node had no room for it is waited for by those that have left and take the only room.",
        Edit(SURVEY, " or self.planner.never_made(partition)", ""),
        scenario="drain",
        breaks=("progress_after_faults_stop",),
    ),
    bug(
        "too_many_have_left_to_go",
        "Who has left waits for the repair of a lost voter, which waits until fewer members are pending.",
        Edit(
            PLANNER,
            "len(partition.pending) < PENDING and self.place(partition, lost, free, own=True) is not None",
            "self.place(partition, lost, free, own=True) is not None",
        ),
        scenario="repair",
        breaks=("every_partition_regains_its_voters",),
    ),
)
