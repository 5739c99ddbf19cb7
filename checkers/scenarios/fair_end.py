"""The fair end of a run: the faults have stopped, time is fair, and what must happen eventually is judged.

All bounds are in simulated time and come from the run's own constants; `STEPS` only ends a run in which
events go on while time stands still. The facts go to `specs/promises/liveness.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from dynaproof.checkers.kinds.group import READER, Group
from dynaproof.checkers.runs.run import Run
from dynaproof.impl.partition.messages.requests import Get, Put
from dynaproof.impl.partition.records import CursorMoved
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.values.attribute import S
from dynaproof.impl.values.encoding import encode_item
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.group import GroupView
from dynaproof.specs.views.group_facts import Behind, IdleElection, Stalled, Unanswered, Uncut, Unequal
from dynaproof.specs.views.load_facts import Pace

FRESH = b"fresh"
FRESH_ITEM = encode_item({"id": S("fresh")})
"""What must be written and read when all is quiet."""

PROVIDES: tuple[type[Fact], ...] = (Behind, IdleElection, Stalled, Unanswered, Uncut, Unequal)
"""The types of all facts that are filed here."""

STEPS = 60_000
"""The most events of one phase of the end."""

SETTLING_LEASES = 60
"""Leases within which everything mends and becomes quiet: elections, the replacement of a voter, a copy."""

WATCHED_OPERATIONS = 2
"""How many operations of each client, with the load on, have their answers measured."""

LEAST_WATCHED = 20
"""The fewest operations of all clients together."""

WATCHED_LEASES = 3
"""Leases for which what is quiet must stay quiet, and within which an election that began has ended."""

EASY_CLIENTS = 3
"""At an easy pace, all clients together ask as often as this many that pause for up to a lease."""


def go_on(run: Run) -> None:
    """The faults have stopped, and the load stays on, at an easy pace while the group mends."""
    config, straggling = run.config, run.world.under_way_until - run.world.tau
    pause = max(config.settings.lease_us, straggling // 8) * max(1, config.clients // EASY_CLIENTS)
    ask_all(run, max(config.client.think_us, pause))


def ask_all(run: Run, think_us: int) -> None:
    """Every client asks until it is told to stop, with pauses of at most `think_us`. All are up, unless the
    run is a part of a schedule: that may leave out the end of the faults, or a restart.
    """
    for client in Group(run).clients():
        place = run.world.at(client.env.me)
        if place.up:
            run.world.run(place, client.go_on, think_us)


def judge_end(run: Run) -> None:
    """With the load on: all mends, then keeps its pace. Without it: answers, quiet, progress, idleness."""
    for judge in (mends, keeps_pace, answers, quiet, progress, idleness):
        if run.failure is None:
            judge(run)
            run.check()


def most_steps(run: Run) -> int:
    """The most events of one phase of the end: more if more clients ask."""
    clients: int = run.config.clients
    return STEPS * max(1, clients // 8)


# --- With the load on ---


def mends(run: Run) -> None:
    """A leader serves, a lost voter is replaced, and laggards have caught up, whatever is written."""
    world, group, lease = run.world, Group(run), run.config.settings.lease_us
    bound, under_way_until = SETTLING_LEASES * lease, world.under_way_until
    run.advance_until(group.keeps_up, bound, most_steps(run))
    # A message from the time of the faults may start an election when it arrives (an old answer that nobody
    # hears the leader; seed 2026, schedule 14260), and an election that began has its time to end.
    run.advance_until(never, under_way_until - world.tau, most_steps(run))
    marks, pace = {replica.member: replica.env.now for replica in group.replicas()}, pace_of(run)
    for wait_us in (2 * (pace.latency_us + pace.sync_us), 0):  # An earlier asker may campaign on answers.
        run.advance_until(lambda: group.settled(marks), WATCHED_LEASES * lease, most_steps(run))
        run.advance_until(never, wait_us, most_steps(run))
    run.advance_until(group.keeps_up, bound, most_steps(run))
    if run.failure is None and not group.keeps_up():
        for fact in what_lags(group, bound):
            run.view.file(fact)


def what_lags(group: Group, bound: int) -> Iterator[Behind | Stalled]:
    """What a group lacks to be whole."""
    if group.leader() is None:
        yield Stalled("no leader serves", bound)
        return
    through = group.observation.view.chosen_through
    for replica in group.replicas():
        if not group.near(replica):
            yield Behind(replica.member, replica.log.commit, through, bound)
    if len(group.replicas()) < group.expected_replicas():
        yield Stalled("a lost voter is not replaced", bound)


def watch(run: Run) -> None:
    """Every client asks as fast as it did before the faults stopped, and answers are measured: an event."""
    run.world.fault("watch", next(iter(run.world.places.values())), 0)
    if run.fair and is_whole(run):
        run.observation.load.watch(pace_of(run), run.world.tau)  # type: ignore[attr-defined]
    ask_all(run, run.config.client.think_us)


def stop(run: Run) -> None:
    """No client begins anything more, and nobody reads the log: an event."""
    run.world.fault("stop", next(iter(run.world.places.values())), 0)
    run.observation.load.rest(run.world.tau)  # type: ignore[attr-defined]
    for client in Group(run).clients():
        client.stop()
    for place in run.places_of(READER):
        reader: Any = place.node
        reader.stop()


def is_whole(run: Run) -> bool:
    """Whether all replicas are there and hear each other."""
    return run.injector.excluded is None and not run.world.cut_links


def pace_of(run: Run) -> Pace:
    """What bounds in time are derived from, with the network and the disks as they are now."""
    world, settings = run.world, run.config.settings
    return Pace(max(world.latencies), max(world.sync_us), settings.in_flight_slots, settings.window_bytes)


def all_over(begun: Sequence[tuple[Any, RequestId]]) -> bool:
    """Whether each client has ended what it had begun."""
    return all(client.request != request for client, request in begun)


def keeps_pace(run: Run) -> None:
    """Each client has some more operations answered, and no leader changes. Before they ask fast, all clients
    that the faults have cost an attempt are answered: else the others would ask too often while these wait.
    """
    observation: Any = run.observation
    group, timeout_us = Group(run), run.config.client.timeout_us
    clients = group.clients()
    begun = [(client, client.request) for client in clients if client.request is not None]
    is_over = partial(all_over, begun)
    run.advance_until(is_over, 2 * timeout_us, most_steps(run))
    led = observation.leader_changes
    run.perform("watch")
    watched = max(WATCHED_OPERATIONS, -(-LEAST_WATCHED // max(1, len(clients))))
    goals = [(client, client.ended + watched) for client in clients]
    missing = list(goals)

    def reached() -> bool:
        while missing and missing[-1][0].ended >= missing[-1][1]:
            missing.pop()
        return not missing

    bound, began_at = watched * timeout_us * 2, run.world.tau
    run.advance_until(reached, bound, most_steps(run))
    if run.failure is not None:
        return
    for client, goal in goals:
        if client.ended < goal:
            run.view.file(Unanswered(client.request or client.env.me.name, run.world.tau - began_at))
    if observation.leader_changes != led:
        run.view.file(IdleElection(list(run.view.led)[-1]))
    run.perform("stop")


# --- Without it ---


def answers(run: Run) -> None:
    """Every client ends the operation that it has under way, within its time."""
    config, group = run.config, Group(run)
    bound = config.client.timeout_us * 2  # A client's clock may be slow by the drift.
    began_at = run.world.tau
    run.advance_until(group.clients_done, bound, most_steps(run))
    for client in group.clients() if run.failure is None else ():
        if client.left or client.request is not None:
            run.view.file(Unanswered(client.request or client.env.me.name, run.world.tau - began_at))


def quiet(run: Run) -> None:
    """A leader serves, laggards have caught up, all states equal the fold of what is chosen."""
    settings, view, group = run.config.settings, run.view, Group(run)
    bound = SETTLING_LEASES * settings.lease_us
    is_quiet = run.advance_until(group.quiet, bound, most_steps(run))
    if is_quiet or run.failure is not None or group.quiet():
        return
    if group.leader() is None:
        view.file(Stalled("no leader serves", bound))
        return
    # A replica that lags now may only have to hear of what was just chosen; what differs for good is
    # told apart from that at a moment at which nobody lags.
    run.advance_until(group.caught_up, bound, most_steps(run))
    replicas = group.replicas()
    for replica in replicas:
        if not replica.admitted or replica.log.commit < view.chosen_through:
            view.file(Behind(replica.member, replica.log.commit, view.chosen_through, bound))
    for replica in replicas:
        what = group.differs(replica)
        if what is not None:
            view.file(Unequal(replica.member, what))
    if len(replicas) < group.expected_replicas():
        view.file(Stalled("a lost voter is not replaced", bound))


def probe(run: Run) -> None:
    """A client begins to write a fresh key and to read it: an event, like the end of the faults. It asks only
    nodes that run: once in nine times, a client that has time for two attempts (`busy`) would ask the node
    that stays down twice, and that says nothing of the group.
    """
    client = Group(run).clients()[0]
    place = run.world.at(client.env.me)
    run.world.fault("probe", place, 0)
    down = run.injector.excluded
    client.replicas = tuple(one for one in client.replicas if one.name != down)
    client.ask(Put(FRESH, FRESH_ITEM), Get(FRESH, strong=True))
    if place.up:
        run.world.run(place, client.begin)


def progress(run: Run) -> None:
    """A client writes afresh, and reads what it wrote; and logs are cut."""
    view, group = run.view, Group(run)
    before = errors(run)
    bound = run.config.client.timeout_us * 2
    run.advance_until(group.has_room, bound, most_steps(run))
    run.perform("probe")
    run.advance_until(group.clients_done, bound, most_steps(run))
    if run.failure is not None:
        return
    done = group.clients_done() and group.clients()[0].seen.get(FRESH)
    if errors(run) > before or not done:
        view.file(Stalled("a fresh write and a strong read of it did not succeed", bound))
    judge_cuts(run, group)


def judge_cuts(run: Run, group: Group) -> None:
    """The log of every replica is cut."""
    view = group.observation.view
    for replica in group.replicas():
        retained = replica.state.applied + 1 - replica.log.first
        most = most_retained(run.config.settings, view, replica)
        if retained > most:
            view.file(Uncut(replica.member, retained, most))


def most_retained(settings: Settings, view: GroupView, replica: Any) -> int:
    """How many applied slots the last cut may have left: those that laggards may ask for, those asked for by
    any reader's hold that stood at the checkpoint or was placed since, and those chosen in the time for which
    a view is held for a copier that is gone. Checkpoints come in time.
    """
    snapshot = replica.log.head.snapshot
    covered = 0 if snapshot is None else snapshot.slot
    holds = [hold.through for hold in snapshot.holds] if snapshot is not None else []
    for slot in range(covered + 1, replica.state.applied + 1):
        fact = view.chosen.get(slot)
        if fact is not None and isinstance(fact.record.record, CursorMoved):
            holds.append(fact.record.record.hold.through)
    held: int = covered - min(holds, default=covered)
    at_checkpoint = view.chosen.get(covered)
    since = 0 if at_checkpoint is None else at_checkpoint.record.timestamp - 2 * settings.view_us
    copied = sum(slot <= covered and fact.record.timestamp >= since for slot, fact in view.chosen.items())
    kept: int = max(settings.retained_slots, held, copied)
    return 4 * settings.checkpoint_slots + kept


def idleness(run: Run) -> None:
    """Nothing changes any more."""
    observation: Any = run.observation
    before = observation.leader_changes
    run.advance_until(never, WATCHED_LEASES * run.config.settings.lease_us, most_steps(run))
    if run.failure is None and observation.leader_changes != before:
        run.view.file(IdleElection(list(run.view.led)[-1]))


def errors(run: Run) -> int:
    """How many operations have ended with an error."""
    endings = run.observation.endings
    return endings.get("definite", 0) + endings.get("indefinite", 0)


def never() -> bool:
    """Wait for nothing but time."""
    return False


ACTIONS: Mapping[str, Callable[[Run], None]] = {"watch": watch, "stop": stop, "probe": probe}
"""What happens in an end by order of its judges."""

ACT_SENTENCES: Mapping[str, str] = {
    "watch": "all clients ask as fast as before",
    "stop": "no client begins anything more",
    "probe": "{} writes a fresh key and reads it",
}
