"""The scenario `metadata-moves`: a region whose operator moves the metadata, voter by voter, to other nodes,
the leader too, while tables come and go; one node is dead for good, or for as long as there are faults.

When the faults have stopped, the operator moves no more live voters, and ends what it has begun: no voter is
left on a dead node, and nothing of the metadata is left on nodes that its config does not name.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from dynaproof.checkers.kinds.membership import OPERATOR
from dynaproof.checkers.kinds.metadata_moves import KINDS_OF_MOVES, MovesConfig, MovesObservation
from dynaproof.checkers.kinds.region import USER
from dynaproof.checkers.runs.config import Chance, Fault, in_order
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.runs.world_faults import CRASH
from dynaproof.checkers.scenarios import region_end
from dynaproof.checkers.scenarios.fair_end import SETTLING_LEASES
from dynaproof.checkers.scenarios.region_end import judge_end
from dynaproof.checkers.scenarios.region_run import file, most_steps, observed
from dynaproof.checkers.scenarios.table import TABLE, draw_region, faults_of, smaller, start_users
from dynaproof.checkers.scenarios.table_draws import SOME_ORDERS
from dynaproof.checkers.workloads.metadata_operator import MetadataOperator, MovesSettings
from dynaproof.impl.metadata.records import METADATA
from dynaproof.specs.promises import metadata_moves
from dynaproof.specs.sometimes import LEADER_REPLACED
from dynaproof.specs.sometimes_of_regions import (
    ALL_HAVE_LEFT,
    LED_ON,
    METADATA_LED_ANEW,
)
from dynaproof.specs.views.region import Unended

NAME = "metadata-moves"

LENGTH = 3_000
"""The fewest events of a run before its end: about three moves."""


def faults_and_a_death(pick: Chance, label: str, length: int) -> tuple[Fault, ...]:
    """Faults of all kinds, and crashes of storage nodes when the metadata has moved; and in some
    configurations a node that hosts the metadata at first is dead from some step on, until the faults stop.
    """
    faults = faults_of(pick, label, length)
    crashes = tuple(
        Fault(CRASH.name, length // 3 + pick(length // 2), pick(6), 10 + pick(200), pick(1 << 20))
        for _ in range(pick(4))
    )
    death = Fault(CRASH.name, 1 + pick(length * 3 // 4), pick(3), 2 * length, pick(1 << 20))
    return in_order(faults, crashes, (death,) if pick(2) else ())


def draw_moves(seed: int, strategy: str) -> MovesConfig:
    """The configuration of one seed: that of `table`, tables that come and go, and the operator's pace."""
    pick = Chance(f"{NAME}/{strategy}/{seed}/operator")
    config = draw_region(NAME, seed, strategy, LENGTH + pick(1_000), faults_and_a_death)
    heartbeat = config.settings.heartbeat_us
    fields = {name: getattr(config, name) for name in config.__struct_fields__}
    fields["end"] = ("majority", config.end)[pick(2)]
    # In each zone, one node may be dead for good, and another kept by a voter that has left.
    fields["rows"] = 3 if fields["end"] == "majority" else 2 + pick(2)
    fields["settings"] = structs.replace(
        config.settings,
        learners=1 + pick(2),
        lag_slots=(1, 8, 64)[pick(3)],
        catch_up_us=heartbeat * (1, 2)[pick(2)],
    )
    fields["user"] = structs.replace(config.user, partitions=1, orders=SOME_ORDERS)
    fields["users"] = 2
    fields["admin"] = structs.replace(config.admin, touch_us=heartbeat)
    operator = MovesSettings(
        retry_us=heartbeat // (4, 16)[pick(2)],
        ask_us=heartbeat * (1, 2)[pick(2)],
        dead=(4, 12)[pick(2)],
        patience=(40, 200)[pick(2)],
        moves=2 + pick(10),
    )
    return MovesConfig(**fields, operator=operator)


def boot(run: Run) -> None:
    """All nodes but the users and the operator start, on empty disks."""
    for place in run.world.places.values():
        if run.kind(place).name not in (USER, OPERATOR):
            run.world.start(place)


def start(run: Run) -> None:
    """The load begins, and the operator looks for work."""
    start_users(run)
    for place in run.places_of(OPERATOR):
        run.world.start(place)


def the_operator(run: Run) -> MetadataOperator:
    """The operator of the metadata."""
    (place,) = run.places_of(OPERATOR)
    assert isinstance(place.node, MetadataOperator)
    return place.node


def relieve(run: Run) -> None:
    """The faults have stopped: the load goes on at an easy pace, and the operator only repairs."""
    region_end.go_on(run)
    (place,) = run.places_of(OPERATOR)
    run.world.run(place, the_operator(run).finish)


def end(run: Run) -> None:
    """The operator ends its work, and replaces voters on nodes that it takes for dead; then all is as in any
    region's end.
    """
    operator, bound = the_operator(run), 3 * SETTLING_LEASES * run.config.settings.lease_us

    def on_the_dead() -> list[str]:
        voters = observed(run).groups[METADATA].config.voters
        return [voter.node.name for voter in voters if voter.node.name == run.injector.excluded]

    def done() -> bool:
        return operator.idle and not on_the_dead()

    run.advance_until(done, bound, most_steps(run))
    if run.failure is None and not done():
        where = f", with a voter on {on_the_dead()[0]}, which is dead" if on_the_dead() else ""
        file(run, Unended(f"the operator's work{where}", bound))
        run.check()
    judge_end(run)


def fewer(config: MovesConfig) -> Iterator[MovesConfig]:
    """Fewer moves, users, operations, keys, partitions."""
    if config.operator.moves:
        yield structs.replace(
            config, operator=structs.replace(config.operator, moves=config.operator.moves - 1)
        )
    for one in smaller(config):
        assert isinstance(one, MovesConfig)
        yield one


METADATA_MOVES = structs.replace(
    TABLE,
    name=NAME,
    sentence="the metadata is moved from node to node, and off a dead one, while tables come and go",
    draw=draw_moves,
    kinds=KINDS_OF_MOVES,
    specs=(*TABLE.specs, *metadata_moves.SPECS),
    sometimes=tuple(one.name for one in (METADATA_LED_ANEW, LEADER_REPLACED, LED_ON, ALL_HAVE_LEFT)),
    config=MovesConfig,
    observe=MovesObservation,
    place=boot,
    begin=start,
    relieve=relieve,
    end=end,
    smaller=fewer,
)
