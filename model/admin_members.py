"""Repair and move of one partition's replicas, by admins that may be deposed and may crash at any step, and
whose commands arrive late and more than once.

A command, once sent, stays under way forever, so it does not matter which admin sent it, or whether that
admin is still active. Each write of the metadata is conditioned on the record that was read, so the record
moves step by step, whichever admin moves it. A *member* is a node and an incarnation; members are numbered as
the metadata allots their incarnations, none of which is used again.

1. A workflow begins with one conditioned write: it takes the partition (one workflow at a time), allots an
   incarnation, and records the member that leaves, the new member's node, and the epoch of the config that it
   *expects*: that of the metadata's copy. No zone ever has more than (n - 1) / 2 of the n voters, and no node
   has two.
2. A node obeys the command to create a member if the incarnation is above all those of this partition that it
   ever made, lost or dropped, and no other replica of the partition lives there.
3. A leader obeys the command to replace a voter only at the epoch that it expects. Every config raises the
   epoch by one.
4. The metadata's copy is taken from a chosen config, and only forward in its epoch.
5. A workflow may be given up at any step, and is when its node hosts another replica of the partition, else
   it would wait forever. A member is dropped only if a *chosen* config whose epoch is above the one that the
   member's command expects does not name it; if nothing else raises the epoch, the admin has the leader raise
   it.
6. A node drops exactly the incarnation that the command names, neither older nor newer ones.
7. What to drop is decided by what nodes report to have, compared with the metadata as read after that, and
   not by workflows: so nothing that a workflow forgot remains.

Source: Lamport, Malkhi and Zhou, *Reconfiguring a State Machine*, SIGACT News 2010.
"""

from dynaproof.model.language import (
    Array,
    Constant,
    Enum,
    Expected,
    Int,
    Model,
    Option,
    Range,
    Set,
    action,
    always,
    always_possible,
    initial,
    require,
    sometimes,
)


