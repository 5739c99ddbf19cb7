"""What is lost is replaced although something else can never be mended, or is under way: nothing waits for
ever for what may never come.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec import structs

from dynaproof.impl.admin.balance import Restless
from dynaproof.impl.admin.leaving import Leaving
from dynaproof.impl.admin.mourning import Mourning
from dynaproof.impl.admin.nodes import Heard
from dynaproof.impl.admin.planner import Planner
from dynaproof.impl.admin.replacements import Replacements
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.admin.steps import Driven, Steps
from dynaproof.impl.admin.survey import Survey
from dynaproof.impl.admin.workflows import Look, Workflows
from dynaproof.impl.metadata.placement import Candidate
from dynaproof.impl.metadata.records import (
    PartitionRecord,
    Pending,
    Reason,
    ReplacementRecord,
    SplitRecord,
    WorkflowRecord,
)
from dynaproof.impl.metadata.replacements import Answers, next_step
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import Member, RequestId
from dynaproof.impl.paxos.messages.leadership import Handover
from dynaproof.impl.paxos.messages.membership import CreateReplica, OtherEpoch, RaiseEpoch
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.storage_node.messages import NodeReport
from dynaproof.impl.values.key_range import whole

NODES = tuple(NodeId("region", zone, f"s{zone}") for zone in "abc")
VOTERS = tuple(Member(node, 1 + at) for at, node in enumerate(NODES))
FIRST = Config(0, VOTERS, 4)
NEW = Member(NodeId("region", "a", "sa2"), 4)
PATIENCE = 100
FREE = [Candidate(NodeId("region", zone, f"s{zone}2", 1), 0) for zone in "ab"]
"""The nodes that may have new replicas."""
LISTED = PartitionRecord(7, "films", 1, whole(), "listed", FIRST, next_incarnation=4)


# --- Nodes of other zones ---


def mourned(*zones: str, at: int = 0) -> Mourning:
    """Zones in which dead nodes had voters when a walk ended."""
    mourning = Mourning(PATIENCE)
    for zone in zones:
        mourning.find(zone)
    mourning.walked(at)
    return mourning


def test_no_node_is_taken_for_dead_before_a_whole_walk() -> None:
    assert not Mourning(PATIENCE).may_begin("a", 1_000)
    assert mourned().may_begin("a", 0)
    anew = mourned()
    anew.activated()
    assert not anew.may_begin("a", 0)


def test_nodes_die_one_zone_at_a_time() -> None:
    assert mourned("a").may_begin("a", 1)
    assert not mourned("a").may_begin("b", 1)
    began = mourned()
    assert began.may_begin("a", 0)
    assert not began.may_begin("b", 1), "it is mourned from then on"
    told = mourned()
    told.declared(["a"], 0)
    assert not told.may_begin("b", 1), "another admin has declared it"
    told.begin()
    told.walked(2)
    assert told.may_begin("b", 3), "it is mended"


def test_a_zone_that_is_never_mended_holds_the_dead_of_others_back_only_for_so_long() -> None:
    mourning = mourned("a", at=10)
    for now in (20, 109):
        mourning.begin()
        mourning.find("a")
        mourning.walked(now)
        assert not mourning.may_begin("b", now)
    assert mourning.may_begin("b", 10 + PATIENCE)
    assert not mourning.may_begin("c", 10 + PATIENCE), "b has been mourned only since now"


def test_a_zone_whose_node_is_not_declared_dead_yet_is_not_waited_for_any_shorter() -> None:
    mourning = mourned()
    assert mourning.may_begin("a", 0)
    mourning.declared(["a"], PATIENCE)
    assert not mourning.may_begin("b", PATIENCE), "that was not written down before"
    assert mourning.may_begin("b", 2 * PATIENCE)
    assert mourning.may_begin("b", 4 * PATIENCE)
    assert not mourning.may_begin("c", 4 * PATIENCE), "b is declared only now"


# --- Replacements ---


def replacements(*lost: Member) -> Replacements:
    """Of an admin that knows these to be lost."""
    env: Any = SimpleNamespace(
        now=0, sent=[], note=lambda _: None, send=lambda to, m: env.sent.append((to, m))
    )
    settings = SimpleNamespace(held_us=10, patience_us=PATIENCE)
    nodes = SimpleNamespace(
        has_lost=lambda member, _: member in lost,
        candidates=lambda draining=False: () if draining else FREE,
        may_choose=lambda _: True,
    )
    steps = SimpleNamespace(answered=lambda *_: None, learn=lambda *_: None)
    return Replacements(env, cast(Any, settings), *cast(Any, (None, nodes, steps)))


def replacing(reason: Reason, step: Any = "create", **fields: Any) -> Any:
    """A replacement that an admin drives."""
    work = ReplacementRecord(1, 7, reason, VOTERS[0], NEW, "full", step, 0)
    heard = replacements().begin()
    return SimpleNamespace(began_at=0, work=structs.replace(work, **fields), heard=heard)


@pytest.mark.parametrize("reason", ["move", "drain", "balance", "repair"])
@pytest.mark.parametrize(
    ("lost", "is_given_up"), [((), False), (VOTERS[:1], False), (VOTERS[1:2], True), (VOTERS[2:], False)]
)
def test_a_move_is_given_up_when_another_voter_is_lost_for_its_repair_must_not_wait(
    reason: Reason, lost: tuple[Member, ...], is_given_up: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But not if no node is free for the repair, as in the third zone."""
    monkeypatch.setattr("dynaproof.impl.admin.replacements.advance", lambda *given: given[-1])
    read: Any = SimpleNamespace(record=lambda _: LISTED)
    answers: Any = replacements(*lost).decide(replacing(reason), read)
    assert answers.gone == (is_given_up and reason != "repair")


