"""What replicas say may come late, twice, or from an earlier life: it undoes nothing that was said since."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec import structs

from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.catch_up import CatchUp
from dynaproof.impl.paxos.files import pages_file
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.leadership import Leadership
from dynaproof.impl.paxos.membership import Membership
from dynaproof.impl.paxos.messages.catch_up import (
    CopiedLog,
    CopiedPages,
    CopyLater,
    CopyOffer,
    Fetch,
    FetchTimer,
)
from dynaproof.impl.paxos.messages.election import Alive, ElectionTimer, Prepare, Promise, Refused
from dynaproof.impl.paxos.messages.leadership import Behind, Heard, Heartbeat, Release, Vote
from dynaproof.impl.paxos.messages.membership import (
    Following,
    NotNow,
    RaiseEpoch,
    ReplaceVoter,
    Vacant,
)
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.tree.page_file import PageFile
from tests.laws.test_strangers_are_not_heard import (
    CLIENT,
    COPY,
    GROUP,
    ME,
    NODES,
    OTHER,
    PAGES,
    PEER,
    ROOTS,
    SETTINGS,
    THEIRS,
    Group,
    asking,
    candidate,
    copied,
    follower,
    granted,
    leader,
    no_ops,
    serving,
)

SPARE = Member(NodeId("region", "d", "sd"), 4)


def sent(group: Group, kind: type[Any]) -> list[tuple[NodeId, Any]]:
    """What was sent of a kind, and to whom; what comes later is seen by itself."""
    found = [(to, m) for to, m in group.env.sent if isinstance(m, kind)]
    group.env.sent.clear()
    return found


# --- Elections ---


def test_a_late_release_of_an_older_leader_does_not_undo_that_of_a_newer_one() -> None:
    """Rule L4: what comes late from either of them binds nobody."""
    group = granted()
    for ballot in (THEIRS, Ballot(THEIRS.round - 1, "sc", 3)):
        group.hear(Release(PEER, 1, ballot, 0, None))
    group.env.now += 1
    group.hear(Heartbeat(PEER, 1, THEIRS, group.env.now, 0, 1, True))
    assert group.replica.bound_until() < group.env.now


def test_who_did_not_hear_the_leader_some_time_ago_may_hear_it_now() -> None:
    """An answer to an earlier question does not help to depose a leader that is alive."""
    group = asking()
    earlier = group.env.now
    group.env.now += 1
    group.node.on_timer(ElectionTimer())
    group.hear(Alive(PEER, 1, earlier, False, 0))
    assert (group.replica.campaign, group.replica.inquiry.dead_votes) == (None, {ME})
    group.hear(Alive(PEER, 1, group.env.now, False, 0))
    assert group.replica.campaign is not None


@pytest.mark.parametrize("leaves", [False, True])
def test_a_leader_that_ends_names_a_successor_that_has_a_tree(leaves: bool) -> None:
    """Rule M5: a log replica that is more advanced does not campaign, so all would wait for an election."""
    group = leader()
    ballot, now, wall = group.replica.leading, group.env.now, group.env.wall
    group.hear(Heard(PEER, 1, ballot, now, True, 1, 0, 0, wall, False))
    group.hear(Heard(OTHER, 1, ballot, now, False, 0, 0, 0, wall, True))
    assert group.replica.serving
    sent(group, Release)
    if leaves:
        group.replica.leave(group.replica.leadership, GROUP.replacing(ME, SPARE))
    else:
        group.replica.hand_over()
    said = sent(group, Release)
    assert {m.successor for _, m in said} == {OTHER}
    assert {to for to, _ in said} == {*NODES[1:], *([SPARE.node] if leaves else [])}


# --- Copies ---


def test_no_source_has_a_laggard_wait_for_longer_than_a_view_is_held() -> None:
    group = follower()
    group.hear(CopyLater(PEER, 1, 1 << 40))
    for later_us, asks in ((SETTINGS.view_us - 1, False), (1, True)):
        group.env.now += later_us
        group.hear(Behind(PEER, 1, THEIRS, group.env.now, 9))
        assert bool(sent(group, Fetch)) == asks


def test_a_copy_takes_no_file_from_which_a_peer_still_copies() -> None:
    """An earlier copy may lie in a file of the number with which this one would begin."""
    group = follower()
    file = PageFile(group.env.disk, pages_file(0, 1, COPY.slot), SETTINGS.page_bytes, group.node.cache)
    root, _ = file.store(b"held")
    file.hold_durable()
    group.replica.upkeep.replaced.append(file)
    group.hear(CopyOffer(PEER, 1, 7, COPY))
    assert group.replica.copy is not None
    assert file.fetch(root)[0] == b"held"


def test_a_copy_of_a_state_machine_that_is_not_known_is_not_begun() -> None:
    group = follower()
    for roots in (ROOTS[:1], (*ROOTS, *ROOTS[:1])):
        group.hear(CopyOffer(PEER, 1, 7, structs.replace(COPY, roots=roots)))
        assert group.replica.copy is None


def test_the_log_that_comes_with_a_copy_is_a_promise_too() -> None:
    """Rule 10: the peer may have learnt what is below its checkpoint at a higher ballot."""
    group = copied()
    higher = Ballot(THEIRS.round + 3, "sc", 3)
    group.hear(CopiedLog(PEER, 1, 7, 5, 5, no_ops(5, 9), (THEIRS, higher, *[THEIRS] * 3)))
    group.hear_own()
    log = group.replica.log
    assert (log.first, log.commit, log.slot_held_at(6)) == (5, 9, higher)
    group.hear(Prepare(PEER, 1, Ballot(THEIRS.round + 2, "sb", 2), 9))
    assert [m.promised for _, m in sent(group, Refused)] == [higher]


def test_a_copy_that_brings_no_log_is_a_promise_too() -> None:
    """Rule 10: its last slot was learnt at the ballot at which the peer's log holds it."""
    group, higher = follower(), Ballot(THEIRS.round + 3, "sc", 3)
    group.hear(CopyOffer(PEER, 1, 7, structs.replace(COPY, held_at=higher, holds=())))
    group.hear(CopiedPages(PEER, 1, 7, PAGES, ()))
    group.hear_own()
    log = group.replica.log
    assert (log.first, log.commit) == (10, 9)
    group.hear(Prepare(PEER, 1, Ballot(THEIRS.round + 2, "sb", 2), 9))
    assert [m.promised for _, m in sent(group, Refused)] == [higher]


