"""Scenarios of what is remembered of requests: a full table, deadlines far ahead, large images."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from dynaproof.checkers.kinds.group import rows
from dynaproof.checkers.mutation.directed.fixture import item
from dynaproof.checkers.mutation.directed.harness import Harness
from dynaproof.checkers.mutation.directed.scenario import scenario
from dynaproof.impl.partition.memory import remembered
from dynaproof.impl.partition.messages.requests import Put, Request

SPAN_US = 4_000_000
"""How far ahead a deadline may be here."""

SMALL: dict[str, Any] = {"admitted_writes_per_s": 1, "deadline_span_us": SPAN_US, "in_flight_slots": 1}
"""A partition that remembers at most nine requests: seven at its rate, one in flight, and one more."""

FULL = 9


def impatient(harness: Harness, timeout_us: int) -> None:
    """From here on clients give up after this long, which sets the deadlines of their requests."""
    for name in ("c0", "c1"):
        client = harness.client(name)
        client.settings = structs.replace(client.settings, timeout_us=timeout_us)


def written(harness: Harness, number: int) -> None:
    """One client's writes, each answered."""
    for value in range(number):
        harness.ask("c1", Put(b"k", item(str(value))), to="sa")
        harness.settle()
        harness.expect(harness.client("c1").ending == "ok", f"write {value} is answered")


@scenario("ids_evicted_when_full", **SMALL)
def a_copy_comes_when_the_table_of_ids_is_full(harness: Harness) -> None:
    """A write is answered, and others until no more may be remembered; then a copy of the first arrives."""
    harness.elect("sa")
    harness.beat("sa")
    impatient(harness, 3_000_000)
    harness.send("c0", Put(b"k", item("first")), to="sa")
    harness.repeat("c0", "sa", Request)
    harness.hold_link("c0", "sa")
    harness.settle()
    harness.expect(harness.client("c0").ending == "ok", "the write is answered")
    written(harness, FULL - 1)
    harness.ask("c1", Put(b"k", item("one more")), to="sa")
    harness.settle()
    harness.deliver("c0", "sa", Request)
    harness.settle()
    harness.expect(harness.client("c1").ending is None, "one more is throttled")


@scenario("full_for_ever", "room_never_made", **SMALL)
def a_full_table_of_ids_whose_time_is_past(harness: Harness) -> None:
    """No more may be remembered; then the time of all that is passes, and nothing is written meanwhile."""
    harness.elect("sa")
    harness.beat("sa")
    impatient(harness, 3_000_000)
    written(harness, FULL)
    harness.wait(3_500_000)
    harness.ask("c0", Put(b"k", item("after")), to="sa")
    harness.settle()
    answered = harness.client("c0").ending == "ok"
    harness.promise(
        "progress_after_faults_stop", answered, "a write finds the table full of what is forgotten"
    )


@scenario("deadline_unbounded", "far_deadline_refused_once", **SMALL)
def a_deadline_lies_too_far_ahead(harness: Harness) -> None:
    """A write is refused for good, for it would be remembered for too long; a copy comes when its deadline is
    nearer.
    """
    harness.elect("sa")
    harness.beat("sa")
    impatient(harness, SPAN_US + 2_000_000)
    harness.send("c0", Put(b"k", item("1")), to="sa")
    harness.repeat("c0", "sa", Request)
    harness.hold_link("c0", "sa")
    harness.settle()
    state = harness.replica("sa").state
    kept = remembered(state.memory.tree, state.timestamp)
    near = all(one.deadline <= state.timestamp + SPAN_US for one in kept)
    harness.promise("memory_stays_flat", near, "a request is remembered for longer than its rate allows for")
    harness.expect(harness.client("c0").ending == "definite", "the write failed for good")
    harness.wait(3_000_000)
    harness.deliver("c0", "sa", Request)
    harness.settle()