@pytest.mark.parametrize(
    ("lost", "waits"), [((), False), (VOTERS[:1], True), (VOTERS[1:2], True), (VOTERS[2:], False)]
)
def test_no_replica_is_moved_while_another_of_its_partition_is_to_be_repaired(
    lost: tuple[Member, ...], waits: bool
) -> None:
    """A repair may wait for a node that is busy; a move would be given up at once."""
    planner = SimpleNamespace(
        moves=lambda: 0,
        replacements=replacements(*lost),
        settings=SimpleNamespace(balance_at_once=1, balances=False),
        nodes=SimpleNamespace(is_draining=lambda address: address == NODES[0].address),
        idle=lambda nodes, _: nodes,
        place=lambda *_, **__: NEW.node,
    )
    plan = Planner.move(cast(Any, planner), LISTED, ())
    assert (plan is None) == waits


@pytest.mark.parametrize(
    ("config", "lost", "in_the_way", "hands_over"),
    [
        (FIRST, (), False, True),
        (structs.replace(FIRST, epoch=1, voters=(NEW, *VOTERS[1:])), (), False, False),
        (FIRST, (), True, False),
        (FIRST, (NEW,), False, False),
    ],
)
def test_a_leader_hands_over_only_if_it_never_gave_the_vote_to_a_replica_that_is_there(
    config: Config, lost: tuple[Member, ...], in_the_way: bool, hands_over: bool
) -> None:
    """It may not hear the replica. A move that was given up for another reason costs no election."""
    work, one = replacements(*lost), replacing("move", "void", made=True)
    one.heard.in_the_way = in_the_way
    work.on_other_epoch(one, NODES[2], OtherEpoch(0, config, 8))
    sent = work.env.sent  # type: ignore[attr-defined]
    assert [type(message) for _, message in sent] == ([Handover] if hands_over else [])


