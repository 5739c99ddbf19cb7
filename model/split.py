"""Splitting a partition: a barrier in the parent's log, two children, and routers that have not heard of it.

Consensus is abstracted, for the parent (a log, a chosen prefix, elections that keep what is chosen) and more
so for a child (what its leader takes is chosen at once). Each key goes to a different child. The rules:

1. `Split` is a barrier: what the parent's log has behind it takes no effect and is not acknowledged. The
   parent's leader does not serve once it has applied it.
2. A replica that has applied the split *no longer grants the parent a lease*, and votes for a child's leader
   only when what it had granted before has run out. So a child's leader has waited out every lease of the
   parent, and no later one can begin.
3. A child starts with its half of the items, the parent's slots and timestamps, and the ids of the requests
   that the parent remembers for its keys.
4. One transaction of the metadata takes the parent out and both children in.
5. A router sends to the partition that its cache names; so copies of a request may arrive at the parent and
   at a child.

A grantor's grant outlives the leader's use of it (see the model `lease`); that order is all that is left of
time here. The usual descriptions do not say explicitly that replicas that have applied the split refuse the
parent's lease, and waiting alone is not enough (seeded bug `GrantsBehindTheSplit`).

Source: Elhemali et al., Amazon DynamoDB, USENIX ATC 2022, 4.2 (split); Gray and Cheriton, Leases, SOSP 1989.
"""

from dynaproof.model.language import (
    Array,
    Bool,
    Constant,
    Expected,
    Int,
    Model,
    Option,
    Range,
    Scalar,
    Set,
    Tuple,
    action,
    always,
    require,
    sometimes,
)


