"""Scenarios of checkpoints, cuts and copies."""

from __future__ import annotations

from dynaproof.checkers.kinds.group import beside_the_cache, first_config, rows
from dynaproof.checkers.mutation.directed.by_hand import everything
from dynaproof.checkers.mutation.directed.common import writes
from dynaproof.checkers.mutation.directed.fixture import item
from dynaproof.checkers.mutation.directed.harness import Harness
from dynaproof.checkers.mutation.directed.scenario import scenario
from dynaproof.checkers.workloads.log_reader import LogReader, ReadTimer
from dynaproof.impl.partition.messages.requests import Put
from dynaproof.impl.paxos.messages.checkpoint import ScrubTimer
from dynaproof.impl.paxos.messages.membership import CreateReplica, Vacant
from dynaproof.impl.tree.comparison import digest_of
from dynaproof.impl.tree.pages import RottenPageError

UNNOTICED = "sb has other items than sa, or damaged ones, and goes on"


def rots_unnoticed(harness: Harness) -> bool:
    """Whether the first replica of sb goes on, although its pages differ from what sa has."""
    replica = harness.replica("sb")
    if replica is None or replica.member not in first_config().voters:
        return False
    there, here = (beside_the_cache(one.state)[0] for one in (harness.replica("sa"), replica))
    try:
        return dict(here.range()) != dict(there.range())
    except RottenPageError:
        return True


@scenario("log_cut_above_checkpoint", checkpoint_slots=4, retained_slots=0)
def a_log_is_cut_behind_its_checkpoint(harness: Harness) -> None:
    """Slots are chosen while a checkpoint is being written; the cut must leave them."""
    harness.elect("sa")
    harness.beat("sa")
    harness.hold_disk("sb")
    writes(harness, "sa", 7)
    harness.free_disk("sb")
    writes(harness, "sa", 2)
    harness.beat("sa")


@scenario(
    "copy_first_pages_only",
    "copy_loses_requests",
    checkpoint_slots=16,
    retained_slots=0,
    chunk_pages=1,
    page_bytes=400,
)
def a_laggard_catches_up_by_copy(harness: Harness) -> None:
    """A replica was out of reach for so long that the leader's log does not go back that far."""
    harness.elect("sa")
    harness.beat("sa")
    harness.hold("sc")
    writes(harness, "sa", 70, keys=40)
    harness.beat("sa")
    harness.drop("sa", "sc")
    harness.free()
    for _ in range(8):
        harness.beat("sa")
    one, other = harness.replica("sa").state, harness.replica("sc").state
    harness.expect(other.applied == one.applied, "sc has caught up")
    equal = digest_of(one.items) == digest_of(other.items) and rows(one) == rows(other)
    harness.promise(
        "replicas_equal_when_quiet", equal, "sc has other items or remembers other requests than sa"
    )


@scenario(
    "held_log_given_up",
    "copy_without_log",
    "brought_log_not_kept",
    checkpoint_slots=4,
    retained_slots=0,
    chunk_slots=4,
)
def a_reader_asks_a_replica_that_caught_up_by_copy(harness: Harness) -> None:
    """What a reader holds comes with a copy, in several messages; so it can read on there, after a restart
    too.
    """
    harness.elect("sa")
    harness.beat("sa")
    harness.hold("sc")
    writes(harness, "sa", 8)
    harness.world.start(harness.slot("reader"))
    harness.undecided_clients_ask("sa")
    harness.fire("reader", ReadTimer)
    harness.settle()
    writes(harness, "sa", 8)
    harness.drop("sa", "sc")
    harness.free()
    for _ in range(3):
        harness.beat("sa")
    harness.expect(harness.replica("sc").log.head.copied, "sc has copied a checkpoint")
    harness.crash("sc")
    harness.restart("sc")
    harness.beat("sa")
    harness.undecided_clients_ask("sc")
    for _ in range(2):
        harness.fire("reader", ReadTimer)
        harness.settle()
    reader: LogReader = harness.slot("reader").node  # type: ignore[assignment]
    harness.expect(reader.placed and reader.through > 10, "the reader goes on where its hold is")


def due_checkpoint(harness: Harness) -> None:
    """`sb` learns that the slot that makes its checkpoint due is chosen; its disk is slow."""
    harness.elect("sa")
    harness.beat("sa")
    writes(harness, "sa", 3)
    harness.hold_disk("sb")
    harness.beat("sa")


@scenario("checkpoint_named_too_soon", checkpoint_slots=4, retained_slots=0)
def a_crash_keeps_the_log_and_no_page(harness: Harness) -> None:
    """A replica crashes while it writes a checkpoint; its disk keeps what was appended, and no page."""
    due_checkpoint(harness)
    harness.crash("sb", keep=lambda file, number: number if file.startswith("log/") else 0)
    harness.restart("sb")


