"""Seeded bugs are patches: of any file, in every process that runs, gone afterwards, never out of date."""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from types import ModuleType

import pytest

from dynaproof.checkers.campaign.schedules import outcomes
from dynaproof.checkers.mutation.catalogue import MUTANTS
from dynaproof.checkers.patches import BugError, Edit, active, bug, difference, seeded
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.paxos import leadership
from dynaproof.impl.paxos.leadership import Leadership

LEADER = "dynaproof.impl.paxos.leader"
PATCHED = "dynaproof.impl.paxos.leadership"

NODE = '''"""Two kinds of node."""

LIMIT = 3


class Counter:
    """Counts pings."""

    def __init__(self):
        self.count = 0

    def on_message(self, sender, message):
        if message == "ping":
            self.count += 1
        return self.count

    @property
    def full(self):
        return self.count >= LIMIT


class Eager(Counter):
    """Another one."""

    def on_message(self, sender, message):
        return super().on_message(sender, message) + 1
'''


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A user's own file of nodes, in a folder of theirs."""
    (tmp_path / "ping_nodes.py").write_text(NODE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "ping_nodes", raising=False)
    return importlib.import_module("ping_nodes")


def test_a_bug_whose_text_is_gone_is_an_error_that_names_bug_and_file() -> None:
    gone = bug("drifted", "It was for older text.", Edit(PATCHED, "votes = 17", "votes = 1"))
    with (
        pytest.raises(BugError, match=r"drifted: its old text stands 0 times in .*leadership\.py"),
        seeded(gone),
    ):
        pass
    with pytest.raises(BugError, match="drifted"):
        difference(gone)


def test_a_bug_whose_text_stands_twice_is_an_error() -> None:
    twice = bug("ambiguous", "It could be either.", Edit(LEADER, "self.step_down()", "pass"))
    with pytest.raises(BugError, match=r"ambiguous: its old text stands \d+ times"), seeded(twice):
        pass


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (Edit(PATCHED, "votes = 0", "votes ="), "is no Python"),
        (
            Edit(PATCHED, "class Leadership:", "class Leadership(object):"),
            "outside the body of a function",
        ),
        (
            Edit(PATCHED, "votes = 0", "votes = 1", within="Leadership.nowhere"),
            "has no Leadership.nowhere",
        ),
        (Edit(PATCHED, "votes = 0", "votes = (0)"), "does the same as without"),
        (Edit(PATCHED, "def votes_for(", "def votes("), "outside the body"),
        (Edit(PATCHED, "votes = 0", "votes = super().nothing()"), "another closure"),
    ],
)
def test_a_bug_that_cannot_be_seeded_is_an_error_and_changes_nothing(edit: Edit, message: str) -> None:
    before, text = Leadership.votes_for.__code__, inspect.getsource(leadership)
    with pytest.raises(BugError, match=message), seeded(bug("broken", "It cannot be.", edit)):
        pass
    assert Leadership.votes_for.__code__ is before
    assert inspect.getsource(leadership) == text
    assert active() == ()


def test_a_patch_is_undone_after_its_block_even_if_that_raises() -> None:
    before, text = Leadership.votes_for.__code__, inspect.getsource(Leadership.votes_for)

    def fail() -> None:
        assert Leadership.votes_for.__code__ is not before
        assert "votes = 1" in inspect.getsource(Leadership.votes_for)
        assert active() == (MUTANTS["quorum_of_one"],)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), seeded(MUTANTS["quorum_of_one"]):
        fail()
    assert Leadership.votes_for.__code__ is before
    assert inspect.getsource(Leadership.votes_for) == text
    assert active() == ()


def test_whoever_holds_a_function_already_runs_the_patched_one() -> None:
    outbox = Outbox()
    outbox.wrote()
    start = outbox.sync_started
    with seeded(MUTANTS["sent_at_sync_start"]):
        start()
    assert outbox.durable == 1


def test_two_bugs_of_one_file_can_be_there_together() -> None:
    with seeded(MUTANTS["quorum_of_one"]), seeded(MUTANTS["serves_before_own_no_op"]):
        assert "votes = 1" in inspect.getsource(Leadership.votes_for)
        assert "self.serving = True" in inspect.getsource(Leadership.__init__)
    assert "votes = 0" in inspect.getsource(Leadership.votes_for)


def test_a_patch_of_a_users_own_node_works(node: ModuleType) -> None:
    counter, eager = node.Counter(), node.Eager()
    deaf = bug(
        "deaf",
        "It hears nothing.",
        Edit(
            "ping_nodes",
            """
            if message == "ping":
                self.count += 1
            """,
            """
            if message == "pong":
                self.count += 1
            """,
        ),
        Edit("ping_nodes", "self.count >= LIMIT", "self.count < LIMIT"),
    )
    with seeded(deaf):
        assert (counter.on_message(None, "ping"), eager.on_message(None, "ping")) == (0, 1)
        assert counter.full
    assert (counter.on_message(None, "ping"), eager.on_message(None, "ping")) == (1, 2)
    assert not counter.full
    assert '+        if message == "pong":' in difference(deaf)


def test_a_file_that_changed_since_it_was_imported_is_an_error(node: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "ping_nodes.py").write_text(NODE.replace("self.count += 1", "self.count += 2"))
    other = bug("late", "It is for a newer file.", Edit("ping_nodes", "self.count += 2", "self.count += 3"))
    with pytest.raises(BugError, match=r"ping_nodes does not run Counter\.on_message as"), seeded(other):
        pass


def test_worker_processes_have_the_bugs_that_this_process_has() -> None:
    def digests(jobs: int) -> list[str]:
        return [found.digest for _, found in outcomes("partition", "timed", 3, iter(range(3)), jobs)]

    sound = digests(1)
    with seeded(MUTANTS["quorum_of_one"]):
        broken, spread = digests(1), digests(2)
    assert broken == spread
    assert broken != sound
