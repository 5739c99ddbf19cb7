"""What a router says of a table that is not there is not older than the question."""

from __future__ import annotations

from msgspec import structs

from dynaproof.impl.metadata.messages import Locate, Located
from dynaproof.impl.metadata.records import TableRecord
from dynaproof.impl.router.messages import Answered, DescribeTable, Failed, GetItem, Result
from tests.examples.router_books import LEFT, NODES, ORDERED, PARENT, SCHEMA, A, Books, item

NEW = TableRecord("new", 2, "creating", SCHEMA, 3, (6,), ORDERED, 0)
PARTITION = structs.replace(PARENT, partition=6, table="new", generation=2)
GET = GetItem("new", item(LEFT), strong=True)


def located(books: Books, table: TableRecord | None) -> None:
    """The metadata answers the look-up that was begun last."""
    number = max(m.number for _, _, m in books.env.sent if isinstance(m, Locate))
    books.slot += 1
    partitions = (PARTITION,) if table is not None and table.status == "active" else ()
    books.env.lane = 0
    books.router.on_message(A, Located(number, books.slot, table, partitions, (), 0, NODES))


def look_ups(books: Books) -> int:
    """How often the metadata was asked for the new table."""
    return sum(isinstance(m, Locate) and m.table == "new" for _, _, m in books.env.sent)


def said(books: Books) -> list[str | Result]:
    """What the user heard: results, and the names of errors."""
    answers = [m for _, _, m in books.env.sent if isinstance(m, (Answered, Failed))]
    return [m.result if isinstance(m, Answered) else m.error for m in answers[1:]]


def test_who_asks_while_a_table_is_looked_up_is_not_told_by_an_older_answer_that_it_is_not_there() -> None:
    books = Books()
    books.ask(GET)
    books.ask(GET)
    books.ask(DescribeTable("new"))
    assert look_ups(books) == 1
    located(books, NEW)
    assert said(books) == ["ResourceNotFoundException"]
    assert look_ups(books) == 2
    located(books, structs.replace(NEW, status="active"))
    assert len(said(books)) == 2
    books.reply()
    assert len(said(books)) == 3
    assert look_ups(books) == 2


def test_who_asks_while_a_table_is_looked_up_that_is_there_waits_no_longer() -> None:
    books = Books()
    books.ask(GET)
    books.ask(GET)
    located(books, structs.replace(NEW, status="active"))
    assert look_ups(books) == 1
    assert len(books.router.caller.running) == 2


def test_a_table_that_is_not_there_is_looked_up_twice_at_the_most_for_whoever_asks() -> None:
    books = Books()
    for _ in range(4):
        books.ask(GET)
    located(books, None)
    located(books, None)
    assert said(books) == ["ResourceNotFoundException"] * 4
    assert look_ups(books) == 2
    assert not books.router.tables.look_ups


def test_an_answer_to_a_question_of_an_earlier_life_answers_nothing() -> None:
    """Found by `five`: a table was still being created when its answer was sent, and active when it came."""
    before, after = Books(), Books(boot=2)
    for books in (before, after):
        books.ask(GET)
    (asked,) = (m for _, _, m in before.env.sent if isinstance(m, Locate) and m.table == "new")
    after.router.on_message(A, Located(asked.number, 3, NEW, (), (), 0, NODES))
    assert said(after) == []
    located(after, structs.replace(NEW, status="active"))
    assert len(after.router.caller.running) == 1, "it is asked for by now"
