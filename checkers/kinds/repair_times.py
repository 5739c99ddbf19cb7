"""How long voters that were lost stay in their configs.

Nothing is judged before `watch` or after `rest`. `watch` is called once every enabled event happens when it
is due and nothing but the losses goes wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from dynaproof.checkers.kinds.region import RegionConfig
from dynaproof.impl.admin.admin import Admin
from dynaproof.impl.metadata.records import METADATA, PartitionRecord
from dynaproof.impl.node import Microseconds
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.storage_node.messages import NodeReport
from dynaproof.specs.observe.impl.load import idle_us
from dynaproof.specs.observe.impl.metadata import MetadataObserver
from dynaproof.specs.observe.impl.place import Place, given
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.load_facts import Pace
from dynaproof.specs.views.region import LostVoterStays, RegionView


class RepairTimes:
    """Measures; see the module."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (LostVoterStays,)

    def __init__(
        self,
        region: RegionView,
        metadata: MetadataObserver,
        config: RegionConfig,
        voters_of: Callable[[int], tuple[Member, ...]],
    ) -> None:
        self.region = region
        self.metadata = metadata
        self.voters_of = voters_of
        """The voters of a partition's newest chosen config."""
        self.pace: Pace | None = None
        """Set while it measures."""
        self.lost: dict[tuple[int, Member], bool] = {}
        """Voters that an admin knows to be lost, by partition;"""
        self.since: Microseconds = 0
        """since when an admin knows of the last of them, and has heard the nodes that it has heard by now,"""
        self.before = 0
        """and how many there have been since there was none."""
        self.known = 0
        """How many nodes the active admin has heard of: it waits for the others of a partition (A10)."""
        admin = config.admin
        self.idle_us = idle_us(config.settings) + 2 * admin.caller.attempt_us
        """The first answers of partitions and metadata may be those of a new leader."""
        self.pause_us = admin.hurry_us + 2 * admin.command_retry_us + admin.leader_retry_us

    def watch(self, pace: Pace) -> None:
        """Measure from here on; nothing is lost."""
        self.pace = pace

    def rest(self, tau: Microseconds) -> None:
        """Measure no more; voters that have stayed too long by now are filed."""
        for partition, voter in self.lost:
            self.file(partition, voter, tau)
        self.pace = None

    def admin_handled(self, place: Place) -> None:
        """An admin has handled something: perhaps a report of a node that has another disk."""
        m, admin = given(place), place.node
        if self.pace is None or not isinstance(m, NodeReport):
            return
        assert isinstance(admin, Admin)
        if not admin.term.active:
            return
        known = sum(one.hosted is not None for one in admin.nodes.heard.values())
        if known != self.known:
            self.known, self.since = known, place.world.tau
        for one in self.metadata.of(PartitionRecord):
            for voter in self.voters_of(one.partition):
                is_lost = voter.node.name == m.node.name and voter.node.incarnation < m.node.incarnation
                if is_lost and one.partition != METADATA and (one.partition, voter) not in self.lost:
                    self.lost[one.partition, voter] = True
                    self.since = place.world.tau
                    self.before += 1

    def config_chosen(self, partition: int, config: Config, tau: Microseconds) -> None:
        """A config of a partition is chosen."""
        for key in [key for key in self.lost if key[0] == partition and key[1] not in config.voters]:
            self.file(*key, tau)
            del self.lost[key]
        if not self.lost:
            self.before = 0

    def file(self, partition: int, voter: Member, tau: Microseconds) -> None:
        """File how long a voter has been lost by now."""
        if self.pace is not None:
            took_us = tau - self.since
            self.region.file(
                LostVoterStays(
                    partition, str(voter), took_us, self.before, self.idle_us, self.pause_us, self.pace
                )
            )