def test_a_replica_asks_those_that_it_was_made_with_and_those_that_govern_now() -> None:
    """The first may all have left, and of the others none may be in reach."""
    asked: list[Member] = []
    replica = SimpleNamespace(
        admitted=False,
        env=SimpleNamespace(now=5, set_timer=lambda *_: None),
        settings=SETTINGS,
        copying=False,
        fetching_until=0,
        log=SimpleNamespace(head=SimpleNamespace(config=GROUP)),
        config=GROUP.replacing(OTHER, SPARE),
        member=ME,
        fetch=asked.append,
    )
    CatchUp.on_fetch_timer(cast(Any, replica), FetchTimer())
    assert sorted(asked) == [PEER, OTHER, SPARE]


# --- Commands ---


def membership_of(group: Group) -> Membership:
    return next(one for one in group.replica.services if isinstance(one, Membership))


def test_a_config_that_waits_holds_writes_back_for_a_heartbeat_however_often_it_is_asked_for() -> None:
    """A slot may stay in flight for long; an operator asks again all the time."""
    group = serving()
    assert group.replica.in_flight

    def hear() -> bool:
        replica = group.replica
        heard = Heard(PEER, 1, replica.leading, group.env.now, True, 1, 0, 1, group.env.wall, True)
        group.hear(heard)
        return bool(replica.leadership.config_waits)

    for _ in range(2):
        group.node.on_message(CLIENT, RaiseEpoch(0))
        assert hear()
        group.env.now += SETTINGS.heartbeat_us // 2
    assert not hear()
    assert group.replica.in_flight


