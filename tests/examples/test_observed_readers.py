"""What the observer takes for a reader of the log that missed a record, and what it does not."""

from dynaproof.impl.partition.cursor import Hold
from dynaproof.impl.paxos.ids import Ballot
from dynaproof.impl.paxos.records import NoOp
from dynaproof.specs.observe.impl.holds import ReaderHolds
from dynaproof.specs.views.group import GroupView
from dynaproof.specs.views.group_facts import ReaderSkipped


def holds() -> ReaderHolds:
    """Of a reader that has taken slots 6 and 7, with a hold that is placed in slot 5."""
    made = ReaderHolds(GroupView(()))
    made.moved(5, Hold("reader", 0, 0, 4, 1_000))
    take(made, 6, 7)
    return made


def take(made: ReaderHolds, *slots: int) -> int:
    """Let the reader take these, and count what it has skipped so far."""
    made.taken("reader", [NoOp(slot, Ballot(1, "sa", 1), 0, slot) for slot in slots])
    return len(made.view.take(ReaderSkipped))


def placed_anew() -> ReaderHolds:
    """The same once the hold has lapsed, and a late move of the reader has placed another in slot 12."""
    made = holds()
    assert made.lapsed(10)
    made.moved(12, Hold("reader", 7, 0, 4, 1_000))
    assert take(made, 8, 9) == 0
    return made


def test_a_reader_skips_nothing_above_its_hold() -> None:
    assert take(holds(), 9) == 1
    assert take(holds(), 8, 10) == 1


def test_a_reader_that_restarts_goes_on_from_its_hold_at_the_latest() -> None:
    again, late = holds(), holds()
    for made in (again, late):
        made.restarted["reader"] = True
    assert take(again, 6) == 0
    assert take(late, 9) == 1


def test_a_reader_may_begin_at_a_hold_that_was_placed_above_what_it_had_taken() -> None:
    assert take(placed_anew(), 10) == 0
    assert take(placed_anew(), 13) == 0
    assert take(placed_anew(), 12) == 1