class Split(Model):
    """A key has one owner at a time, which has every acknowledged write of it, once."""

    replicas = Constant(3)
    keys = Constant(2)
    requests = Constant(2)
    slots = Constant(3)
    elections = Constant(1)

    Replica = Scalar(replicas)
    Key = Scalar(keys)
    Request = Range(1, requests)
    """The requests for one key."""
    Slot = Range(1, slots)

    log = Array(Slot, Option(Tuple(Key, Request)))
    barrier = Option(Slot)
    last = Int(0, slots)
    chosen = Int(0, slots)
    known = Int(0, slots)
    """Up to where the parent's leader has applied its log."""
    elected = Int(0, elections)

    granted = Set(Replica)
    used = Set(Replica)
    """Grants that the parent's leader still counts on."""
    applied_split = Set(Replica)

    votes = Set(Key, Replica)
    leads = Set(Key)
    base = Array(Key, Int(0, slots))
    """The slot and timestamp behind which a child begins, once it is led."""
    written = Set(Key, Request)

    parent_listed = Bool(init=True)
    child_listed = Set(Key)

    sent_to_parent = Set(Key, Request)
    sent_to_child = Set(Key, Request)
    acknowledged = Set(Key, Request)

    # ---------------------------------------------------------------- routers

    @action(k=Key, i=Request)
    def send_to_parent(self, k: int, i: int) -> None:
        """A router whose cache names the parent sends a request."""
        require((k, i) not in self.sent_to_parent)
        self.sent_to_parent.add((k, i))

    @action(k=Key, i=Request)
    def send_to_child(self, k: int, i: int) -> None:
        """A router that has seen the new metadata sends a request, perhaps not for the first time."""
        require(k in self.child_listed and (k, i) not in self.sent_to_child)
        self.sent_to_child.add((k, i))

    # ---------------------------------------------------------------- the parent

    @action(k=Key, i=Request)
    def propose(self, k: int, i: int) -> None:
        """The parent's leader proposes a request that it does not know, perhaps behind a split in flight."""
        require((k, i) in self.sent_to_parent and self.last < self.slots)
        require(not any(self.log[n] == (k, i) for n in self.Slot) and not self.leader_applied_split())
        self.log[self.last + 1] = (k, i)
        self.last = self.last + 1

    @action
    def propose_split(self) -> None:
        """The admin's workflow has the parent's leader propose the split."""
        require(self.barrier is None and self.last < self.slots)
        self.barrier = self.last + 1
        self.last = self.last + 1

    @action
    def choose(self) -> None:
        """The next record is chosen."""
        require(self.chosen < self.last)
        self.chosen = self.chosen + 1

    @action
    def apply(self) -> None:
        """The parent's leader hears that the next record is chosen; behind the split it serves no more."""
        require(self.known < self.chosen)
        self.known = self.known + 1

    @action(n=Slot)
    def acknowledge(self, n: int) -> None:
        """It answers for a record that it has applied: rule 1."""
        require(n <= self.known and self.log[n] is not None)
        require(self.barrier is None or n < self.barrier)
        require(self.log[n] not in self.acknowledged)
        self.acknowledged.add(self.log[n])

    @action(kept=Range(0, slots))
    def elect(self, kept: int) -> None:
        """A quorum bound by no lease elects another leader of the parent, which applies what is chosen."""
        require(self.elected < self.elections and self.chosen <= kept <= self.last)
        require(2 * sum(r not in self.granted for r in self.Replica) > self.replicas)
        self.elected = self.elected + 1
        self.last = kept
        self.known = self.chosen
        self.used = set()
        for n in self.Slot:
            if n > kept:
                self.log[n] = None
        if self.barrier is not None and self.barrier > kept:
            self.barrier = None

    # ---------------------------------------------------------------- the parent's lease

    @action(r=Replica)
    def grant(self, r: int) -> None:
        """A replica grants the parent's leader a lease: rule 2."""
        require(r not in self.used and r not in self.applied_split)
        self.granted.add(r)
        self.used.add(r)

    @action(r=Replica)
    def stop_using(self, r: int) -> None:
        """The leader's time with a grant is over."""
        require(r in self.used)
        self.used.discard(r)

    @action(r=Replica)
    def end_grant(self, r: int) -> None:
        """Later, the grantor's."""
        require(r in self.granted and r not in self.used)
        self.granted.discard(r)

    # ---------------------------------------------------------------- the children

    @action(r=Replica)
    def apply_split(self, r: int) -> None:
        """A replica applies the split: from here on it has replicas of the children."""
        require(self.split_chosen() and r not in self.applied_split)
        self.applied_split.add(r)

    @action(k=Key, r=Replica)
    def vote_for_child(self, k: int, r: int) -> None:
        """A child's replica votes for the child's first leader: rule 2."""
        require(r in self.applied_split and (k, r) not in self.votes and k not in self.leads)
        require(r not in self.granted)
        self.votes.add((k, r))

    @action(k=Key)
    def lead_child(self, k: int) -> None:
        """A quorum has voted: the child is led, from the parent's slot and timestamp on: rule 3."""
        require(k not in self.leads)
        require(2 * sum((k, r) in self.votes for r in self.Replica) > self.replicas)
        self.leads.add(k)
        self.base[k] = max((n for n in self.Slot if self.barrier == n), default=0)
        for r in self.Replica:
            self.votes.discard((k, r))

    @action(k=Key, i=Request)
    def write_at_child(self, k: int, i: int) -> None:
        """A child's leader takes a request that it does not remember: rule 3."""
        require(k in self.leads and (k, i) in self.sent_to_child and (k, i) not in self.written)
        require(not self.inherits(k, i))
        self.written.add((k, i))

    @action(k=Key, i=Request)
    def acknowledge_by_child(self, k: int, i: int) -> None:
        """It answers, for its own records and for those that it has from the parent."""
        require(k in self.leads and (k, i) in self.sent_to_child and (k, i) not in self.acknowledged)
        require((k, i) in self.written or self.inherits(k, i))
        self.acknowledged.add((k, i))

    # ---------------------------------------------------------------- the metadata

    @action
    def change_metadata(self) -> None:
        """The admin's workflow goes on: one transaction: rule 4."""
        require(self.split_chosen() and self.parent_listed)
        self.parent_listed = False
        self.child_listed = set(self.Key)

    # ---------------------------------------------------------------- the split

    def split_chosen(self) -> bool:
        """The split is chosen."""
        return self.barrier is not None and self.barrier <= self.chosen

    def leader_applied_split(self) -> bool:
        """The parent's leader knows that it is."""
        return self.barrier is not None and self.barrier <= self.known

    def inherits(self, k: int, i: int) -> bool:
        """Whether a child remembers a request from the parent: rule 3."""
        return any(self.log[n] == (k, i) and self.in_effect(n) for n in self.Slot)

    # ---------------------------------------------------------------- what is promised

    def in_effect(self, n: int) -> bool:
        """A record of the parent is chosen, and not behind the split."""
        return bool(n <= self.chosen and self.until_barrier(n))

    def parent_serves(self) -> bool:
        """The parent's leader may answer strong reads by its lease."""
        return bool(2 * len(self.used) > self.replicas and not self.leader_applied_split())

    @always(spec="one_owner_per_key")
    def one_owner_per_key(self) -> bool:
        """While the parent's leader serves no child takes writes."""
        return not self.parent_serves() or len(self.leads) == 0

    @always(spec="one_owner_per_key")
    def metadata_covers_every_key_once(self) -> bool:
        """In each committed state of the metadata one partition is listed for a key."""
        return all(self.parent_listed != (k in self.child_listed) for k in self.Key)

    @always(spec="acknowledged_writes_survive")
    def acknowledged_writes_survive(self) -> bool:
        """Who owns a key has all its acknowledged writes."""
        return all(
            (k, i) not in self.acknowledged
            or (k, i) in self.written
            or any(self.log[n] == (k, i) and self.in_effect(n) for n in self.Slot)
            for k in self.Key
            for i in self.Request
        )

    @always(spec="retries_apply_once")
    def retries_apply_once(self) -> bool:
        """A request takes effect once, at the parent or at a child."""
        return all(
            (k, i) not in self.written
            or not any(self.log[n] == (k, i) and self.in_effect(n) for n in self.Slot)
            for k in self.Key
            for i in self.Request
        )

    @always(spec="commit_timestamps_increase")
    def children_go_on_behind_the_parent(self) -> bool:
        """A child begins behind every record that took effect at the parent."""
        return all(
            k not in self.leads or self.base[k] >= n
            for k in self.Key
            for n in self.Slot
            if n <= self.chosen and (self.log[n] is not None or self.barrier == n) and self.until_barrier(n)
        )

    def until_barrier(self, n: int) -> bool:
        """A slot is not behind the split."""
        return bool(self.barrier is None or n <= self.barrier)

    @sometimes
    def nothing_behind_the_split(self) -> bool:
        """A request that was chosen behind the split has taken effect at a child."""
        return any(
            self.log[n] == (k, i) and self.split_chosen() and self.barrier < n <= self.chosen
            for n in self.Slot
            for k in self.Key
            for i in self.Request
            if (k, i) in self.written
        )

    @sometimes
    def child_led_while_the_parent_does_not_know(self) -> bool:
        """A child is led although the parent's leader has not heard of the split, and still has a grant."""
        return len(self.leads) > 0 and not self.leader_applied_split() and len(self.used) > 0

    @sometimes
    def copy_of_a_parent_request_at_a_child(self) -> bool:
        """A copy of a request that the parent applied arrives at a child that is led."""
        return any(
            k in self.leads and (k, i) in self.sent_to_child and self.inherits(k, i)
            for k in self.Key
            for i in self.Request
        )

    @sometimes
    def all_is_done(self) -> bool:
        """Both children are led and have writes, the parent has acknowledged one, and had an election."""
        return (
            all(k in self.leads and any((k, i) in self.written for i in self.Request) for k in self.Key)
            and any(self.log[n] is not None and self.log[n] in self.acknowledged for n in self.Slot)
            and self.elected > 0
        )

    expected = (
        Expected({}, 10_873_528, 96_973_755, 38, symmetry=True, source="our explorer"),
        Expected({"slots": 2}, 2_214_456, 19_526_091, 35, symmetry=True, source="our explorer"),
    )
