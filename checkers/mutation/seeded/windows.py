"""Bugs of a leader's window, of who waits for room in it, and of what keeps tails and messages short."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    ACCEPTOR,
    CORE,
    LEADER,
    LOG,
    REQUESTS,
    SENDER,
    WAITING,
)
from dynaproof.checkers.patches import Edit, bug

RESTARTS = "restart-under-load"

BUGS = (
    bug(
        "window_without_bytes",
        "A leader's window is bounded in slots alone, however large their records.",
        Edit(LEADER, "+ size_bytes(record) <= settings.window_bytes", ">= 0"),
        breaks=("queues_stay_bounded", "frames_fit", "tails_fit"),
    ),
    bug(
        "no_window",
        "A leader proposes as fast as it is asked, however much of that is not chosen yet.",
        Edit(LEADER, "return not in_flight or (", "return True or ("),
        scenario=RESTARTS,
        breaks=("queues_stay_bounded",),
    ),
    bug(
        "full_window_refuses",
        "Who finds the window full is refused, although there is room to wait.",
        Edit(
            REQUESTS,
            "if not self.waiting.add(m.request, sender, m, size_of(m.operation)):",
            "if size_of(m.operation):",
        ),
        scenario="busy",
        breaks=("throttled_only_beyond_rate",),
    ),
    bug(
        "waits_out_of_order",
        "The last that came is the first to have its turn.",
        Edit(WAITING, "waiter = self.queue[0]", "waiter = self.queue[-1]"),
        Edit(WAITING, "self.queue.popleft()", "self.queue.pop()"),
        scenario="busy",
        breaks=("answered_in_time",),
    ),
    bug(
        "proposes_behind_its_batch",
        "A leader proposes while its first batch is not chosen: its window counts from the batch's end.",
        Edit(REQUESTS, " or not leadership.serving", ""),
        Edit(LEADER, "and leadership.serving", "and True", within="Leader.may_propose"),
        Edit(
            LEADER,
            "return self.next_slot - 1 - self.log.commit",
            """
            assert self.leadership is not None
            return self.next_slot - 1 - max(self.log.commit, self.leadership.tail_end)
            """,
        ),
        Edit(
            LEADER,
            "log.size_between(log.commit + 1, log.last)",
            "log.size_between(max(log.commit, leadership.tail_end) + 1, log.last)",
        ),
        breaks=("tails_fit",),
    ),
    bug(
        "nothing_kept",
        "What is known to be chosen is volatile: an accept's journal record says nothing of it.",
        Edit(LOG, "commit = max(self.commit, min(told, first + len(records) - 1))", "commit = 0"),
        breaks=("tails_fit",),
    ),
    bug(
        "kept_before_the_message",
        "An accept's journal record carries what was known chosen before it, not with it.",
        Edit(LOG, "commit = max(self.commit, min(told, first + len(records) - 1))", "commit = self.commit"),
        scenario=RESTARTS,
        breaks=("tails_fit",),
    ),
    bug(
        "no_ops_pile_up",
        "Every new leader puts a no-op of its own behind the tail that it adopts.",
        Edit(LEADER, "adds = not tail or type(tail[-1]) is not NoOp", "adds = True"),
        breaks=("frames_fit", "tails_fit"),
    ),
    bug(
        "long_tails_promised",
        "An acceptor promises though its tail does not fit a message.",
        Edit(ACCEPTOR, "if not self.tail_fits(m.known):", "if False:"),
        scenario=RESTARTS,
        breaks=("tails_fit",),
    ),
    bug(
        "messages_bounded_by_count",
        "A message may hold so many records, however large they are.",
        Edit(
            CORE,
            "return self.log.message(first, last, settings.records_bytes, each)",
            "return self.log.message(first, last, 1 << 40, each)",
        ),
        breaks=("frames_fit",),
    ),
    bug(
        "waiting_kept_over_a_step_down",
        "Who waits at a leader that steps down has a turn when it leads again.",
        Edit(WAITING, "self.queue, self.known, self.size, self.attempts = deque(), {}, 0, 0", "pass"),
        breaks=("retries_apply_once",),
    ),
    bug(
        "more_wait_than_may",
        "Any number of requests may wait at a leader.",
        Edit(
            WAITING,
            "if len(self.queue) >= settings.waiting_requests or self.size + size > settings.waiting_bytes:",
            "if False:",
        ),
        breaks=("queues_stay_bounded",),
    ),
    bug(
        "comes_again_late",
        "Who is refused for want of room comes again after as long as the first in line has waited.",
        Edit(
            WAITING,
            "return min(self.env.now - self.queue[0].since, self.settings.heartbeat_us) if self.queue else 0",
            "return self.env.now - self.queue[0].since if self.queue else 0",
        ),
        breaks=("operations_are_answered",),
    ),
    bug(
        "attempts_wait_unbounded",
        "Any number of attempts at a request may wait for room.",
        Edit(WAITING, "if fits and len(waiter.attempts) < settings.waiting_attempts:", "if fits:"),
        scenario="busy",
        breaks=("queues_stay_bounded",),
    ),
    bug(
        "waits_and_comes_again",
        "A second attempt at a request that waits is taken for another request.",
        Edit(REQUESTS, "if self.waiting.join(m.request, sender, m):", "if False:"),
        Edit(WAITING, "del self.known[waiter.key]", "self.known.pop(waiter.key, None)"),
        breaks=("retries_apply_once",),
    ),
    bug(
        "known_batch_not_adopted",
        "A leader does not send its first batch again to a voter that knows all of it to be chosen.",
        Edit(
            SENDER,
            "if follows and retained and (m.through < last or self.log.commit == last):",
            "if follows and retained:",
        ),
        breaks=("progress_after_faults_stop",),
    ),
)
