"""What synced state the storage nodes of a region may lose at a time, where voters are replaced by admins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dynaproof.checkers.kinds.membership import VotersLose
from dynaproof.checkers.kinds.replica_faults import OneVoter
from dynaproof.checkers.world.place import Place
from dynaproof.impl.metadata.records import METADATA
from dynaproof.specs.observe.impl.place import replica_of


class OneVoterOfEachPartition:
    """A node may lose what it has when of each group there a quorum of voters is left that are admitted,
    durably, and have lost nothing; so while one group has a loss to mend, another one may have one too.
    """

    def __init__(self, observation: Any, places: Mapping[str, Place]) -> None:
        self.observation = observation
        self.places = places
        self.metadata = OneVoter(observation.groups[METADATA], places)
        self.budgets: dict[int, VotersLose] = {}

    def of(self, group: int) -> OneVoter | VotersLose:
        """The budget of one group."""
        if group == METADATA:
            return self.metadata
        if group not in self.budgets:
            self.budgets[group] = VotersLose(self.observation.groups[group], self.places)
        return self.budgets[group]

    def permits(self, place: Place) -> bool:
        """Whether all groups that have a replica there are whole."""
        there = self.observation.at(place)
        return all(self.bears(group, place) for group in there if group == METADATA or self.is_there(group))

    def bears(self, group: int, place: Place) -> bool:
        """Whether a group can bear that whatever of it is at a place is lost."""
        budget = self.of(group)
        return budget.bears(place) if isinstance(budget, VotersLose) else self.is_whole(group)

    def impaired(self, place: Place) -> None:
        """Those that the fault has just hit here are next."""
        for group in self.observation.at(place):
            one, replica = self.observation.groups[group], replica_of(place, group)
            if replica is not None and (
                replica.member in one.view.forgetful or replica.member in one.logs.with_rot
            ):
                self.of(group).impaired(place)

    def whole(self) -> bool:
        """Whether every partition that is there is whole."""
        there = [METADATA, *(group for group in self.budgets if self.is_there(group))]
        return all(self.is_whole(group) for group in there)

    def is_whole(self, group: int) -> bool:
        """Whether a group is whole; the metadata is not while it has a voter that went with its disk, which
        only an operator replaces.
        """
        view = self.observation.groups[group].view
        if group == METADATA and any(voter in view.forgetful for voter in view.configs[-1][1]):
            return False
        return self.of(group).whole()

    def is_there(self, group: int) -> bool:
        """Whether the metadata has a record of a partition."""
        return group in self.observation.listed()
