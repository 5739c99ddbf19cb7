"""What a router does with its calls when a partition is split under them (rules R1, R4 to R6)."""

from collections.abc import Callable

import pytest
from msgspec import structs

from dynaproof.checkers.mutation.seeded.router_splits import BUGS
from dynaproof.checkers.mutation.seeded.unreached import BUGS as UNREACHED
from dynaproof.checkers.patches import seeded
from dynaproof.impl.metadata.changes import first_config
from dynaproof.impl.metadata.messages import Locate
from dynaproof.impl.partition.messages.requests import Get, Put, Rejected, Reply
from dynaproof.impl.partition.records import Split, StoredItem
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot
from dynaproof.impl.router.call import Call
from dynaproof.impl.router.caller import AttemptTimer, BackoffTimer, GiveUpTimer
from dynaproof.impl.router.messages import (
    Done,
    GetItem,
)
from dynaproof.impl.router.notes import Ended
from dynaproof.impl.values.key_range import KeyRange
from tests.examples.router_books import (
    AT,
    CHILDREN,
    LATER,
    LED,
    LEFT,
    NAMES,
    NODES,
    ORDERED,
    PARENT,
    RIGHT,
    SPLIT,
    SPLIT_AGAIN,
    A,
    B,
    Books,
    C,
    item,
    key_of,
    put,
)

# --- R4: where a call goes on ---


def test_a_request_goes_on_at_the_child_that_has_its_key() -> None:
    for name, child in ((LEFT, 2), (RIGHT, 3)):
        books = Books()
        put(books, name)
        _, _, before = books.last
        books.env.pass_time(1_000_000)
        books.is_split()
        lane, to, after = books.last
        assert (lane, to) == (child, B), "first it asks the node whose children campaign first"
        assert (after.request, after.deadline, after.operation) == (
            before.request,
            before.deadline,
            before.operation,
        )
        assert (after.attempt, after.ballot) == (before.attempt + 1, NO_BALLOT)
        assert books.crossed() == [(1, 1, child, True)]
        own = {timer: (lane, due) for (lane, timer), due in books.env.timers.items()}
        number = before.request.number
        assert own[GiveUpTimer(number)] == (child, 20_000_000), "it has as long as it ever had"
        assert own[AttemptTimer(number)] == (child, 11_200_000)
        books.reply()
        assert books.said == Done(None)
        ended = [(lane, one.request) for lane, one in books.env.notes if isinstance(one, Ended)]
        assert ended[-1] == (child, before.request)
        assert not books.env.timers


def test_a_read_of_one_item_goes_on_at_the_child_too() -> None:
    for strong in (True, False):
        books = Books()
        books.ask(GetItem("books", item(RIGHT), strong))
        books.is_split()
        assert books.last[0] == 3
        assert books.last[2].operation == Get(key_of(RIGHT), strong)
        books.reply(StoredItem(item(RIGHT), 3, 3))
        assert books.said == Done(item(RIGHT))


def test_the_leader_of_a_child_is_followed_whatever_ballots_its_parent_had() -> None:
    books = Books()
    put(books)
    books.refuse("not_leader", True, leader=NODES[0], ballot=LED)
    assert (books.last[1], books.last[2].ballot) == (A, LED)
    books.is_split()
    assert books.last[2].ballot == NO_BALLOT
    books.refuse("not_leader", True, leader=NODES[2], ballot=Ballot(1, "sc", 1))
    assert (books.last[0], books.last[1], books.last[2].ballot) == (3, C, Ballot(1, "sc", 1))


def test_a_child_that_nobody_leads_yet_is_asked_again() -> None:
    books = Books()
    put(books)
    books.is_split(first=None)
    asked = {books.last[1]}
    for _ in range(2):
        books.refuse("not_leader", True)
        books.fire(BackoffTimer)
        assert books.last[0] == 3
        asked.add(books.last[1])
    assert asked == {A, B, C}


def test_an_answer_of_the_parent_that_comes_late_changes_nothing() -> None:
    books = Books()
    put(books)
    late = books.last
    books.is_split()
    sent = len(books.env.sent)
    books.is_split(of=late)
    books.refuse("not_leader", True, of=late)
    books.hear(lambda request, attempt: Reply(request, attempt, "ok", 4, None), late)
    assert len(books.env.sent) == sent
    assert len(books.router.caller) == 1


