"""Storage nodes that stay away are taken for dead, one zone at a time, and what they had is made elsewhere.

1. A node is declared dead when it has not reported for long, unless another zone is mourned: one that has a
   dead node whose voters are not all replaced yet.
2. A zone in which nobody was declared dead for long holds no other zone back any more, mended or not.
3. A voter of a dead node is replaced, unless nobody can: its partition has no quorum, or no node is free.
4. A voter may be replaced only once all other nodes of its partition that stay away are dead: its replacement
   is on one of them, and ends when that is dead.

One node of each zone may stay away.

Source: docs/table.md, *Repair* (when a node is taken for dead).
"""

from dynaproof.model.language import (
    Array,
    Bool,
    Constant,
    Enum,
    Expected,
    Int,
    Model,
    Scalar,
    action,
    always,
    eventually,
    require,
    sometimes,
)


class Mourning(Model):
    """Whatever stays away is replaced if anybody can, and no two zones are given up at once."""

    zones = Constant(3)
    aways = Constant(3)
    """How many nodes may stay away."""

    Zone = Scalar(zones)

    node = Array(Zone, Enum("there", "away", "dead", "replaced"))
    repair = Array(Zone, Enum("possible", "waits", "impossible"))
    """Whether the voter there can be replaced; *waits*: when the other nodes that stay away are dead."""
    old = Array(Zone, Bool())
    """Whether it is long since a node of the zone was declared dead."""
    away = Int(0, aways)
    over = Bool()
    """Whether no more nodes stay away from here on."""
    together = Bool()
    """Whether two zones were given up without a pause between them."""

    @action(z=Zone)
    def stay_away(self, z: int) -> None:
        """A node is gone for good; another one is free for what it had."""
        self.leave(z)

    @action(z=Zone)
    def stay_away_beside_a_repair(self, z: int) -> None:
        """A node is gone for good; the partition is being repaired, on another node that may stay away (rule
        4).
        """
        self.leave(z)
        self.repair[z] = "waits"

    @action(z=Zone)
    def stay_away_for_good(self, z: int) -> None:
        """A node is gone for good, and nobody can have what it had (rule 3)."""
        self.leave(z)
        self.repair[z] = "impossible"

    def leave(self, z: int) -> None:
        """A node that was there stays away."""
        require(not self.over and self.node[z] == "there" and self.away < self.aways)
        self.node[z] = "away"
        self.away = self.away + 1

    @action(fair=True)
    def end(self) -> None:
        """No more nodes stay away."""
        require(not self.over)
        self.over = True

    @action(fair=True, z=Zone)
    def declare(self, z: int) -> None:
        """A node is taken for dead (rules 1 and 2)."""
        require(self.node[z] == "away" and not any(self.holds_back(w) for w in self.Zone if w != z))
        self.together = self.together or any(self.is_new(w) for w in self.Zone if w != z)
        self.node[z] = "dead"

    def is_new(self, w: int) -> bool:
        """Whether a zone is mourned, and has not been for long."""
        return bool(self.node[w] == "dead" and not self.old[w])

    def holds_back(self, w: int) -> bool:
        """Whether a mourned zone keeps nodes of others from being taken for dead (rules 1 and 2)."""
        return self.is_new(w)

    @action(fair=True, z=Zone)
    def grow_old(self, z: int) -> None:
        """An admin's patience with a zone ends (rule 2)."""
        require(self.node[z] == "dead" and not self.old[z])
        self.old[z] = True

    @action(fair=True, z=Zone)
    def replace(self, z: int) -> None:
        """The voter of a dead node is replaced (rules 3 and 4)."""
        require(self.node[z] == "dead" and self.repair[z] != "impossible")
        require(self.repair[z] == "possible" or all(self.node[w] != "away" for w in self.Zone))
        self.node[z] = "replaced"

    @always
    def nodes_die_one_zone_at_a_time(self) -> bool:
        """No zone is given up soon after another one that is not mended."""
        return bool(not self.together)

    @eventually
    def what_can_be_is_replaced(self) -> bool:
        """In the end only what nobody can replace is missing."""
        return bool(
            self.over
            and all(
                self.node[z] == "there" or self.node[z] == "replaced" or self.repair[z] == "impossible"
                for z in self.Zone
            )
        )

    @sometimes
    def replaced_beside_what_is_lost(self) -> bool:
        """A voter was replaced although one of another zone never can be."""
        return any(
            self.node[w] == "replaced" and self.repair[z] == "impossible" and self.node[z] == "dead"
            for z in self.Zone
            for w in self.Zone
        )

    expected = (Expected({}, 4_840, 11_364, 14),)
