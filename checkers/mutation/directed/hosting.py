"""Scenarios of hosting: a crash while a node makes a replica, at each step of it."""

from __future__ import annotations

from collections.abc import Callable

from dynaproof.checkers.mutation.directed.harness import Harness
from dynaproof.checkers.mutation.directed.scenario import scenario
from dynaproof.impl.paxos.messages.membership import CreateReplica

GONE = "sb is not replaced, and a second loss would stop the group"


def lose_sb(harness: Harness) -> None:
    """While sa leads, sb has lost its disk, so a new incarnation of its replica is made there."""
    harness.elect("sa")
    harness.beat("sa")
    harness.crash("sb", lose_disk=True)
    harness.hold_disk("sb")
    harness.restart("sb")
    harness.settle()


def crash_in_making(harness: Harness, keep: Callable[[str, int], int]) -> None:
    """While its replica is being made, sb crashes, and `keep` says what that leaves; then all continue."""
    harness.crash("sb", keep=keep)
    harness.free_disk("sb")
    harness.restart("sb")
    harness.settle()
    harness.beat("sa")
    harness.beat("sa")
    harness.promise("progress_after_faults_stop", harness.replica("sb") is not None, GONE)


@scenario("marked_with_its_files")
def a_crash_keeps_the_mark_and_not_the_files(harness: Harness) -> None:
    """A node crashes while it makes a replica, and of what it has not synced only its own journal is left."""
    lose_sb(harness)
    crash_in_making(harness, lambda file, writes: writes if file.startswith("node/") else 0)


@scenario("unmarked_replica_resurrected")
def a_crash_tears_the_files_of_a_new_replica(harness: Harness) -> None:
    """A node crashes while it writes the files of a new replica, and half of them is left."""
    lose_sb(harness)
    crash_in_making(harness, lambda _, writes: writes // 2 if writes > 1 else 0)


@scenario("made_without_a_mark")
def a_new_replica_is_followed_by_a_restart(harness: Harness) -> None:
    """A node restarts after it has made a replica that has promised and voted."""
    lose_sb(harness)
    harness.free_disk("sb")
    harness.settle()
    harness.beat("sa")
    harness.beat("sa")
    harness.expect(harness.replica("sb") is not None, "sb is replaced")
    crash_in_making(harness, lambda _, _writes: 0)


@scenario()
def the_command_comes_again_while_a_replica_is_made(harness: Harness) -> None:
    """The command to make a replica comes again at every step, and after a restart."""
    lose_sb(harness)
    made = harness.replica("sa").config.voters[1]
    command = CreateReplica(made, harness.replica("sa").config, harness.replica("sa").state.config_slot)
    harness.inject("sb", command)
    harness.free_disk("sb")
    harness.settle()
    harness.inject("sb", command)
    crash_in_making(harness, lambda _, _writes: 0)
    harness.inject("sb", command)
    harness.settle()
