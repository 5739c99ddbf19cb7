"""Which errors of users only a fault explains, once all has mended."""

import pytest

from dynaproof.impl.capacity.rates import Provisioned
from dynaproof.impl.metadata.orders import DeleteTable, UpdateTable
from dynaproof.impl.metadata.records import TableRecord
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.router.messages import (
    Action,
    Batch,
    BatchGetItem,
    BatchWriteItem,
    DeleteItem,
    DescribeTable,
    Done,
    GetItem,
    ListTables,
    PutItem,
    QueryTable,
    Result,
    ScanTable,
)
from dynaproof.impl.router.notes import UserAnswered, UserAsked
from dynaproof.impl.values.key import KeyAttribute, KeySchema
from dynaproof.specs.observe.impl.user_errors import NOT_FOUND, UNKNOWN, ErrorObserver
from dynaproof.specs.promises.region import active_tables_are_found, errors_stop_after_faults
from dynaproof.specs.views.region import RegionView

USER = NodeId("region", "user", "u0")
ROUTER, OTHER = NodeId("region", "a", "router-a"), NodeId("region", "b", "router-b")
PUT, GET = PutItem("t", b"item"), GetItem("t", b"key", strong=True)
ORDER = RequestId(NodeId("region", "a", "admin-a"), 1, 1)


def table(status: str, generation: int = 1) -> TableRecord:
    """The record of the table."""
    schema = KeySchema(KeyAttribute("id", "S"))
    return TableRecord("t", generation, status, schema, 3, (1,), ORDER, 0)  # type: ignore[arg-type]


DONE = Done(None)


class Case:
    """One user, whose requests are answered at once."""

    def __init__(self) -> None:
        self.view = RegionView()
        self.errors = ErrorObserver(self.view)
        self.number = 0

    def mend(self) -> None:
        self.errors.stopped_at, self.errors.mended_at = 100, 300

    def ask(
        self,
        action: Action,
        error: str | None,
        router: NodeId = ROUTER,
        up: bool = True,
        result: Result = DONE,
    ) -> None:
        self.number += 1
        request = RequestId(USER, 1, self.number)
        self.errors.asked(UserAsked(request, action), 350)
        said = UserAnswered(request, result if error is None else None, error or "", False)
        self.errors.answered("u0", said, router, up)

    def denied(self, action: Action, *meanwhile: TableRecord | None) -> list[str]:
        """What is filed where a user hears that there is no such table, which changed so meanwhile."""
        request = RequestId(USER, 1, 99)
        self.errors.asked(UserAsked(request, action), 350)
        for record in meanwhile:
            self.errors.changed("t", record, 20)
        self.errors.answered("u0", UserAnswered(request, None, NOT_FOUND, True), ROUTER, True)
        return [one.sentence for one in active_tables_are_found.check(self.view)]

    def told(self) -> list[str]:
        return [one.sentence for one in errors_stop_after_faults.check(self.view)]


@pytest.mark.parametrize(
    ("action", "error", "counts"),
    [
        (PUT, "", True),
        (PUT, "ServiceUnavailable", True),
        (GET, "ServiceUnavailable", True),
        (ListTables(), UNKNOWN, True),
        (PUT, "ThrottlingException", False),
        (PUT, "ConditionalCheckFailedException", False),
        (GET, "ResourceNotFoundException", False),
        (PUT, None, False),
    ],
)
def test_an_error_counts_if_only_a_fault_explains_it(action: Action, error: str | None, counts: bool) -> None:
    case = Case()
    case.ask(action, error)
    assert case.told() == []
    case.mend()
    case.ask(action, error, up=False)
    assert case.told() == []
    case.ask(action, error)
    assert bool(case.told()) == counts


def test_the_sentence_says_who_asked_for_what_and_when() -> None:
    case = Case()
    case.mend()
    case.ask(GET, "")
    (told,) = case.told()
    assert told.startswith(
        "u0 asked for GetItem and heard nothing; all had mended 200 us after the faults had"
    )
    assert told.endswith("50 us before")


