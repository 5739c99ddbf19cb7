"""What a replica that has a log and no tree yet may fill."""

from dynaproof.checkers.scenarios.catalogue import config_of, execute


def test_a_log_replica_retains_all_since_its_config_for_as_long_as_its_tree_takes_to_come() -> None:
    """Found by a campaign: 33 records of 124 kB, where replicas with trees retain what readers hold."""
    assert execute(config_of("membership", "portfolio", 9501, 114)).failure is None