@pytest.mark.parametrize("made", [False, True])
def test_a_replica_that_is_given_up_is_made_all_the_same_for_a_chosen_config_may_name_it(made: bool) -> None:
    """Its leader may need its promise before it can say so (rule 14)."""
    sent: list[tuple[NodeId, Any]] = []
    env = SimpleNamespace(
        now=0,
        enter=lambda _: None,
        random=lambda *_: 1,
        send=lambda *given: sent.append(given),
        set_timer=lambda *_: None,
    )
    term, nodes = SimpleNamespace(term=3, active=True), SimpleNamespace(has_lost=lambda *_: False)
    steps = Steps(*cast(Any, (env, AdminSettings(), None, term, nodes)))
    work = Replacements(*cast(Any, (env, AdminSettings(), term, nodes, steps)))
    one = Driven(replacing("repair", "void", made=made).work, work.begin(), 0)
    work.command(one, cast(Any, SimpleNamespace(record=lambda _: LISTED)))
    raised = (NODES[1].address, RaiseEpoch(0))
    created = (NEW.node, CreateReplica(NEW, FIRST, 0, None, 3, 0))
    assert sent == ([raised] if made else [raised, created])


def test_a_log_replica_is_planned_for_as_long_as_no_leader_has_counted_its_config() -> None:
    """A leader may take long to come; it is after its word only that nobody waits longer than `held_us`."""
    work = ReplacementRecord(1, 7, "repair", VOTERS[0], NEW, "log", "replace", 0)
    assert next_step(work, FIRST, Answers(unheld=True)) == work
    chosen = structs.replace(FIRST, epoch=1, voters=(NEW, *VOTERS[1:]))
    after = next_step(work, chosen, Answers())
    assert after is not None
    assert (after.step, after.role) == ("make", "log")
    empty = next_step(after, chosen, Answers(unheld=True))
    assert empty is not None
    assert (empty.step, empty.role) == ("make", "full"), "it is made empty (M4)"


# --- Walks ---


def walked(partition: PartitionRecord, plan: Any = None, lost: Member = VOTERS[0]) -> list[Member]:
    """The voters that a walk has made, when two reports did not name one of them."""
    made: list[Member] = []
    survey = SimpleNamespace(
        dead={},
        recorded={node.name: True for node in NODES},
        replacements=SimpleNamespace(are_known=lambda: True),
        chores=SimpleNamespace(add=lambda _: None),
        nodes=SimpleNamespace(has_lost=lambda *_: False),
        planner=SimpleNamespace(
            restless=Restless(),
            plan=lambda *_: plan,
            is_lost=lambda voter, _: voter == lost,
        ),
        make_up_for=lambda _, voter: made.append(voter),
        collect=lambda *_, **__: None,
    )
    Survey.look_at(cast(Any, survey), partition, ())
    return made


def test_a_voter_that_was_never_made_is_made_when_its_node_is_back_and_no_other_may_have_it() -> None:
    """Its table became active without it (A13)."""
    assert walked(LISTED) == [VOTERS[0]]
    assert walked(LISTED, plan=SimpleNamespace()) == [], "another node gets it"
    assert walked(structs.replace(LISTED, parent=3)) == [], "children are made by their split"
    later = FIRST.replacing(VOTERS[1], NEW)
    assert walked(structs.replace(LISTED, config=later, config_slot=5)) == [VOTERS[0]], "nor is it made since"
    later = Config(1, (structs.replace(VOTERS[0], incarnation=5), *VOTERS[1:]), 9)
    made = walked(structs.replace(LISTED, config=later, config_slot=5), lost=later.voters[0])
    assert made == [], "that voter has been one before"
    assert walked(structs.replace(LISTED, workflow=9)) == []


@pytest.mark.parametrize(
    ("workflow", "new", "made"),
    [(0, None, True), (9, VOTERS[0], False), (9, VOTERS[1], True), (9, None, False)],
)
def test_a_voter_is_made_empty_unless_its_own_replacement_may_still_make_it_with_a_log(
    workflow: int, new: Member | None, made: bool
) -> None:
    """A log replica waits for its leader's word (M5); of a workflow that is not known it may be the one."""
    sent: list[Any] = []
    work = None if new is None else SimpleNamespace(new=new)
    survey = SimpleNamespace(
        replacements=SimpleNamespace(work_in=lambda _: work),
        env=SimpleNamespace(enter=lambda _: None, send=lambda *given: sent.append(given)),
        term=SimpleNamespace(term=3),
    )
    Survey.make_up_for(cast(Any, survey), structs.replace(LISTED, workflow=workflow), VOTERS[0])
    assert sent == ([(NODES[0], CreateReplica(VOTERS[0], FIRST, 0, None, 3, 0))] if made else [])


