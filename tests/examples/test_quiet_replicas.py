"""When all is quiet, replicas that agree with each other must also agree with what is chosen."""

from collections.abc import Callable

import pytest
from msgspec import structs

from dynaproof.checkers.kinds.group import Group
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios import fair_end
from dynaproof.checkers.scenarios.partition import PARTITION, draw
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.impl.partition.state import PartitionState
from dynaproof.specs.views.group_facts import Unequal

DRAWN = draw("partition", 3, "timed")
CALM = structs.replace(
    DRAWN,
    settings=structs.replace(
        DRAWN.settings,
        hold_lag_slots=4_096,
        hold_lag_bytes=1 << 29,
        held_slots=8_192,
        held_bytes=1 << 30,
    ),
    faults=(),
    loss=0,
    duplication=0,
    end="all",
)


@pytest.fixture
def quiet() -> Group:
    run = Run(PARTITION, CALM, Timed(CALM.seed))
    group = Group(run)
    run.set_up()

    def settled() -> bool:
        first = group.replicas()[0].state
        return group.quiet() and bool(first.memory.count and first.holds and first.items.get(b"k0"))

    run.advance(settled, 5_000)
    assert settled()
    return group


def forget_requests(state: PartitionState) -> None:
    state.memory.forget(state.memory.earliest + 1)


def move_holds(state: PartitionState) -> None:
    state.holds = {
        name: structs.replace(hold, through=hold.through - 1) for name, hold in state.holds.items()
    }


def forget_incarnations(state: PartitionState) -> None:
    state.config = structs.replace(state.config, next_incarnation=1)


def lose_an_item(state: PartitionState) -> None:
    state.items.delete(next(state.items.range())[0])


def test_what_differs_for_good_is_not_taken_for_lag_that_there_is_at_the_instant(quiet: Group) -> None:
    lose_an_item(quiet.replicas()[0].state)
    run = quiet.run
    wait = run.advance_until

    def wait_and_fall_behind(done: Callable[[], bool], duration: int, limit: int) -> None:
        wait(done, duration, limit)
        if done == quiet.quiet:
            run.perform("probe")
            run.advance(lambda: not quiet.caught_up(), 5_000)
            assert not quiet.caught_up()

    run.advance_until = wait_and_fall_behind  # type: ignore[method-assign]
    fair_end.quiet(run)
    assert run.failure is None
    assert list(run.view.fresh) == [Unequal]


@pytest.mark.parametrize(
    ("mistake", "what"),
    [
        (forget_requests, "remembered requests"),
        (move_holds, "holds"),
        (forget_incarnations, "config"),
        (lose_an_item, "items"),
    ],
)
def test_a_mistake_that_all_replicas_make_alike_is_seen(
    quiet: Group, mistake: Callable[[PartitionState], None], what: str
) -> None:
    for replica in quiet.replicas():
        mistake(replica.state)
    assert {quiet.differs(replica) for replica in quiet.replicas()} == {what}
    assert not quiet.quiet()
