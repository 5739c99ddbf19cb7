"""Replicas seen through a `GroupView`: from what leaves their nodes, what is on disks, and what they say.

What is chosen is computed from the platters (`disks`), never from what a replica believes. The methods are
those of the simulator's `Observer`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from dynaproof.impl.node import ONLY_LANE, Message, NodeId
from dynaproof.impl.partition.messages.readers import LogTrimmed, ReadLog
from dynaproof.impl.partition.messages.requests import Page, Rejected, Reply
from dynaproof.impl.partition.notes import Served
from dynaproof.impl.partition.replica import PartitionReplica
from dynaproof.impl.paxos.ids import NO_BALLOT, Member
from dynaproof.impl.paxos.messages.election import Prepare, Promise
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt, Heard, Vote
from dynaproof.impl.paxos.notes import Deposed, Dropped, Led, Outbid, Reached
from dynaproof.impl.paxos.records import Config, Record
from dynaproof.impl.router.notes import Ended, Invoked, LogTaken, Shown
from dynaproof.specs import sometimes
from dynaproof.specs.observe.impl.bounds import BoundsObserver
from dynaproof.specs.observe.impl.capacity import CapacityObserver
from dynaproof.specs.observe.impl.disks import DurableLogs
from dynaproof.specs.observe.impl.holds import ReaderHolds
from dynaproof.specs.observe.impl.load import LoadObserver
from dynaproof.specs.observe.impl.place import (
    Place,
    Seen,
    campaigns,
    given,
    identities,
    is_cut_off,
    known_chosen,
    lease_end,
    made_at,
    replica_of,
    says,
    sent,
    settings_of,
)
from dynaproof.specs.observe.impl.proposals import ProposalObserver
from dynaproof.specs.observe.impl.requests import WINDOW, KeyJudge, RequestObserver
from dynaproof.specs.observe.impl.times import TimeObserver
from dynaproof.specs.sometimes import EVERY
from dynaproof.specs.views import group_facts
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.group_facts import (
    Accepted,
    ActedWithoutTree,
    AppliedApart,
    Chosen,
    Committed,
    FellSilent,
    ForgetfulVote,
    Forgot,
    FrameTooLarge,
    HeldLogGivenUp,
    LacksTree,
    LeaseHeld,
    LogCut,
    Raised,
    ReadUnanswered,
    Reconfigured,
    RecordAltered,
    Recovered,
    Serving,
    Spoke,
    Uncovered,
    Unheld,
    Vanished,
    WasDropped,
    WasShed,
)


class ImplObserver(RequestObserver):
    """Files facts about a group of storage nodes and its clients."""

    __slots__ = (
        "begins_rotten", "bounds", "capacity", "commits", "damages", "fallen", "group", "hears_chosen",
        "leader_changes", "load", "logs", "members", "passes_on", "proposals", "seen", "times",
    )  # fmt: skip

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (
        *RequestObserver.PROVIDES,
        *BoundsObserver.PROVIDES,
        *CapacityObserver.PROVIDES,
        *LoadObserver.PROVIDES,
        *ProposalObserver.PROVIDES,
        *ReaderHolds.PROVIDES,
        *TimeObserver.PROVIDES,
        group_facts.Led,
        Accepted,
        ActedWithoutTree,
        AppliedApart,
        Chosen,
        Committed,
        FellSilent,
        ForgetfulVote,
        Forgot,
        FrameTooLarge,
        HeldLogGivenUp,
        LacksTree,
        LeaseHeld,
        LogCut,
        Raised,
        Reconfigured,
        ReadUnanswered,
        RecordAltered,
        Recovered,
        Serving,
        Spoke,
        Uncovered,
        Unheld,
        Vanished,
        WasDropped,
        WasShed,
    )

    def __init__(
        self,
        config: Config,
        judges: dict[bytes, KeyJudge],
        make_judge: Callable[[], KeyJudge],
        group: int = ONLY_LANE,
    ) -> None:
        super().__init__(config, judges, make_judge)
        self.group = group
        """The group whose replicas and clients it observes; it is notified of that lane only."""
        self.load = LoadObserver(self.view, self.reach)
        self.times = TimeObserver(self.view, self.group)
        self.bounds = BoundsObserver(self.view)
        self.proposals = ProposalObserver(self.view)
        self.capacity = CapacityObserver(self.view, self.group, self.reach)
        self.logs = DurableLogs(self.view, group, self.chose)
        self.members: dict[str, Member] = {}
        self.fallen: dict[str, Member] = {}
        """By place, the replica that fell silent because of a damaged page, until another takes its place."""
        self.damages: dict[str, bool] = {}
        """Places where a journal was damaged since a replica was first seen there."""
        self.seen: dict[str, Seen] = {}
        self.hears_chosen: Callable[[Record], None] | None = None
        self.passes_on: Callable[[], bool] | None = None
        """Whether the children of a split group have taken over all that it has promised."""
        self.begins_rotten: Callable[[str], bool] = lambda _place: False
        """Whether the pages on which a child begins at a place have rotted."""
        self.commits: dict[str, int] = {}
        """By place: how far its replica had committed when it last ran."""
        self.leader_changes = 0

    # --- What nodes say ---

    def on_invoked(self, place: Place, note: Invoked) -> None:
        """A client begins an operation."""
        self.invoked(note, place.name)
        self.capacity.invoked(note)
        self.load.invoked(note, place.world.tau)

    def on_shown(self, _: Place, note: Shown) -> None:
        """A client is shown several items."""
        self.shown(note)

    def on_ended(self, place: Place, note: Ended) -> None:
        """A client got an answer, or gave up."""
        self.ended(note)
        self.load.ended(note, place.world.tau)

    def on_log_taken(self, place: Place, note: LogTaken) -> None:
        """A reader took chosen records."""
        self.holds.taken(place.name, note.records)
        self.reach(sometimes.LOG_READ)

    def on_served(self, place: Place, note: Served) -> None:
        """A leader answered a strong read."""
        self.view.needs_tree(note.member, "serves a strong read")
        self.view.file(Serving(note.member, note.ballot, note.applied))
        if note.left_us * 8 < settings_of(place).usable_lease_us():
            self.reach(sometimes.LATE_LEASE_READ)

    def on_led(self, place: Place, note: Led) -> None:
        """A replica began to lead."""
        self.view.needs_tree(note.member, "leads")
        self.view.lead(note.ballot, note.member, known_chosen(place, self.group))
        self.leader_changes += 1
        if self.leader_changes > 1 and self.open:
            self.reach(sometimes.LEADER_CHANGED)

    def on_reached(self, place: Place, note: Reached) -> None:
        """A replica is in a situation that a campaign counts; rot ends its incarnation."""
        view, situation = self.view, EVERY[note.what]
        if situation is sometimes.GRAY_LINK and not is_cut_off(place, view.newest_leader()):
            return  # It missed the heartbeats for another reason: they were lost or late.
        if situation is not sometimes.ROT_FOUND:
            self.reach(situation)
            return
        retired, incarnation = self.members.get(place.name), made_at(place, self.group)
        if retired is None or retired.incarnation != incarnation:
            if place.name not in self.damages and not self.begins_rotten(place.name):
                view.file(FellSilent(f"{place.name}/{incarnation}"))  # It never spoke: nothing was forgotten.
            return
        self.reach(situation)
        if retired not in view.forgetful and retired not in self.logs.with_rot:
            view.file(FellSilent(retired))
        if retired in self.logs.with_rot:
            self.fallen[place.name] = retired
        view.forget(retired)  # It is silent from here on, whether or not it lost anything.
        self.load.gone(place)

    def on_dropped(self, place: Place, note: Dropped) -> None:
        """An operator has dropped an incarnation: it is silent from here on."""
        passed = self.passes_on is not None and self.passes_on()
        (self.view.forget if passed else self.view.drop)(note.member)
        self.load.gone(place)
        for known in self.members, self.commits, self.seen:
            known.pop(place.name, None)

    def on_deposed(self, _: Place, note: Deposed) -> None:
        """A leader stepped down."""
        if note.last_write > self.view.chosen_through:
            self.reach(sometimes.OLD_LEADER_DEPOSED)

    def on_outbid(self, place: Place, note: Outbid) -> None:
        """A candidate gave up."""
        if any(campaigns(other, self.group, note.promised) for other in place.world.places.values()):
            self.reach(sometimes.SPLIT_VOTE)

    # --- What leaves nodes ---

    def uncovered(self, place: Place, message: Message) -> None:
        """A message left before what its node had written was durable."""
        self.view.file(Uncovered(place.name, type(message).__name__))

    def shed(self, place: Place, to: NodeId, message: Message) -> None:
        """A queue was full, so a message was dropped."""
        self.view.file(WasShed(place.name, type(message).__name__, to.address == place.id.address))

    def vanished(self, place: Place, message: Message) -> None:
        """A message is gone without a note."""
        self.view.file(Vanished(place.name, type(message).__name__))

    def vouched(self, place: Place, message: Vote | Heard | Promise) -> None:
        """A vote, a grant or a promise leaves an acceptor."""
        said = self.view.promise if isinstance(message, Promise) else self.view.let_go
        if self.fallen.get(place.name) == message.source:
            said = self.view.campaign  # It was sent before the damaged page was read.
        said(message.source, message.ballot)

    def promised(self, place: Place, message: Promise) -> None:
        """A promise leaves an acceptor, with its tail; also one of an incarnation that is not admitted."""
        self.bounds.sized(place, message)
        self.vouched(place, message)

    def proposed(self, place: Place, message: Accept | Adopt) -> None:
        """A leader proposes."""
        self.bounds.sized(place, message)
        self.proposals.proposed(message.ballot, message.records)
        self.times.stamped(place, message.ballot, message.records)

    def prepared(self, _: Place, message: Prepare) -> None:
        """A candidate asks for promises."""
        self.view.campaign(message.source, message.ballot)

    def speaks(self, place: Place) -> None:
        """A replica answers a client from its tree."""
        if place.name in self.members:
            self.view.needs_tree(self.members[place.name], "answers a client")

    def paged(self, place: Place, message: Page) -> None:
        """A replica shows a client several items; that is judged when the client takes them."""
        self.speaks(place)
        self.bounds.sized(place, message)

    def answered(self, place: Place, message: Reply) -> None:
        """A replica shows a client an item, or says what became of a write."""
        self.speaks(place)
        key = self.eventual_key(message.request)
        replica = None if key is None else replica_of(place, self.group)
        if key is not None and replica is not None:
            self.times.read(place, replica, key, message)
        self.replied(message)

    def rejected(self, place: Place, message: Rejected) -> None:
        """A replica refuses an attempt."""
        replica = replica_of(place, self.group)
        if replica is not None:
            self.load.rejected(place, replica, message, self.is_eventual(message.request))

    def trimmed(self, place: Place, message: LogTrimmed) -> None:
        """A replica answers a reader that its place in the log is gone."""
        held = self.view.holds.get(message.name)
        if held is not None and held < message.place:
            self.view.file(HeldLogGivenUp(place.name, message.name, message.place))

    def synced(self, place: Place) -> None:
        """Read the frames that became durable."""
        member = self.members.get(place.name)
        if member is not None:
            self.logs.synced(place, member)
            replica = replica_of(place, self.group)
            if place.up and replica is not None:
                self.load.synced(place, replica)
            if self.holds.holds:
                settings = settings_of(place)
                self.holds.behind(settings.hold_lag_slots, settings.hold_lag_bytes)

    def chose(self, fact: Chosen) -> None:
        """A slot is chosen from now on."""
        if self.fold(fact):
            self.reach(sometimes.HOLD_LAPSED)
        self.capacity.chosen(fact.record.record)
        if self.hears_chosen is not None:
            self.hears_chosen(fact.record.record)

    # --- What happens to nodes ---

    def crashed(self, place: Place, lost_disk: bool) -> None:
        """The volatile state is gone; what was kept of the unsynced bytes is on the platter from now on."""
        member = self.members.get(place.name)
        if member is None:
            return
        self.load.gone(place)
        if self.logs.config_in_doubt():
            self.reach(sometimes.LOSS_IN_A_CONFIG)
        self.view.holders.pop(member, None)
        self.seen.pop(place.name, None)
        if lost_disk:
            self.view.forget(member)
            del self.members[place.name]
        else:
            self.synced(place)

    def client_crashed(self, place: Place, _lost_disk: bool) -> None:
        """A client is gone, and with it whatever waited for answers there."""
        for request in [request for request, at in self.asked_at.items() if at == place.name]:
            self.load.not_judged(request)
        self.abandoned(place.name)

    def reader_crashed(self, place: Place, _lost_disk: bool) -> None:
        """A reader is gone; its next life continues from its hold."""
        self.holds.restarted[place.name] = True

    def damaged(self, place: Place, _file: str) -> None:
        """A synced byte of a journal rotted."""
        self.damages[place.name] = True
        member = self.members.get(place.name)
        if member is not None:
            self.view.forget(member)
            self.logs.pages.pop(member, None)

    def rotted(self, place: Place, _file: str) -> None:
        """A synced byte of a page rotted: an incarnation that has not read it is as good as before."""
        member = self.members.get(place.name)
        if member is not None:
            self.logs.with_rot[member] = True

    def began(self, replica: PartitionReplica) -> None:
        """A replica was made, or came back from its disk."""
        self.view.recover(replica.member, replica.log.promised)
        if not replica.full:
            self.view.lack_tree(replica.member, replica.log.first - 1)
        self.bounds.began(replica)

    def handled(self, place: Place) -> None:
        """Look at what the stepped node's replica shows now."""
        replica = replica_of(place, self.group)
        if replica is None:
            return
        disk, log, times, seen = place.disk, replica.log, self.times, self.seen.get(place.name)
        commit, is_known = log.commit, seen is not None and seen.replica is replica
        # Before anything is read here, which is not the handler's work; most handlers touch no disk.
        if disk.bytes_read or disk.bytes_written or not is_known:
            self.load.worked(place, replica)
        if place.slow > times.slowest:
            times.handled(place)
        if replica.state.applied != commit:
            self.view.file(AppliedApart(replica.member, replica.state.applied, commit))
        question = given(place)
        if type(question) is ReadLog and not any(says(m, question) for m in sent(place)):
            self.view.file(ReadUnanswered(replica.member, question.name, question.cursor.committed_from))
        if seen is None or not is_known:
            seen = self.seen[place.name] = Seen(replica)
            self.damages.pop(place.name, None)
            self.began(replica)
            self.members[place.name] = replica.member
            if self.begins_rotten(place.name):
                self.logs.with_rot[replica.member] = True
            if self.born_at:
                self.logs.began(place, replica.member)
            fallen = self.fallen.get(place.name)
            if fallen is not None and fallen != replica.member:
                del self.fallen[place.name]
        if commit > seen.commit:
            for number, proposed_at in identities(replica, max(seen.commit + 1, log.first), commit):
                self.view.file(Committed(seen.member, number, proposed_at))
            seen.commit = self.commits[place.name] = commit
            times.known(commit, place.world.tau)
        leadership = replica.leadership
        if leadership is not None:
            ballot, ends = leadership.ballot, lease_end(replica, leadership)
            if ends != seen.ends or ballot is not seen.ballot:
                seen.ends, seen.ballot = ends, ballot
                # Until the first tau at which the node's clock shows the lease's end.
                self.view.hold(seen.member, ballot, -(-(ends << 20) // place.rate))
        elif seen.ballot is not None:
            seen.ballot, seen.ends = None, 0
            self.view.hold(seen.member, NO_BALLOT, 0)
        lengths = seen.queued()
        if lengths != seen.lengths or seen.cache_is_overfull():
            seen.lengths = lengths
            self.bounds.queued(replica)
            if replica.early.slots:
                self.reach(sometimes.KEPT_BEHIND_A_GAP)
        if self.load.pace is not None:
            self.load.handled(place, replica)
        self.capacity.handled(replica)

    def raised(self, place: Place, payload: object, error: Exception) -> None:
        """A handler raised."""
        self.view.file(Raised(place.name, type(payload).__name__, f"{type(error).__name__}: {error}"))

    def prune(self) -> None:
        """Forget what no spec can need any more, so that a run of any length needs bounded memory.

        A slot is kept until every replica of the group has committed `WINDOW` slots beyond it; an effect
        while its request is open; a refusal for the next `WINDOW` refusals.
        """
        view = self.view
        through = min(self.commits.values(), default=0) - WINDOW
        if through <= view.pruned_through:
            return
        newest = view.chosen.get(view.chosen_through)
        now = newest.record.timestamp if newest is not None else 0
        self.settle_lost(now)
        view.prune(through)
        self.times.forget(through)
        self.forget_requests(through, now)
        self.logs.forget(4)  # A replica has few segments.
