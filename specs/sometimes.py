"""What a campaign should see: a promise that was never tried has not been checked.

A `sometimes` is a situation by name. The system and its observer say that it is reached (`Reached`, or
`ImplObserver.reach`); a campaign counts, and shows what it never saw.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from dynaproof.specs.promise import Kind


class Sometimes(Struct, frozen=True):
    """A situation that a campaign should reach: its name, what happens in it, and where it is from."""

    name: str
    sentence: str
    source: str
    kind: Kind = "sometimes"


_LISTED = (
    Sometimes(
        "leader changed under load",
        "A replica began to lead while a client waited for an answer.",
        "Ongaro and Ousterhout, Raft, 5.4.2",
    ),
    Sometimes(
        "old leader deposed holding unchosen writes",
        "A leader stepped down that had proposed a client's write which was not chosen.",
        "Lamport, Paxos Made Simple, 3",
    ),
    Sometimes(
        "pipelined tail adopted",
        "A new leader found two slots of older ballots or more, and proposed them again.",
        "Lamport, Paxos Made Simple, 3; replication rules 3 and 4",
    ),
    Sometimes(
        "split vote",
        "Two campaigns met: a candidate was refused for the ballot of another that had not won yet.",
        "Ongaro and Ousterhout, Raft, 5.2",
    ),
    Sometimes(
        "recovery from a torn tail",
        "A restart cut a frame that a crash had kept in part.",
        "Chandra et al., Paxos Made Live, 5.1",
    ),
    Sometimes(
        "rot found",
        "An incarnation found damaged synced state of its own, and fell silent.",
        "Alagappan et al., FAST 2018; replication rule 13",
    ),
    Sometimes(
        "page rot found",
        "It was a page of its checkpoint that was damaged.",
        "Zhang et al., FAST 2010; replication rule 13",
    ),
    Sometimes(
        "voter replaced",
        "A new incarnation was made by a config that retires another.",
        "Replication rules 9 to 14",
    ),
    Sometimes(
        "catch-up by copy",
        "A replica behind its peers' logs installed a checkpoint of one of them.",
        "Chandra et al., Paxos Made Live, 5.2",
    ),
    Sometimes(
        "held log brought by a copy",
        "A copied checkpoint came with the records below it that a reader had not read yet.",
        "model/catch_up.py, rule 3",
    ),
    Sometimes(
        "retry after a lost reply",
        "A later attempt at a write that had taken effect was answered from memory.",
        "DESIGN, exactly-once requests",
    ),
    Sometimes(
        "failed condition retried",
        "A later attempt at a write whose condition had failed was answered from memory.",
        "DESIGN, exactly-once requests",
    ),
    Sometimes(
        "lease read just before its end",
        "A strong read was served in the last eighth of a lease.",
        "Gray and Cheriton, Leases; replication rule 15",
    ),
    Sometimes(
        "gray link deposed nobody",
        "A would-be candidate, cut off from the leader, heard from a peer that it is alive.",
        "DynamoDB (ATC 2022), 5 (failure detection)",
    ),
    Sometimes(
        "log read through a cursor",
        "A reader took chosen records from its place on.",
        "DESIGN section 4 (replication log)",
    ),
    Sometimes(
        "log held for a reader",
        "A log was not cut where it would have been, for a reader had not got that far.",
        "DESIGN section 4 (retention holds)",
    ),
)

SOMETIMES: dict[str, Sometimes] = {one.name: one for one in _LISTED}
"""Every situation by name, in the order in which reports show them."""


def never_seen(counts: Mapping[str, int]) -> tuple[str, ...]:
    """The situations that a campaign with these counts has not reached."""
    return tuple(name for name in SOMETIMES if not counts.get(name))