class AdminMembers(Model):
    """No voter is ever dropped, zones stay apart, and the partition can become whole again."""

    voters = Constant(3)
    news = Constant(3)
    epochs = Constant(4)
    losses = Constant(1)
    moves = Constant(1)
    given_up_at_most = Constant(1)

    Node = Range(0, voters)
    """One more than voters. Of three voters, nodes 0 and 1 are alone in their zones, and nodes 2 and 3 share
    one; of five, the zones have one, two and three nodes.
    """
    Member = Range(0, voters - 1 + news)
    """The first ones are there at first, on the nodes of their numbers."""

    node = Array(Member, Option(Node))
    out = Array(Member, Option(Member))
    """Whom a member is to replace,"""
    expects = Array(Member, Int(0, epochs))
    """and at which epoch."""
    state = Array(Member, Enum("none", "there", "lost", "dropped"))
    again = Set(Member)
    """Members that were there again after they had been lost or dropped."""

    config = Set(Member)
    epoch = Int(1, epochs)
    in_flight = Option(Member)
    """The new member of the config that is proposed and not chosen."""

    listed = Set(Member)
    listed_epoch = Int(1, epochs)
    """The metadata's copy of the config,"""
    workflow = Option(Member)
    """and the new member of the workflow under way."""
    creates = Set(Member)
    replaces = Set(Member)
    drops = Set(Member)
    """Commands that were sent."""

    lost = Int(0, losses)
    moved = Int(0, moves)
    given_up = Int(0, given_up_at_most)
    not_found = Int(0, 1)

    @initial
    def all_voters_are_there(self) -> None:
        """Each is on its node, as the metadata has it."""
        for m in range(self.voters):
            self.state[m] = "there"
            self.node[m] = m
            self.config.add(m)
            self.listed.add(m)

    # ---------------------------------------------------------------- the metadata, by any admin

    @action(fair=True, m=Member, o=Member, n=Node)
    def repair(self, m: int, o: int, n: int) -> None:
        """A voter is lost: a workflow begins to replace it (rule 1)."""
        require(o in self.listed and self.state[o] == "lost")
        self.plan(m, o, n)

    @action(m=Member, o=Member, n=Node)
    def move(self, m: int, o: int, n: int) -> None:
        """A workflow begins to move a replica to another node (rule 1)."""
        require(self.moved < self.moves and o in self.listed and self.node[o] != n)
        self.moved = self.moved + 1
        self.plan(m, o, n)

    def plan(self, m: int, o: int, n: int) -> None:
        """The next incarnation, on a node without another voter in a zone with room, by the metadata."""
        require(self.workflow is None and self.node[m] is None)
        require(all(self.node[k] is not None for k in self.Member if k < m))
        require(all(self.node[k] != n for k in self.listed if k != o))
        require(sum(self.zone_of(k) == self.zone(n) for k in self.listed if k != o) < self.most_in_a_zone())
        self.node[m] = n
        self.out[m] = o
        self.expects[m] = self.listed_epoch
        self.workflow = m

    @action(fair=True, m=Member)
    def send_create(self, m: int) -> None:
        """The workflow sends its first command."""
        require(self.workflow == m and m not in self.creates)
        self.creates.add(m)

    @action(fair=True, m=Member)
    def send_replace(self, m: int) -> None:
        """It sends the second one, once the node has answered the first."""
        require(self.workflow == m and self.state[m] != "none" and m not in self.replaces)
        self.replaces.add(m)

    @action(fair=True)
    def list_config(self) -> None:
        """The metadata takes over a newer chosen config (rule 4)."""
        require(self.listed_epoch < self.epoch)
        self.listed = self.config
        self.listed_epoch = self.epoch

    @action(fair=True, m=Member)
    def finish(self, m: int) -> None:
        """The epoch that the workflow expected is past, in its favour or not."""
        require(self.workflow == m and self.listed_epoch > self.expects[m])
        self.workflow = None

    @action(m=Member)
    def give_up(self, m: int) -> None:
        """A workflow is given up (rule 5)."""
        require(self.workflow == m and self.given_up < self.given_up_at_most)
        self.given_up = self.given_up + 1
        self.workflow = None

    @action(fair=True, m=Member)
    def give_up_refused(self, m: int) -> None:
        """A workflow is given up whose node hosts another replica of the partition, and says so."""
        require(self.workflow == m and self.state[m] == "none" and m in self.creates)
        require(
            any(k != m and self.node[k] == self.node[m] and self.state[k] == "there" for k in self.Member)
        )
        self.workflow = None

    @action(fair=True, m=Member)
    def send_drop(self, m: int) -> None:
        """A node reports, or may yet make, a replica that the metadata does not list (rules 5 and 7)."""
        require(self.state[m] == "there" or (m in self.creates and self.state[m] == "none"))
        require(m not in self.drops and m not in self.listed and self.may_drop(m))
        self.drops.add(m)

    @action(fair=True, m=Member)
    def raise_epoch(self, m: int) -> None:
        """The leader chooses the same config again, with the next epoch, so that `m` can go (rule 5)."""
        require(self.node[m] is not None and m != self.workflow and self.workflow is None)
        require(self.state[m] != "dropped" and self.state[m] != "lost" and m not in self.config)
        require(self.expects[m] == self.epoch and self.in_flight is None and self.epoch < self.epochs)
        require(m in self.creates)
        self.epoch = self.epoch + 1

    # ---------------------------------------------------------------- the partition's leader

    @action(fair=True, m=Member)
    def propose(self, m: int) -> None:
        """The command to replace a voter arrives, however late; the new member has caught up (rule 3)."""
        require(m in self.replaces and self.in_flight is None and self.state[m] == "there")
        require(m not in self.config and self.out[m] in self.config and self.is_at_its_epoch(m))
        require(self.epoch < self.epochs)
        self.in_flight = m

    @action(fair=True, m=Member)
    def choose(self, m: int) -> None:
        """The config is chosen."""
        require(self.in_flight == m)
        self.config = {k for k in self.config if k != self.out[m]} | {m}
        self.epoch = self.epoch + 1
        self.in_flight = None

    @action
    def change_leader(self) -> None:
        """The next leader does not find the config that is in flight."""
        require(self.in_flight is not None and self.not_found == 0)
        self.not_found = 1
        self.in_flight = None

    # ---------------------------------------------------------------- storage nodes

    @action(fair=True, m=Member)
    def receive_create(self, m: int) -> None:
        """The command to create a member arrives, however late (rule 2)."""
        require(m in self.creates and self.state[m] != "there" and self.may_create(m))
        require(
            not any(k != m and self.node[k] == self.node[m] and self.state[k] == "there" for k in self.Member)
        )
        self.state[m] = "there"
        if self.state[m] != "none":
            self.again.add(m)

    @action(fair=True, m=Member)
    def receive_drop(self, m: int) -> None:
        """The command to drop a member arrives, however late (rule 6)."""
        require(m in self.drops)
        for k in self.Member:
            if self.node[k] == self.node[m] and self.drops_with(k, m) and self.state[k] != "lost":
                self.state[k] = "dropped"

    @action(m=Member)
    def lose(self, m: int) -> None:
        """A voter forgets, while a quorum is there without it."""
        require(m in self.config and self.state[m] == "there" and self.lost < self.losses)
        require(2 * sum(self.state[k] == "there" for k in self.config if k != m) > self.voters)
        self.lost = self.lost + 1
        self.state[m] = "lost"

    # ---------------------------------------------------------------- what the rules require

    def most_in_a_zone(self) -> int:
        """How many of the voters a zone may have, so that a quorum is left without it (rule 1)."""
        return int((self.voters - 1) // 2)

    def zone(self, n: int) -> int:
        """The zone of a node, 0 to 2; the last one has one node more than its share."""
        return min((n + self.most_in_a_zone() - 1) // self.most_in_a_zone(), 2)

    def zone_of(self, m: int) -> int:
        """The zone of a member's node."""
        return sum(self.zone(n) for n in self.Node if self.node[m] == n)

    def is_at_its_epoch(self, m: int) -> bool:
        """Whether the config still has the epoch that the command expects (rule 3)."""
        return bool(self.expects[m] == self.epoch)

    def may_drop(self, m: int) -> bool:
        """Whether a chosen config of a later epoch does not name it (rule 5)."""
        return bool(self.listed_epoch > self.expects[m])

    def drops_with(self, k: int, m: int) -> bool:
        """Whether the command to drop `m` drops `k` (rule 6)."""
        return k == m

    def may_create(self, m: int) -> bool:
        """Whether no such or later incarnation ever was on its node (rule 2)."""
        return self.state[m] == "none" and not any(
            k > m and self.node[k] == self.node[m] and self.state[k] != "none" for k in self.Member
        )

    # ---------------------------------------------------------------- promises

    @always
    def no_voter_is_dropped(self) -> bool:
        """A voter of the chosen config is there, or was lost; nobody dropped it."""
        return all(self.state[m] == "there" or self.state[m] == "lost" for m in self.config)

    @always
    def zones_apart(self) -> bool:
        """All voters are on nodes of their own, and no zone has a quorum's share of them."""
        return (
            len(self.config) == self.voters
            and all(self.node[m] != self.node[k] for m in self.config for k in self.config if m < k)
            and all(sum(self.zone_of(m) == z for m in self.config) <= self.most_in_a_zone() for z in range(3))
        )

    @always
    def nobody_comes_back(self) -> bool:
        """What was lost or dropped is never there again as the same incarnation."""
        return len(self.again) == 0

    @always_possible
    def whole(self) -> bool:
        """All voters can live again, listed by the metadata, with no other replica beside them; unless the
        incarnations or epochs of the model are used up.
        """
        return (
            (
                all((self.state[m] == "there") == (m in self.config) for m in self.Member)
                and self.listed == self.config
            )
            or self.node[self.voters - 1 + self.news] is not None
            or self.epoch == self.epochs
        )

    @sometimes
    def given_up_and_chosen(self) -> bool:
        """A workflow that was given up has its config chosen."""
        return (
            self.given_up > 0
            and self.workflow is None
            and any(m >= self.voters and m in self.config for m in self.Member)
            and self.lost == 0
        )

    @sometimes
    def back_on_its_node(self) -> bool:
        """A node has a newer incarnation, and the command to drop an older one is still under way."""
        return any(
            self.state[m] == "there" and m in self.config and self.node[k] == self.node[m] and k in self.drops
            for m in self.Member
            for k in self.Member
            if k < m
        )

    expected = (
        Expected({}, 64_563, 210_502, 31),
        Expected({"voters": 5, "losses": 2}, 2_238_714, 8_041_412, 32),
    )
