"""The candidate: the gray-failure check, phase 1, and what a new leader adopts. Rules 3, 8, 11 and 12.

States: following -> asking (does anyone still hear the leader?) -> preparing (ballot journalled, prepares
out) -> leading. A ballot is journalled in the handler that sends its prepares, so it is never used twice
(rule 8).
"""

from __future__ import annotations

from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, Member
from dynaproof.impl.paxos.leader import Leader
from dynaproof.impl.paxos.leadership import Campaign, Inquiry
from dynaproof.impl.paxos.messages.election import (
    Alive,
    AskAlive,
    ElectionTimer,
    Prepare,
    Promise,
    Ready,
    Refused,
    TooFarBehind,
)
from dynaproof.impl.paxos.notes import Outbid
from dynaproof.impl.paxos.records import Config, Record
from dynaproof.impl.paxos.state_machine import State
from dynaproof.impl.paxos.upkeep import ChildBegins


class Candidate(Leader[State]):
    """Runs elections."""

    def on_election_timer(self, timer: ElectionTimer) -> None:
        """Ask the peers whether they hear the leader; ask for missing promises again if a campaign is under
        way.
        """
        self.arm_election()
        if not self.admitted or not self.full or self.leading is not None or self.state.barrier:
            return  # Without a tree it could not serve (rule M5), nor if it knows the barrier.
        self.inquire()

    def inquire(self) -> None:
        """Ask whether anybody hears a live leader; if a quorum does not, campaign."""
        self.inquiry = Inquiry(self.env.now, self.member)
        for member in self.all_that_may_vote():
            if member != self.member:
                self.send(member, AskAlive(self.member, member.incarnation, self.env.now))
        self.campaign_if_dead(self.inquiry)

    def all_that_may_vote(self) -> list[Member]:
        """The voters of the config known chosen, and of those found above it, in the log or in the promises
        of a campaign: such a config may be chosen already, and its new voter may be the only one in reach.
        """
        found = [self.config, self.config_for(self.log.last + 1)]
        if self.campaign is not None:
            found += self.governing_configs(self.campaign)
        return list(dict.fromkeys(voter for config in found for voter in config.voters))

    def on_alive(self, sender: NodeId, m: Alive) -> None:
        """End the attempt if a single peer hears a live leader: the link is gray, and the leader is
        not dead.
        """
        if self.inquiry is None or m.asked_at != self.inquiry.asked_at:
            return
        if m.alive:
            self.inquiry = self.campaign = None
            self.reached("gray link deposed nobody")
            if m.commit > self.log.commit:
                self.learn_from(m.source, m.commit)
            return
        self.inquiry.dead_votes.add(m.source)
        self.campaign_if_dead(self.inquiry)

    def campaign_if_dead(self, inquiry: Inquiry) -> None:
        """Campaign once a quorum of the config known chosen, or of one found above it, hears no live leader,
        this replica included. The one found may be chosen, the voter that left may be lost, and the new voter
        may have no tree: then only this replica could find out (rule M5).

        A timer set before a new leader came may fire soon after: a replica that hears that leader does not
        campaign, even if other voters do not hear it, unless that leader itself says that there is none.
        """
        if self.hears_leader() and self.leader not in inquiry.dead_votes:
            return
        for config in (self.config, self.config_for(self.log.last + 1)):
            if sum(voter in inquiry.dead_votes for voter in config.voters) >= config.quorum:
                self.start_campaign()
                return

    def start_campaign(self) -> None:
        """Phase 1a, with a ballot above all that it has heard of (rule 8)."""
        self.inquiry = None
        if self.leading is not None or self.state.barrier:
            return
        if self.campaign is not None and self.campaign.ballot == self.log.promised:
            self.send_prepares(self.campaign)  # Some promises were lost, or a lease stood in their way.
            return
        name, round_before = self.member.node.name, max(self.highest_round, self.log.promised.round)
        ballot = Ballot(round_before + 1, name, self.incarnation)
        self.see_round(ballot)
        self.campaign = Campaign(ballot)
        self.log.promise(ballot)  # Journalled with the prepares, so that a crash cannot forget it.
        self.send_prepares(self.campaign)

    def begin_first(self) -> None:
        """The group is new, and nobody leads it: say that this voter is here, and let the first voter
        campaign (H9). A voter made later would otherwise hear of that only when the first campaigns again.
        """
        for member in self.others():
            self.send(member, Ready(self.member, member.incarnation))
        if self.member == self.config.voters[0]:
            self.start_campaign()

    def begin_child(self, begins: ChildBegins) -> None:
        """The group was made by a split: say that this voter is here, and campaign if the leader that split
        its parent was on this node; if that leader only found the barrier, ask first, since the child may
        have a leader by then. The others wait for an election timer (H6, H9).
        """
        for member in self.others():
            self.send(member, Ready(self.member, member.incarnation))
        if begins == "campaigns":
            self.start_campaign()
        elif begins == "asks":
            self.inquire()

    def on_ready(self, sender: NodeId, m: Ready) -> None:
        """Ask a replica that has just started for the promise, or the answer, that it could not give before;
        a leader asks it whether it follows, so that it knows who leads (H9).
        """
        campaign, inquiry, leadership = self.campaign, self.inquiry, self.leadership
        if leadership is not None and m.source in leadership.progress:
            self.ask(leadership, m.source)
        if inquiry is not None and m.source not in inquiry.dead_votes:
            self.send(m.source, AskAlive(self.member, m.source.incarnation, inquiry.asked_at))
        if (
            campaign is not None
            and campaign.ballot == self.log.promised
            and m.source not in campaign.promises
        ):
            self.send(m.source, Prepare(self.member, m.source.incarnation, campaign.ballot, self.log.commit))

    def send_prepares(self, campaign: Campaign) -> None:
        """Ask every voter of every governing config, found ones included (rule 11), and this replica too."""
        for config in self.governing_configs(campaign):
            for member in config.voters:
                if member not in campaign.promises:
                    self.send(
                        member, Prepare(self.member, member.incarnation, campaign.ballot, self.log.commit)
                    )

    def on_promise(self, sender: NodeId, m: Promise) -> None:
        """Count promises of the running campaign; lead once every governing config has a quorum of them."""
        campaign = self.campaign
        if campaign is None or m.ballot != campaign.ballot or campaign.ballot != self.log.promised:
            return
        if m.known != self.log.commit:
            # More is known chosen than when it was asked: the tail would begin below that. Ask again.
            self.send(m.source, Prepare(self.member, m.source.incarnation, m.ballot, self.log.commit))
            return
        self.drop_outdated_promises(campaign)
        known = self.governing_configs(campaign)
        campaign.promises[m.source] = m
        if self.governing_configs(campaign) != known:
            self.send_prepares(campaign)
        if all(self.promised_by_quorum(campaign, config) for config in self.governing_configs(campaign)):
            self.lead(m.ballot, self.adopted_tail(campaign))

    def drop_outdated_promises(self, campaign: Campaign) -> None:
        """Ask again every acceptor that answered before the candidate learnt more: the tail that it sent
        begins below what is known now.

        Such a promise must not count at all. When its tail was ignored and its vote counted, a chosen slot
        was filled anew (found by exploration: pct, seed 21007721).
        """
        outdated = [source for source, m in campaign.promises.items() if m.known != self.log.commit]
        for source in outdated:
            del campaign.promises[source]
            self.send(source, Prepare(self.member, source.incarnation, campaign.ballot, self.log.commit))

    def promised_by_quorum(self, campaign: Campaign, config: Config) -> bool:
        """Whether a quorum of this config promised the running campaign's ballot. Votes name incarnations."""
        return sum(voter in campaign.promises for voter in config.voters) >= config.quorum

    def governing_configs(self, campaign: Campaign) -> list[Config]:
        """The config known chosen, and every one found in the best tail (rules 11 and 12)."""
        adopted = [record.config for record in self.adopted_tail(campaign)]
        return [self.config, *(config for config in adopted if config is not None)]

    def adopted_tail(self, campaign: Campaign) -> tuple[Record, ...]:
        """The entire tail of the promise with the greatest (last accepted ballot, last slot): never a mixture
        (rule 3).
        """
        best: tuple[Record, ...] = ()
        rank = (NO_BALLOT, 0)
        for member in sorted(campaign.promises):
            m = campaign.promises[member]
            if not self.continues_chosen(m):
                continue
            if (m.last_accepted, m.last_slot) > rank:
                rank, best = (m.last_accepted, m.last_slot), m.tail
        return best

    def continues_chosen(self, m: Promise) -> bool:
        """Whether the promise's record at our last chosen slot is the chosen one; else its tail is void (rule
        3).
        """
        return m.known == self.log.commit and (m.at_known is None or m.at_known == self.identity_at_commit())

    def identity_at_commit(self) -> Ballot:
        """The ballot by which the record in the last slot known to be chosen was proposed: its identity."""
        return self.state.proposed_at if self.state.applied else NO_BALLOT

    def on_refused(self, sender: NodeId, m: Refused) -> None:
        """A higher ballot was promised: end the campaign or the leadership below it."""
        self.see_round(m.promised)
        if self.campaign is not None and m.ballot == self.campaign.ballot:
            self.campaign = None
            self.env.note(Outbid(m.ballot, m.promised))
        if self.leading is not None and m.ballot == self.leading:
            self.step_down()

    def on_too_far_behind(self, sender: NodeId, m: TooFarBehind) -> None:
        """An acceptor knows more to be chosen than this candidate: catch up, then ask again (rule W5).

        A replica that holds a chosen record holds the chosen log below it, since learning any record is a
        promise (rule 10). So a candidate that holds the acceptor's first record need not fetch what is below.
        """
        campaign, log = self.campaign, self.log
        if campaign is None or m.ballot != campaign.ballot:
            return
        holds = m.at_first is not None and log.commit < m.first <= min(m.commit, log.last)
        if holds and log.record(m.first).proposed_at == m.at_first:
            log.commit = m.first
            self.apply_chosen()
            self.prepare_again()
        else:
            self.learn_from(m.source, m.commit)

    def prepare_again(self) -> None:
        """Go on with a campaign from what is known now, since earlier promises are outdated; unless learning
        was a promise of a higher ballot.
        """
        campaign = self.campaign
        if campaign is not None and campaign.ballot == self.log.promised:
            campaign.promises.clear()
            self.send_prepares(campaign)
