"""What an admin does with the words of a partition's leader while a voter is replaced: where a log may begin,
which it says once, and whether members that have left may go.
"""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dynaproof.impl.admin.leaving import Leaving
from dynaproof.impl.admin.replacements import Replacements
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.admin.steps import Driven, Steps
from dynaproof.impl.admin.survey import Survey
from dynaproof.impl.metadata.records import PartitionRecord, ReplacementRecord, partition_key
from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.messages.membership import Counted, CreateReplica, Replaced, Status
from dynaproof.impl.paxos.records import Config, ConfigChange
from dynaproof.impl.values.key_range import whole

NODES = tuple(NodeId("region", zone, f"s{zone}") for zone in "abc")
FIRST = Config(0, tuple(Member(node, number) for number, node in enumerate(NODES, 1)), 4)
OUT, NEW = FIRST.voters[0], Member(NodeId("region", "a", "sa2"), 4)
CONFIG = FIRST.replacing(OUT, NEW)
SLOT = 12
HELD = Counted(ConfigChange(SLOT, Ballot(1, "sb", 1), 0, 90, CONFIG), Ballot(1, "sb", 1))
PARTITION = PartitionRecord(7, "books", 1, whole(), "listed", CONFIG, SLOT)
SETTINGS = AdminSettings()


@pytest.mark.parametrize("words", [(HELD,), (HELD, None), (None, HELD), (None, HELD, None)])
def test_a_log_replica_is_made_where_the_leader_said_once_that_all_others_hold_the_log(words: Any) -> None:
    """A late or repeated answer of the leader may say no more than that the config is chosen (M5)."""
    sent: list[Message] = []
    env = SimpleNamespace(
        now=0, enter=lambda _: None, send=lambda _, m: sent.append(m), set_timer=lambda *_: None
    )
    term = SimpleNamespace(term=1, active=True)
    nodes, metadata = SimpleNamespace(has_lost=lambda *_: False), SimpleNamespace(read=lambda *_: None)
    steps = Steps(*cast(Any, (env, SETTINGS, metadata, term, nodes)))
    replacements = Replacements(*cast(Any, (env, SETTINGS, term, nodes, steps)))
    steps.kinds = {ReplacementRecord: replacements}
    work = ReplacementRecord(1, 7, "repair", OUT, NEW, "log", "make", 0)
    one = Driven(work, replacements.begin(), 0)
    for held in words:
        replacements.on_replaced(one, NODES[1], Replaced(NEW, CONFIG, SLOT, False, held))
    read = cast(Any, SimpleNamespace(record=lambda key: PARTITION if key == partition_key(7) else None))
    replacements.command(one, read)
    assert sent == [CreateReplica(NEW, CONFIG, SLOT, HELD, 1, 0)]


def test_who_has_left_goes_when_all_voters_are_admitted_and_hold_the_log() -> None:
    """Or all but a lost one, whose replacement has no other place (M7, A11)."""
    lost, flags = CONFIG.voters[2], (False, True)
    may_be_lost = (None, lost)
    for asked, said in itertools.product(may_be_lost, may_be_lost):
        for config in (FIRST, CONFIG, CONFIG.raised()):
            for admitted, held, others_hold in itertools.product(flags, flags, flags):
                status = Status(config, SLOT, admitted, held, others_hold, said)
                beside = asked == said == lost and config == CONFIG and others_hold
                may_go = config.epoch >= CONFIG.epoch and ((admitted and held) or beside)
                assert dropped(Leaving(PARTITION, (OUT,), asked), status) == ([OUT] if may_go else []), status


def dropped(leaving: Leaving, status: Status) -> list[Member]:
    """Whom an admin that has asked for this drops at this answer."""
    told: list[Member] = []
    survey = SimpleNamespace(
        leavers=SimpleNamespace(asked={7: leaving}),
        env=SimpleNamespace(lane=7),
        term=SimpleNamespace(active=True),
        drop=lambda _, member: told.append(member),
    )
    Survey.on_status(cast(Any, survey), NODES[1], status)
    return told
