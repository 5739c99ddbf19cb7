"""Short campaigns of the scenario `batches`: clean, and reaching what they should."""

import pytest

from dynaproof.checkers.campaign import Totals, outcomes
from dynaproof.checkers.scenarios.batches import BATCHES
from dynaproof.checkers.scenarios.catalogue import config_of, execute
from dynaproof.checkers.world.listening import Listening
from dynaproof.checkers.world.place import Place
from dynaproof.impl.partition.messages.requests import Change, GetMany, Operation, Scan
from dynaproof.impl.router.notes import Invoked
from dynaproof.specs.sometimes import OF_SEVERAL_ITEMS


class Asked:
    """Counts what clients ask for, by type."""

    def __init__(self) -> None:
        self.count: dict[type[Operation], int] = {}

    def listens(self, _: Place) -> Listening:
        return Listening(notes={Invoked: self.noted})

    def noted(self, _: Place, note: Invoked) -> None:
        kind = type(note.operation)
        self.count[kind] = self.count.get(kind, 0) + 1


@pytest.mark.parametrize("schedules", [16, pytest.param(300, marks=pytest.mark.slow)])
def test_every_promise_holds_in_a_short_campaign_that_reaches_every_situation(schedules: int) -> None:
    totals = Totals()
    for number, outcome in outcomes(BATCHES.name, "portfolio", 7, iter(range(schedules)), 1):
        assert outcome.failure is None, (number, outcome.failure)
        totals.add(outcome)
    assert [name for name in OF_SEVERAL_ITEMS if name not in totals.sometimes] == []


def test_clients_change_and_read_several_items_in_every_run() -> None:
    for number in range(4):
        asked = Asked()
        assert execute(config_of(BATCHES.name, "portfolio", 9, number), (asked,)).failure is None
        assert min(asked.count.get(kind, 0) for kind in (Change, GetMany, Scan)) > 0
