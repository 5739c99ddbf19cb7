"""What users are told of tables, seen through a `RegionView`: whether some state of the metadata, committed
while they waited, explains it.

A list and an order are read under the lease, so neither shows a state behind what anybody knew when the user
asked. A description comes from a look-up, which a router may have begun for another user before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, TypeAlias

from dynaproof.impl.metadata.orders import CreateTable, DeleteTable
from dynaproof.impl.metadata.records import TableRecord
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.router.messages import Described, DescribeTable, ListTables, Names
from dynaproof.impl.router.notes import UserAnswered, UserAsked
from dynaproof.impl.router.router import Router
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.region import NamesListed, RegionView, TableTold

AboutTables: TypeAlias = CreateTable | DeleteTable | DescribeTable | ListTables

State: TypeAlias = Mapping[str, TableRecord]

NOT_FOUND, IN_USE = "ResourceNotFoundException", "ResourceInUseException"


class ToldObserver:
    """Files facts about what users are told of tables; see the module."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (NamesListed, TableTold)
    """The types of all facts that are filed."""

    def __init__(self, view: RegionView) -> None:
        self.view = view
        self.states: list[tuple[int, State]] = [(0, {})]
        """All tables, with the slot of the metadata from which on they are so."""
        self.open: dict[RequestId, tuple[AboutTables, int]] = {}
        """Requests under way, with the newest slot that anybody knew of when they began."""
        self.look_ups: dict[str, dict[int, tuple[str, int]]] = {}
        """By router, the look-ups under way: the table, and that slot."""

    def changed(self, slot: int, name: str, record: TableRecord | None) -> None:
        """This is the record of a table from a slot on."""
        state = {one: table for one, table in self.states[-1][1].items() if one != name}
        if record is not None:
            state[name] = record
        self.states.append((slot, state))

    def looked_up(self, name: str, router: Router, known: int) -> None:
        """A router may have begun or ended look-ups of tables, when this slot was known."""
        before = self.look_ups.get(name, {})
        if router.tables.look_ups or before:
            self.look_ups[name] = {
                number: before.get(number, (one.table, known))
                for number, one in router.tables.look_ups.items()
            }

    def crashed(self, name: str) -> None:
        """A user or a router is gone."""
        self.look_ups.pop(name, None)
        for request in [request for request in self.open if request.node.name == name]:
            del self.open[request]

    def asked(self, note: UserAsked, known: int) -> None:
        """A user asks, when the metadata is known through a slot."""
        action = note.action
        if isinstance(action, DescribeTable):
            every = (one for looked in self.look_ups.values() for one in looked.values())
            known = min([known, *(slot for table, slot in every if table == action.name)])
        if isinstance(action, AboutTables):
            self.open[note.request] = (action, known)

    def answered(self, note: UserAnswered, through: int) -> None:
        """A user was answered, when the metadata was chosen through a slot."""
        found = self.open.pop(note.request, None)
        if found is None:
            return
        action, known = found
        wrong, states = None, list(self.between(known, through))
        if isinstance(action, ListTables):
            if isinstance(note.result, Names):
                self.view.file(NamesListed(note.request.node.name, len(note.result.names), action.limit))
                wrong = names_wrong(action, note.result, states)
        else:
            wrong = table_wrong(action, note, states)
        if wrong is not None:
            what = type(action).__name__ + ("" if isinstance(action, ListTables) else f" {action.name}")
            self.view.file(TableTold(note.request.node.name, what, wrong))

    def between(self, known: int, through: int) -> Iterator[State]:
        """The states from the one at a slot to the one at another."""
        for number, (slot, state) in enumerate(self.states):
            last = number + 1 == len(self.states) or self.states[number + 1][0] > known
            if last and slot <= through:
                yield state


def names_wrong(asked: ListTables, said: Names, states: list[State]) -> str | None:
    """What is wrong with a list of tables, if these are the states that may explain it."""
    for state in states:
        names = sorted(name for name in state if name > asked.after)
        if (tuple(names[: len(said.names)]), len(names) > len(said.names)) == (said.names, said.more):
            return None
    told = ", ".join(said.names) or "none"
    return f"it was told of {told}{' and more' if said.more else ''}, and at no time that was all there was"


def table_wrong(
    asked: CreateTable | DeleteTable | DescribeTable, said: UserAnswered, states: list[State]
) -> str | None:
    """What is wrong with what was said of a table, if these are the states that may explain it."""
    found = [state.get(asked.name) for state in states]
    if said.error == NOT_FOUND:
        return None if None in found else "there was such a table all the time"
    if said.error == IN_USE:
        return None if any(found) else "there was no such table"
    if not isinstance(said.result, Described):
        return None
    table = said.result.table
    if table not in found:
        return f"generation {table.generation} was never {table.status} as it was told"
    if isinstance(asked, DeleteTable) and table.status != "deleting":
        return f"it is {table.status}"
    if isinstance(asked, CreateTable) and (table.schema, table.replicas) != (asked.schema, asked.replicas):
        return "it has another schema, or other replicas"
    return None
