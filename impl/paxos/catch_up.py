"""Catching up by log: a laggard learns chosen records from a peer, which offers a copy where its log is cut.

*Invariant.* What is learnt is chosen, and continues the log.
"""

from __future__ import annotations

from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.copying import Copying
from dynaproof.impl.paxos.messages.catch_up import Chosen, Fetch, FetchTimer
from dynaproof.impl.paxos.sizes import BALLOT_BYTES
from dynaproof.impl.paxos.state_machine import State


class CatchUp(Copying[State]):
    """Asks peers for what is chosen, and answers them."""

    def on_fetch_timer(self, timer: FetchTimer) -> None:
        """A replica asks all voters until it is admitted, except while an answer is on its way."""
        if self.admitted:
            return
        self.env.set_timer(self.settings.retry_us, FetchTimer())
        if self.copying or self.env.now < self.fetching_until:
            return
        # The voters that it was made with may have left; those of a newer config may be out of reach.
        for member in dict.fromkeys((*self.log.head.config.voters, *self.config.voters)):
            if member != self.member:
                self.fetch(member)

    def on_fetch(self, sender: NodeId, m: Fetch) -> None:
        """Answer with chosen records, or with the offer of a copy where the log is cut."""
        self.views.has(m.source, m.known, self.log.commit, self.env.now)
        if m.known + 1 < self.log.first:
            self.offer_copy(m.source, m.known)
            return
        if self.log.commit <= m.known:
            return
        first = m.known + 1
        records, held_at = self.in_message(first, self.log.commit, BALLOT_BYTES)
        self.send(
            m.source, Chosen(self.member, m.source.incarnation, first, records, held_at, self.log.commit)
        )

    def learn_chosen(self, m: Chosen) -> None:
        """Learn chosen records that continue ours, and ask for more if they are what was asked for.

        An accept may have brought these slots meanwhile: that is no reason to stop asking, since there may be
        more that no accept brings. A repeated or late answer is no reason to ask, since that has been done.
        """
        through, log = m.first + len(m.records) - 1, self.log
        if m.first > log.commit + 1 or self.leading is not None:
            return
        if through > log.commit:
            skip = log.commit + 1 - m.first
            log.learn(m.first + skip, m.records[skip:], m.held_at[skip:])
            self.apply_chosen()
        if m.first != self.fetching_from:
            return
        self.fetching_from = self.fetching_until = 0
        self.learn_from(m.source, m.commit)
