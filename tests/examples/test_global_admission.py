"""A table under global admission: what its routers draw, spend, settle, carry back, and do without."""

from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from dynaproof.checkers.kinds.region import ROUTER_NODES
from dynaproof.checkers.kinds.region_kinds import ADMINS, HOSTS_OF_REGION, USERS
from dynaproof.checkers.kinds.token_service import SPENDING_ROUTERS, TOKEN_SERVICE, TOKENS_NODE
from dynaproof.checkers.user_file import imported
from dynaproof.impl.capacity.arithmetic import MICRO
from dynaproof.impl.capacity.rates import Fill, Provisioned
from dynaproof.impl.metadata.orders import UpdateTable
from dynaproof.impl.router.messages import (
    Batch,
    BatchWriteItem,
    Done,
    Failed,
    GetItem,
    PutItem,
    ScanTable,
    Throttled,
)
from dynaproof.impl.tokens.messages import NO_LIFE, Draw, Drawn, TableOf
from dynaproof.impl.tokens.service import TokenService
from dynaproof.impl.tokens.settings import TokenSettings
from dynaproof.specs.sometimes_of_capacity import TOKENS_RETURNED

LAWS = Path(__file__).resolve().parents[1] / "laws"
REGION: Any = imported(Path(__file__).resolve().parent / "small_region.py")
ARBITRARY: Any = imported(LAWS / "arbitrary.py")
item = REGION.item

FIVE_SECONDS = 5_000_000
ONE = Provisioned(MICRO, MICRO, FIVE_SECONDS, None, None, "global")
KEY = item("a", "b")
KINDS = (HOSTS_OF_REGION, SPENDING_ROUTERS, ADMINS, USERS, TOKEN_SERVICE)
WRITES = TableOf("books", 1, "Write")


def made(given: Provisioned = ONE, partitions: int = 2, **router: Any) -> Any:
    """A region with one table, `books`."""
    region = REGION.SmallRegion(router=router, kinds=KINDS)
    region.create("books", partitions, given=given)
    return region


def wait(region: Any, duration_us: int) -> None:
    """Let time go by."""
    region.run.advance_until(lambda: False, duration_us, 100_000)
    assert region.run.failure is None, region.run.failure


def put(region: Any, **more: str) -> Any:
    """Write the item."""
    return region.ask(PutItem("books", item("a", "b", **more)))


def held(region: Any, of: TableOf = WRITES) -> int:
    """What the router holds."""
    purse = next(
        (
            one
            for key, one in region.router.node.purses.purses.items()
            if (key.table, key.direction) == (of.table, of.direction)
        ),
        None,
    )
    return 0 if purse is None else int(purse.tokens.held)


def bucket(region: Any) -> Any:
    """The table's bucket of writes at the service."""
    service = region.world.at(TOKENS_NODE).node
    return next(one for of, one in service.tables.items() if of.direction == "Write").table.bucket


def test_a_bucket_begins_with_a_second_of_the_tables_rate_and_a_hint_says_when_there_is_more() -> None:
    region = made()
    assert put(region) == Done()
    failed = put(region)
    assert isinstance(failed, Throttled)
    assert failed.reasons == ("TableWriteProvisionedThroughputExceeded",)
    assert failed.definite
    wait(region, failed.after_us)
    assert put(region) == Done()


def test_one_partition_is_served_all_that_the_table_has() -> None:
    region = made(Provisioned(10 * MICRO, 10 * MICRO, FIVE_SECONDS, None, None, "global"), 4)
    put(region)
    wait(region, 10_000_000)
    said = [type(put(region)) for _ in range(50)]
    assert said == [Done] * 50


def test_a_draw_brings_the_next_request_its_tokens() -> None:
    region = made(Provisioned(10 * MICRO, 10 * MICRO, FIVE_SECONDS, None, None, "global"))
    assert put(region) == Done()
    assert held(region) == MICRO
    sent = region.router.node.purses.draws
    assert put(region) == Done()
    assert region.router.node.purses.draws == sent


def test_what_an_item_before_has_cost_more_is_owed_and_paid_by_the_next_draws() -> None:
    region = made(Provisioned(10 * MICRO, 10 * MICRO, FIVE_SECONDS, None, None, "global"))
    put(region)
    wait(region, 6_000_000)
    assert put(region, title="x" * 5_000) == Done()
    before = held(region)
    assert put(region) == Done()
    assert region.asker().consumed == 5 * MICRO
    assert held(region) == before - 5 * MICRO


def test_what_had_no_effect_is_given_back() -> None:
    region = made(Provisioned(10 * MICRO, MICRO, FIVE_SECONDS, None, MICRO, "global"), 1)
    put(region)
    wait(region, 6_000_000)
    assert put(region) == Done()
    before = held(region)
    failed = put(region)  # The partition has its cap.
    assert failed.reasons == ("TableWriteKeyRangeThroughputExceeded",)
    assert held(region) >= before


def test_a_failed_condition_is_paid_for() -> None:
    region = made(Provisioned(10 * MICRO, 10 * MICRO, FIVE_SECONDS, None, None, "global"))
    put(region)
    before = held(region)
    failed = region.ask(PutItem("books", item("a", "b"), conditional=True))
    assert failed.error == "ConditionalCheckFailedException"
    assert held(region) == before - MICRO


def test_what_is_not_used_expires_and_goes_back() -> None:
    region = made(Provisioned(10 * MICRO, 10 * MICRO, FIVE_SECONDS, None, None, "global"), hold_us=1_000_000)
    put(region)
    assert held(region) == MICRO
    wait(region, 2_000_000)
    assert held(region) == 0
    assert TOKENS_RETURNED.name in region.run.observation.reached