def test_an_attempt_that_was_refused_before_does_not_hide_the_split() -> None:
    """The network may bring one attempt twice, and the second one behind the barrier."""
    books = Books()
    put(books)
    books.refuse("not_leader", True)
    books.is_split()
    assert books.last[0] == 3
    books.fire(AttemptTimer)
    assert books.last[0] == 3, "the pause of before is over"


@pytest.mark.parametrize(
    "split",
    [
        structs.replace(SPLIT, left=structs.replace(SPLIT.left, partition=1)),
        structs.replace(SPLIT, left=structs.replace(SPLIT.left, partition=3)),
        structs.replace(SPLIT, right=structs.replace(SPLIT.right, voters=())),
        structs.replace(SPLIT, right=structs.replace(SPLIT.right, range=KeyRange(LATER, None))),
        structs.replace(SPLIT, left=SPLIT.right, right=SPLIT.left),
        structs.replace(
            SPLIT,
            left=structs.replace(SPLIT.left, range=KeyRange(AT, LATER)),
            right=structs.replace(SPLIT.right, range=KeyRange(LATER, None)),
        ),
    ],
)
def test_a_split_that_cannot_be_is_a_hint_that_what_is_known_is_old(split: Split) -> None:
    books = Books()
    put(books, LEFT)
    books.is_split(split)
    assert not books.crossed()
    assert isinstance(books.env.sent[-1][2], Locate)
    books.fire(BackoffTimer)
    assert books.last[0] == 1


# --- R4 to R6: what is certain ---


def unanswered_twice(books: Books) -> None:
    """A write whose first attempt got no answer, and whose second one waits for it."""
    put(books)
    books.fire(AttemptTimer)
    assert (
        books.last[2].attempt == books.router.caller.running[books.last[2].request.number].call.attempt == 2
    )


def test_one_final_answer_that_the_partition_is_split_covers_all_attempts_there() -> None:
    books = Books()
    unanswered_twice(books)
    books.is_split(final=True)
    books.refuse("not_leader", True)
    failed = books.ends()
    assert (failed.error, failed.definite) == ("ServiceUnavailable", True)


def test_it_covers_no_attempt_at_the_child() -> None:
    books = Books()
    put(books)
    parent = books.last
    books.is_split(final=True)
    books.is_split(final=True, of=parent)
    assert not books.ends().definite


def test_an_answer_that_is_not_final_leaves_the_attempts_at_the_parent_open() -> None:
    books = Books()
    put(books)
    books.is_split(final=False)
    assert books.crossed() == [(1, 1, 3, False)]
    books.refuse("not_leader", True)
    failed = books.ends()
    assert (failed.error, failed.definite) == ("InternalServerError", False)


def test_what_the_leader_of_a_child_refuses_by_choice_did_not_happen_at_the_parent() -> None:
    books = Books()
    unanswered_twice(books)
    books.is_split(final=False)
    books.refuse("throttled", True)
    failed = books.ends()
    assert (failed.error, failed.definite) == ("ThrottlingException", True)
    books = Books()
    put(books)
    books.is_split(final=False)
    books.refuse("too_far_ahead", True)
    assert books.said.definite


@pytest.mark.parametrize(
    ("reason", "final"),
    [("not_leader", True), ("not_leader", False), ("throttled", False), ("expired", False)],
)
def test_no_other_refusal_of_a_child_says_so(reason: str, final: bool) -> None:
    books = Books()
    put(books)
    books.is_split(final=False)
    books.refuse(reason, final)
    failed = books.said if reason == "expired" else books.ends()
    assert not failed.definite


def test_a_refusal_of_one_attempt_at_the_child_is_none_of_another() -> None:
    books = Books()
    put(books)
    books.is_split(final=False)
    books.fire(AttemptTimer)
    books.refuse("throttled", True)
    assert not books.ends().definite


def test_a_call_that_crosses_two_splits_is_answered_for_by_the_last() -> None:
    books = Books()
    put(books, NAMES[4])
    books.is_split(final=False)
    books.is_split(SPLIT_AGAIN, final=True, first=C)
    assert books.last[:2] == (4, C)
    assert books.crossed() == [(1, 1, 3, False), (3, 3, 4, True)]
    assert isinstance(books.last[2].operation, Put)
    books.refuse("not_leader", True)
    assert books.ends().definite
    books = Books()
    put(books, NAMES[4])
    books.is_split(final=True)
    books.is_split(SPLIT_AGAIN, final=False)
    books.refuse("not_leader", True)
    assert not books.ends().definite


