"""The scenario `membership`: the group of `partition`, of three voters or five, and an operator that replaces
its voters: lost ones, and live ones, the leader among them.

The operator is the only one that proposes configs: the group does not repair itself. When the faults stop it
moves nothing more, and ends what it has begun.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from msgspec import structs

from dynaproof.checkers.kinds.group import CLIENT, READER, Group, command_voters
from dynaproof.checkers.kinds.membership import (
    KINDS,
    OPERATOR,
    UNHEARD_CONFIG,
    MembershipConfig,
    MembershipObservation,
    first_of,
    nodes_of,
)
from dynaproof.checkers.runs.config import FOREMOST, TARGETS, Chance, Fault, draw_faults, in_order
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.runs.world_faults import CRASH, LOST_DISK, ONE_WAY_CUT
from dynaproof.checkers.runs.world_faults import PARTITION as CUT_OFF
from dynaproof.checkers.scenarios import fair_end
from dynaproof.checkers.scenarios.fair_end import SETTLING_LEASES, go_on, judge_end, most_steps
from dynaproof.checkers.scenarios.partition import PARTITION, begin_to_campaign, draw, smaller
from dynaproof.checkers.workloads.operator import Operator, OperatorSettings
from dynaproof.impl.paxos.records import Config
from dynaproof.specs.sometimes import OF_MEMBERSHIP
from dynaproof.specs.views.group_facts import Stalled

LENGTH = {3: 3_000, 5: 5_000}
"""By the number of voters, the fewest events of a run before its end: about two replacements."""

LOSSES = (CRASH, LOST_DISK, LOST_DISK, CUT_OFF, ONE_WAY_CUT)
"""What else falls, over the whole length: voters are lost, and others lag or seem lost."""


def draw_membership(seed: int, strategy: str) -> MembershipConfig:
    """The configuration of one seed: that of `partition`, with more nodes, and the operator's pace."""
    config = draw("membership", seed, strategy)
    pick = Chance(f"membership/{strategy}/{seed}/operator")
    heartbeat, lease = config.settings.heartbeat_us, config.settings.lease_us
    operator = OperatorSettings(
        retry_us=heartbeat // (1, 4)[pick(2)],
        dead_us=(heartbeat * 2, lease * 2, lease * 4)[pick(3)],
        patience_us=lease * (8, 30)[pick(2)],
        held_us=lease * (1, 4)[pick(2)],
        moves=1 + pick(6),
    )
    settings = structs.replace(
        config.settings,
        repairs_itself=False,
        learners=1 + pick(2),
        lag_slots=(1, 8, 64)[pick(3)],
        catch_up_us=heartbeat * (1, 2)[pick(2)],
        tree_wait_us=(heartbeat // 4, lease * 2, lease * 8)[pick(3)],
    )
    fields = {name: getattr(config, name) for name in config.__struct_fields__}
    fields |= {"settings": settings, "operator": operator, "voters": (3, 5)[pick(2)]}
    fields["length"] = length = config.length + LENGTH[fields["voters"]] - 600
    losses = draw_faults(LOSSES, f"membership/{strategy}/{seed}/losses", length, 8 + pick(32))
    unheard = draw_unheard(f"membership/{strategy}/{seed}/unheard", length)
    fields["faults"] = in_order(config.faults, losses, unheard)
    return MembershipConfig(**fields)


def draw_unheard(label: str, length: int) -> tuple[Fault, ...]:
    """In two runs of three, up to three changes of voters that some of the voters do not hear of."""
    pick = Chance(label)
    leader = FOREMOST + pick(TARGETS - FOREMOST)
    return in_order(
        Fault(UNHEARD_CONFIG.name, 1 + pick(length * 3 // 4), leader, 50 + pick(300), pick(1 << 20))
        for _ in range((0, 1, 1)[pick(3)] * (1 + pick(3)))
    )


def create_replicas(run: Run) -> None:
    """The hosts start, and the first of them get the command to make a replica."""
    for node in nodes_of(run.config):
        run.world.start(run.world.at(node))
    command_voters(run.world, first_of(run.config))


def campaign(run: Run) -> None:
    """One of them begins to campaign: an event."""
    voters = first_of(run.config).voters
    begin_to_campaign(run, voters[run.config.seed % len(voters)].node)


def start_all(run: Run) -> None:
    """The load begins, the log is read, and the operator looks for work."""
    for kind in (CLIENT, READER, OPERATOR):
        for place in run.places_of(kind):
            run.world.start(place)


def the_operator(run: Run) -> Operator:
    """The operator of the group."""
    (place,) = run.places_of(OPERATOR)
    assert isinstance(place.node, Operator)
    return place.node


def relieve(run: Run) -> None:
    """The faults have stopped: the load goes on at an easy pace, and the operator only repairs."""
    go_on(run)
    (place,) = run.places_of(OPERATOR)
    run.world.run(place, the_operator(run).finish)


def end(run: Run) -> None:
    """The operator ends its work, and replaces the voters that it takes for lost; then all is as in any fair
    end.
    """
    operator, group = the_operator(run), Group(run)
    bound = 3 * SETTLING_LEASES * run.config.settings.lease_us

    def done() -> bool:
        return operator.idle and group.keeps_up()

    run.advance_until(done, bound, most_steps(run))
    if run.failure is None and not done():
        run.view.file(Stalled("a voter is not replaced", bound))
        run.check()

    # A page that rotted before may be found later, and its voter replaced.
    operator.tell = partial(tell, group)
    tell(group, operator.config)
    judge_end(run)


def tell(group: Group, config: Config) -> None:
    """All clients learn who votes, as routers do from the metadata: a spare node answers nobody."""
    for client in group.clients():
        client.replicas = tuple(voter.node.address for voter in config.voters)
        if client.route.leader not in client.replicas:
            client.route.leader = None


def watch(run: Run) -> None:
    """As in any fair end. Messages under way when the clients were told may have come since: a replica that
    has left answers until it is dropped, and names itself to a client that asked it before.
    """
    tell(Group(run), the_operator(run).config)
    fair_end.watch(run)


def fewer(config: MembershipConfig) -> Iterator[MembershipConfig]:
    """Fewer moves, clients, operations, keys."""
    if config.operator.moves:
        yield structs.replace(
            config, operator=structs.replace(config.operator, moves=config.operator.moves - 1)
        )
    for one in smaller(config):
        assert isinstance(one, MembershipConfig)
        yield one


MEMBERSHIP = structs.replace(
    PARTITION,
    name="membership",
    sentence="a group of three voters or five, whose operator replaces them, the leader too",
    draw=draw_membership,
    kinds=KINDS,
    faults=(*PARTITION.faults, UNHEARD_CONFIG),
    sometimes=tuple(OF_MEMBERSHIP),
    config=MembershipConfig,
    observe=MembershipObservation,
    place=create_replicas,
    actions={**PARTITION.actions, "campaign": campaign, "watch": watch},
    begin=start_all,
    relieve=relieve,
    end=end,
    smaller=fewer,
)
