"""A campaign and a leadership: each is born whole and dropped whole, so nothing of one outlives it."""

from __future__ import annotations

from dynaproof.impl.node import Microseconds
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, Member
from dynaproof.impl.paxos.messages.election import Promise
from dynaproof.impl.paxos.records import Config, ConfigChange, Record


class Grant:
    """The lease that a voter has granted."""

    __slots__ = ("released", "to")

    def __init__(self) -> None:
        self.to = NO_BALLOT
        """The ballot whose lease it granted last;"""
        self.released = NO_BALLOT
        """and the highest ballot whose leader has told it that it will never serve by that again."""


class Inquiry:
    """Before a campaign: which of the voters that were asked at `asked_at` hear no live leader."""

    __slots__ = ("asked_at", "dead_votes")

    def __init__(self, asked_at: Microseconds, member: Member) -> None:
        self.asked_at = asked_at
        self.dead_votes = {member}


class Campaign:
    """Phase 1 of one ballot: the promises so far, by acceptor."""

    __slots__ = ("ballot", "promises")

    def __init__(self, ballot: Ballot) -> None:
        self.ballot = ballot
        self.promises: dict[Member, Promise] = {}


class Progress:
    """What a leader knows of one voter: how far it follows, and when the question that it last answered was
    sent.
    """

    __slots__ = (
        "adopted",
        "advanced_at",
        "asked_at",
        "chunks",
        "full",
        "next",
        "resent",
        "through",
        "wall_apart",
    )

    def __init__(self, next_slot: int, wall_apart: Microseconds | None = None) -> None:
        self.through = 0
        """It holds every slot through this one, at the ballot or as known chosen, by its newest account;"""
        self.adopted = False
        """and the ballot's first batch is among them."""
        self.advanced_at: Microseconds = -1
        """When `through` last rose."""
        self.asked_at: Microseconds = -1
        self.wall_apart = wall_apart
        """The least that its wall clock is from the leader's; None before it has answered."""
        self.full = False
        """Whether it has said in this ballot that it has a tree (rule M5)."""
        self.next = next_slot
        """The next slot to send: one behind the log's last for a voter that keeps up, to which new slots go
        at once; 0 for one to which nothing can be sent before it has fetched what is chosen.
        """
        self.chunks: list[tuple[int, int]] = []
        """What is under way to a laggard: the last slot of each message, and its bytes."""
        self.resent: tuple[Microseconds, int] = (-1, 0)
        """When anything was last sent again, and through which slot the voter held everything by then."""

    def advance(self, through: int, now: Microseconds) -> None:
        """The voter says that it holds every slot through this one."""
        if through <= self.through:
            return
        self.through, self.advanced_at = through, now
        while self.chunks and self.chunks[0][0] <= through:
            del self.chunks[0]

    def restart(self, through: int) -> None:
        """The voter, which has not adopted the batch, knows the log only through this slot: a crash loses the
        commit index.
        """
        self.through = through

    def go_on_from(self, slot: int) -> None:
        """Send from this slot on, whatever was under way before."""
        self.next = slot
        self.chunks.clear()


class Learner:
    """What a leader knows of a replica without a vote, which follows by fetching (rule M6)."""

    __slots__ = ("goal", "goal_at", "heard_at", "round_us", "through")

    def __init__(self, commit: int, now: Microseconds) -> None:
        self.through = 0
        """It has the log through this slot, by its own account,"""
        self.heard_at = now
        """which came then."""
        self.goal = commit
        """What was chosen when the running round began,"""
        self.goal_at = now
        """and when that was."""
        self.round_us: Microseconds = -1
        """How long the last whole round took; -1 before."""

    def heard(self, through: int, commit: int, now: Microseconds) -> None:
        """It says how far it is: a round ends when it has all that was chosen when the round began."""
        self.through, self.heard_at = max(self.through, through), now
        if self.through >= self.goal:
            self.round_us = now - self.goal_at
            self.goal, self.goal_at = commit, now


class Leadership:
    """Phase 2 of one ballot, from the first batch to the end: all that is gone when it ends."""

    __slots__ = (
        "ballot",
        "began_at",
        "config_in_flight",
        "config_waits",
        "counted",
        "last_proposed_at",
        "last_timestamp",
        "learners",
        "lease_start",
        "looked_at",
        "next_batch",
        "next_batch_bytes",
        "progress",
        "serving",
        "tail_end",
        "tail_start",
        "wall",
        "watching",
    )

    def __init__(
        self,
        ballot: Ballot,
        tail_start: int,
        tail_end: int,
        last_timestamp: Microseconds,
        voters: tuple[Member, ...],
        now: Microseconds,
        wall: Microseconds,
    ) -> None:
        self.ballot = ballot
        self.began_at = now
        self.tail_start = tail_start
        """The first slot of its first batch,"""
        self.tail_end = tail_end
        """and the last, which holds a `NoOp`, its own or an adopted one (rule W3)."""
        self.last_timestamp = last_timestamp
        self.last_proposed_at = now
        self.serving = False
        """Whether the whole first batch is chosen and applied (rule 7)."""
        self.watching = False
        """Whether a timer is set to look for voters that do not answer."""
        self.config_in_flight = 0
        """The slot of a config that is not counted chosen yet; 0 if there is none."""
        self.config_waits = False
        """Whether a config is to be proposed as soon as all below is chosen: nothing else is proposed before
        it.
        """
        self.next_batch: list[Record] = []
        """What was proposed while its own sync of the previous batch was under way: decided at its slots, but
        neither journalled nor sent yet;
        """
        self.next_batch_bytes = 0
        """and what these records take."""
        self.counted: ConfigChange | None = None
        """The last config that it counted chosen."""
        self.progress = {voter: Progress(tail_end + 1) for voter in voters}
        self.learners: dict[Member, Learner] = {}
        """The replicas without a vote; they are counted nowhere."""
        self.lease_start: Microseconds = -1
        """The value of `lease_from`, kept because the lease is read far more often than it is renewed."""
        self.looked_at, self.wall = now, wall
        """What its own clocks showed when they were last compared."""

    def lease_from(self, config: Config) -> Microseconds:
        """When the question that a quorum of the governing config has answered was sent; -1 if none has."""
        progress = self.progress
        asked = sorted([progress[v].asked_at for v in config.voters if v in progress])
        quorum = config.quorum
        return asked[-quorum] if len(asked) >= quorum else -1

    def look_at_clocks(self, now: Microseconds, wall: Microseconds, drift_ppm: int) -> None:
        """Notice that its own wall clock has stepped: since the last look it has moved differently from the
        monotonic one, by more than drift. The step changes how far away a voter is that no longer answers.
        """
        million, elapsed = 1_000_000, now - self.looked_at
        stepped = wall - self.wall - elapsed
        self.looked_at, self.wall = now, wall
        if abs(stepped) <= elapsed * drift_ppm // (million - drift_ppm) + 1:
            return
        for progress in self.progress.values():
            if progress.wall_apart is not None:
                progress.wall_apart -= stepped

    def votes_for(self, slot: int, voters: tuple[Member, ...]) -> int:
        """How many voters hold this slot at its ballot, by their own account and by their full name."""
        votes = 0
        for voter in voters:
            progress = self.progress.get(voter)
            votes += progress is not None and progress.adopted and progress.through >= slot
        return votes
