"""What synced state the storage nodes of a region may lose at a time, where voters are replaced by admins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dynaproof.checkers.kinds.group import is_damaged
from dynaproof.checkers.kinds.membership import VotersLose
from dynaproof.checkers.world.place import Place
from dynaproof.impl.metadata.records import METADATA
from dynaproof.specs.observe.impl.place import replica_of


class VotersOfEachPartition:
    """A node may lose what it has if each group there, the metadata's too, is left with a quorum of voters
    that are durably admitted and have lost nothing; so while one group has a loss to mend, another one may
    have one too.
    """

    def __init__(self, observation: Any, places: Mapping[str, Place]) -> None:
        self.observation = observation
        self.places = places
        self.budgets: dict[int, VotersLose] = {}

    def of(self, group: int) -> VotersLose:
        """The budget of one group."""
        if group not in self.budgets:
            self.budgets[group] = VotersLose(self.observation.groups[group], self.places)
        return self.budgets[group]

    def permits(self, place: Place) -> bool:
        """Whether all groups that have a replica there can bear its loss."""
        there = [one for one in self.observation.at(place) if one == METADATA or self.is_there(one)]
        return all(self.of(one).bears(place) for one in there)

    def impaired(self, place: Place) -> None:
        """The voters that the fault has just hit here are now impaired."""
        for group in self.observation.at(place):
            one, replica = self.observation.groups[group], replica_of(place, group)
            if replica is not None and is_damaged(one, replica.member):
                self.of(group).impaired(place)

    def whole(self) -> bool:
        """Whether every existing partition is whole, and so is the metadata."""
        there = [METADATA, *(group for group in self.budgets if group != METADATA and self.is_there(group))]
        return all(self.of(group).whole() for group in there)

    def is_there(self, group: int) -> bool:
        """Whether the metadata has a record of a partition."""
        return group in self.observation.listed()
