"""What the observer takes for a broken promise about requests: several records, or answers that differ."""

import pytest

from dynaproof.checkers.kinds.group import REPLICAS
from dynaproof.checkers.workloads.judge import Judge
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.messages.requests import Put, Reply
from dynaproof.impl.partition.records import Outcome, StoredItem, Write
from dynaproof.impl.paxos.ids import Ballot, Member, RequestId
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.router.notes import Ended, Invoked
from dynaproof.specs.observe.impl import ImplObserver, births
from dynaproof.specs.promises.clients import retries_apply_once

CLIENT = NodeId("region", "client", "c")
REQUEST = RequestId(CLIENT, 1, 1)
BALLOT = Ballot(1, "sa", 1)
FOUND = StoredItem(b"other", 2, 2)


def observer() -> ImplObserver:
    voters = tuple(Member(node, number + 1) for number, node in enumerate(REPLICAS))
    made = ImplObserver(Config(0, voters, 4), {}, Judge)
    made.invoked(Invoked(REQUEST, Put(b"k", b"item", True, None), 1_000), "c")
    return made


def broken(made: ImplObserver) -> list[str]:
    return [violation.sentence for violation in retries_apply_once.check(made.view)]


def write(made: ImplObserver, slot: int) -> None:
    made.settle(Write(slot, BALLOT, 0, slot, REQUEST, 1_000, ()))


def refuse(made: ImplObserver, slot: int) -> None:
    made.settle(Outcome(slot, BALLOT, 0, slot, REQUEST, 1_000, FOUND))


@pytest.mark.parametrize("first", [write, refuse])
@pytest.mark.parametrize("second", [write, refuse])
def test_a_request_has_one_record_whether_it_takes_effect_or_not(first, second) -> None:
    made = observer()
    first(made, 3)
    assert not broken(made)
    second(made, 4)
    assert len(broken(made)) == 1


def test_a_client_is_answered_what_the_record_of_its_request_says() -> None:
    right, wrong, early = observer(), observer(), observer()
    for made in (right, wrong):
        refuse(made, 3)
    right.ended(Ended(REQUEST, "condition_failed", 3, FOUND))
    wrong.ended(Ended(REQUEST, "condition_failed", 3, None))
    early.ended(Ended(REQUEST, "condition_failed", 3, FOUND))
    assert [len(broken(made)) for made in (right, wrong, early)] == [0, 1, 1]


def test_all_answers_that_leave_for_a_write_agree() -> None:
    made = observer()
    made.replied(Reply(REQUEST, 1, "condition_failed", 3, FOUND))
    made.replied(Reply(REQUEST, 2, "condition_failed", 3, FOUND))
    assert not broken(made)
    made.replied(Reply(REQUEST, 3, "ok", 4, None))
    assert len(broken(made)) == 1


def test_each_attempt_at_a_read_may_see_something_else() -> None:
    made = observer()
    made.replied(Reply(RequestId(CLIENT, 1, 2), 1, "ok", 3, FOUND))
    made.replied(Reply(RequestId(CLIENT, 1, 2), 2, "ok", 4, None))
    assert not broken(made)


def test_answers_of_a_split_partition_agree_with_those_of_the_child_in_which_the_write_goes_on() -> None:
    right, wrong = (observer(), observer(), observer()), (observer(), observer(), observer())
    for parent, child, grandchild in (right, wrong):
        births.cross(REQUEST, parent, child)
        births.cross(REQUEST, child, grandchild)
        parent.replied(Reply(REQUEST, 1, "condition_failed", 3, FOUND))
        grandchild.replied(Reply(REQUEST, 2, "condition_failed", 3, FOUND))
    right[1].replied(Reply(REQUEST, 3, "condition_failed", 3, FOUND))
    wrong[1].replied(Reply(REQUEST, 3, "condition_failed", 9, FOUND))
    assert [len(broken(line[-1])) for line in (right, wrong)] == [0, 1]


def test_what_a_split_partition_answers_is_compared_as_long_as_anything_is_remembered_of_it() -> None:
    parent, child, read = observer(), observer(), RequestId(CLIENT, 1, 2)
    births.cross(REQUEST, parent, child)
    births.cross(read, parent, child)
    parent.replied(Reply(read, 1, "ok", 3, FOUND))
    parent.replied(Reply(read, 1, "ok", 4, None))
    assert list(parent.crossed) == [REQUEST]
    assert not broken(child)
    parent.forget_requests(9, 9)
    assert list(parent.crossed) == [REQUEST]
    child.ended(Ended(REQUEST, "definite", 0, None))
    child.forget_requests(9, 9)
    parent.forget_requests(9, 9)
    assert not parent.crossed
