"""What the observer takes for a broken promise of consensus: by content, and after restarts."""

from types import SimpleNamespace
from typing import Any

import pytest
from msgspec import structs

from dynaproof.checkers.kinds.group import HOST, REPLICAS
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios.partition import PARTITION, draw
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.workloads.judge import Judge
from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.node import ONLY_LANE
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.paxos.files import log_prefix
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.log import encode
from dynaproof.impl.paxos.messages.election import Prepare
from dynaproof.impl.paxos.messages.leadership import Accept
from dynaproof.impl.paxos.notes import Reached
from dynaproof.impl.paxos.records import Config, NoOp
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.impl.storage_node.node_journal import Made
from dynaproof.specs.observe.impl import ImplObserver
from dynaproof.specs.observe.impl.place import replica_of
from dynaproof.specs.promises.consensus import one_leader_per_ballot, promises_never_go_back
from dynaproof.specs.views.group_facts import Entry, FellSilent

CALM = structs.replace(draw("partition", 3, "timed"), faults=(), loss=0, duplication=0, end="all")

VOTERS = tuple(Member(node, number + 1) for number, node in enumerate(REPLICAS))
LEADER, PEER, OTHER = VOTERS
BALLOT = Ballot(2, "sa", 1)
PLACE = Run(PARTITION, CALM, Timed(CALM.seed)).places_of(HOST)[0]


def read_too_much(disk: SimDisk) -> None:
    """Read the logs of a node until that is more than any handler may."""
    while disk.bytes_read <= 1 << 23:
        for log in disk.logs("log/"):
            disk.read(log, 0, disk.size(log))


def test_what_a_handler_reads_is_its_work_and_what_others_read_is_not() -> None:
    run = Run(PARTITION, CALM, Timed(CALM.seed))
    run.set_up()
    for place in run.places_of(HOST):
        read_too_much(place.disk)
    for _ in range(100):
        run.step()
    assert run.failure is None
    place = run.places_of(HOST)[0]
    run.world.run(place, read_too_much, place.disk)
    run.check()
    assert run.failure is not None
    assert run.failure.spec == "work_is_bounded"
    assert "on a start" not in run.failure.sentence


@pytest.mark.parametrize(("share", "found"), [(1.1, "frames_fit"), (0.9, None)])
def test_a_journal_record_that_is_larger_than_a_message_is_seen_on_the_disk(
    share: float, found: str | None
) -> None:
    run = Run(PARTITION, CALM, Timed(CALM.seed))
    run.set_up()
    place = run.places_of(HOST)[0]
    replica: Any = replica_of(place, ONLY_LANE)
    each = len(encode(NoOp(1_000, BALLOT, 0, 1_000))) + len(encode(BALLOT))
    count = int(replica.settings.records_bytes * share) // each
    records = tuple(NoOp(slot, BALLOT, 0, 1_000) for slot in range(1_000, 1_000 + count))
    run.world.run(place, replica.log.bring, 1_000, records, (BALLOT,) * count)
    for _ in range(200):
        run.step()
    assert (run.failure.spec if run.failure is not None else None) == found


def observer() -> ImplObserver:
    return ImplObserver(Config(0, VOTERS, 4), {}, Judge)


def accept(to: Member, timestamp: int) -> Accept:
    records = (NoOp(3, BALLOT, 0, timestamp),)
    return Accept(LEADER, to.incarnation, BALLOT, 0, 3, records, 2, 2)


def test_two_values_of_one_ballot_are_seen_although_their_identity_is_the_same() -> None:
    made = observer()
    made.proposed(PLACE, accept(PEER, 7))
    made.proposed(PLACE, accept(OTHER, 7))
    assert not list(one_leader_per_ballot.check(made.view))
    made.proposed(PLACE, accept(OTHER, 8))
    assert len(list(one_leader_per_ballot.check(made.view))) == 1


def test_an_adopted_value_that_was_changed_is_seen_where_it_is_durable() -> None:
    made = observer()
    made.logs.accepted(PEER, NoOp(1, BALLOT, 0, 7), BALLOT)
    made.logs.accepted(OTHER, NoOp(1, BALLOT, 0, 7), Ballot(3, "sb", 2))
    assert not list(one_leader_per_ballot.check(made.view))
    made.logs.accepted(OTHER, NoOp(1, BALLOT, 0, 8), Ballot(3, "sb", 2))
    assert len(list(one_leader_per_ballot.check(made.view))) == 1