@scenario("pages_freed_before_root_is_named", checkpoint_slots=4, retained_slots=0)
def a_crash_keeps_the_pages_of_a_checkpoint_and_no_head(harness: Harness) -> None:
    """A replica crashes while it writes a second checkpoint; its disk keeps all the pages, and nothing that
    was appended.
    """
    harness.elect("sa")
    harness.beat("sa")
    writes(harness, "sa", 7)
    harness.beat("sa")
    harness.expect(harness.replica("sb").log.head.snapshot is not None, "sb has a checkpoint")
    harness.hold_disk("sb")
    writes(harness, "sa", 4)
    harness.beat("sa")
    harness.expect(harness.replica("sb").checkpoint is not None, "sb writes another")
    harness.crash("sb", keep=lambda file, number: number if file.startswith("items/") else 0)
    harness.restart("sb")


@scenario("log_cut_before_checkpoint", checkpoint_slots=4, retained_slots=0)
def a_crash_keeps_the_cut_and_no_new_segment(harness: Harness) -> None:
    """A checkpoint's pages are durable, and the log is rolled; a crash loses the new segment, and would keep
    the removal of the one before.
    """
    due_checkpoint(harness)
    harness.start_sync("sb")
    harness.end_sync("sb")
    (newest,) = harness.slot("sb").disk.logs("log/")[-1:]
    harness.crash("sb", keep=lambda file, number: 0 if file == newest else number)
    harness.restart("sb")
    harness.deliver_if_any("sb", "sa", Vacant)
    harness.deliver_if_any("sa", "sb", CreateReplica)
    harness.crash("sb", keep=everything)
    harness.restart("sb")


@scenario("tails_lost_together", checkpoint_slots=4, retained_slots=0)
def a_crash_keeps_a_segment_and_not_the_end_of_the_one_before(harness: Harness) -> None:
    """Slots are accepted while a checkpoint is being written; a crash keeps the segment that is begun then,
    and not the end of the one before.
    """
    due_checkpoint(harness)
    harness.start_sync("sb")
    writes(harness, "sa", 3)
    harness.end_sync("sb")
    (newest,) = harness.slot("sb").disk.logs("log/")[-1:]
    harness.crash("sb", keep=lambda file, number: number if file == newest else 0)
    harness.restart("sb")


@scenario("checksum_not_checked")
def a_letter_of_an_item_rots(harness: Harness) -> None:
    """A letter of an item in a voter's journal rots; the frame still reads well, but for its checksum."""
    harness.elect("sa")
    harness.beat("sa")
    harness.ask("c0", Put(b"k", item("letters")), to="sa")
    harness.settle()
    harness.crash("sb")
    (journal,) = harness.slot("sb").disk.durable_logs("log/")
    harness.rot("sb", journal, harness.slot("sb").disk.durable_log(journal).index(b"letters"))
    harness.restart("sb")
    harness.beat("sa")


@scenario("page_checksum_not_checked", checkpoint_slots=4, retained_slots=0)
def a_letter_of_a_page_rots(harness: Harness) -> None:
    """A letter of an item in a page of a voter's checkpoint rots; the page still reads well, but for its
    checksum and its digest.
    """
    harness.elect("sa")
    harness.beat("sa")
    writes(harness, "sa", 4)
    harness.ask("c0", Put(b"k", item("letters")), to="sa")
    harness.settle()
    writes(harness, "sa", 4, keys=2)
    harness.beat("sa")
    harness.crash("sb")
    harness.rot_page("sb", b"letters")
    harness.restart("sb")
    harness.beat("sa")
    harness.promise("replicas_equal_when_quiet", not rots_unnoticed(harness), UNNOTICED)


@scenario(
    "overflow_page_not_verified",
    "scrub_skips_large_values",
    checkpoint_slots=4,
    retained_slots=0,
    page_bytes=160,
    scrub_step_us=1_000_000,
)
def a_letter_of_a_large_item_rots(harness: Harness) -> None:
    """A letter of an item rots that lies in a page of its own, which nobody reads; a scrub finds it."""
    harness.elect("sa")
    harness.beat("sa")
    harness.ask("c0", Put(b"k", item("letters" * 6)), to="sa")
    harness.settle()
    writes(harness, "sa", 7, keys=2)
    harness.beat("sa")
    harness.crash("sb")
    harness.rot_page("sb", b"letters")
    harness.restart("sb")
    harness.fire("sb", ScrubTimer)
    harness.promise("replicas_equal_when_quiet", not rots_unnoticed(harness), UNNOTICED)
