"""The fair end judges idleness once nothing from the time of the faults is on its way any more, and answers
once nobody's answer from before the last config is.
"""

from dynaproof.checkers.scenarios.catalogue import config_of, execute


def test_an_election_that_a_straggling_answer_starts_is_no_idle_election() -> None:
    """Found by a campaign: an answer of a slow node, 27 s late."""
    assert execute(config_of("partition", "portfolio", 2026, 14260)).failure is None


def test_a_client_that_who_has_left_sends_to_itself_does_not_wait_for_it() -> None:
    """Found by a campaign: a leader that was replaced named itself, to a client that had just been told who
    votes, and was dropped before the client asked it.
    """
    assert execute(config_of("membership", "portfolio", 1130, 16)).failure is None


def test_an_election_that_takes_two_attempts_is_no_idle_election() -> None:
    """Found by a campaign: the last heartbeats before the end were lost, and its candidate asked twice."""
    assert execute(config_of("many-groups", "portfolio", 1130, 2128)).failure is None


def test_a_new_leader_at_a_gray_link_stays_the_leader() -> None:
    """Found by a campaign: a voter that heard the new leader campaigned by an older timer."""
    assert execute(config_of("many-groups", "portfolio", 1130, 952)).failure is None


def test_no_client_asks_fast_while_another_one_waits_for_an_attempt_that_was_lost() -> None:
    """Found by a campaign: 63 clients used up all events of the end while one waited for 15 s."""
    found = execute(config_of("busy", "portfolio", 9202, 81))
    assert found.failure is None
    assert found.events < 60_000


def test_a_user_for_whom_routers_have_no_room_comes_again_in_its_time() -> None:
    """Found by a campaign: routers that take three requests refused it five times, and its pauses doubled."""
    assert execute(config_of("hot-partition", "portfolio", 9403, 329)).failure is None


def test_a_region_has_mended_once_the_repair_that_an_admin_is_about_to_begin_is_done() -> None:
    """Found by a campaign: a node was heard again while the repair of its voter was being written down, and
    one cut link and that took the leader.
    """
    assert execute(config_of("diurnal", "portfolio", 9501, 597)).failure is None