@scenario("images_not_counted", admitted_bytes_per_s=1, deadline_span_us=SPAN_US, window_bytes=4_000)
def conditions_fail_on_a_large_item(harness: Harness) -> None:
    """Each failed condition is remembered with the item that it found, until these take too many bytes."""
    harness.elect("sa")
    harness.beat("sa")
    impatient(harness, 3_000_000)
    harness.ask("c1", Put(b"k", item("x" * 1_000)), to="sa")
    harness.settle()
    for _ in range(6):
        harness.ask("c0", Put(b"k", item("1"), conditional=True, expected=None), to="sa")
        harness.settle()
        if harness.client("c0").ending is None:
            harness.give_up("c0")
    replica = harness.replica("sa")
    images = [one.answer.observed for one in remembered(replica.state.memory.tree, replica.state.timestamp)]
    size = sum(len(image.item) for image in images if image is not None)
    harness.promise(
        "memory_stays_flat",
        size <= harness.run.config.settings.remembered_bytes,
        f"{size} bytes of images are remembered",
    )


@scenario("ids_forgotten_all_at_once", deadline_span_us=SPAN_US)
def the_time_of_many_ids_is_past_at_once(harness: Harness) -> None:
    """Nothing is written until the deadlines of many requests are past; the next commit forgets them, and
    removes some.
    """
    harness.elect("sa")
    harness.beat("sa")
    impatient(harness, 3_000_000)
    written(harness, 20)
    harness.wait(3_500_000)
    harness.ask("c0", Put(b"k", item("after")), to="sa")
    harness.settle()
    left = harness.replica("sa").state.memory.count
    harness.promise("work_is_bounded", left >= 20 - 8, "one commit removes the rows of many requests")
    harness.expect(left < 20, "it removes some")


@scenario("refusal_final_without_room", refused_attempts=1, **SMALL)
def more_is_refused_than_a_leader_keeps(harness: Harness) -> None:
    """Two writes are refused because of their deadlines, and the leader keeps one refusal; a copy of the
    other attempt comes when its deadline is nearer.
    """
    harness.elect("sa")
    harness.beat("sa")
    impatient(harness, SPAN_US + 2_000_000)
    harness.ask("c1", Put(b"k", item("1")), to="sa")
    harness.settle()
    harness.expect(harness.client("c1").ending == "definite", "the first write failed for good")
    harness.send("c0", Put(b"k", item("2")), to="sa")
    harness.repeat("c0", "sa", Request)
    harness.hold_link("c0", "sa")
    harness.settle()
    harness.expect(harness.client("c0").ending is not None, "the second write failed")
    harness.wait(3_000_000)
    harness.deliver("c0", "sa", Request)
    harness.settle()


@scenario("ids_forgotten_early")
def a_copy_comes_just_before_its_deadline(harness: Harness) -> None:
    """A write is answered; shortly before its deadline another is, and then a copy of the first arrives."""
    harness.elect("sa")
    harness.beat("sa")
    impatient(harness, 3_000_000)
    harness.send("c0", Put(b"k", item("1")), to="sa")
    harness.repeat("c0", "sa", Request)
    harness.hold_link("c0", "sa")
    harness.settle()
    harness.expect(harness.client("c0").ending == "ok", "the write is answered")
    harness.wait(2_800_000)
    written(harness, 1)
    harness.deliver("c0", "sa", Request)
    harness.settle()


@scenario("ids_forgotten_by_own_clock", checkpoint_slots=4)
def a_followers_clock_is_ahead(harness: Harness) -> None:
    """The wall clock of a follower is past all deadlines; what it remembers is what the log says."""
    harness.elect("sa")
    harness.beat("sa")
    harness.step_wall("sb", 10_000_000)
    impatient(harness, 3_000_000)
    written(harness, 8)
    harness.beat("sa")
    one, other = harness.replica("sa").state, harness.replica("sb").state
    harness.expect(other.applied == one.applied, "sb has applied what sa has")
    harness.promise(
        "replicas_equal_when_quiet", rows(one) == rows(other), "sb remembers other requests than sa"
    )
