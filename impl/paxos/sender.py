"""What a leader sends to whom: the first batch, new slots at once, and what a voter says that it lacks.

A voter that keeps up gets each batch as it is journalled. One that says that something is missing gets it
again: only the gap, where it keeps what came behind; else everything from its place on, in chunks, each sent
as the voter answers for those before. New batches do not go to it meanwhile, so no slot travels twice.

*Invariants.* What is sent again for one message of a voter is not sent again until the voter has seen
something that left later, so a lost or late message costs a bounded number of others. No more than
`ahead_slots` slots are under way to a voter beyond what it has answered for. A voter that can only learn what
it lacks, because the log is cut above its place or its prefix is not known to be this ballot's, is told to
fetch it, and is sent nothing until it has.

Sources: Ongaro and Ousterhout, *In Search of an Understandable Consensus Algorithm*, 5.3 (the consistency
check); the flow control of etcd's raft (probing and replicating).
"""

from __future__ import annotations

from dynaproof.impl.node import Microseconds
from dynaproof.impl.paxos.catch_up import CatchUp
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.leadership import Leadership, Progress
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt, Behind, Heard, Heartbeat, WatchTimer
from dynaproof.impl.paxos.records import Record, size_bytes
from dynaproof.impl.paxos.state_machine import State


class Sender(CatchUp[State]):
    """Sends, and sends again."""

    # --- What is new ---

    def send_batch(self, leadership: Leadership, member: Member) -> None:
        """The first accept of the ballot, as it was or as far as it is retained."""
        known = max(leadership.tail_start, self.log.first) - 1
        batch = self.log.between(known + 1, leadership.tail_end)
        if known < leadership.tail_end:
            self.send(
                member,
                Adopt(
                    self.member,
                    member.incarnation,
                    leadership.ballot,
                    self.env.now,
                    known,
                    batch,
                    self.log.commit,
                ),
            )

    def send_new(self, leadership: Leadership, batch: tuple[Record, ...]) -> None:
        """Send the batch that was just journalled to every voter that keeps up, in one message."""
        first, last = batch[0].slot, batch[-1].slot
        for member in self.others():
            progress = leadership.progress[member]
            if progress.next == first and last - progress.through <= self.settings.ahead_slots:
                progress.next = last + 1
                self.send_accept(leadership, member, first, batch)
        if not leadership.watching:
            leadership.watching = True
            self.env.set_timer(self.settings.retry_us, WatchTimer())

    def on_watch_timer(self, timer: WatchTimer) -> None:
        """Ask how far each voter is that lacks something and has not moved since the timer was set: what it
        was sent may be lost, and nothing else that would show this may be on its way.
        """
        leadership = self.leadership
        if leadership is None:
            return
        long_ago = self.env.now - self.settings.retry_us
        for member, progress in leadership.progress.items():
            if progress.through < self.log.last and progress.advanced_at <= long_ago:
                self.ask(leadership, member)
        leadership.watching = self.log.commit < self.log.last
        if leadership.watching:
            self.env.set_timer(self.settings.retry_us, WatchTimer())

    def ask(self, leadership: Leadership, member: Member) -> None:
        """Ask a voter to renew the lease, and how far it is; the send time travels with the question."""
        start, now = leadership.lease_start, self.env.now
        renewed = start >= 0 and now - start < self.settings.lease_us
        ballot, commit, tail_end = leadership.ballot, self.log.commit, leadership.tail_end
        level = None if self.soft is None else self.soft.level()
        to = member.incarnation
        self.send(member, Heartbeat(self.member, to, ballot, now, commit, tail_end, renewed, level))

    def send_accept(
        self, leadership: Leadership, member: Member, first: int, records: tuple[Record, ...]
    ) -> None:
        """Phase 2a to one voter."""
        self.send(
            member,
            Accept(
                self.member,
                member.incarnation,
                leadership.ballot,
                self.env.now,
                first,
                records,
                leadership.tail_end,
                self.log.commit,
            ),
        )

    # --- What a voter lacks ---

    def send_missing(self, leadership: Leadership, m: Heard, moved_at: Microseconds) -> None:
        """Send again what a voter says that it lacks, unless that is under way to it. `moved_at`: when it
        last said that it holds more.
        """
        progress = leadership.progress[m.source]
        last = self.log.last
        if m.source == self.member or m.through < progress.through:
            return
        if m.adopted and m.through >= last:
            progress.go_on_from(last + 1)  # One that had to fetch, too: it takes what is new from here on.
            return
        if (m.asked_at, m.through) <= progress.resent:
            return  # It had not yet seen what was sent again.
        retained = m.through + 1 >= self.log.first
        if retained and m.early > m.through + 1:
            self.fill(leadership, progress, m)
            return
        if m.adopted and moved_at >= m.asked_at and progress.next:
            return  # It has moved on since: what it lacked then was on its way, unless it had to fetch.
        follows = m.adopted or m.through >= leadership.tail_end  # Rule 5.
        progress.resent = (self.env.now, m.through)
        # A voter that knows the whole batch to be chosen must adopt it all the same, if its vote is needed.
        if follows and retained and (m.through < last or self.log.commit == last):
            progress.go_on_from(m.through + 1)
            self.send_on(leadership, m.source, progress)
        elif retained and m.through + 1 >= leadership.tail_start:
            progress.go_on_from(leadership.tail_end + 1)
            self.send_batch(leadership, m.source)
        else:
            progress.next = 0
            self.send(
                m.source,
                Behind(self.member, m.source.incarnation, leadership.ballot, self.env.now, self.log.commit),
            )

    def fill(self, leadership: Leadership, progress: Progress, m: Heard) -> None:
        """Send again the slots of a gap behind which the voter keeps what came."""
        first = m.through + 1
        progress.resent = (self.env.now, m.through)
        records, _ = self.in_message(first, min(m.early - 1, self.log.last))
        self.send_accept(leadership, m.source, first, records)

    def send_on(self, leadership: Leadership, member: Member, progress: Progress) -> None:
        """Send a laggard the next chunks, as far as its answers allow."""
        log, settings = self.log, self.settings
        size = sum(size for _, size in progress.chunks)
        while log.first <= progress.next <= log.last:
            room = progress.through + settings.ahead_slots + 1 - progress.next
            if room <= 0 or size >= settings.ahead_bytes:
                return
            first = progress.next
            records, _ = self.in_message(first, min(log.last, first + room - 1))
            self.send_accept(leadership, member, first, records)
            progress.next = first + len(records)
            progress.chunks.append((progress.next - 1, sum(map(size_bytes, records))))
            size += progress.chunks[-1][1]
