"""What an admin keeps while it drives the workflows of partitions: who leads, what was answered, which
workflows there are.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dynaproof.impl.admin.replacements import Replacements
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.admin.steps import HOPS, Driven, PartitionStepTimer, Steps
from dynaproof.impl.metadata.records import ReplacementRecord
from dynaproof.impl.metadata.replacements import Plan
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.membership import RaiseEpoch
from dynaproof.impl.paxos.records import Config

FIRST = Config(0, tuple(Member(NodeId("region", zone, f"s{zone}"), 1) for zone in "abc"), 4)
OUT, NEW = FIRST.voters[0], Member(NodeId("region", "a", "sa2"), 4)
SECOND = FIRST.raised()
THIRD = SECOND.raised()
WORK = ReplacementRecord(1, 7, "repair", OUT, NEW, "full", "create", 0)
PLAN = Plan(8, OUT, NEW.node, "full", "repair")


class Driving:
    """The steps of one replacement."""

    def __init__(self) -> None:
        self.reads = 0
        """How often its record was read."""
        self.asked: list[NodeId] = []
        env = SimpleNamespace(
            now=0,
            enter=lambda _: None,
            send=lambda to, _: self.asked.append(to),
            set_timer=lambda *_: None,
            cancel_timer=lambda *_: None,
            random=lambda _, size: size - 1,
        )
        term, nodes = SimpleNamespace(term=1, active=True), SimpleNamespace(has_lost=lambda *_: False)
        metadata = SimpleNamespace(read=self.read)
        self.steps = Steps(*cast(Any, (env, AdminSettings(), metadata, term, nodes)))
        kind = Replacements(*cast(Any, (env, AdminSettings(), term, nodes, self.steps)))
        self.steps.kinds = {ReplacementRecord: kind}
        self.one = Driven(WORK, kind.begin(), 0)
        self.steps.known[1] = self.one

    def read(self, *_: Any) -> None:
        self.reads += 1


def test_what_is_answered_while_a_record_is_read_or_written_is_looked_at_next() -> None:
    driving = Driving()
    steps, one = driving.steps, driving.one
    steps.step(one)
    steps.step(one)
    assert driving.reads == 1, "one at a time"
    one.asks = False
    steps.wait(one)
    assert driving.reads == 2, "at once, and not when the timer says so"
    one.asks = False
    steps.wait(one)
    assert driving.reads == 2, "nothing was answered since"


@pytest.mark.parametrize(
    "configs", [(THIRD,), (SECOND, THIRD), (THIRD, SECOND), (THIRD, FIRST, SECOND, THIRD)]
)
def test_the_newest_config_that_was_heard_of_counts_in_whatever_order_they_come(
    configs: tuple[Config, ...],
) -> None:
    driving = Driving()
    for config in configs:
        driving.steps.learn(driving.one, config, 10 * config.epoch)
    answers = driving.one.heard.answers
    assert (answers.config, answers.config_slot) == (THIRD, 20)


def test_the_config_that_a_command_expects_is_no_news() -> None:
    driving = Driving()
    driving.steps.learn(driving.one, FIRST, 5)
    assert driving.one.heard.answers.config is None
    assert driving.reads == 0


def test_a_leader_that_did_not_answer_is_not_asked_again_unless_it_is_named_anew() -> None:
    driving = Driving()
    driving.one.leader = FIRST.voters[1].node.address
    for _ in range(2):
        driving.steps.order(driving.one, FIRST, RaiseEpoch(0))
    assert driving.asked == [FIRST.voters[1].node.address, FIRST.voters[2].node.address]


def test_a_command_is_passed_on_anew_when_the_timer_sends_it_again() -> None:
    driving = Driving()
    driving.one.hops = HOPS
    driving.steps.follow(driving.one, FIRST.voters[1].node, FIRST.voters[2].node)
    assert driving.reads == 0
    driving.steps.on_timer(PartitionStepTimer(1))
    driving.one.asks = False
    driving.steps.follow(driving.one, FIRST.voters[1].node, FIRST.voters[2].node)
    assert driving.reads == 2


def test_what_was_begun_counts_until_a_look_up_that_came_after_it_has_found_it() -> None:
    driving = Driving()
    steps = driving.steps
    steps.begun = [PLAN]
    steps.found({1: WORK}, is_all=False)
    assert steps.begun == [PLAN], "it was begun while that was read"
    steps.found({1: WORK}, is_all=True)
    assert steps.begun == []
    assert steps.read
    steps.begun = [PLAN]
    steps.activated()
    assert (steps.read, steps.begun, steps.known) == (False, [], {}), "another admin has driven them since"
