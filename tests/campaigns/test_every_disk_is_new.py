"""A group all of whose nodes have lost their disks, one after another, replaces its voters none the less."""

import pytest
from msgspec import structs

from dynaproof.checkers.patches import Edit, bug, seeded
from dynaproof.checkers.runs.config import Fault
from dynaproof.checkers.scenarios.catalogue import execute
from dynaproof.checkers.scenarios.partition import draw

KNOWS_FIRST_DISKS_ONLY = bug(
    "knows_first_disks_only",
    "A vacant node tells only the disks that the group had begun with.",
    Edit(
        "dynaproof.impl.storage_node.host",
        "self.env.send(peer.address, vacant)",
        "self.env.send(peer, vacant)",
    ),
)
"""What exploration once found, in two of 50,000 schedules."""


@pytest.mark.parametrize(("strategy", "seed"), [("timed", 2), ("random", 1)])
def test_a_vacant_node_is_heard_by_peers_that_have_new_disks_too(strategy: str, seed: int) -> None:
    faults = tuple(
        Fault("lost disk", step, target, 10, 0) for step, target in ((100, 0), (500, 1), (900, 2), (1_300, 0))
    )
    config = structs.replace(draw("partition", seed, strategy), faults=faults, length=1_700)
    outcome = execute(config)
    assert outcome.failure is None
    assert outcome.reached["voter replaced"] >= 3
    with seeded(KNOWS_FIRST_DISKS_ONLY):
        failure = execute(config).failure
    assert failure is not None
    assert failure.spec == "progress_after_faults_stop"
