"""Bugs of the bucket of a storage node, which all its partitions with rates go through."""

from __future__ import annotations

from dynaproof.checkers.patches import Edit, bug

ADMISSION = "dynaproof.impl.capacity.admission"
HOT = "hot-partition"

CHARGED = "node.level = charged(node.level, cost)"
REFUSED = 'return self._refused(node, node.level, "node", cost)'

BUGS = (
    bug(
        "node_not_charged",
        "What a storage node admits is not charged to its own bucket.",
        Edit(ADMISSION, CHARGED, "pass"),
        scenario=HOT,
        breaks=("node_admits_within_its_bound",),
    ),
    bug(
        "refused_by_the_node_is_charged",
        "What a node's bucket refuses is charged to the bucket of the partition's share.",
        Edit(
            ADMISSION,
            REFUSED,
            "own.level, own.at_us = charged(own_level, cost), own_us\n" + REFUSED,
        ),
        scenario=HOT,
        breaks=("throttled_request_has_no_effect",),
    ),
    bug(
        "refused_is_charged_to_the_node",
        "What the share refuses is charged to the node's bucket.",
        Edit(
            ADMISSION,
            'return self._refused(own, own_level, "share", cost)',
            "if node is not None:\n"
            "    node.refill(now_us)\n"
            "    node.level = charged(node.level, cost)\n"
            'return self._refused(own, own_level, "share", cost)',
        ),
        scenario=HOT,
        breaks=("node_throttles_by_what_it_admitted",),
    ),
)
"""The seeded bugs, by what they break; `../../patches.py` says how they are written."""
