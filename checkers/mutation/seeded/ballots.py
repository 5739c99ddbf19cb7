"""Bugs of ballots, votes and quorums."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    ACCEPTOR,
    CANDIDATE,
    LEADER,
    LEADERSHIP,
    LEARNER,
    LOG,
    OUTBOX,
)
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "quorum_of_one",
        "A quorum is n // 2 votes, so the leader's own is enough.",
        Edit(LEADERSHIP, "votes = 0", "votes = 1"),
        breaks=("logs_agree_up_to_commit", "acknowledged_writes_survive"),
    ),
    bug(
        "leader_commits_alone",
        "A leader counts everything that it has proposed as chosen as soon as anything is.",
        Edit(
            LEARNER,
            "through = min(commit, self.log.last)",
            "through = self.log.last if self.leading == ballot else min(commit, self.log.last)",
        ),
        breaks=("logs_agree_up_to_commit", "acknowledged_writes_survive"),
    ),
    bug(
        "old_votes_counted",
        "A leader counts a vote of an older ballot as one for its own first batch.",
        Edit(
            LEADER,
            "if leadership is None or m.ballot != leadership.ballot:",
            "if leadership is None or m.ballot > leadership.ballot:",
            within="Leader.on_vote",
        ),
        Edit(
            LEADER,
            "progress.advance(m.through, self.env.now)",
            """
            through = m.through if m.ballot == leadership.ballot else leadership.tail_end
            progress.advance(through, self.env.now)
            """,
            within="Leader.on_vote",
        ),
        breaks=("logs_agree_up_to_commit", "acknowledged_writes_survive"),
    ),
    bug(
        "own_vote_before_sync",
        "A leader counts its own vote before its disk is synced: that message to itself passes the gate.",
        Edit(
            OUTBOX,
            "weighs, node = 0, self._all",
            """
            own = [one for one in sent if type(one[1]).__name__ == "Vote" and one[1].source.node == one[0]]
            sent = [one for one in sent if one not in own]
            weighs, node = 0, self._all
            """,
        ),
        Edit(OUTBOX, "return []", "return own"),
        breaks=("durable_before_visible",),
    ),
    bug(
        "no_promise_check",
        "An acceptor votes for ballots below its promise.",
        Edit(ACCEPTOR, "if ballot < self.log.promised:", "if False:"),
        Edit(LOG, 'assert ballot >= self.promised, "an acceptor keeps its promise"', "pass"),
        breaks=("quorums_overlap", "chosen_entries_agree"),
    ),
    bug(
        "promise_goes_back",
        "An acceptor promises a ballot below its promise, and then votes for it.",
        Edit(ACCEPTOR, "if m.ballot < self.log.promised:", "if False:"),
        Edit(
            ACCEPTOR,
            "if self.leading is not None and m.ballot > self.leading:",
            "if self.leading is not None and m.ballot != self.leading:",
        ),
        Edit(LOG, "if ballot > self.promised:", "if ballot != self.promised:"),
        breaks=("promises_never_go_back", "quorums_overlap", "chosen_entries_agree"),
    ),
    bug(
        "accept_raises_no_promise",
        "An acceptor does not raise its promise by accepting.",
        Edit(
            LOG,
            "self.promised = self.last_accepted = accepted.ballot",
            "self.last_accepted = accepted.ballot",
        ),
        breaks=("promises_never_go_back", "quorums_overlap", "chosen_entries_agree"),
    ),
    bug(
        "learnt_ballot_forgotten",
        "A restart forgets a ballot that was learnt by an accept.",
        Edit(
            LOG,
            "self.promised = self.last_accepted = accepted.ballot",
            "self.last_accepted = accepted.ballot",
        ),
        Edit(
            LOG,
            "self._write(Accepted(ballot, first + skip, records[skip:], commit))",
            """
            self._write(Accepted(ballot, first + skip, records[skip:], commit))
            self.promised = ballot  # In memory; the fold of the journal does not raise it.
            """,
        ),
        breaks=("promises_never_go_back", "quorums_overlap", "chosen_entries_agree"),
    ),
    bug(
        "campaign_not_journalled",
        "A campaign's ballot is not journalled, so it can be used again after a crash.",
        Edit(CANDIDATE, "self.log.promise(ballot)", "self.log.promised = ballot"),
        breaks=("promises_never_go_back", "one_leader_per_ballot"),
    ),
    bug(
        "old_ballot_led_again",
        "A leader leads its ballot again on a late promise.",
        Edit(
            LEADER,
            """
            self.campaign = None
            self.follow(self.member, ballot)
            """,
            "self.follow(self.member, ballot)",
        ),
        breaks=("one_leader_per_ballot",),
    ),
)
