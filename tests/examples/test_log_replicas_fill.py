"""What a replica that has a log and no tree yet may fill."""

from typing import Any

from dynaproof.checkers.mutation.directed.harness import Harness
from dynaproof.checkers.mutation.directed.log_replicas import with_a_log_replica
from dynaproof.impl.partition.readers import Readers


def bounded(replica: Any) -> set[str]:
    """What a replica has bounds for."""
    (readers,) = (service for service in replica.services if isinstance(service, Readers))
    return {what for what, _, _ in readers.memory()}


def test_a_log_replica_retains_all_since_its_config_for_as_long_as_its_tree_takes_to_come() -> None:
    """Found by a campaign: 33 records of 124 kB, where replicas with trees retain what readers hold."""
    harness = Harness()
    harness.begin()
    with_a_log_replica(harness)
    with_tree, without = harness.replica("sa"), harness.replica("sd")
    assert with_tree.full
    assert not without.full
    assert bounded(with_tree) - bounded(without) == {"retained records"}
