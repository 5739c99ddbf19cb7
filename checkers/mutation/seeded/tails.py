"""Bugs of what a new leader adopts, and of what an acceptor keeps."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import ACCEPTOR, CANDIDATE, LEARNER, LOG, SENDER
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "ignores_accepted",
        "A new leader adopts nothing.",
        Edit(CANDIDATE, "return best", "return ()"),
        breaks=("chosen_entries_agree", "acknowledged_writes_survive"),
    ),
    bug(
        "lowest_accepted_adopted",
        "A new leader adopts the tail of the lowest accepted ballot.",
        Edit(
            CANDIDATE,
            "if (m.last_accepted, m.last_slot) > rank:",
            "if m.tail and (not best or (m.last_accepted, m.last_slot) < rank):",
        ),
        breaks=("chosen_entries_agree", "acknowledged_writes_survive"),
    ),
    bug(
        "slot_by_slot_adoption",
        "A new leader fills the end of the best tail from other promises: a mixture.",
        Edit(
            CANDIDATE,
            "return best",
            """
            counted = [m for _, m in sorted(campaign.promises.items()) if self.continues_chosen(m)]
            for m in sorted(counted, key=lambda m: (m.last_accepted, m.last_slot), reverse=True):
                best += m.tail[len(best) :]
            return best
            """,
        ),
        breaks=("chosen_entries_agree", "chosen_entries_follow", "commit_timestamps_increase"),
    ),
    bug(
        "adopted_records_stamped_anew",
        "A new leader gives the records that it adopts later commit timestamps, and their identity stays.",
        Edit(
            CANDIDATE,
            "return best",
            """
            from msgspec import structs
            return tuple(structs.replace(record, timestamp=record.timestamp + 1) for record in best)
            """,
        ),
        breaks=("chosen_entries_agree", "one_leader_per_ballot"),
    ),
    bug(
        "last_accepted_from_entries",
        "An acceptor that learns takes the highest ballot of the entries that it retains for its last "
        "accepted one.",
        Edit(
            LOG,
            "self.commit = max(self.commit, first + len(records) - 1)",
            """
            self.commit = max(self.commit, first + len(records) - 1)
            self.last_accepted = max(entries.recent.held_at, default=NO_BALLOT)
            """,
        ),
        breaks=("chosen_entries_agree", "acknowledged_writes_survive"),
    ),
    bug(
        "tail_slot_by_slot",
        "The adopted tail is proposed again one slot at a time.",
        Edit(
            SENDER,
            "if known < leadership.tail_end:",
            """
            for record in batch:
                one, to, commit = (record,), member.incarnation, self.log.commit
                self.send(
                    member,
                    Accept(self.member, to, leadership.ballot, self.env.now, record.slot, one, known, commit),
                )
            if False:  # Instead of the batch.
            """,
        ),
        breaks=("chosen_entries_agree", "acknowledged_writes_survive"),
    ),
    bug(
        "no_cut_on_accept",
        "An acceptor keeps what is above an accept of a new ballot, so its tail is torn.",
        Edit(LOG, "if accepted.ballot > self.last_accepted:", "if False:"),
        breaks=("chosen_entries_agree", "logs_agree_up_to_commit"),
    ),
    bug(
        "cuts_its_own_ballot",
        "A late repeat of the first batch is installed again and cuts newer votes of its own ballot.",
        Edit(ACCEPTOR, "if self.log.last_accepted != m.ballot:", "if True:"),
        Edit(LOG, "if accepted.ballot > self.last_accepted:", "if True:"),
        breaks=("acknowledged_writes_survive", "chosen_entries_agree"),
    ),
    bug(
        "known_chosen_inside_tail",
        "A slot of the adopted tail may go alone, behind one that its voter knows to be chosen.",
        Edit(
            ACCEPTOR,
            "return m.tail_end <= previous <= self.log.commit",
            "return previous <= self.log.commit",
        ),
        Edit(SENDER, "follows = m.adopted or m.through >= leadership.tail_end", "follows = True"),
        Edit(
            SENDER, "self.in_message(first, min(log.last, first + room - 1))", "self.in_message(first, first)"
        ),
        breaks=("chosen_entries_agree", "acknowledged_writes_survive"),
    ),
    bug(
        "no_prefix_rule",
        "Slots are accepted behind entries of other ballots.",
        Edit(
            ACCEPTOR,
            """
            if self.log.last_accepted == m.ballot:
                return previous <= self.log.last
            return m.tail_end <= previous <= self.log.commit
            """,
            "return self.log.first - 1 <= previous <= self.log.last",
        ),
        breaks=("logs_agree_up_to_commit", "chosen_entries_agree"),
    ),
    bug(
        "outdated_promises_counted",
        "A promise from before a catch-up counts although its tail begins below what is known.",
        Edit(CANDIDATE, "self.drop_outdated_promises(campaign)", "pass"),
        Edit(CANDIDATE, "campaign.promises.clear()", "pass"),
        breaks=("chosen_entries_agree", "quorums_overlap"),
    ),
    bug(
        "foreign_prefix_not_voided",
        "A tail counts although its record at the last chosen slot is not the chosen one.",
        Edit(
            CANDIDATE,
            " and (m.at_known is None or m.at_known == self.identity_at_commit())",
            "",
        ),
        breaks=("chosen_entries_follow", "chosen_entries_agree"),
    ),
    bug(
        "commit_from_stale_heartbeat",
        "A heartbeat's commit index is taken for entries of other ballots.",
        Edit(LEARNER, "if self.log.last_accepted != ballot:", "if False:"),
        breaks=("logs_agree_up_to_commit",),
    ),
)
