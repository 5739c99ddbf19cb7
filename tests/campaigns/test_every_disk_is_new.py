"""A group all of whose nodes have lost their disks, one after another, replaces its voters none the less."""

import pytest

from dynaproof.checkers.scenarios.catalogue import config_of, execute


@pytest.mark.parametrize("schedule", [35623, 36829])
def test_a_vacant_node_is_heard_by_peers_that_have_new_disks_too(schedule: int) -> None:
    # Found by exploration: the vacant node told only the disks that the group had begun with.
    outcome = execute(config_of("partition", "portfolio", 2026, schedule))
    assert outcome.failure is None
    assert outcome.reached["voter replaced"] >= 2
