"""What a router says of a table that is not there is not older than the question."""

from __future__ import annotations

from msgspec import structs

from dynaproof.impl.metadata.messages import Locate, Located
from dynaproof.impl.metadata.records import TableRecord
from dynaproof.impl.paxos.ids import Ballot
from dynaproof.impl.router.messages import Answered, DescribeTable, Failed, GetItem, PutItem, Result
from dynaproof.impl.router.settings import RouterSettings
from dynaproof.impl.router.tables import LocateTimer
from dynaproof.impl.values.attribute import S
from dynaproof.impl.values.encoding import encode_item
from dynaproof.impl.values.key import KeyAttribute, KeySchema
from tests.examples.router_books import LEFT, NODES, ORDERED, PARENT, SCHEMA, A, Books, item

NEW = TableRecord("new", 2, "creating", SCHEMA, 3, (6,), ORDERED, 0)
PARTITION = structs.replace(PARENT, partition=6, table="new", generation=2)
GET = GetItem("new", item(LEFT), strong=True)
GET_OLD = GetItem("books", item(LEFT), strong=True)


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


def attempt_fails(books: Books) -> None:
    """The metadata does not answer in time."""
    (at,) = [at for at, (_, timer) in enumerate(books.env.timers) if isinstance(timer, LocateTimer)]
    books.env.fire(books.router, at)


def test_who_asks_while_a_table_is_looked_up_hears_too_that_the_metadata_does_not_answer() -> None:
    books = Books()
    for _ in range(3):
        books.ask(GET)
    while books.router.tables.look_ups:
        attempt_fails(books)
    assert said(books) == ["ServiceUnavailable"] * 3
    assert not books.router.asked


def test_who_asks_while_a_table_is_looked_up_has_as_much_time_as_who_asked_first() -> None:
    books, timeout_us = Books(), RouterSettings().timeout_us
    books.ask(GET)
    books.env.pass_time(timeout_us - 1_000)
    books.ask(GET)
    attempt_fails(books)
    attempt_fails(books)
    assert len(books.router.asked) == 1, "it goes on waiting"
    books.env.pass_time(timeout_us)
    attempt_fails(books)
    assert len(said(books)) == 2


def test_who_has_waited_for_a_look_up_long_enough_is_told_so_though_others_go_on_waiting() -> None:
    """Else newcomers would keep all waiting as long as the metadata is silent, and these fill the router."""
    books, timeout_us = Books(refreshes=1), RouterSettings().timeout_us
    for action in (GET, DescribeTable("films")):  # The second look-up has no room.
        books.ask(action)
    books.env.pass_time(timeout_us - 1_000)
    books.ask(GET)
    books.env.pass_time(1_000)
    attempt_fails(books)
    assert said(books) == ["ServiceUnavailable"] * 2
    assert len(books.router.asked) == 1
    assert not books.router.tables.queue
    books.env.pass_time(timeout_us)
    attempt_fails(books)
    assert said(books) == ["ServiceUnavailable"] * 3
    assert not books.router.tables.look_ups


def test_a_table_that_is_old_is_looked_up_once_however_many_use_it_meanwhile() -> None:
    books = Books()
    before = sum(isinstance(m, Locate) for _, _, m in books.env.sent)
    books.env.pass_time(RouterSettings().refresh_us)
    for _ in range(3):
        books.ask(GetItem("books", item(LEFT)))
    assert sum(isinstance(m, Locate) for _, _, m in books.env.sent) == before + 1
    assert len(books.router.caller.running) == 3, "they are asked all the same"


def test_tables_that_wait_to_be_looked_up_have_their_turn_in_order() -> None:
    books = Books(refreshes=1)
    names = ["films", "songs", "maps"]
    for name in names:
        books.ask(DescribeTable(name))
    for _ in names:
        located(books, None)
    assert [m.table for _, _, m in books.env.sent if isinstance(m, Locate)][1:] == names
    assert not books.router.tables.queue


def test_who_leads_is_known_as_long_as_a_table_is_and_older_hints_do_not_change_it() -> None:
    books = Books()
    caller = books.router.caller
    caller.learn(1, Ballot(5, "sb", 1), NODES[1])
    caller.learn(1, Ballot(4, "sc", 1), NODES[2])
    caller.expect(1, NODES[2])
    books.router.tables.refresh("books")
    books.look_up()
    books.ask(GetItem("books", item(LEFT), strong=True))
    assert books.last[1] == NODES[1].address


def made_anew(schema: KeySchema) -> TableRecord:
    """The table was deleted, and made again with another key."""
    return TableRecord("books", 2, "active", schema, 3, (7,), ORDERED, 0)


def answers(books: Books, table: TableRecord) -> None:
    """The metadata answers what it was asked last for the table."""
    number = max(m.number for _, _, m in books.env.sent if isinstance(m, Locate))
    books.slot += 1
    partitions = tuple(
        structs.replace(PARENT, partition=one, generation=table.generation) for one in table.partitions
    )
    books.env.lane = 0
    books.router.on_message(A, Located(number, books.slot, table, partitions, (), 0, NODES))


def test_what_is_wrong_by_an_older_table_is_not_refused_before_the_table_is_looked_up() -> None:
    """The user has heard that the table is active again; this router has not."""
    schema = KeySchema(KeyAttribute("isbn", "S"))
    for right in (True, False):
        books = Books()
        books.env.pass_time(1)
        heard = len(said(books))
        asked = sum(isinstance(m, Locate) for _, _, m in books.env.sent)
        books.ask(PutItem("books", encode_item({"isbn" if right else "pages": S("1")})))
        assert len(said(books)) == heard, "it is not refused"
        answers(books, made_anew(schema))
        assert sum(isinstance(m, Locate) for _, _, m in books.env.sent) == asked + 1
        if right:
            assert books.last[0] == 7, "it goes to the new table"
            books.reply()
            assert len(said(books)) == heard + 1
        else:
            assert said(books)[heard:] == ["ValidationException"]


def test_a_look_up_that_was_begun_before_says_nothing_of_what_is_wrong_now() -> None:
    books = Books()
    books.env.pass_time(RouterSettings().refresh_us)
    books.ask(GET_OLD)  # It is answered by what is known, which is refreshed meanwhile.
    books.env.pass_time(1)
    heard = len(said(books))
    books.ask(PutItem("books", encode_item({"isbn": S("1")})))
    old = TableRecord("books", 1, "active", SCHEMA, 3, (1,), ORDERED, 0)
    answers(books, old)
    assert len(said(books)) == heard, "the answer may be older than the request"
    answers(books, old)
    assert said(books)[heard:] == ["ValidationException"]
