"""What a campaign should see: a promise that was never put to the test has not been checked.

A `sometimes` is a situation. An observer sees that it is reached, or the system notes it (`Reached`, with the
situation's name); a campaign counts the situations, and shows those that it never saw.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dynaproof.specs.situation import Sometimes
from dynaproof.specs.sometimes_of_capacity import OF_CAPACITY
from dynaproof.specs.sometimes_of_regions import OF_A_REGION, OF_REPAIR, OF_SPLITS
from dynaproof.specs.sometimes_of_scaling import OF_SCALING

LEADER_CHANGED = Sometimes(
    "leader changed under load",
    "A replica began to lead while a client waited for an answer.",
    "Ongaro and Ousterhout, Raft, 5.4.2",
)

OLD_LEADER_DEPOSED = Sometimes(
    "old leader deposed holding unchosen writes",
    "A leader stepped down that had proposed a client's write which was not chosen.",
    "Lamport, Paxos Made Simple, 3",
)

TAIL_ADOPTED = Sometimes(
    "pipelined tail adopted",
    "A new leader found two slots of older ballots or more, and proposed them again.",
    "Lamport, Paxos Made Simple, 3; replication rules 3 and 4",
)

TRAVELLED_TOGETHER = Sometimes(
    "proposals travelled together",
    "A leader sent several records in one accept, which were proposed while its disk was busy.",
    "docs/replication.md, rule W7",
)

NEXT_BATCH_DROPPED = Sometimes(
    "next batch dropped",
    "A leader stepped down with records that it had neither journalled nor sent.",
    "docs/replication.md, rule W7",
)

CLIENT_CRASHED = Sometimes(
    "client crashed with a write under way",
    "A client crashed that waited for the answer to a write, and nobody will hear that answer.",
    "DynamoDB developer guide, error handling; Kingsbury, Maelstrom protocol notes",
)

SPLIT_VOTE = Sometimes(
    "split vote",
    "Two campaigns met: a candidate was refused for the ballot of another that had not won yet.",
    "Ongaro and Ousterhout, Raft, 5.2",
)

TORN_TAIL = Sometimes(
    "recovery from a torn tail",
    "A restart cut a frame that a crash had kept in part.",
    "Chandra et al., Paxos Made Live, 5.1",
)

ROT_FOUND = Sometimes(
    "rot found",
    "An incarnation found damaged synced state of its own, and fell silent.",
    "Alagappan et al., FAST 2018; replication rule 13",
)

PAGE_ROT_FOUND = Sometimes(
    "page rot found",
    "It was a page of its checkpoint that was damaged.",
    "Zhang et al., FAST 2010; replication rule 13",
)

VOTER_REPLACED = Sometimes(
    "voter replaced",
    "A new incarnation was made by a config that retires another.",
    "docs/replication.md, rules 9 to 14",
)

CATCH_UP_BY_COPY = Sometimes(
    "catch-up by copy",
    "A replica behind its peers' logs installed a checkpoint of one of them.",
    "Chandra et al., Paxos Made Live, 5.2",
)

HELD_LOG_COPIED = Sometimes(
    "held log brought by a copy",
    "A copied checkpoint came with the records below it that a reader had not read yet.",
    "model/catch_up.py, rule 3",
)

COPY_WENT_ON = Sometimes(
    "copy went on from another view",
    "A copy that was under way went on from a newer checkpoint, or from another source.",
    "docs/replication.md, copies",
)

LOG_HELD_FOR_A_COPY = Sometimes(
    "log held for a copy",
    "A source did not cut its log where it would have, for a replica that copies had not got that far.",
    "docs/replication.md, copies",
)

REPLY_LOST = Sometimes(
    "retry after a lost reply",
    "A later attempt at a write that had taken effect was answered from memory.",
    "docs/replication.md, exactly once",
)

FAILED_CONDITION_RETRIED = Sometimes(
    "failed condition retried",
    "A later attempt at a write whose condition had failed was answered from memory.",
    "docs/replication.md, exactly once",
)

LATE_LEASE_READ = Sometimes(
    "lease read just before its end",
    "A strong read was served in the last eighth of a lease.",
    "Gray and Cheriton, Leases; docs/replication.md, rule 15",
)

GRAY_LINK = Sometimes(
    "gray link deposed nobody",
    "A would-be candidate, cut off from the leader, heard from a peer that it is alive.",
    "DynamoDB (ATC 2022), 5 (failure detection)",
)

LOG_READ = Sometimes(
    "log read through a cursor",
    "A reader took chosen records from its place on.",
    "docs/replication.md, readers of the log",
)

LOG_HELD = Sometimes(
    "log held for a reader",
    "A log was not cut where it would have been, for a reader had not got that far.",
    "docs/replication.md, readers of the log",
)

WAITED_FOR_ROOM = Sometimes(
    "request waited for room",
    "A request found the leader's window full, and waited at the leader for its turn.",
    "docs/replication.md, rule W1",
)

TAIL_TOO_LONG = Sometimes(
    "candidate caught up before it was promised",
    "An acceptor's tail did not fit a message, so its candidate had to learn first what is chosen.",
    "docs/replication.md, rule W5",
)

KEPT_BEHIND_A_GAP = Sometimes(
    "accept kept behind a gap",
    "An accept overtook the one before it, and was kept until that came.",
    "docs/replication.md, rule 5",
)

HOLD_LAPSED = Sometimes(
    "hold of a slow reader lapsed",
    "A reader fell so far behind that its hold on the log ended.",
    "docs/replication.md, readers of the log",
)

LEVEL_AGAIN = Sometimes(
    "replica level again under load",
    "A replica that had been away caught up with what was written meanwhile and since.",
    "Chandra et al., Paxos Made Live, 5.2",
)

FREE_PAGES_KNOWN = Sometimes(
    "free pages known after a restart",
    "A scrub reached all pages of a restarted replica's trees, so all others are free.",
    "impl/tree/page_file.py",
)

FULL_CACHE = Sometimes(
    "checkpoint by a full cache",
    "What had changed since the last checkpoint took too much memory to wait for the next.",
    "impl/tree/page_cache.py",
)

LEADER_REPLACED = Sometimes(
    "leader replaced while it served",
    "A leader counted a config that does not name it, and released its lease in the same step.",
    "Lamport, Malkhi and Zhou, Reconfiguring a State Machine; docs/replication.md, rule M7",
)

CONFIG_COUNTED_LATE = Sometimes(
    "config counted late",
    "A leader counted a config chosen that an earlier leader had proposed.",
    "docs/replication.md, rules 11 and L1",
)

LOSS_IN_A_CONFIG = Sometimes(
    "loss in the middle of a config",
    "A replica went down while a config was on a disk, and not chosen.",
    "docs/replication.md, rule 14",
)

PROMISED_UNADMITTED = Sometimes(
    "promise of a voter that is not admitted",
    "A candidate was promised its ballot by an incarnation that does not know its own config to be chosen.",
    "docs/replication.md, rule 14",
)

LOG_REPLICA_COPIES = Sometimes(
    "log replica copies its tree while it votes",
    "A log replica voted or granted while a copy of the tree was under way to it.",
    "Liskov et al., Harp, SOSP 1991 (witnesses); docs/replication.md, rule M5",
)

LOG_REPLICA_ASKED = Sometimes(
    "log replica asked from below its log",
    "A candidate that a restart had taken its commit index from asked a log replica for its promise.",
    "docs/replication.md, rule M5",
)

MADE_EMPTY = Sometimes(
    "voter made empty",
    "An operator had a voter made without a log, for the others did not hold it far enough in time.",
    "docs/replication.md, rule M5",
)

CHANGE_FAILED = Sometimes(
    "change of several keys failed",
    "A change found that one of its keys had another version by then, and changed none of them.",
    "impl/partition/messages/requests.py, Change",
)

PAGE_FULL = Sometimes(
    "page was full",
    "A page had no room for all that was asked for, and said how far it is complete.",
    "docs/table.md, R8",
)

EARLIER_STATE_SHOWN = Sometimes(
    "page of an earlier state",
    "A client was shown a page, and what stands in the group had changed since its slot.",
    "docs/table.md, R8",
)

SOMETIMES: Mapping[str, Sometimes] = MappingProxyType(
    {
        one.name: one
        for one in (
            LEADER_CHANGED,
            OLD_LEADER_DEPOSED,
            TAIL_ADOPTED,
            TRAVELLED_TOGETHER,
            CLIENT_CRASHED,
            SPLIT_VOTE,
            TORN_TAIL,
            ROT_FOUND,
            PAGE_ROT_FOUND,
            VOTER_REPLACED,
            CATCH_UP_BY_COPY,
            HELD_LOG_COPIED,
            COPY_WENT_ON,
            LOG_HELD_FOR_A_COPY,
            REPLY_LOST,
            FAILED_CONDITION_RETRIED,
            LATE_LEASE_READ,
            GRAY_LINK,
            LOG_READ,
            LOG_HELD,
            WAITED_FOR_ROOM,
            TAIL_TOO_LONG,
            FREE_PAGES_KNOWN,
            FULL_CACHE,
        )
    }
)
"""Every situation by name, in the order in which reports show them."""

UNDER_LOAD: Mapping[str, Sometimes] = MappingProxyType(
    {one.name: one for one in (NEXT_BATCH_DROPPED, KEPT_BEHIND_A_GAP, HOLD_LAPSED, LEVEL_AGAIN)}
)
"""Situations that need more load than a few clients make."""

OF_MEMBERSHIP: Mapping[str, Sometimes] = MappingProxyType(
    {
        one.name: one
        for one in (
            LEADER_REPLACED,
            CONFIG_COUNTED_LATE,
            LOSS_IN_A_CONFIG,
            PROMISED_UNADMITTED,
            LOG_REPLICA_COPIES,
            LOG_REPLICA_ASKED,
            MADE_EMPTY,
        )
    }
)
"""Situations that need an operator, or more replacements than faults bring about."""

OF_SEVERAL_ITEMS: Mapping[str, Sometimes] = MappingProxyType(
    {one.name: one for one in (CHANGE_FAILED, PAGE_FULL, EARLIER_STATE_SHOWN)}
)
"""Situations that need operations on several items."""


EVERY: Mapping[str, Sometimes] = MappingProxyType(
    {
        **SOMETIMES,
        **UNDER_LOAD,
        **OF_MEMBERSHIP,
        **OF_SEVERAL_ITEMS,
        **OF_A_REGION,
        **OF_REPAIR,
        **OF_SPLITS,
        **OF_CAPACITY,
        **OF_SCALING,
    }
)
"""All situations by name."""
