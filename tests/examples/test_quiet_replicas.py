"""When all is quiet, replicas that agree with each other must also agree with what is chosen."""

from collections.abc import Callable

import pytest
from msgspec import structs

from dynaproof.checkers.simulator import fair_end
from dynaproof.checkers.simulator.partition import PartitionRun
from dynaproof.checkers.simulator.run import draw
from dynaproof.impl.storage.state import PartitionState
from dynaproof.specs.views.group_facts import Unequal

CALM = structs.replace(draw("partition", 3, "timed"), faults=(), loss=0, duplication=0, end="all")


@pytest.fixture
def quiet() -> PartitionRun:
    run = PartitionRun(CALM)
    run.fixture()

    def settled() -> bool:
        first = run.replicas()[0].state
        return run.quiet() and bool(first.remembered and first.holds and first.items.get(b"k0"))

    run.advance(settled, 5_000)
    assert settled()
    return run


def forget_requests(state: PartitionState) -> None:
    state.remembered.popitem()


def move_holds(state: PartitionState) -> None:
    state.holds = {
        name: structs.replace(hold, through=hold.through - 1) for name, hold in state.holds.items()
    }


def forget_incarnations(state: PartitionState) -> None:
    state.config = structs.replace(state.config, next_incarnation=1)


def lose_an_item(state: PartitionState) -> None:
    state.items.delete(next(state.items.range())[0])


def test_what_differs_for_good_is_not_taken_for_lag_that_there_is_at_the_instant(quiet: PartitionRun) -> None:
    lose_an_item(quiet.replicas()[0].state)
    wait = quiet.advance_until

    def wait_and_fall_behind(done: Callable[[], bool], duration: int, limit: int) -> None:
        wait(done, duration, limit)
        if done == quiet.quiet:
            quiet.probe()
            quiet.advance(lambda: not quiet.caught_up(), 5_000)
            assert not quiet.caught_up()

    quiet.advance_until = wait_and_fall_behind  # type: ignore[method-assign]
    fair_end.quiet(quiet)
    assert quiet.failure is None
    assert list(quiet.watcher.view.fresh) == [Unequal]


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
    quiet: PartitionRun, mistake: Callable[[PartitionState], None], what: str
) -> None:
    for replica in quiet.replicas():
        mistake(replica.state)
    assert {quiet.differs(replica) for replica in quiet.replicas()} == {what}
    assert not quiet.quiet()