def test_a_router_that_hears_nothing_throttles_and_writes_nothing() -> None:
    region = made(draw_us=500_000)
    region.cut(region.router, region.world.at(TOKENS_NODE))
    failed = put(region)
    assert isinstance(failed, Throttled)
    assert failed.definite
    assert region.ask(ScanTable("books")) is not None
    for link in list(region.world.cut_links):
        del region.world.cut_links[link]
    assert put(region) == Done()


def test_a_service_that_crashes_begins_again_with_a_second() -> None:
    region = made(Provisioned(10 * MICRO, 10 * MICRO, FIVE_SECONDS, None, None, "global"))
    put(region)
    wait(region, 10_000_000)
    service = region.world.at(TOKENS_NODE)
    region.world.crash(service, "power")
    region.world.start(service)
    assert put(region) == Done()
    said = [put(region) for _ in range(20)]
    assert any(isinstance(one, Throttled) for one in said)


def test_a_region_without_a_service_throttles_such_a_table() -> None:
    region = REGION.SmallRegion()
    region.create("books", given=ONE)
    assert isinstance(put(region), Throttled)


def test_a_batch_says_which_of_its_writes_had_no_tokens() -> None:
    region = made(Provisioned(4 * MICRO, 4 * MICRO, FIVE_SECONDS, None, None, "global"))
    writes = tuple(PutItem("books", item("a", str(number))) for number in range(8))
    said = region.ask(BatchWriteItem(writes))
    assert isinstance(said, Batch)
    assert len(said.unprocessed) == 4
    assert all(definite for _, definite in said.unprocessed)


def test_reads_have_a_bucket_of_their_own() -> None:
    region = made()
    said = [region.ask(GetItem("books", KEY, strong=True)) for _ in range(4)]
    assert isinstance(said[-1], Throttled)
    assert said[-1].reasons == ("TableReadProvisionedThroughputExceeded",)
    assert put(region) == Done()


def test_an_update_reaches_the_service_by_a_router() -> None:
    region = made(refresh_us=100_000)
    put(region)
    assert not isinstance(
        region.ask(UpdateTable("books", structs.replace(ONE, read=50 * MICRO, write=50 * MICRO))), Failed
    )
    wait(region, 1_000_000)
    put(region)
    wait(region, 1_000_000)
    put(region)
    assert bucket(region).rate == 50 * MICRO


# --- The service alone ---

FILL = Fill(10 * MICRO, 50 * MICRO)
ROUTER = ROUTER_NODES[0]


def service(**changes: Any) -> tuple[Any, TokenService]:
    """One that has just started."""
    env = ARBITRARY.Alone(TOKENS_NODE)
    return env, TokenService(env, ROUTER_NODES, TokenSettings(**{"most": 8 * MICRO, **changes}))


def draw(number: int = 1, **changes: Any) -> Draw:
    """A draw of two units."""
    first = Draw(WRITES, 1, FILL, 1, number, NO_LIFE, 0, 0, 2 * MICRO)
    return structs.replace(first, **changes)


def answers(env: Any) -> list[Drawn]:
    """What the service has said."""
    return [message for *_, message in env.sent if isinstance(message, Drawn)]


def level(of: TokenService) -> int:
    """Of its bucket, in micro-units."""
    (one,) = of.tables.values()
    return one.table.bucket.level // MICRO


def test_a_copy_of_a_draw_is_told_the_same_and_an_older_one_nothing() -> None:
    env, one = service()
    for number in (1, 2, 2, 1):
        one.on_message(ROUTER, draw(number))
    assert [answer.number for answer in answers(env)] == [1, 2, 2]
    assert level(one) == 6 * MICRO


def test_a_router_that_restarts_counts_anew_and_its_late_draws_are_not_answered() -> None:
    env, one = service()
    one.on_message(ROUTER, draw(7))
    one.on_message(ROUTER, draw(1, boot=2))
    one.on_message(ROUTER, draw(8))
    assert [(answer.boot, answer.number) for answer in answers(env)] == [(1, 7), (2, 1)]


def test_what_is_carried_back_counts_in_its_own_life_only() -> None:
    env, one = service()
    one.on_message(ROUTER, draw(1))
    life = answers(env)[-1].life
    one.on_message(ROUTER, draw(2, returned=MICRO, asked=0))
    assert level(one) == 8 * MICRO
    one.on_message(ROUTER, draw(3, returned=MICRO, asked=0, life=life))
    assert level(one) == 9 * MICRO


def test_strangers_and_unsound_draws_are_not_answered() -> None:
    env, one = service()
    one.on_message(TOKENS_NODE, draw())
    for wrong in ({"held": -1}, {"returned": -1}, {"asked": -1}, {"version": 0}, {"fill": Fill(0, 1)}):
        one.on_message(ROUTER, draw(**wrong))
    assert not answers(env)
    assert not one.tables


def test_only_a_bucket_that_loses_nothing_makes_room_for_another() -> None:
    env, one = service(tables=1)
    one.on_message(ROUTER, draw())
    other = TableOf("papers", 2, "Write")
    one.on_message(ROUTER, draw(2, of=other))
    assert len(answers(env)) == 1
    env.pass_time(1_000_000)
    one.on_message(ROUTER, draw(3, of=other))
    assert answers(env)[-1].of == other
    assert list(one.tables) == [other]


@pytest.mark.parametrize(("held_before", "grant"), [(0, 8), (7, 1), (8, 0), (9, 0)])
def test_no_router_is_granted_more_than_it_may_hold(held_before: int, grant: int) -> None:
    env, one = service()
    one.on_message(ROUTER, draw(held=held_before * MICRO, asked=100 * MICRO))
    assert answers(env)[-1].grant == grant * MICRO
