"""The fault budget counts what is durable: found by a campaign (seed 2026, schedule 7269)."""

from dynaproof.checkers.scenarios.catalogue import config_of, execute


def test_no_second_disk_is_lost_before_the_first_replacement_is_admitted_durably() -> None:
    outcome = execute(config_of("partition", "portfolio", 2026, 7269))
    assert outcome.failure is None
    assert outcome.faults["lost disk"] == 1
