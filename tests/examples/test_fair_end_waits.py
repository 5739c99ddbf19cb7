"""The fair end judges idleness once nothing from the time of the faults is on its way any more."""

from dynaproof.checkers.scenarios.catalogue import config_of, execute


def test_an_election_that_a_straggling_answer_starts_is_no_idle_election() -> None:
    """Found by a campaign: an answer of a slow node, 27 s late."""
    assert execute(config_of("partition", "portfolio", 2026, 14260)).failure is None
