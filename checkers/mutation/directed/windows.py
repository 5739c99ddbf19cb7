"""Scenarios of a leader's window, of what waits for it, and of tails that must fit a message."""

from __future__ import annotations

from typing import Any

from dynaproof.checkers.mutation.directed.common import campaign, write
from dynaproof.checkers.mutation.directed.harness import Harness
from dynaproof.checkers.mutation.directed.scenario import scenario
from dynaproof.impl.partition.messages.requests import Rejected
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt, Heard, Heartbeat, HeartbeatTimer, Vote
from dynaproof.impl.paxos.messages.membership import RaiseEpoch
from dynaproof.impl.paxos.sizes import HEADER_BYTES, NO_OP_BYTES

WINDOW_BYTES = 400
SHORT: dict[str, Any] = {
    "window_bytes": WINDOW_BYTES,
    "message_bytes": WINDOW_BYTES + NO_OP_BYTES + HEADER_BYTES,
}
"""A message holds a window and a no-op, or little more."""


@scenario("no_ops_pile_up", **SHORT)
def leaders_come_and_go_behind_a_full_window(harness: Harness) -> None:
    """A window is not chosen, and leader after leader adopts it and gets nothing chosen."""
    harness.elect("sa")
    harness.beat("sa")
    harness.hold("sa", "sb", "sc")
    write(harness, "c0", "x" * 150, "sa")
    harness.deliver("sa", "sb", Accept)
    for _ in range(6):
        campaign(harness, "sb", "sc")
    harness.deliver("sb", "sc", Adopt)
    harness.deliver("sc", "sb", Vote)


@scenario("proposes_behind_its_batch", **SHORT)
def a_leader_is_asked_before_its_batch_is_chosen(harness: Harness) -> None:
    """A leader adopts a window; before that is chosen it is asked for more, and crashes."""
    harness.elect("sa")
    harness.beat("sa")
    harness.hold("sa", "sb", "sc")
    write(harness, "c0", "x" * 150, "sa")
    harness.deliver("sa", "sb", Accept)
    campaign(harness, "sb", "sc")
    harness.deliver("sb", "sc", Heartbeat)
    harness.deliver("sc", "sb", Heard)  # Now it knows another clock.
    write(harness, "c1", "y" * 150, "sb")
    harness.crash("sb")
    harness.restart("sb")


@scenario("waiting_kept_over_a_step_down", in_flight_slots=1)
def a_leader_leads_again_with_who_waited(harness: Harness) -> None:
    """A write waits at a leader that is deposed; the next leader does it; then the first one leads again."""
    harness.elect("sa")
    harness.beat("sa")
    harness.hold("sa")
    write(harness, "c1", "1", "sa")
    write(harness, "c0", "2", "sa")
    harness.elect("sb")
    harness.beat("sb")
    harness.ask_again("c0", to="sb")
    harness.settle()
    harness.expect(harness.client("c0").ending == "ok", "the write is answered")
    harness.fire("sa", HeartbeatTimer)
    harness.free()
    harness.elect("sa")
    harness.beat("sa")
    harness.settle()


@scenario("comes_again_late", in_flight_slots=1, waiting_requests=1)
def a_leader_that_had_lost_its_voters_has_no_room(harness: Harness) -> None:
    """A write waits at a leader that cannot reach its voters for long; then another comes, for which there is
    no room to wait.
    """
    harness.elect("sa")
    harness.beat("sa")
    harness.hold("sa", "sb", "sc")
    write(harness, "c0", "1", "sa")
    write(harness, "c1", "2", "sa")
    harness.pass_leases()
    harness.give_up("c0")
    write(harness, "c0", "3", "sa")
    answer = harness.find("sa", "c0", Rejected)
    harness.expect(answer is not None, "sa refuses c0")
    waits_us = answer.payload.wait_us  # type: ignore[union-attr]
    late = waits_us > harness.run.config.settings.heartbeat_us
    harness.promise("operations_are_answered", not late, f"c0 is told to wait for {waits_us} us")


def chosen_before_its_own_sync(harness: Harness) -> None:
    """A leader has counted a write by the votes of both others, and has not heard yet that its own disk has
    it: what is proposed now waits for that.
    """
    harness.elect("sa")
    harness.beat("sa")
    harness.hold_link("sa", "sa")
    write(harness, "c0", "1", "sa")
    harness.settle(Accept, Vote)
    level = harness.replica("sa").log.commit == harness.replica("sa").log.last
    harness.expect(level and harness.find("sa", "sa", Vote) is not None, "the own vote is under way only")


@scenario("config_joins_the_next_batch")
def a_config_comes_behind_a_write_that_waits(harness: Harness) -> None:
    """A write waits for the leader's disk, and all that was sent is chosen, when a config is asked for."""
    chosen_before_its_own_sync(harness)
    write(harness, "c1", "2", "sa")
    harness.inject("sa", RaiseEpoch(0))
    harness.free()
    harness.settle()
    harness.expect(harness.replica("sa").config.epoch == 1, "the config governs")
    harness.expect(harness.client("c1").ending == "ok", "the write is answered")


@scenario("config_waits_unseen")
def a_write_comes_behind_a_config_that_waits(harness: Harness) -> None:
    """A config waits for the leader's disk when a write comes, which has to wait for the config."""
    chosen_before_its_own_sync(harness)
    harness.inject("sa", RaiseEpoch(0))
    write(harness, "c1", "2", "sa")
    harness.free()
    harness.settle()
    harness.expect(harness.replica("sa").config.epoch == 1, "the config governs")
    harness.expect(harness.client("c1").ending == "ok", "the write is answered")
