"""The fair end judges idleness once nothing from the time of the faults is on its way any more, and answers
once nobody's answer from before the last config is.
"""

from msgspec import structs

from dynaproof.checkers.kinds.group import Group
from dynaproof.checkers.runs import exploring
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios.catalogue import config_of, execute
from dynaproof.checkers.scenarios.membership import MEMBERSHIP, the_operator
from dynaproof.impl.node import NodeId


def test_an_election_that_a_straggling_answer_starts_is_no_idle_election() -> None:
    """Found by a campaign: an answer of a slow node, 27 s late."""
    assert execute(config_of("partition", "portfolio", 2026, 14260)).failure is None


def test_clients_know_who_votes_when_their_answers_are_waited_for() -> None:
    """Found by a campaign: a leader that was replaced named itself, to a client that had just been told who
    votes, and was dropped before the client asked it.
    """
    told: list[bool] = []

    def watch(run: Run) -> None:
        clients = Group(run).clients()
        for client in clients:
            client.replicas = client.replicas[:1]
            client.route.leader = NodeId("region", "a", "gone")
        MEMBERSHIP.actions["watch"](run)
        voters = tuple(voter.node.address for voter in the_operator(run).config.voters)
        told.extend(client.replicas == voters and client.route.leader is None for client in clients)

    scenario = structs.replace(MEMBERSHIP, actions={**MEMBERSHIP.actions, "watch": watch})
    found = exploring.execute(scenario, config_of("membership", "portfolio", 1130, 16))
    assert found.failure is None
    assert told
    assert all(told)


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


def test_storage_nodes_that_tell_a_metrics_service_which_stays_down_leave_users_the_time_to_be_answered() -> (
    None
):
    """Found by a campaign: a hundred emissions a period used up all events of the end."""
    assert execute(config_of("stuck-alarm", "portfolio", 9501, 1820)).failure is None
