"""How voters are replaced: by the group itself where one has forgotten, or at an operator's command.

A command expects the epoch of the config that it changes, so a late copy of it changes nothing. Every answer
tells which command it answers, by what that names.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from dynaproof.impl.node import Message, Microseconds, NodeId, Timer
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.messages.peer import Peer
from dynaproof.impl.paxos.records import Config, ConfigChange

Role: TypeAlias = Literal["full", "log"]
"""What a new voter has when its config is chosen: the tree and the log, or nothing yet, and then a log that
begins there (rule M5).
"""


class Counted(Struct, frozen=True, gc=False, array_like=True):
    """A chosen config as its log holds it: the record, and a ballot at which that was counted chosen."""

    record: ConfigChange
    ballot: Ballot


class Vacant(Message, frozen=True, gc=False, tag="vacant"):
    """`node` should host a replica and has none; `retired` is the last incarnation that fell silent there.

    A follower passes it on to the leader, and the answer back, since the link between node and leader may be
    cut.
    """

    node: NodeId
    retired: int


class CreateReplica(Message, frozen=True, gc=False, tag="create_replica"):
    """Make the replica `member`; it votes once it knows the log through `config_slot`, and through the config
    that names it. Where `config`, a chosen one, does not name it yet, it is a learner (rule M6). With `log`
    it is a log replica: its log begins behind that record, which every other voter holds durably (rule M5).
    """

    member: Member
    config: Config
    config_slot: int
    log: Counted | None = None
    term: int = 0
    """The term of the admin that commands it (A8); 0 if an operator or a leader does."""
    parent: int = 0
    """The group from which a split made this one, for every incarnation of a child (A5); 0 if none did, or it
    is gone.
    """


class Created(Message, frozen=True, gc=False, tag="created"):
    """The replica `member` is there."""

    member: Member


class DropReplica(Message, frozen=True, gc=False, tag="drop_replica"):
    """Make exactly this incarnation silent for ever: no chosen config will name it again (rule M7)."""

    member: Member
    term: int = 0
    """The term of the admin that commands it (A8); 0 if an operator does."""
    parent: int = 0
    """As in `CreateReplica`: the node may have a replica of the parent that would make this one yet (H11)."""


class Gone(Message, frozen=True, gc=False, tag="gone"):
    """The incarnation `member` is silent for ever."""

    member: Member


class AskReport(Message, frozen=True, gc=False, tag="ask_report"):
    """What does this node host? `asked_at` is by the asker's clock."""

    asked_at: Microseconds


class Report(Message, frozen=True, gc=False, tag="report"):
    """The node that runs under this name now hosts `member`, or nothing; `full`: it has a tree. `asked_at` is
    the question's: of two reports, the answer to the later question says what is newer.
    """

    asked_at: Microseconds
    node: NodeId
    member: Member | None
    full: bool


# --- An operator to a leader ---


class ReplaceVoter(Message, frozen=True, gc=False, tag="replace_voter"):
    """Put `new` in the place of the voter `out` (rule M2): a learner that has caught up or, where `out` is
    lost, a log replica that is made when the config is chosen.
    """

    expected_epoch: int
    out: Member
    new: Member
    role: Role


class RaiseEpoch(Message, frozen=True, gc=False, tag="raise_epoch"):
    """Propose a new config with nobody replaced: whatever expects this epoch is void from then on."""

    expected_epoch: int


class ConfigStatus(Message, frozen=True, gc=False, tag="config_status"):
    """What is the config, and what do the replicas say of themselves? `lost` may name a lost voter."""

    lost: Member | None = None


class Replaced(Message, frozen=True, gc=False, tag="replaced"):
    """`config`, in slot `config_slot`, governs and names `new`; `admitted`: whether all of its voters are.

    `held`, unless it is None, is that config as the leader's log has it, and says that every voter but `new`
    holds the log through it durably: a log may begin there (rule M5).
    """

    new: Member
    config: Config
    config_slot: int
    admitted: bool
    held: Counted | None


class OtherEpoch(Message, frozen=True, gc=False, tag="other_epoch"):
    """The command expects another epoch than that of `config`, and will never have any effect."""

    expected_epoch: int
    config: Config
    config_slot: int


class Status(Message, frozen=True, gc=False, tag="status"):
    """The governing config; whether all its voters are admitted, whether all hold the log through it, and
    whether all do except the one named as lost. A replica that knows the barrier, the slot of which it names,
    hears no voters, and vouches for none: no config follows.
    """

    config: Config
    config_slot: int
    admitted: bool
    held: bool
    others_hold: bool
    lost: Member | None
    barrier: int = 0


class NotNow(Message, frozen=True, gc=False, tag="not_now"):
    """The command has had no effect so far, for this reason: try again."""

    expected_epoch: int
    reason: str
    leader: NodeId | None


class NotCaughtUp(Message, frozen=True, gc=False, tag="not_caught_up"):
    """The learner `new` has the log only through a slot: try again."""

    new: Member
    through: int
    last: int


# --- A leader and those that have no vote ---


class Following(Peer, frozen=True, gc=False, tag="following"):
    """Answers a heartbeat where the replica has no vote: it has the log through a slot. It promises and
    grants nothing.
    """

    ballot: Ballot
    asked_at: Microseconds
    through: int


class Unnamed(Message, frozen=True, gc=False, tag="unnamed"):
    """The replica `member` is here, was made under the config of `epoch`, as a learner or as one of its
    voters, and the newest config that its node knows does not name it: may it be dropped? Asked in a group
    that repairs itself; a follower passes it on.
    """

    member: Member
    epoch: int
    learner: bool


class VacantTimer(Timer, frozen=True, gc=False, tag="vacant"):
    """This node still hosts no replica."""