def test_what_became_of_a_write_may_be_unknown_where_the_router_does_not_know_the_table_as_it_is() -> None:
    case = Case()
    case.mend()
    case.errors.changed("t", table("active"), 7)
    case.ask(PUT, UNKNOWN)
    case.ask(GET, None)
    case.errors.changed("t", table("active"), 7)
    case.ask(PUT, UNKNOWN)
    case.ask(GET, "session gone")
    case.ask(PUT, UNKNOWN)
    case.ask(GET, None)
    case.ask(PUT, UNKNOWN, router=OTHER)
    assert case.told() == []
    case.ask(PUT, UNKNOWN)
    assert len(case.told()) == 1


def test_a_part_of_a_batch_may_not_be_processed_while_its_table_is_being_deleted() -> None:
    """Its partitions go one after the other, without another change of its record."""
    case, batch = Case(), BatchWriteItem((PUT, PUT))
    case.mend()
    case.errors.changed("t", table("active"), 7)
    case.ask(GET, None)
    partly = Batch((None, None), ((1, True),))
    case.errors.changed("t", table("deleting"), 8)
    case.ask(GET, None)
    case.ask(batch, None, result=partly)
    assert case.told() == []
    case.errors.changed("t", table("active", 2), 9)
    case.ask(GET, None)
    case.ask(batch, None, result=partly)
    assert len(case.told()) == 1


@pytest.mark.parametrize(
    "action",
    [
        PUT,
        GET,
        GetItem("t", b"key"),
        DeleteItem("t", b"key"),
        ScanTable("t"),
        QueryTable("t", b"key"),
        BatchGetItem((GET,)),
        BatchWriteItem((PUT,)),
        DescribeTable("t"),
        DeleteTable("t"),
        UpdateTable("t", Provisioned(1, 1)),
    ],
)
def test_nobody_hears_that_a_table_is_not_there_that_was_active_all_the_time(action: Action) -> None:
    case = Case()
    case.errors.changed("t", table("active"), 7)
    case.errors.acknowledged = lambda: 7
    (told,) = case.denied(action, table("active"))
    assert told == f"u0 asked for {type(action).__name__}, and heard that there is no t"


def test_that_a_table_is_not_there_may_be_said_while_it_comes_or_goes_or_is_another_one() -> None:
    case = Case()
    case.errors.acknowledged = lambda: 7
    assert case.denied(GET) == []
    case.errors.changed("t", table("creating"), 6)
    assert case.denied(GET, table("active")) == []  # It became active in slot 20, which nobody knows of yet.
    assert case.denied(GET) == []
    case.errors.acknowledged = lambda: 20
    assert case.denied(GET, table("deleting")) == []
    assert case.denied(GET, None, table("active", 2)) == []
    assert case.denied(GET, table("deleting", 2), None, table("active", 3)) == []
    assert case.denied(BatchGetItem((GET, GetItem("other", b"key")))) == []
    assert case.denied(ListTables()) == []
    assert len(case.denied(GET)) == 1


@pytest.mark.parametrize("batch", [BatchGetItem((GET, GET)), BatchWriteItem((PUT, PUT))])
def test_a_part_that_is_not_processed_is_an_error_where_the_router_knows_the_table(batch: Action) -> None:
    case = Case()
    case.mend()
    done, half = Batch((None, None), ()), Batch((None, None), ((1, True),))
    case.errors.changed("t", table("active"), 7)
    case.ask(batch, None, result=done)
    case.ask(batch, None, result=half)
    assert case.told() == []
    case.ask(GET, None)
    case.ask(batch, None, result=done)
    assert case.told() == []
    case.ask(batch, None, result=half)
    (told,) = case.told()
    assert "heard that a part of it was not processed" in told


def test_a_part_may_be_throttled_where_the_table_is_given_capacity() -> None:
    case = Case()
    case.mend()
    case.errors.provisioned["t"] = True
    case.ask(GET, None)
    case.ask(BatchGetItem((GET, GET)), None, result=Batch((None, None), ((1, True),)))
    assert case.told() == []
