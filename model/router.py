"""A request over a split: attempts at the parent and at a child, and when the client's error is definite.

There is one request, under its id. The parent's log holds at most the request, the split, and no-ops; a
prefix is chosen, and an election may drop what is in flight. The child, which owns the request's key, chooses
at once what it takes.

1. Every attempt carries the same id, wherever it goes. Nothing is proposed past the deadline (in commit
   timestamps), nor twice while it is in the log or remembered.
2. The child inherits the ids that are remembered *at the barrier*. What the parent's log has behind it
   (no-ops with later timestamps) does not change the parent's state, so it does not matter when a node makes
   its child.
3. A replica that has *applied* the split answers a request to the parent by what it remembers; otherwise, if
   the barrier's timestamp is within the deadline, by a `WrongPartition` that is definite for every attempt at
   the parent: none took effect or will. Past the deadline, or from a node that has not applied the split, it
   is a hint, and says nothing about the outcome of the attempt.
4. A leader of the child that throttles an attempt within the deadline, and goes on refusing it, answers for
   the attempts at the parent too, for it has the parent's ids.
5. The client's error is definite if every attempt is definitely refused, by 3 or 4; otherwise indefinite.

Sources: Kingsbury, *Maelstrom* protocol notes (definite and indefinite errors); Liskov (timestamps that bound
what a server remembers).
"""

from dynaproof.model.language import (
    Array,
    Bool,
    Constant,
    Enum,
    Expected,
    Int,
    Model,
    Range,
    Scalar,
    Set,
    action,
    always,
    require,
    sometimes,
    terminal,
)


