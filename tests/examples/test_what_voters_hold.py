"""What a leader says and does by what its voters hold, by their own account; and whom a copier asks whose
source is silent.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec import structs

from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.leadership import Learner
from dynaproof.impl.paxos.membership import Membership
from dynaproof.impl.paxos.messages.catch_up import CopyTimer, Fetch
from dynaproof.impl.paxos.messages.leadership import Vote
from dynaproof.impl.paxos.messages.membership import (
    ConfigStatus,
    Counted,
    NotNow,
    ReplaceVoter,
    Status,
)
from dynaproof.impl.paxos.records import Config, ConfigChange
from tests.examples.test_late_words import SPARE, sent
from tests.laws.test_strangers_are_not_heard import (
    CLIENT,
    GROUP,
    ME,
    OTHER,
    PEER,
    SETTINGS,
    copying,
    leader,
)

SLOT = 4
"""Where the governing config stands in the log."""
BALLOT = Ballot(3, "sa", 1)


# --- The config ---


@pytest.mark.parametrize("peer", [SLOT - 1, SLOT])
@pytest.mark.parametrize("other", [SLOT - 1, SLOT])
@pytest.mark.parametrize("lost", [None, OTHER])
def test_a_leader_says_that_voters_hold_the_config_when_each_has_said_so(
    peer: int, other: int, lost: Member | None
) -> None:
    """An admin drops by that who has left, and what that one holds the others may lack (M7)."""
    said: list[Any] = []
    config, levels = Config(1, (ME, PEER, OTHER), 5), {ME: SLOT, PEER: peer, OTHER: other}
    leadership = SimpleNamespace(
        serving=True,
        config_in_flight=0,
        progress={one: SimpleNamespace(through=level, asked_at=1) for one, level in levels.items()},
    )
    replica = SimpleNamespace(
        config=config,
        member=ME,
        leadership=leadership,
        state=SimpleNamespace(config_slot=SLOT, barrier=0),
        env=SimpleNamespace(send=lambda _, m: said.append(m)),
    )
    Membership(cast(Any, replica)).on_config_status(CLIENT, ConfigStatus(lost))
    held = peer == other == SLOT
    others_hold = peer == SLOT if lost == OTHER else held
    assert said == [Status(config, SLOT, True, held, others_hold, lost)]


@pytest.mark.parametrize(("lacks", "comes"), [(None, True), (PEER, False), (OTHER, True)])
def test_a_group_that_repairs_itself_brings_no_voter_in_before_all_others_hold_the_config(
    lacks: Member | None, comes: bool
) -> None:
    """Whoever is replaced need not hold it."""
    group = leader()
    ballot, now = group.replica.leading, group.env.now
    group.hear(Vote(PEER, 1, ballot, 1, now, group.env.wall))
    leadership = group.replica.leadership
    assert leadership.serving
    learner = leadership.learners[SPARE] = Learner(1, now)
    learner.heard(1, 1, now)
    group.replica.state.config_slot = 1
    for voter in GROUP.voters:
        leadership.progress[voter].through = 0 if voter == lacks else 1
    group.node.on_message(CLIENT, ReplaceVoter(0, OTHER, SPARE, "full"))
    assert bool(leadership.config_in_flight) == comes
    assert [m.reason for _, m in sent(group, NotNow)] == ([] if comes else ["a voter lacks the config"])


# --- A copy ---


@pytest.mark.parametrize("is_admitted", [True, False])
def test_a_copier_whose_source_is_silent_for_long_asks_all_others(is_admitted: bool) -> None:
    """One that was never admitted asks whom it may by its other timer (`on_fetch_timer`)."""
    group = copying()
    began, asked = group.env.now, list[tuple[int, NodeId]]()
    if not is_admitted:
        log = group.replica.log
        log.head = structs.replace(log.head, config_slot=5)
    assert group.replica.admitted == is_admitted
    for retries in (1, 3, 4, 5):
        group.env.now = began + retries * SETTINGS.retry_us
        group.node.on_timer(CopyTimer())
        asked += [(retries, to) for to, _ in sent(group, Fetch)]
    expected = [(retries, voter.node) for retries in (4, 5) for voter in (PEER, OTHER)]
    assert asked == (expected if is_admitted else [])


def test_a_log_begins_at_the_config_that_was_counted_last() -> None:
    """A leader may bring in one voter after another. Where its log is cut above the config it names no place
    (M5).
    """
    first = ConfigChange(SLOT, BALLOT, 0, 90, Config(1, (ME, PEER, OTHER), 5))
    second = ConfigChange(SLOT + 3, BALLOT, 1, 95, Config(2, (ME, PEER, SPARE), 6))
    leadership: Any = SimpleNamespace(
        ballot=BALLOT, counted=None, progress={PEER: hears(SLOT + 3), ME: hears(9)}
    )
    log = SimpleNamespace(first=SLOT, record=lambda _: first, slot_held_at=lambda _: BALLOT)
    replica = SimpleNamespace(
        config=second.config, leadership=leadership, env=None, log=log, reached=lambda _: None
    )
    membership = Membership(cast(Any, replica))
    assert membership.held(leadership, SLOT, SPARE) == Counted(first, BALLOT), "an earlier leader counted it"
    log.first = SLOT + 1
    assert membership.held(leadership, SLOT, SPARE) is None
    membership.config_chosen = lambda *_: None  # type: ignore[method-assign]
    for record in (first, second):
        membership.applied(record)
        assert membership.held(leadership, record.slot, SPARE) == Counted(record, BALLOT)


def hears(through: int) -> Any:
    """What a leader knows of an admitted voter that holds the log through a slot."""
    return SimpleNamespace(through=through, asked_at=1)
