"""Faults that only a replica's host has: rot of a journal or a page, a lost tail, an operator's handover, and
a stranger that speaks for voters; and its budget.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from dynaproof.checkers.runs.fault import Falling, FaultKind, Ground
from dynaproof.checkers.runs.world_faults import CRASH, Stop
from dynaproof.checkers.world.place import Place
from dynaproof.impl.journal.frames import scan
from dynaproof.impl.journal.journal import Frame, Journal, segment_name
from dynaproof.impl.node import Disk, Message, NodeId
from dynaproof.impl.partition.codec import decode
from dynaproof.impl.partition.replica import PartitionReplica
from dynaproof.impl.paxos.files import log_prefix
from dynaproof.impl.paxos.ids import NO_BALLOT, Member
from dynaproof.impl.paxos.log import AnyHead, ReplicationLog, link_of
from dynaproof.impl.paxos.messages.election import Promise
from dynaproof.impl.paxos.messages.leadership import Handover, Vote
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.impl.tree.page_file import Part, file_of
from dynaproof.impl.tree.pages import RottenPageError, pages_below
from dynaproof.specs.observe.impl.place import replica_of

PRIME = 7919
"""Spreads a fault's amount over the bytes of a file."""


class Rot(Stop):
    """A node stops, and one bit of its replica's journal on the platter flips, or of the node's own."""

    name = "rot"
    sentence = "{} crashes, and a bit of its journal rots"
    impairs = True

    def fall(self, ground: Ground, place: Place, fault: Falling, number: int) -> str:
        """A mere crash where nothing was synced yet."""
        ground.world.crash(place, f"fault{number}")
        logs = place.disk.durable_logs("")
        if not logs:
            return CRASH.name
        log = logs[fault.amount % len(logs)]
        size = scan(bytes(place.disk.durable_log(log))).size  # A torn tail holds nothing that was synced.
        if size == 0:
            return CRASH.name
        place.disk.rot(log, fault.amount * PRIME % size, 1 << (fault.amount % 8))
        place.damaged(log)
        return self.name


class LostTail(Stop):
    """A node stops, and a segment of its replica's journal ends early on the platter, or in zeros.

    Only what a later segment says was durable is lost: without that, recovery cannot tell a lost tail from
    one that was never synced (Alagappan et al., FAST 2018, 3.3.3).
    """

    name = "lost tail"
    sentence = "{} crashes, and a segment of its journal loses its synced end"
    impairs = True

    def fall(self, ground: Ground, place: Place, fault: Falling, number: int) -> str:
        """A mere crash where no replica's journal says that a frame of an earlier segment is durable."""
        ground.world.crash(place, f"fault{number}")
        platter = place.disk.logs_on_platter()
        prefixes = [log_prefix(one.group, one.incarnation) for one in hosted(place)]
        found = [(prefix, frame) for prefix in prefixes for frame in said_durable(platter, prefix)]
        if not found:
            return CRASH.name
        prefix, frame = found[fault.amount % len(found)]
        log = segment_name(prefix, frame.segment)
        place.disk.lose_tail(log, frame.at + fault.amount * PRIME % frame.size, bool(fault.amount % 2))
        place.damaged(log)
        return self.name


class PageRot(Stop):
    """A node stops, and one bit of a page flips that its replica will start from, and read sooner or later.

    The pages of older roots, and those of a checkpoint that the log does not name, are not needed.
    """

    name = "page rot"
    sentence = "{} crashes, and a bit of a page of its checkpoint rots"
    impairs = True

    def fall(self, ground: Ground, place: Place, fault: Falling, number: int) -> str:
        """A mere crash where the replica starts from no pages."""
        ground.world.crash(place, f"fault{number}")
        based = [one for one in hosted(place) if has_pages(one.log.head)]
        if not based:
            return CRASH.name
        replica = based[fault.amount % len(based)]
        prefix = log_prefix(replica.group, replica.incarnation)
        recovered = ReplicationLog.recover(place.disk.logs_on_platter(), prefix, decode)
        head = None if recovered is None else recovered[0].head
        if head is None or head.snapshot is None or not has_pages(head):
            return CRASH.name
        files, line = place.disk.durable_files(), (*head.older, Part(head.pages, head.first_page))
        try:
            pages = pages_below(
                head.snapshot.roots, lambda page: files.get(file_of(line, page), {}).get(page)
            )
        except RottenPageError:
            return CRASH.name  # It has lost some already.
        page_number = pages[fault.amount % len(pages)]
        file = file_of(line, page_number)
        data = files[file][page_number]
        at, mask = fault.amount * PRIME % len(data), 1 << (fault.amount % 8)
        place.disk.rot_page(file, page_number, at, mask)
        place.rotted(file)
        return self.name


class OrderedHandover(FaultKind):
    """An operator asks whoever leads to hand over."""

    name = "handover"
    sentence = "an operator asks whoever leads to hand over"

    def possible(self, ground: Ground, place: Place) -> bool:
        """Where a replica leads, as far as it knows."""
        return any(leads(target) for target in ground.targets)

    def fall(self, ground: Ground, place: Place, fault: Falling, number: int) -> str:
        """Ask a replica that leads a group."""
        groups = sorted({one.group for target in ground.targets for one in leading(target)})
        group = groups[fault.amount % len(groups)] if groups else None
        for leader in ground.targets:
            if group is not None and any(one.group == group for one in leading(leader)):
                ground.world.run(leader, leader.node.on_message, leader.id, Handover(), lane=group)
        return self.name