@pytest.mark.parametrize("has_place", [True, False])
@pytest.mark.parametrize("made", [True, False])
def test_a_member_that_has_left_goes_beside_a_lost_voter_only_if_it_takes_the_only_place(
    has_place: bool, made: bool
) -> None:
    """Else all voters must hold the log first (M7): what it holds may be needed. A voter whose node had no
    room for it is lost, too (found by `drain`: it was never made, and the others waited for it for ever).
    """
    asked: dict[int, Leaving] = {}
    survey = SimpleNamespace(
        nodes=SimpleNamespace(heard={}, lost_for_good=lambda _: VOTERS[1] if made else None),
        leavers=SimpleNamespace(has_turn=lambda _: True, asked=asked),
        env=SimpleNamespace(random=lambda *_: 0),
        ask=lambda *_: None,
        planner=SimpleNamespace(has_place=lambda *_: has_place, never_made=lambda _: VOTERS[1]),
    )
    left = Pending(NEW, -1, True)
    Survey.collect(cast(Any, survey), structs.replace(LISTED, pending=(left,)), ())
    assert asked[7].lost == (None if has_place else VOTERS[1])
    assert asked[7].members == (NEW,)


@pytest.mark.parametrize("workflow", [0, 3])
def test_a_voter_is_never_made_if_it_came_last_and_its_node_is_asked_in_vain(workflow: int) -> None:
    """A replacement under way may yet make it."""
    for absent in ([], [VOTERS[1]], [NEW]):
        config = LISTED.config.replacing(VOTERS[0], NEW)
        planner = SimpleNamespace(is_lost=lambda voter, _, absent=absent: voter in absent)
        partition = structs.replace(LISTED, workflow=workflow, config=config)
        found = Planner.never_made(cast(Any, planner), partition)
        assert found == (NEW if absent == [NEW] and not workflow else None)


def test_a_second_copy_of_a_report_says_nothing_of_today() -> None:
    """Links may deliver one long after its node is gone."""
    heard, node = Heard(), structs.replace(NODES[0], incarnation=1)
    first, second = (NodeReport(node, 1, number, 0, 0, 0, ()) for number in (1, 2))
    assert heard.hears(first, 0, 10)
    assert not heard.hears(first, 1, 10)
    assert heard.hears(second, 2, 10)
    assert not heard.hears(first, 3, 10)


def test_an_admin_looks_again_when_pages_of_different_moments_show_it_too_much_under_way() -> None:
    """One has ended, and another has begun, between the pages that have them."""
    asked = RequestId(NODES[0], 1, 1)
    workflow = WorkflowRecord(4, "create", "films", 4, (), asked)
    split = SplitRecord(4, 7, "films", "size", b"", 8, 9, "void", 0)
    replacement = replacing("repair").work
    for record in (workflow, split, replacement):
        found: list[int] = []
        steps = SimpleNamespace(found=lambda there, found=found, **_: found.append(len(there)))
        admin: Any = SimpleNamespace(
            looks=True,
            look_again=False,
            doubts=False,
            known={},
            steps=steps,
            settings=SimpleNamespace(workflows=1, replacements=1, splits_at_once=1),
            term=SimpleNamespace(active=True, term=1),
            wait=lambda: None,
            go_on=lambda _: None,
        )
        admin.is_doubtful = lambda records, admin=admin: Workflows.is_doubtful(admin, records)
        read: Any = SimpleNamespace(
            records=lambda record=record: [record, structs.replace(record, workflow=6)]
        )
        Workflows.found(admin, Look(admin.term.term), read)
        assert (admin.look_again, len(admin.known) + sum(found)) == (True, 0)
        admin.look_again = False
        Workflows.found(admin, Look(admin.term.term), read)
        assert (admin.look_again, len(admin.known) + sum(found)) == (False, 2), "an admin had other bounds"
