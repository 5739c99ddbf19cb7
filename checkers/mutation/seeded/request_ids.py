"""Bugs of what is remembered of requests: for how long, how much, and who says so."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    CALL,
    LEARNER,
    MEMORY,
    REFUSALS,
    REQUESTS,
    SETTINGS,
    STATE,
)
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "ids_evicted_when_full",
        "A leader whose table of request ids is full forgets the one with the earliest deadline.",
        Edit(
            REQUESTS,
            "if not self.may_remember(record):",
            """
            memory = self.replica.state.memory
            if not self.may_remember(record):
                memory.forget(memory.earliest + 1)
            if False:
            """,
        ),
        breaks=("retries_apply_once", "replicas_equal_when_quiet"),
    ),
    bug(
        "ids_forgotten_early",
        "A request id is forgotten half a second before its deadline is past.",
        Edit(STATE, "self.memory.forget(record.timestamp)", "self.memory.forget(record.timestamp + 500_000)"),
        breaks=("retries_apply_once",),
    ),
    bug(
        "ids_forgotten_by_own_clock",
        "A replica forgets the request ids that are past their deadlines by its own clock.",
        Edit(
            LEARNER,
            "snapshot = self.state.checkpoint(self.log.slot_held_at(self.state.applied))",
            """
            self.state.memory.forget(self.env.wall)
            snapshot = self.state.checkpoint(self.log.slot_held_at(self.state.applied))
            """,
        ),
        breaks=("replicas_equal_when_quiet",),
    ),
    bug(
        "ids_forgotten_all_at_once",
        "One commit removes all request ids whose deadlines it is past.",
        Edit(MEMORY, "_BEHIND_IDS), FORGOTTEN_AT_ONCE + 1)", "_BEHIND_IDS), None)"),
        Edit(MEMORY, "first[:FORGOTTEN_AT_ONCE]", "first"),
        breaks=("work_is_bounded",),
    ),
    bug(
        "images_not_counted",
        "The images that failed conditions show do not count in the bytes of what is remembered.",
        Edit(
            MEMORY,
            "return ROW_BYTES + (0 if row.observed is None else len(row.observed.item))",
            "return ROW_BYTES",
        ),
        breaks=("work_is_bounded",),
    ),
    bug(
        "ids_sized_by_a_constant",
        "The table of request ids has a size of its own, whatever the partition's rate is.",
        Edit(
            SETTINGS,
            "return self.admitted_writes_per_s * self.remembered_us // 1_000_000 + self.in_flight_slots + 1",
            "return 64",
        ),
        scenario="busy",
        breaks=("throttled_only_beyond_rate",),
    ),
    bug(
        "full_for_ever",
        "What is forgotten goes on to count, so a full table of request ids stays full.",
        Edit(MEMORY, "self.count -= 1", "pass"),
        breaks=("progress_after_faults_stop",),
    ),
    bug(
        "room_never_made",
        "A leader whose table is full refuses, and waits for records of others to make room.",
        Edit(REQUESTS, "if self.make_room(leadership):", "if False:"),
        breaks=("progress_after_faults_stop",),
    ),
    bug(
        "deadline_unbounded",
        "A request may be remembered for as long as its client asks for.",
        Edit(REQUESTS, 'return "too_far_ahead"', "return None"),
        breaks=("memory_stays_flat",),
    ),
    bug(
        "far_deadline_refused_once",
        "An attempt is refused for good for its deadline is too far ahead, and a copy is taken later.",
        Edit(
            REQUESTS,
            'final = reason != "expired" and',
            'final = reason == "too_far_ahead" or reason != "expired" and',
        ),
        breaks=("retries_apply_once",),
    ),
    bug(
        "refusal_final_without_room",
        "A leader that cannot keep more refusals says that one more is final.",
        Edit(REFUSALS, "return False", "return True", within="Refusals.add"),
        breaks=("retries_apply_once",),
    ),
    bug(
        "deadline_moves",
        "A client asks again with a later deadline, as if that were no part of the request's name.",
        Edit(
            CALL,
            "ballot, self.deadline, self.operation",
            "ballot, self.deadline + self.attempt, self.operation",
        ),
        breaks=("retries_apply_once",),
    ),
)
