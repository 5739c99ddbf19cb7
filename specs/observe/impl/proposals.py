"""What leaders propose, read into a `GroupView`: each record as it leaves, and what is beside a config."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot
from dynaproof.impl.paxos.records import ConfigChange, Record
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.group import GroupView
from dynaproof.specs.views.group_facts import ConfigJoined, ProposalChanged


class ProposalObserver:
    """Files proposals, and each that is under way beside a config (rule 9)."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (ConfigJoined, ProposalChanged)

    def __init__(self, view: GroupView) -> None:
        self.view = view
        self.barrier = (NO_BALLOT, 0)
        """The last config that a leader proposed of its own: its ballot and its slot."""

    def proposed(self, ballot: Ballot, records: Sequence[Record]) -> None:
        """A leader proposes these, perhaps again."""
        view = self.view
        for record in records:
            view.propose(ballot, record.slot, record)
            if type(record) is ConfigChange and record.proposed_at == ballot:
                self.barrier = (ballot, record.slot)
                if view.chosen_through < record.slot - 1:
                    view.file(ConfigJoined(ballot, record.slot, view.chosen_through + 1))
            elif ballot == self.barrier[0] and view.chosen_through < self.barrier[1] < record.slot:
                view.file(ConfigJoined(ballot, self.barrier[1], record.slot))