def test_a_ballot_that_a_candidate_asked_with_is_one_that_it_let_out() -> None:
    made = observer()
    made.prepared(PLACE, Prepare(LEADER, PEER.incarnation, BALLOT, 0))
    made.view.recover(LEADER, BALLOT)
    assert not list(promises_never_go_back.check(made.view))
    made.view.recover(LEADER, Ballot(1, "sa", 1))
    assert len(list(promises_never_go_back.check(made.view))) == 1


def restarted(*, other: bool) -> Run:
    """A run in which a replica has come back; with `other` the first slot of its log is chosen with a value
    that it does not have.
    """
    run = Run(PARTITION, CALM, Timed(CALM.seed))
    run.set_up()
    slot = run.world.places["sb"]
    log = slot.node.replicas[ONLY_LANE].log  # type: ignore[attr-defined]
    # What was told with an entry is known again after the restart: a commit index in what is retained.
    run.advance(lambda: log.commit > log.first + CALM.settings.in_flight_slots, 5_000)
    first = log.first
    run.world.crash(slot, "test", spare=True)
    run.check()
    if other:
        chosen = run.view.chosen
        chosen[first] = structs.replace(chosen[first], entry=Entry(BALLOT, "another"))
    run.world.start(slot)
    run.advance(lambda: ONLY_LANE in slot.node.replicas, 1_000)  # type: ignore[attr-defined]
    run.check()
    return run


def test_a_log_that_comes_back_from_the_disk_is_held_against_what_is_chosen() -> None:
    assert restarted(other=False).failure is None
    failure = restarted(other=True).failure
    assert failure is not None
    assert failure.spec == "logs_agree_up_to_commit"


def test_a_replica_that_was_made_and_never_spoke_has_nothing_to_fall_silent_for() -> None:
    env: Any = type("Env", (), {"disk": SimDisk(Outbox()), "now": 0})()
    host = StorageNode(env, (LEADER.node,), Settings())
    place: Any = type("Place", (), {"name": "sa", "node": host})
    host.journal.append(Made(ONLY_LANE, 4))
    made = observer()
    made.members["sa"] = LEADER
    made.on_reached(place, Reached("rot found"))
    assert [fact.name for fact in made.view.take(FellSilent)] == ["sa/4"]
    assert not made.reached
    damaged = observer()
    damaged.damaged(place, "log/000000/000004/00000001")
    damaged.on_reached(place, Reached("rot found"))
    assert not damaged.view.take(FellSilent)


class Removed:
    """A disk on which a crash has undone the removal of an old segment."""

    paged: tuple[tuple[str, int], ...] = ()

    def __init__(self, *grown: str) -> None:
        self.grown = grown
        self.read: list[str] = []

    def durable_log(self, log: str) -> bytes:
        self.read.append(log)
        return b""


def test_an_old_segment_that_a_crash_brings_back_is_not_read_again() -> None:
    """Found by `acknowledged_writes_survive` in `busy`, seed 5: read again from its beginning, an old segment
    says that what came later was cut.
    """
    made, prefix = observer(), log_prefix(ONLY_LANE, LEADER.incarnation)
    old, newer, newest = (f"{prefix}{number:08d}" for number in (1, 2, 3))
    for log in (newer, old, newest):  # The old one grows until the newer one is durable.
        made.logs.read_through[PLACE.name, log] = 1_000
    made.logs.forget(1)
    disk: Any = Removed(old, newer, newest)
    place: Any = SimpleNamespace(name=PLACE.name, disk=disk)
    made.logs.synced(place, LEADER)
    assert disk.read == [newest]


def test_the_segment_that_one_place_writes_is_read_on_however_many_another_has_begun() -> None:
    """Found by `logs_agree_up_to_commit` in `busy`, seed 3: the rest of a segment was not read."""
    made, prefix = observer(), log_prefix(ONLY_LANE, LEADER.incarnation)
    newest = f"{prefix}{9:08d}"
    made.logs.read_through[PLACE.name, newest] = 1_000
    for number in range(20):
        made.logs.read_through["elsewhere", f"{number:08d}"] = 1_000
    made.logs.forget(4)
    disk: Any = Removed(newest)
    place: Any = SimpleNamespace(name=PLACE.name, disk=disk)
    made.logs.synced(place, LEADER)
    assert disk.read == [newest]
    assert next(iter(made.logs.read_through)) == ("elsewhere", f"{16:08d}")