def test_a_node_is_not_vacant_any_more_because_its_earlier_life_was() -> None:
    group = serving()
    group.hear_own()
    ballot = group.replica.leading

    def vote(through: int) -> None:
        group.hear_own()
        group.hear(Vote(PEER, 1, ballot, through, group.env.now, group.env.wall))

    vote(3)
    newer = NodeId("region", "c", "sc", 2)
    group.node.on_message(newer, Vacant(newer, 3))
    vote(4)
    config = group.replica.config
    assert config.voters == (ME, PEER, Member(newer, 4))
    group.node.on_message(NODES[1], Vacant(OTHER.node, 9))
    group.hear_own()
    assert not group.replica.leadership.config_in_flight
    assert group.replica.config == config


def test_a_learner_that_is_silent_gives_its_place_to_another() -> None:
    """Rule M6: else `learners` nodes that were lost would keep any voter from being replaced."""
    group = leader()
    group.hear(Vote(PEER, 1, group.replica.leading, 1, group.env.now, group.env.wall))
    leadership: Leadership = group.replica.leadership
    first, second, third = (Member(NodeId("region", "d", f"sd{n}"), 4) for n in range(3))
    membership = membership_of(group)
    for one in (first, second, third):
        membership.caught_up(CLIENT, leadership, one)
    assert list(leadership.learners) == [first, second]
    (refusal,) = sent(group, NotNow)
    assert refusal[1].reason == "it keeps track of as many learners as it may"
    group.env.now += SETTINGS.lease_us
    membership.on_following(second.node, Following(second, 1, leadership.ballot, group.env.now, 1))
    group.env.now += 1
    membership.caught_up(CLIENT, leadership, third)
    assert list(leadership.learners) == [second, third]


@pytest.mark.parametrize(("epoch", "node", "dropped"), [(1, "sd", True), (0, "sd", False), (1, "se", False)])
def test_who_has_left_goes_beside_a_lost_voter_only_by_the_word_that_governs_now(
    epoch: int, node: str, dropped: bool
) -> None:
    """An operator's word of an earlier epoch, or for another node, says of no voter that it is lost now: that
    one may still have to hear from the one that has left (rule M7).
    """
    config = Config(1, (ME, PEER, OTHER), 5)
    group = leader()
    membership = membership_of(group)
    membership.asked_for = ReplaceVoter(epoch, OTHER, Member(NodeId("region", "d", node), 5), "full")
    membership.replica = cast(
        Any, SimpleNamespace(config=config, state=SimpleNamespace(config_slot=4), member=ME)
    )
    levels = {ME: 9, PEER: 9, OTHER: 2}
    progress = {one: SimpleNamespace(through=level, asked_at=1) for one, level in levels.items()}
    assert membership.can_do_without(cast(Any, SimpleNamespace(progress=progress)), SPARE) == dropped


# --- Shapes ---


def test_a_promise_that_names_a_slot_beyond_its_tail_is_not_counted() -> None:
    """It would be taken for the most advanced one, and its tail be adopted whole (rule 3)."""
    group = candidate()
    ballot, wall, older = group.replica.log.promised, group.env.wall, Ballot(0, "sb", 2)
    for last_slot, leads in ((9, False), (2, True)):
        promise = Promise(PEER, 1, ballot, older, last_slot, 0, 0, None, no_ops(1, 2, older), wall)
        group.hear(promise)
        assert (group.replica.leading is not None) == leads


def test_held_records_that_begin_before_what_was_asked_for_are_not_taken() -> None:
    """What follows would be taken for having come."""
    group = copied()
    group.hear(CopiedLog(PEER, 1, 7, 5, 4, no_ops(4, 8), (THEIRS,) * 5))
    assert group.replica.copy.log.next == 5
    assert not group.replica.installing
    group.hear(CopiedLog(PEER, 1, 7, 5, 5, no_ops(5, 9), (THEIRS,) * 5))
    assert group.replica.installing
