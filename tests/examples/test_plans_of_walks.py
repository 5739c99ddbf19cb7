"""What an admin's walks remember from one to the next, and what they count, before they plan anything."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dynaproof.impl.admin import planner as of_walks
from dynaproof.impl.admin import split_points
from dynaproof.impl.admin.planner import Planner
from dynaproof.impl.metadata.placement import Candidate
from dynaproof.impl.metadata.records import PartitionRecord
from dynaproof.impl.metadata.replacements import Plan
from dynaproof.impl.metadata.splits import PlanSplit, Readiness
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.values.key_range import whole

CONFIG = Config(0, tuple(Member(NodeId("region", zone, f"s{zone}"), 1) for zone in "abc"), 4)
VOTER, SPARE = CONFIG.voters[0], NodeId("region", "a", "sa2")
CHILD = PartitionRecord(7, "books", 1, whole(), "listed", CONFIG, parent=3)
MOVE = Plan(9, VOTER, SPARE, "full", "drain")
ELSEWHERE = Plan(9, CONFIG.voters[1], NodeId("region", "b", "sb2"), "full", "drain")
SPLIT = PlanSplit(7, "books", whole().midpoint(), "size")


class Walks:
    """A planner, and what its admin knows besides."""

    def __init__(self, **settings: Any) -> None:
        bounds = {"balance_at_once": 2, "repairs_per_node": 2, "balances": False, "splits_at_once": 2}
        self.settings = SimpleNamespace(**bounds | settings)
        self.planned: list[Plan | PlanSplit] = []
        self.moving = self.splitting = 0
        self.report: tuple[int, int, int] | None = None
        """The report of the first voter's node that does not name the voter."""
        self.nodes = SimpleNamespace(
            has_lost=lambda *_: False,
            lacks=lambda voter, _: self.report if voter == VOTER else None,
            is_draining=lambda address: address == VOTER.node.address and not self.settings.balances,
            hosted=lambda *_: None,
        )
        self.planner = Planner(
            *cast(
                Any,
                (
                    self.settings,
                    self.nodes,
                    SimpleNamespace(planned=lambda: self.planned),
                    SimpleNamespace(
                        to_node=lambda _: [], moves=lambda: self.moving, needs_repair=lambda *_: False
                    ),
                    SimpleNamespace(
                        under_way=lambda: self.splitting,
                        may_plan=lambda _: True,
                        coming=lambda _: 0,
                    ),
                    SimpleNamespace(lacking={}),
                ),
            )
        )

    def walk(self, report: tuple[int, int, int] | None, *halved: int) -> bool:
        """Walk once; whether the voter is found lost."""
        self.report = report
        self.planner.begin()
        self.planner.halved |= dict.fromkeys(halved, True)
        lost = self.planner.is_lost(VOTER, CHILD)
        self.planner.walked(0)
        return lost

    def moves_to(self, room: int = 8) -> NodeId | None:
        """Where the voter is moved, if only one node is free, which has this much room."""
        plan = self.planner.move(CHILD, (Candidate(SPARE, 0, room),))
        return None if plan is None else plan.node


def test_a_voter_is_lost_when_two_reports_in_a_row_do_not_name_it() -> None:
    walks = Walks()
    assert not walks.walk((1, 1, 1)), "that report may have left before the voter was made"
    assert not walks.walk((1, 1, 1)), "it is the same one"
    assert walks.walk((1, 1, 2))


def test_a_voter_that_a_report_has_named_meanwhile_must_be_missed_twice_again() -> None:
    walks = Walks()
    for reports in range(1, 9, 3):
        assert not walks.walk((1, 1, reports))
        assert not walks.walk(None)
    assert not walks.walk((1, 1, 9))
    assert walks.walk((1, 1, 10))


def test_what_an_earlier_term_has_missed_says_nothing_of_what_became_of_it_since() -> None:
    walks = Walks()
    assert not walks.walk((1, 1, 1))
    walks.planner.activated()
    assert not walks.walk((1, 1, 2))
    assert walks.walk((1, 1, 3))


def test_a_first_voter_of_a_child_is_waited_for_until_its_parent_is_gone_and_no_longer() -> None:
    walks = Walks()
    assert not any(walks.walk((1, 1, report), CHILD.parent) for report in (1, 2, 3))
    assert not walks.walk((1, 1, 4)), "only from here on it is missed"
    assert walks.walk((1, 1, 5))


def test_a_move_waits_for_a_node_that_is_busy_or_full_with_what_comes() -> None:
    walks = Walks(repairs_per_node=1)
    assert walks.moves_to() == SPARE
    walks.planned = [MOVE]
    assert walks.moves_to() is None, "it is busy"
    walks.settings.repairs_per_node = 2
    assert walks.moves_to() == SPARE
    assert walks.moves_to(room=1) is None, "what comes to it takes the place (H12)"


def test_moves_that_are_planned_count_among_those_that_may_be_under_way() -> None:
    walks = Walks(balance_at_once=1)
    assert walks.moves_to() == SPARE
    walks.planned = [ELSEWHERE]
    assert walks.moves_to() is None
    walks.settings.balance_at_once = 2
    assert walks.moves_to() == SPARE
    walks.moving = 1
    assert walks.moves_to() is None


def test_a_zone_is_balanced_by_one_move_at_a_time_and_beside_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many a node that is drained may make: each changes what the next one is decided by (A15)."""
    monkeypatch.setattr(of_walks, "better_place", lambda *_: (VOTER, SPARE))
    walks = Walks(balances=True)
    assert walks.moves_to() == SPARE
    walks.moving = 1
    assert walks.moves_to() is None
    walks.moving, walks.planned = 0, [ELSEWHERE]
    assert walks.moves_to() is None


def test_splits_that_are_planned_count_among_those_that_may_be_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(split_points, "due", lambda *_: SPLIT)
    beside: list[int] = []

    def ready(_: Any, __: Any, under_way: int) -> Readiness:
        beside.append(under_way)
        return Readiness("", b"")

    monkeypatch.setattr(split_points, "readiness", ready)
    walks = Walks()
    assert walks.planner.split(CHILD) == SPLIT
    walks.planned = [PlanSplit(8, "books", whole().midpoint(), "size")]
    assert walks.planner.split(CHILD) == SPLIT
    walks.splitting = 1
    assert walks.planner.split(CHILD) is None, "as many as may be are under way, or are to be"
    assert beside == [0, 1], "each of those takes room (H12)"