def test_a_leader_that_has_seen_no_split_answers_for_nothing_but_its_attempt() -> None:
    call = Call(ORDERED, Put(b"k", b"item"), 5)
    for to in NODES[:2]:
        call.ask(to, LED)
    assert call.refused(Rejected(ORDERED, 2, "throttled", True, None, LED))
    assert list(call.unanswered) == [1]
    assert call.given_up() == "indefinite"


# --- R1: what is known of a table ---


def test_the_children_of_a_split_that_was_heard_of_are_asked_at_once() -> None:
    books = Books()
    put(books)
    books.is_split()
    books.reply()
    for name, child in ((LEFT, 2), (RIGHT, 3)):
        books.ask(GetItem("books", item(name), strong=True))
        assert books.last[:2] == (child, B)
        books.reply()
    assert list(books.router.tables.homes) == [2, 3]


def test_a_look_up_that_lists_the_parent_yet_sends_no_call_back() -> None:
    books = Books()
    put(books)
    books.is_split()
    books.is_not_there()  # No child is made yet.
    books.look_up(PARENT)
    assert list(books.router.tables.homes) == [1]
    for _ in range(2):
        books.fire(BackoffTimer)
        assert books.last[0] == 3
        books.is_not_there()
    books.fire(BackoffTimer)
    books.reply()
    put(books, LEFT)
    books.is_split()
    books.reply()
    put(books, partition=3)  # And the parent is mended by the first that asks it.
    books.reply()
    books.router.tables.refresh("books")
    books.look_up(*CHILDREN)
    put(books, partition=3)


def test_a_look_up_that_lists_the_children_has_the_last_word() -> None:
    books = Books()
    put(books)
    elsewhere = first_config((NODES[0],))
    books.router.tables.refresh("books")
    books.look_up(*(structs.replace(one, config=elsewhere) for one in CHILDREN))
    books.is_split(first=None)
    assert books.last[:2] == (3, A), "the metadata knows better where the child is by now"
    assert books.router.tables.homes == {2: (A,), 3: (A,)}


def test_of_a_split_that_the_metadata_contradicts_only_the_call_goes_on() -> None:
    books = Books()
    put(books)
    right = structs.replace(SPLIT.right, range=KeyRange(AT, b"\xff" * 16))
    books.is_split(structs.replace(SPLIT, right=right))
    assert books.last[0] == 3
    assert list(books.router.tables.homes) == [1]


def test_a_call_of_a_parent_that_was_dropped_goes_on_at_the_child_when_that_is_known() -> None:
    books = Books()
    put(books)
    books.is_not_there()
    books.look_up(*CHILDREN)
    books.fire(BackoffTimer)
    assert books.last[0] == 1
    books.is_not_there()
    assert books.last[0] == 3
    assert books.crossed() == [(1, 1, 3, False)]
    books.refuse("not_leader", True)
    assert not books.ends().definite, "what became of it at the parent nobody says"


# --- Each of the bugs is seen ---

SEEN_BY: dict[str, Callable[[], None]] = {
    "wrong_partition_by_hearsay": test_an_answer_that_is_not_final_leaves_the_attempts_at_the_parent_open,
    "nothing_happened_at_what_is_gone": (
        test_a_call_of_a_parent_that_was_dropped_goes_on_at_the_child_when_that_is_known
    ),
    "last_answer_counts": test_a_refusal_of_one_attempt_at_the_child_is_none_of_another,
    "another_request_at_the_child": test_a_request_goes_on_at_the_child_that_has_its_key,
    "hint_outlives_its_partition": test_the_leader_of_a_child_is_followed_whatever_ballots_its_parent_had,
    "call_goes_back_to_the_parent": test_a_look_up_that_lists_the_parent_yet_sends_no_call_back,
}
OF_CALLS = {bug.name: bug for bug in (*BUGS, *UNREACHED) if bug.name in SEEN_BY}


@pytest.mark.parametrize("name", SEEN_BY)
def test_each_bug_of_calls_over_splits_is_seen(name: str) -> None:
    with seeded(OF_CALLS[name]), pytest.raises(AssertionError):
        SEEN_BY[name]()
