"""Bugs of what clients see."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import LEADER, LEADERSHIP, REQUESTS
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "acknowledged_before_peers",
        "A write is acknowledged before any peer has it.",
        Edit(
            REQUESTS,
            "self.replica.propose(record)",
            """
            self.replica.propose(record)
            if isinstance(record, Write):
                for sender, one in attempts:
                    self.answer(Flight(sender, one.request, one.attempt), Answer(record.slot, True, None))
                return True
            """,
        ),
        breaks=("acknowledged_writes_survive",),
    ),
    bug(
        "conditions_ignore_flights",
        "Conditions read the applied state alone, not the slots in flight.",
        Edit(
            REQUESTS,
            "return found[1] if found is not None else self.replica.state.items.get(key)",
            "return self.replica.state.items.get(key)",
        ),
        breaks=("chosen_entries_follow", "strong_reads_linearizable"),
    ),
    bug(
        "failed_condition_not_logged",
        "A failed condition is answered at once, and leaves no record.",
        Edit(
            REQUESTS,
            "self.replica.propose(record)",
            """
            if isinstance(record, Outcome):
                answer = Answer(self.replica.log.last, False, record.observed)
                for sender, one in attempts:
                    self.answer(Flight(sender, one.request, one.attempt), answer)
                return True
            self.replica.propose(record)
            """,
        ),
        breaks=("retries_apply_once",),
    ),
    bug(
        "serves_before_own_no_op",
        "A leader serves before its no-op is chosen and applied.",
        Edit(LEADERSHIP, "self.serving = False", "self.serving = True"),
        breaks=("leader_applied_before_serving",),
    ),
    bug(
        "strong_reads_see_flights",
        "A strong read shows a write in flight.",
        Edit(
            REQUESTS,
            "answer = shown(state, m.request, m.attempt, get, self.settings)",
            """
            answer = shown(state, m.request, m.attempt, get, self.settings)
            if isinstance(answer, Reply) and get.strong:
                answer = Reply(m.request, m.attempt, "ok", state.applied, self.current(get.key))
            """,
        ),
        breaks=("no_uncommitted_state_visible",),
    ),
    bug(
        "eventual_reads_see_flights",
        "An eventual read shows a write in flight.",
        Edit(
            REQUESTS,
            "answer = shown(state, m.request, m.attempt, get, self.settings)",
            """
            answer = shown(state, m.request, m.attempt, get, self.settings)
            if isinstance(answer, Reply) and not get.strong:
                answer = Reply(m.request, m.attempt, "ok", state.applied, self.current(get.key))
            """,
        ),
        breaks=("eventual_reads_were_committed",),
    ),
    bug(
        "followers_serve_strong_reads",
        "Any replica in a leader's contact answers strong reads.",
        Edit(REQUESTS, "if get.strong:", "if False:"),
        breaks=("strong_reads_linearizable",),
    ),
    bug(
        "requests_forgotten",
        "A new leader forgets the request ids that its predecessors answered.",
        Edit(
            LEADER,
            "self.follow(self.member, ballot)",
            """
            self.follow(self.member, ballot)
            from dynaproof.impl.partition.memory import CODEC, Memory
            from dynaproof.impl.tree.btree import BTree
            self.state.memory = Memory(BTree(self.state.pages, CODEC))
            """,
        ),
        breaks=("retries_apply_once",),
    ),
    bug(
        "failed_condition_forgotten",
        "A request whose condition failed is decided anew when it comes again.",
        Edit(REQUESTS, "if answer is not None:", "if answer is not None and answer.applied:"),
        breaks=("retries_apply_once",),
    ),
    bug(
        "deadline_ignored",
        "A write is proposed past its deadline, when its request id may be forgotten already.",
        Edit(REQUESTS, 'return "expired"', "return None"),
        breaks=("retries_apply_once",),
    ),
    bug(
        "fence_ignored",
        "A leader takes a write that was aimed at another ballot, and refused for good there.",
        Edit(REQUESTS, " or m.ballot != leadership.ballot", ""),
        breaks=("retries_apply_once",),
    ),
    bug(
        "final_refusal_forgotten",
        "A throttled attempt is refused for good, and a late copy of it is taken after all.",
        Edit(REQUESTS, "if self.pending.refused.cover(m.request, m.attempt):", "if False:"),
        breaks=("retries_apply_once",),
    ),
    bug(
        "flights_unbounded",
        "A leader's window is not bounded in slots.",
        Edit(LEADER, "in_flight < settings.in_flight_slots", "True"),
        breaks=("queues_stay_bounded",),
    ),
    bug(
        "waiting_unbounded",
        "Any number of attempts at a write may wait for its slot.",
        Edit(
            REQUESTS,
            "if len(self.pending.flights.get(in_flight, ())) < self.settings.waiting_attempts:",
            "if True:",
        ),
        breaks=("queues_stay_bounded",),
    ),
    bug(
        "condition_ignored",
        "A conditional write takes effect whatever is stored.",
        Edit(
            REQUESTS,
            "if operation.conditional and (None if old is None else old.item) != operation.expected:",
            "if False:",
        ),
        breaks=("strong_reads_linearizable",),
    ),
)
