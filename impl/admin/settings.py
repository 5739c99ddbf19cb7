"""How an admin paces itself, and its bounds."""

from __future__ import annotations

from msgspec import Struct

from dynaproof.impl.capacity.on_demand import WINDOW_US
from dynaproof.impl.node import Microseconds
from dynaproof.impl.router.caller import CallerSettings


class AdminSettings(Struct, frozen=True):
    """Durations are of the admin's own clock."""

    takeover_us: Microseconds = 10_000_000
    """After which an admin that does not touch its record is taken for dead."""
    touch_us: Microseconds = 2_000_000
    """How often the active admin touches its record, and the others look at it."""
    command_retry_us: Microseconds = 500_000
    """After which a command is sent again; it doubles each time."""
    most_retry_us: Microseconds = 8_000_000
    """What that grows to, at the most."""
    leader_retry_us: Microseconds = 200_000
    """After which a known leader is asked again: it does not say when what it has begun is done."""
    call_us: Microseconds = 10_000_000
    """How long a read or a change of the metadata is tried."""
    heard_us: Microseconds = 20_000_000
    """For how long a storage node that has reported gets new replicas."""
    sessions: int = 1_024
    """Sessions of routers, at the most; beyond that, the least recently used one is closed."""
    workflows: int = 64
    """Workflows under way, at the most; more are refused."""
    replicas_per_node: int = 1_000
    """A storage node that has this many replicas gets no more."""
    collected_at_once: int = 100
    """Partitions of a storage node that are looked up at a time, for whether anything names them (A11)."""
    orders: int = 64
    """Orders of routers under way at a time, at the most; more stay unanswered."""
    commands: int = 64
    """Commands that one workflow sends at a time, at the most."""
    survey_us: Microseconds = 5_000_000
    """Pause between two walks over all partitions."""
    hurry_us: Microseconds = 100_000
    """The pause after a change that walks act on: a node is lost, or there is room for the next move."""
    dead_us: Microseconds = 60_000_000
    """After which a storage node that does not report is taken for dead."""
    patience_us: Microseconds = 3_600_000_000
    """After which a step of a replacement is given up, though its node lives: a copy takes its time."""
    held_us: Microseconds = 3_000_000
    """How long to wait for the word that a log may begin at a config (M5)."""
    replacements: int = 64
    """Voters being replaced at a time, at the most."""
    repairs_per_node: int = 2
    """Replicas being made for that on one node, at the most."""
    balance_at_once: int = 4
    """Replicas being moved off nodes that are drained or have too much, at the most."""
    balances: bool = True
    """Whether replicas are moved to nodes that have less."""
    balance_bytes: int = 1 << 30
    """They are moved where the trees of a zone take at least this much."""
    balance_requests: int = 10_000
    """They are moved, too, where clients have asked in a zone this often between two reports."""
    splits_at_once: int = 4
    """Partitions being split at a time, at the most."""
    split_patience_us: Microseconds = 10_000_000
    """After which a split that its leader has not answered is given up."""
    make_us: Microseconds = 10_000_000
    """After which a child is made by copy where no replica of its parent will make it."""
    split_bytes: int = 10 << 30
    """A partition is split when its tree takes this much."""
    hot_requests: int = 16_000
    """A partition is hot when clients have asked its leader this often between two reports."""
    heat_us: Microseconds = 60_000_000
    """A partition is split, too, when it has been hot for this long."""
    on_demand_window_us: Microseconds = WINDOW_US
    """After which an on-demand table takes twice its peak since."""
    chores: int = 64
    """Changes that a walk has found and that wait, at the most."""
    partitions_per_write: int = 500
    """Partitions of a table when it is created, at the most."""
    caller: CallerSettings = CallerSettings()

    @property
    def ordered_moves(self) -> int:
        """With this many voters being replaced, operators may order no more moves: the other half of the
        places is for repairs.
        """
        return (self.replacements + 1) // 2