class Router(Model):
    """A request takes effect once, no effect follows a definite error, and no answer is untrue."""

    attempts = Constant(3)
    slots = Constant(3)
    elections = Constant(1)

    Attempt = Scalar(attempts)
    Slot = Range(1, slots)

    log = Array(Slot, Enum("empty", "request", "split", "noop"))
    last = Int(0, slots)
    chosen = Int(0, slots)
    elected = Int(0, elections)
    at_parent = Set(Attempt)
    at_child = Set(Attempt)
    past_at_parent = Bool()
    """A record past the deadline is chosen in the parent's log,"""
    past_before_barrier = Bool()
    """and it was before the split was,"""
    past_at_child = Bool()
    """and one in the child's."""
    child_is_there = Bool()
    inherited = Bool()
    """The child has the request's id from the parent."""
    child_wrote = Bool()
    throttled = Set(Attempt)
    """Attempts that the child's leader refuses, and goes on refusing."""
    refused = Set(Attempt)
    """Attempts that were definitely refused."""
    succeeded = Bool()
    outcome = Enum("open", "definite", "indefinite")

    # ---------------------------------------------------------------- attempts

    @action(a=Attempt)
    def send_to_parent(self, a: int) -> None:
        """A router whose cache names the parent sends an attempt."""
        require(a not in self.at_parent and a not in self.at_child and self.outcome == "open")
        self.at_parent.add(a)

    @action(a=Attempt)
    def send_to_child(self, a: int) -> None:
        """One that knows of the child, from the metadata or from an answer, sends it there."""
        require(a not in self.at_parent and a not in self.at_child and self.outcome == "open")
        require(self.barrier() > 0)
        self.at_child.add(a)

    # ---------------------------------------------------------------- the parent

    @action
    def propose(self) -> None:
        """The parent's leader takes a copy of an attempt, however late (rule 1)."""
        require(len(self.at_parent) > 0 and self.last < self.slots and not self.past_at_parent)
        require(not any(self.log[n] == "request" for n in self.Slot) and not self.split_is_chosen())
        place = self.last + 1
        self.log[place] = "request"
        self.last = place

    @action
    def propose_split(self) -> None:
        """The parent's leader proposes the split."""
        require(self.last < self.slots and not any(self.log[n] == "split" for n in self.Slot))
        place = self.last + 1
        self.log[place] = "split"
        self.last = place

    @action
    def choose(self) -> None:
        """The next record is chosen."""
        require(self.chosen < self.last)
        self.chosen = self.chosen + 1

    @action(kept=Range(0, slots))
    def elect(self, kept: int) -> None:
        """Another leader of the parent, perhaps past the barrier, keeps what is chosen, and any part of what
        is in flight.
        """
        require(self.elected < self.elections and self.chosen <= kept <= self.last)
        self.elected = self.elected + 1
        self.last = kept
        for n in self.Slot:
            if n > kept:
                self.log[n] = "empty"

    @action
    def pass_deadline(self) -> None:
        """A no-op whose timestamp is past the deadline is chosen: ids that were remembered go."""
        require(not self.past_at_parent and self.last == self.chosen and self.last < self.slots)
        place = self.last + 1
        self.log[place] = "noop"
        self.last = place
        self.chosen = place
        self.past_at_parent = True
        if not self.split_is_chosen():
            self.past_before_barrier = True

    @action
    def answer_by_parent(self) -> None:
        """The parent's leader answers by what it remembers."""
        require(self.took_effect_at_parent() and not self.past_before_barrier and self.outcome == "open")
        require(len(self.at_parent) > 0)
        self.succeeded = True

    @action(a=Attempt)
    def refuse_wrong_partition(self, a: int) -> None:
        """A definite `WrongPartition` (rule 3)."""
        require(a in self.at_parent and a not in self.refused and self.outcome == "open")
        require(self.knows_split() and not (self.took_effect_at_parent() and not self.past_before_barrier))
        require(self.within_deadline())
        self.refused.add(a)

    # ---------------------------------------------------------------- the child

    @action
    def make_child(self) -> None:
        """The child is made, and is led (rule 2)."""
        require(self.split_is_chosen() and not self.child_is_there)
        self.child_is_there = True
        self.inherited = self.took_effect_at_parent() and self.inherits()
        self.past_at_child = self.past_before_barrier

    @action
    def pass_deadline_at_child(self) -> None:
        """A record past the deadline is chosen at the child."""
        require(self.child_is_there and not self.past_at_child)
        self.past_at_child = True

    @action(a=Attempt)
    def write_at_child(self, a: int) -> None:
        """The child's leader takes an attempt (rule 1)."""
        require(self.child_is_there and a in self.at_child and a not in self.throttled)
        require(not self.past_at_child and not self.inherited and not self.child_wrote)
        self.child_wrote = True

    @action(a=Attempt)
    def answer_by_child(self, a: int) -> None:
        """It answers by what it remembers."""
        require(self.child_is_there and a in self.at_child and self.outcome == "open")
        require((self.inherited or self.child_wrote) and not self.past_at_child)
        self.succeeded = True

    @action(a=Attempt)
    def throttle_at_child(self, a: int) -> None:
        """It refuses an attempt for good (rule 4)."""
        require(self.child_is_there and a in self.at_child and a not in self.throttled)
        require(self.outcome == "open")
        require(not self.past_at_child and not self.inherited and not self.child_wrote)
        self.throttled.add(a)
        self.refused.add(a)

    # ---------------------------------------------------------------- the client

    @action
    def give_up(self) -> None:
        """The client ends with an error (rule 5)."""
        require(self.outcome == "open" and not self.succeeded)
        require(len(self.at_parent) + len(self.at_child) > 0)
        self.outcome = (
            "definite"
            if all(a in self.refused or self.parent_is_answered_for() for a in self.at_parent)
            and all(a in self.refused or self.child_is_answered_for() for a in self.at_child)
            else "indefinite"
        )

    # ---------------------------------------------------------------- what the rules require

    def knows_split(self) -> bool:
        """Whether the replica that answers has applied the split (rule 3)."""
        return self.split_is_chosen()

    def within_deadline(self) -> bool:
        """Whether nothing was forgotten before the barrier (rule 3)."""
        return not self.past_before_barrier

    def inherits(self) -> bool:
        """Whether the request is remembered at the barrier (rule 2)."""
        return not self.past_before_barrier

    def parent_is_answered_for(self) -> bool:
        """Whether some answer covers all attempts at the parent: of a replica past the barrier, or of the
        child (rules 3 and 4).
        """
        return any(b in self.throttled for b in self.at_child) or any(
            b in self.refused for b in self.at_parent
        )

    def child_is_answered_for(self) -> bool:
        """Whether what another attempt was told covers one at the child: never (rule 5)."""
        return False

    def barrier(self) -> int:
        """The slot of the split, or 0."""
        return max((n for n in self.Slot if self.log[n] == "split"), default=0)

    def split_is_chosen(self) -> bool:
        """Whether the split is chosen."""
        return bool(0 < self.barrier() <= self.chosen)

    def took_effect_at_parent(self) -> bool:
        """Whether the request is chosen at the parent, and not behind the split."""
        return any(
            self.log[n] == "request" and n <= self.chosen and not 0 < self.barrier() < n for n in self.Slot
        )

    # ---------------------------------------------------------------- promises

    @always
    def applies_once(self) -> bool:
        """The request does not take effect at the parent and at the child."""
        return not (self.took_effect_at_parent() and self.child_wrote)

    @always
    def nothing_after_a_definite_error(self) -> bool:
        """A definite error is true for ever."""
        return self.outcome != "definite" or not (self.took_effect_at_parent() or self.child_wrote)

    @always
    def success_is_true(self) -> bool:
        """A client that was told that its request is done can rely on it."""
        return not self.succeeded or self.took_effect_at_parent() or self.child_wrote

    @terminal
    def is_over(self) -> bool:
        """The client has an answer, or has given up."""
        return bool(self.succeeded or self.outcome != "open")

    @sometimes
    def definite_over_both(self) -> bool:
        """A definite error follows attempts at the parent and at the child."""
        return self.outcome == "definite" and len(self.at_parent) > 0 and len(self.at_child) > 0

    @sometimes
    def behind_the_split_and_at_the_child(self) -> bool:
        """The request is behind the split in the parent's log, and took effect at the child."""
        return self.child_wrote and any(
            self.log[n] == "request" and 0 < self.barrier() < n for n in self.Slot
        )

    @sometimes
    def answered_by_the_child_for_the_parent(self) -> bool:
        """The parent applied the request, and the child answers a repetition."""
        return self.inherited and self.succeeded and len(self.at_child) > 0

    expected = (Expected({}, 2_868, 9_812, 16, symmetry=True),)
