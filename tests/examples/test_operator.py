"""What an operator commands when a piece of work does not get on."""

from typing import Any

import pytest

from dynaproof.checkers.kinds.group import first_config
from dynaproof.checkers.workloads.operator import Operator, OperatorSettings, OperatorTimer
from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.membership import (
    Created,
    CreateReplica,
    OtherEpoch,
    RaiseEpoch,
    ReplaceVoter,
    Report,
)
from dynaproof.impl.paxos.records import Config

FIRST = first_config()
LOST, *LIVE = FIRST.voters
SPARE = Member(NodeId("region", LOST.node.zone, "spare"), FIRST.next_incarnation)
SETTINGS = OperatorSettings(retry_us=10, dead_us=100, patience_us=5_000, held_us=1_000, moves=0)


class Commands:
    """An environment that keeps what is sent."""

    def __init__(self) -> None:
        self.me = NodeId("region", "operator", "operator")
        self.now = 0
        self.sent: list[tuple[NodeId, Message]] = []

    def send(self, to: NodeId, message: Message) -> None:
        self.sent.append((to, message))

    def random(self, _label: str, _n: int) -> int:
        return 0

    def set_timer(self, _delay: int, _timer: object) -> None:
        pass


class Operated:
    """An operator that has just commanded a log replica in the place of a voter that is lost."""

    def __init__(self) -> None:
        self.env: Any = Commands()
        nodes = (*(voter.node for voter in FIRST.voters), SPARE.node)
        self.operator = Operator(self.env, nodes, FIRST, SETTINGS)
        self.operator.on_start()
        self.later(200)
        assert self.of(ReplaceVoter) == [ReplaceVoter(0, LOST, SPARE, "log")]

    def later(self, us: int) -> None:
        """So much later, all nodes but the lost one say what they host, and the operator looks."""
        self.env.now += us
        self.env.sent.clear()
        for member in LIVE:
            self.says(member.node, Report(self.env.now, member.node, member, True))
        self.says(SPARE.node, Report(self.env.now, SPARE.node, None, False))
        self.operator.on_timer(OperatorTimer())

    def says(self, node: NodeId, message: Message) -> None:
        self.operator.on_message(node, message)

    def of(self, kind: type[Message]) -> list[Message]:
        """The different commands of a kind in the last look."""
        return list(dict.fromkeys(message for _, message in self.env.sent if type(message) is kind))

    def made(self) -> list[Message]:
        return self.of(CreateReplica)


def chosen(config: Config) -> OtherEpoch:
    """Some leader says that a config is chosen."""
    return OtherEpoch(0, config, 7)


def test_a_log_replica_is_made_empty_although_its_work_is_given_up_at_the_same_look() -> None:
    run = Operated()
    for _ in range(2):
        run.later(SETTINGS.patience_us)
        assert run.of(RaiseEpoch) == [RaiseEpoch(0)]
        assert run.made() == [CreateReplica(SPARE, FIRST, 0)]


def test_a_log_replica_whose_config_is_chosen_is_made_although_its_work_is_given_up() -> None:
    run = Operated()
    config = FIRST.replacing(LOST, SPARE)
    run.says(LIVE[0].node, chosen(config))
    run.later(SETTINGS.patience_us)
    assert run.operator.work is None
    assert run.made() == [CreateReplica(SPARE, config, 7)]


def test_a_void_command_that_had_its_effect_is_followed_by_the_making_of_its_replica() -> None:
    run = Operated()
    run.later(SETTINGS.patience_us)
    config = FIRST.replacing(LOST, SPARE)
    run.says(LIVE[0].node, chosen(config))
    run.later(SETTINGS.retry_us)
    assert not run.of(RaiseEpoch)
    assert run.made() == [CreateReplica(SPARE, config, 7)]
    run.says(SPARE.node, Report(run.env.now, SPARE.node, SPARE, False))
    assert run.operator.work is None


@pytest.mark.parametrize("answer", [Created(SPARE), chosen(FIRST.raised())])
def test_nothing_is_made_that_is_there_or_can_have_no_vote(answer: Message) -> None:
    run = Operated()
    run.later(SETTINGS.patience_us)
    run.says(SPARE.node if isinstance(answer, Created) else LIVE[0].node, answer)
    run.later(SETTINGS.retry_us)
    assert SPARE not in [command.member for command in run.made() if isinstance(command, CreateReplica)]