class Stranger(FaultKind):
    """A node outside the group speaks for its voters: what leaders and candidates wait for, said by nobody.

    They hear it from the node that says it, so nothing may come of it.
    """

    name = "stranger"
    sentence = "a stranger votes, and promises, for the voters of a group"

    def possible(self, ground: Ground, place: Place) -> bool:
        """Where votes or promises are counted."""
        return any(True for _ in forged(ground.targets))

    def fall(self, ground: Ground, place: Place, fault: Falling, number: int) -> str:
        """Say it to each replica that counts."""
        for target, group, message in list(forged(ground.targets)):
            ground.world.run(target, target.node.on_message, OUTSIDE, message, lane=group)
        return self.name


OUTSIDE = NodeId("region", "outside", "stranger")

ROT = Rot()
LOST_TAIL = LostTail()
PAGE_ROT = PageRot()
HANDOVER = OrderedHandover()
STRANGER = Stranger()


def hosted(place: Place) -> list[PartitionReplica]:
    """The replicas of the host there, by group."""
    node = place.node
    return [node.replicas[group] for group in sorted(node.replicas)] if isinstance(node, StorageNode) else []


def said_durable(platter: Disk, prefix: str) -> list[Frame]:
    """The frames of a replica's journal of which a later segment says that they were durable."""
    found = Journal.recover(platter, prefix, partial(link_of, decode))
    if found is None:
        return []
    journal, _ = found
    frames = list(journal.frames())
    link = next(link_of(decode, payload) for frame, payload in frames if frame.segment == journal.segment)
    assert link is not None, "recovery has found it"
    said = link.synced - (journal.sequence - len(frames))
    return [frame for frame, _ in frames[: max(said, 0)]]


def has_pages(head: AnyHead) -> bool:
    """Whether a replica with this head starts from the pages of a checkpoint."""
    return head.snapshot is not None and bool(head.snapshot.roots)


def forged(places: Sequence[Place]) -> Iterator[tuple[Place, int, Message]]:
    """What the other voters would say to each replica there that counts votes or promises, had they all heard
    it; with the group.
    """
    there = ((place, replica) for place in places if place.up for replica in hosted(place))
    for place, replica in there:
        ballot, campaign, to, now = replica.leading, replica.campaign, replica.incarnation, replica.env.now
        group = replica.group
        for voter in replica.others():
            if ballot is not None:
                yield place, group, Vote(voter, to, ballot, replica.log.last, now, replica.env.wall)
            elif campaign is not None:
                promise = Promise(voter, to, campaign.ballot, NO_BALLOT, 0, 0, 0, None, (), replica.env.wall)
                yield place, group, promise


def leading(place: Place) -> list[PartitionReplica]:
    """The replicas there that lead, as far as they know."""
    return [one for one in hosted(place) if one.leading is not None] if place.up else []


def leads(place: Place) -> bool:
    """Whether a replica there leads, as far as it knows."""
    return bool(leading(place))


def broken(place: Place) -> bool:
    """Whether a host's own journal has rotted, so that it is silent until it gets a new disk."""
    return bool(getattr(place.node, "broken", False))


class OneVoter:
    """The budget of a group: one voter at a time has impaired durable state (rot of journal or page, lost
    disk), and none before the last one is replaced, and admitted again.
    """

    def __init__(self, observation: Any, places: Mapping[str, Place]) -> None:
        self.view = observation.view
        self.group: int = observation.group
        self.places = places
        self.impaired_at: str | None = None
        self.impaired_member: Member | None = None

    def permits(self, place: Place) -> bool:
        """Whether the last impaired voter is whole again; a host without a replica has nothing to lose."""
        return self.whole() and replica_of(place, self.group) is not None

    def impaired(self, place: Place) -> None:
        """The voter there is now impaired."""
        self.impaired_at = place.name
        replica = replica_of(place, self.group)
        self.impaired_member = None if replica is None else replica.member

    def whole(self) -> bool:
        """Whether the voter that lost something was replaced, and its successor admitted."""
        if self.impaired_at is not None:
            replica = replica_of(self.places[self.impaired_at], self.group)
            if replica is None or replica.member in self.view.forgetful:
                return False
            if replica.member == self.impaired_member:
                return False  # It may not have read the rotten part yet.
            if not replica.admitted or not self.replaced(replica):
                return False
            self.impaired_at = None
        return True

    def replaced(self, replica: Any) -> bool:
        """Whether the newest chosen config names this replica, and it knows so durably.

        An admission that is not synced yet is taken back by a crash, and the group then lacks two voters.
        """
        view = self.view
        slot, voters = view.configs[-1]
        return (
            replica.member in voters
            and replica.log.commit >= slot
            and (
                slot <= max(view.pruned_through, view.checkpoints.get(replica.member, 0))
                or replica.member in view.accepted.get(slot, {})
            )
        )
