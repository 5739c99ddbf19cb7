"""Stories of checkpoints, cuts and copies."""

from __future__ import annotations

from dynaproof.checkers.mutation.directed.cast import item
from dynaproof.checkers.mutation.directed.script import everything
from dynaproof.checkers.mutation.directed.stage import Stage
from dynaproof.checkers.mutation.directed.story import story
from dynaproof.checkers.workloads.log_reader import LogReader, ReadTimer
from dynaproof.impl.storage.messages import CreateReplica, Put, Vacant


def writes(stage: Stage, leader: str, number: int, keys: int = 1) -> None:
    """One client's writes, each answered."""
    for value in range(number):
        stage.ask("c0", Put(b"k%d" % (value % keys), item(str(value))), to=leader)
        stage.settle()
        stage.expect(stage.client("c0").ending == "ok", f"write {value} is answered")


@story("log_cut_above_checkpoint", checkpoint_slots=4, retained_slots=0)
def a_log_is_cut_behind_its_checkpoint(stage: Stage) -> None:
    """Slots are chosen while a checkpoint is being written; the cut must leave them."""
    stage.elect("sa")
    stage.beat("sa")
    stage.hold_disk("sb")
    writes(stage, "sa", 7)
    stage.free_disk("sb")
    writes(stage, "sa", 2)
    stage.beat("sa")


@story(
    "copy_first_pages_only",
    "copy_loses_requests",
    checkpoint_slots=16,
    retained_slots=0,
    chunk_pages=1,
    page_bytes=400,
)
def a_laggard_catches_up_by_copy(stage: Stage) -> None:
    """A replica was out of reach for so long that the leader's log does not go back that far."""
    stage.elect("sa")
    stage.beat("sa")
    stage.hold("sc")
    writes(stage, "sa", 70, keys=40)
    stage.beat("sa")
    stage.drop("sa", "sc")
    stage.free()
    for _ in range(8):
        stage.beat("sa")
    one, other = stage.replica("sa").state, stage.replica("sc").state
    stage.expect(other.applied == one.applied, "sc has caught up")
    equal = one.items.digest() == other.items.digest() and one.remembered == other.remembered
    stage.promise(
        "replicas_equal_when_quiet", equal, "sc has other items or remembers other requests than sa"
    )


@story("held_log_given_up", "copy_without_log", checkpoint_slots=4, retained_slots=0, chunk_slots=4)
def a_reader_asks_a_replica_that_caught_up_by_copy(stage: Stage) -> None:
    """What a reader holds comes with a copy, in several messages; so it can read on there."""
    stage.elect("sa")
    stage.beat("sa")
    stage.hold("sc")
    writes(stage, "sa", 8)
    stage.world.start(stage.slot("reader"))
    stage.undecided_clients_ask("sa")
    stage.fire("reader", ReadTimer)
    stage.settle()
    writes(stage, "sa", 8)
    stage.drop("sa", "sc")
    stage.free()
    for _ in range(3):
        stage.beat("sa")
    stage.expect(stage.replica("sc").log.head.copied, "sc has copied a checkpoint")
    stage.undecided_clients_ask("sc")
    for _ in range(2):
        stage.fire("reader", ReadTimer)
        stage.settle()
    reader: LogReader = stage.slot("reader").node  # type: ignore[assignment]
    stage.expect(reader.placed and reader.through > 10, "the reader goes on where its hold is")


def due_checkpoint(stage: Stage) -> None:
    """`sb` learns that the slot is chosen which makes its checkpoint due; its disk is slow."""
    stage.elect("sa")
    stage.beat("sa")
    writes(stage, "sa", 3)
    stage.hold_disk("sb")
    stage.beat("sa")


@story("checkpoint_named_too_soon", checkpoint_slots=4, retained_slots=0)
def a_crash_keeps_the_log_and_no_page(stage: Stage) -> None:
    """A replica crashes while it writes a checkpoint; its disk keeps what was appended, and no page."""
    due_checkpoint(stage)
    stage.crash("sb", keep=lambda file, number: number if file.startswith("log/") else 0)
    stage.restart("sb")


@story("log_cut_before_checkpoint", checkpoint_slots=4, retained_slots=0)
def a_crash_keeps_the_cut_and_no_new_segment(stage: Stage) -> None:
    """A checkpoint's pages are durable, and the log is rolled; a crash loses the new segment, and would keep
    the removal of the one before.
    """
    due_checkpoint(stage)
    stage.start_sync("sb")
    stage.end_sync("sb")
    (newest,) = stage.slot("sb").disk.logs("log/")[-1:]
    stage.crash("sb", keep=lambda file, number: 0 if file == newest else number)
    stage.restart("sb")
    stage.deliver_if_any("sb", "sa", Vacant)
    stage.deliver_if_any("sa", "sb", CreateReplica)
    stage.crash("sb", keep=everything)
    stage.restart("sb")


@story("tails_lost_together", checkpoint_slots=4, retained_slots=0)
def a_crash_keeps_a_segment_and_not_the_end_of_the_one_before(stage: Stage) -> None:
    """Slots are accepted while a checkpoint is being written; a crash keeps the segment that is begun then,
    and not the end of the one before.
    """
    due_checkpoint(stage)
    stage.start_sync("sb")
    writes(stage, "sa", 3)
    stage.end_sync("sb")
    (newest,) = stage.slot("sb").disk.logs("log/")[-1:]
    stage.crash("sb", keep=lambda file, number: number if file == newest else 0)
    stage.restart("sb")


@story("checksum_not_checked")
def a_letter_of_an_item_rots(stage: Stage) -> None:
    """A letter of an item in a voter's journal rots; the frame still reads well, but for its checksum."""
    stage.elect("sa")
    stage.beat("sa")
    stage.ask("c0", Put(b"k", item("letters")), to="sa")
    stage.settle()
    stage.crash("sb")
    (journal,) = stage.slot("sb").disk.durable_logs("log/")
    stage.rot("sb", journal, stage.slot("sb").disk.durable_log(journal).index(b"letters"))
    stage.restart("sb")
    stage.beat("sa")


@story("page_checksum_not_checked", checkpoint_slots=4, retained_slots=0)
def a_letter_of_a_page_rots(stage: Stage) -> None:
    """A letter of an item in a page of a voter's checkpoint rots; the page still reads well, but for its
    checksum and its digest.
    """
    stage.elect("sa")
    stage.beat("sa")
    writes(stage, "sa", 4)
    stage.ask("c0", Put(b"k", item("letters")), to="sa")
    stage.settle()
    writes(stage, "sa", 4, keys=2)
    stage.beat("sa")
    stage.crash("sb")
    stage.rot_page("sb", b"letters")
    stage.restart("sb")
    stage.beat("sa")
