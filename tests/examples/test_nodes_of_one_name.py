"""Nodes are told apart by region, zone and name: a group whose nodes share one name works like any other."""

import pytest

from dynaproof.checkers.kinds import client, group, replica_host
from dynaproof.checkers.kinds.group import first_config
from dynaproof.checkers.kinds.replica_host import replica_host as kind_of_hosts
from dynaproof.checkers.runs.config import RunResult
from dynaproof.checkers.runs.exploring import execute
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios import partition
from dynaproof.checkers.scenarios.catalogue import config_of
from dynaproof.checkers.scenarios.partition import PARTITION
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.world.options import RATE_ONE
from dynaproof.impl.node import NodeId

SAME = (NodeId("east", "a", "node"), NodeId("west", "a", "node"), NodeId("west", "b", "node"))


@pytest.fixture
def same_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (group, client, replica_host, partition):
        monkeypatch.setattr(module, "REPLICAS", SAME)


def result(number: int) -> RunResult:
    return execute(PARTITION, config_of("partition", "portfolio", 11, number))


def test_places_of_one_name_are_shown_with_region_and_zone(same_names: None) -> None:
    assert [voter.node for voter in first_config().voters] == list(SAME)
    run = Run(PARTITION, config_of("partition", "timed", 11, 0), Timed(1))
    assert [place.name for place in run.places_of("replica host")] == [
        "east/a/node",
        "west/a/node",
        "west/b/node",
    ]
    assert [place.name for place in run.places_of("client")] == ["c0", "c1", "c2"]
    later = run.add(kind_of_hosts(), NodeId("west", "c", "c0"), RATE_ONE)
    assert later.name == "west/c/c0"
    assert run.world.at(NodeId("west", "c", "c0", 7)) is later


def test_a_group_of_one_name_keeps_its_promises_under_faults_and_replaces_a_lost_voter(
    same_names: None,
) -> None:
    reached: dict[str, int] = {}
    for number in range(16):
        outcome = result(number)
        assert outcome.failure is None
        assert outcome.endings["ok"] > 0
        for name, times in outcome.reached.items():
            reached[name] = reached.get(name, 0) + times
    assert reached["voter replaced"] > 0
