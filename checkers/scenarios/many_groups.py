"""The scenario `many-groups`: replicas of many groups on the same few nodes, of which a few are busy.

Setup: each node makes its replicas by command, one replica of each group campaigns, and all groups have a
leader. Then things go wrong on the nodes, which hits all of a node's groups alike, while clients ask a few of
the groups. In the end every group is judged by itself: the busy ones go on, and the idle ones stay as they
are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import structs

from dynaproof.checkers.kinds.client_faults import CLIENT_CRASH
from dynaproof.checkers.kinds.group import CLIENT, Group, command_voters, first_config
from dynaproof.checkers.kinds.groups import (
    CLIENTS_OF_MANY,
    HOSTS_OF_MANY,
    VOTERS,
    GroupsConfig,
    hosts,
    nodes_of,
    observe,
)
from dynaproof.checkers.kinds.replica_faults import hosted
from dynaproof.checkers.runs.config import TARGETS, Chance, Fault, draw_faults, in_order
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.runs.world_faults import CRASH, CRASH_IN_SYNC, LOST_DISK
from dynaproof.checkers.scenarios.calm_end import judge_calm
from dynaproof.checkers.scenarios.fair_end import (
    SETTLING_LEASES,
    STEPS,
    WATCHED_OPERATIONS,
    never,
    what_lags,
)
from dynaproof.checkers.scenarios.partition import FAULTS, draw
from dynaproof.checkers.scenarios.under_load import CALM_LATENCIES
from dynaproof.specs.observe.impl.place import replica_of
from dynaproof.specs.promises import OF_A_GROUP
from dynaproof.specs.sometimes import (
    LEADER_CHANGED,
    ROT_FOUND,
    TORN_TAIL,
    VOTER_REPLACED,
)
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.group_facts import Behind, IdleElection, Stalled, Unanswered, Uncut, Unequal

NAME = "many-groups"

GROUPS = (6, 12, 24, 100)
"""The groups on the nodes of one run,"""
BUSY = (1, 2, 3)
"""and how many of them have clients."""

PROVIDES: tuple[type[Fact], ...] = (Behind, IdleElection, Stalled, Unanswered, Unequal)
"""The types of all facts that are filed by the end."""


# --- Setup ---


def groups_of(run: Run, count: int | None = None) -> list[Group]:
    """The groups of a run, or the first `count` of them."""
    config, observation = run.config, run.observation
    return [
        Group(run, group, observation.groups[group])  # type: ignore[attr-defined]
        for group in range(config.groups if count is None else count)
    ]


def make_replicas(run: Run) -> None:
    """The hosts start, and each gets the commands to make its replicas."""
    for node in hosts(run.config):
        run.world.start(run.world.at(node))
    for group in range(run.config.groups):
        command_voters(run.world, first_config(nodes_of(run.config, group)), group)


def all_are_made(run: Run) -> bool:
    """Every host has all replicas that it was told to make."""
    made = sum(len(hosted(run.world.at(node))) for node in hosts(run.config))
    return bool(made == VOTERS * run.config.groups)


def campaign(run: Run) -> None:
    """One replica of each group begins to campaign, on a different node each time: an event."""
    run.world.fault("campaign", next(iter(run.world.places.values())), 0)
    for group in range(run.config.groups):
        place = run.world.at(nodes_of(run.config, group)[(run.config.seed + group) % VOTERS])
        replica = replica_of(place, group)
        if replica is not None:  # A run from which something was left out may have made fewer.
            run.world.run(place, replica.start_campaign, lane=group)


def leaders_serve(run: Run) -> bool:
    """From here on clients of every group can be answered."""
    return all(group.leader() is not None for group in groups_of(run))


def start_clients(run: Run) -> None:
    """The load begins."""
    for place in run.places_of(CLIENT):
        run.world.start(place)


# --- Configurations ---


GROUPS_PER_MESSAGE = 12
"""Heartbeats of this many groups have room for at least one message on a link: with less, a hundred groups
never all have a leader.
"""

SETUP_STEPS = 100_000
"""The most events until every group has a leader."""


def draw_groups(seed: int, strategy: str) -> GroupsConfig:
    """The configuration of one seed: the constants of `partition`, on more nodes and with more groups."""
    base = draw(NAME, seed, strategy)
    label = f"{NAME}/{strategy}/{seed}/groups"
    pick = Chance(label)
    heartbeat = base.settings.heartbeat_us
    groups, busy, nodes = GROUPS[pick(len(GROUPS))], BUSY[pick(len(BUSY))], VOTERS + pick(3)
    settings = structs.replace(
        base.settings,
        # A scrub of each of a hundred trees every few events would leave no room for anything else.
        scrub_us=heartbeat * 40,
        scrub_step_us=heartbeat * 8,
        closed_us=heartbeat * (8, 20)[pick(2)],
        cache_bytes=max(base.settings.cache_bytes, 1_000 * groups),
        lease_us=heartbeat * (4 if base.settings.drift_ppm > 100_000 else 2),
    )
    # A message that takes a heartbeat, or many if a node is slow, would make every end wait for that long.
    options = structs.replace(
        base.options,
        latencies=CALM_LATENCIES[pick(len(CALM_LATENCIES))],
        capacity=max(base.options.capacity, groups // GROUPS_PER_MESSAGE),
    )
    length = 400 + pick(400)
    fields = {name: getattr(base, name) for name in base.__struct_fields__}
    fields |= {
        "settings": settings,
        "options": options,
        "clients": busy * (1 + pick(2)),
        "readers": 0,
        "operations": 12,
        "length": length,
        "faults": in_order(
            draw_faults(FAULTS, label, length, 1 + pick(4)),
            draw_faults((CLIENT_CRASH,), f"{label}/clients", length, pick(2)),
            crash_while_making(pick, length),
        ),
    }
    return GroupsConfig(**fields, groups=groups, busy=busy, nodes=nodes)


def crash_while_making(pick: Chance, length: int) -> tuple[Fault, ...]:
    """In some configurations a node that comes back without its disk soon crashes again, while it makes its
    replicas anew.
    """
    if pick(3):
        return ()
    target, step, steps = pick(TARGETS), pick(length // 2), 1 + pick(20)
    lost = Fault(LOST_DISK.name, step, target, steps, 0)
    again = step + steps + 20 + pick(200)
    return (lost, Fault((CRASH, CRASH_IN_SYNC)[pick(2)].name, again, target, 1 + pick(20), 0))


def load(config: GroupsConfig) -> int:
    """How many operations and groups there are."""
    return config.operations * config.clients + config.groups


def smaller(config: GroupsConfig) -> Iterator[GroupsConfig]:
    """Fewer groups, clients, operations."""
    for groups in (config.busy, config.groups // 2, config.groups - 1):
        if config.busy <= groups < config.groups:
            yield structs.replace(config, groups=groups)
    if config.clients > 1:
        yield structs.replace(config, clients=config.clients - 1)
    if config.busy > 1:
        yield structs.replace(config, busy=config.busy - 1)
    for operations in (1, config.operations // 2):
        if 0 < operations < config.operations:
            yield structs.replace(config, operations=operations)


# --- The end ---


def wait_for_each(run: Run, holds: Callable[[Group], bool], bound: int) -> list[Group]:
    """Wait at most this long until something has held once of every group; returns those of which it never
    did. It need not hold of all at the same time: an idle leader closes a timestamp now and then.
    """
    left = groups_of(run)

    def each_held() -> bool:
        while left and holds(left[-1]):
            left.pop()
        return not left

    run.advance_until(each_held, bound, most_steps(run))
    return [] if run.failure is not None else [group for group in left if not holds(group)]


def go_on(run: Run) -> None:
    """The faults have stopped, and the load stays on, at an easy pace while the groups mend."""
    straggling = run.world.under_way_until - run.world.tau
    ask_all(run, max(run.config.client.think_us, run.config.settings.lease_us, straggling // 8))


def ask_all(run: Run, think_us: int) -> None:
    """Every client asks until it is told to stop, with pauses of at most `think_us`."""
    for group in groups_of(run, run.config.busy):
        for client in group.clients():
            place = run.world.at(client.env.me)
            if place.up:  # A part of a schedule may leave out the end of the faults, or a restart.
                run.world.run(place, client.go_on, think_us, lane=group.number)


def watch(run: Run) -> None:
    """Every client asks as fast as it did before the faults stopped: an event."""
    run.world.fault("watch", next(iter(run.world.places.values())), 0)
    ask_all(run, run.config.client.think_us)


def stop(run: Run) -> None:
    """No client begins anything more: an event."""
    run.world.fault("stop", next(iter(run.world.places.values())), 0)
    for group in groups_of(run, run.config.busy):
        for client in group.clients():
            client.stop()


def judge_end(run: Run) -> None:
    """With the load on, every group mends and the busy ones answer; without it, all become quiet, and stay
    so.
    """
    for judge in (mends, answers, quiet):
        if run.failure is None:
            judge(run)
            run.check()


def most_steps(run: Run) -> int:
    """The most events of one phase of the end."""
    groups: int = run.config.groups
    return STEPS * max(1, groups // 8)


def file(run: Run, group: Group, fact: Fact) -> None:
    """File a fact of a group."""
    run.observation.of(group.number).view.file(fact)  # type: ignore[attr-defined]


def mends(run: Run) -> None:
    """In every group a leader serves, a lost voter is replaced, and laggards have caught up."""
    bound = SETTLING_LEASES * run.config.settings.lease_us
    # A message from the time of the faults may start an election when it arrives.
    run.advance_until(never, run.world.under_way_until - run.world.tau, most_steps(run))
    for group in wait_for_each(run, Group.keeps_up, bound):
        file_what_lags(run, group, bound)


def file_what_lags(run: Run, group: Group, bound: int) -> None:
    """What a group lacks to be whole."""
    for fact in what_lags(group, bound):
        file(run, group, fact)


def answers(run: Run) -> None:
    """Each client has some more operations answered, then ends the one that it has under way."""
    busy = groups_of(run, run.config.busy)
    run.perform("watch")
    goals = [
        (group, client, client.ended + WATCHED_OPERATIONS) for group in busy for client in group.clients()
    ]
    bound, began_at = WATCHED_OPERATIONS * run.config.client.timeout_us * 2, run.world.tau
    run.advance_until(lambda: all(client.ended >= goal for _, client, goal in goals), bound, most_steps(run))
    run.perform("stop")
    run.advance_until(
        lambda: all(group.clients_done() for group in busy), run.config.client.timeout_us * 2, most_steps(run)
    )
    for group, client, goal in goals if run.failure is None else ():
        if client.ended < goal or client.request is not None:
            file(run, group, Unanswered(client.request or client.env.me.name, run.world.tau - began_at))


def quiet(run: Run) -> None:
    """In every group all states equal the fold of what is chosen, and nothing changes any more."""
    groups, lease = groups_of(run), run.config.settings.lease_us
    bound = SETTLING_LEASES * lease
    for group in wait_for_each(run, Group.quiet, bound):
        file_what_differs(run, group, bound)
    judge_calm(run, groups, most_steps(run))


def file_what_differs(run: Run, group: Group, bound: int) -> None:
    """Why a group is not quiet, unless that is only because of what was chosen just now."""
    run.advance_until(group.caught_up, bound, most_steps(run))
    file_what_lags(run, group, bound)
    for replica in group.replicas():
        what = group.differs(replica)
        if what is not None:
            file(run, group, Unequal(replica.member, what))


SEEN = tuple(one.name for one in (LEADER_CHANGED, ROT_FOUND, TORN_TAIL, VOTER_REPLACED))
"""What its campaigns should see."""

MANY_GROUPS = Scenario(
    name=NAME,
    sentence="replicas of up to 100 groups on three to five nodes, a few of the groups busy; all faults",
    draw=draw_groups,
    setup_steps=SETUP_STEPS,
    kinds=(HOSTS_OF_MANY, CLIENTS_OF_MANY),
    specs=tuple(spec for spec in OF_A_GROUP if Uncut not in spec.on),
    sometimes=SEEN,
    provides=PROVIDES,
    config=GroupsConfig,
    faults=(*FAULTS, CLIENT_CRASH),
    observe=observe,
    place=make_replicas,
    stages=((all_are_made, "campaign"),),
    ready=leaders_serve,
    begin=start_clients,
    relieve=go_on,
    end=judge_end,
    actions={"campaign": campaign, "watch": watch, "stop": stop},
    act_sentences={
        "campaign": "one replica of each group is made to campaign",
        "watch": "all clients ask as fast as before",
        "stop": "no client begins anything more",
    },
    load=load,
    smaller=smaller,
)
