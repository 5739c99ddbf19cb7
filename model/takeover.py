"""Taking over: the record of a workflow, two admins that may both believe themselves active, and crashes
between any two steps.

1. An admin becomes active by raising the epoch in the metadata, in one conditioned write.
2. It reads the record of a workflow, sends the command of its step, any number of times, and when that is
   answered writes the next step, on the condition that the record is still what it read *and* the epoch is
   its own: one write, never a read and then a write.
3. A command names the workflow and the step. A node obeys it once, and gives a repetition the same answer.
4. What a step chooses (a node, an incarnation) is in the record before any command names it.

Source: Burrows, *The Chubby Lock Service*, OSDI 2006, 2.4 (sequencers: a holder's requests carry its epoch).
"""

from dynaproof.model.language import (
    Array,
    Constant,
    Expected,
    Int,
    Model,
    Option,
    Range,
    Scalar,
    Set,
    action,
    always,
    eventually,
    require,
    sometimes,
)


class Takeover(Model):
    """Each step is made once, in order, and commands name only what the record says."""

    admins = Constant(2)
    steps = Constant(3)
    epochs = Constant(3)
    choices = Constant(2)

    Admin = Scalar(admins)
    Step = Range(0, steps - 1)
    Choice = Range(1, choices)

    step = Int(0, steps)
    """The record: the step that is to be made,"""
    choice = Int(0, choices)
    """and what step 0 chose; 0 before."""
    epoch = Int(0, epochs)
    mine = Array(Admin, Int(0, epochs))
    """By which epoch an admin takes itself for active; 0: it does not."""
    seen = Array(Admin, Option(Int(0, steps)))
    """The record as an admin has read it."""
    seen_choice = Array(Admin, Int(0, choices))
    sent = Set(Step, Choice)
    obeyed = Set(Step, Choice)
    made = Array(Step, Int(0, 2))
    """How often the record went on from a step."""

    @action(fair=True, a=Admin)
    def become_active(self, a: int) -> None:
        """An admin raises the epoch (rule 1)."""
        require(self.mine[a] == 0 and self.epoch < self.epochs)
        raised = self.epoch + 1
        self.epoch = raised
        self.mine[a] = raised
        self.seen[a] = None

    @action(fair=True, a=Admin)
    def read_record(self, a: int) -> None:
        """An admin that takes itself for active reads the record."""
        require(self.mine[a] > 0 and self.seen[a] is None and self.step < self.steps)
        require(self.may_read(a))
        self.seen[a] = self.step
        self.seen_choice[a] = self.choice

    @action(fair=True, a=Admin)
    def send(self, a: int) -> None:
        """It sends the command of the step that it has read; step 0 has none (rule 4)."""
        require(self.mine[a] > 0 and self.seen[a] is not None and self.seen[a] > 0)
        for s in self.Step:
            for c in self.Choice:
                if s == self.seen[a] and c == self.seen_choice[a]:
                    self.sent.add((s, c))

    @action(fair=True, s=Step, c=Choice)
    def obey(self, s: int, c: int) -> None:
        """A command is obeyed, however late (rule 3)."""
        require((s, c) in self.sent)
        self.obeyed.add((s, c))

    @action(fair=True, a=Admin, c=Choice)
    def go_on(self, a: int, c: int) -> None:
        """It writes the next step, if the condition of the write holds (rules 2 and 4)."""
        require(self.mine[a] > 0 and self.seen[a] is not None)
        require(c == 1 or self.seen[a] == 0)
        require(
            self.seen[a] == 0 or any(s == self.seen[a] and d == self.seen_choice[a] for s, d in self.obeyed)
        )
        if self.may_write(a):
            self.step = self.seen[a] + 1
            if self.seen[a] == 0:
                self.choice = c
            for s in self.Step:
                if s == self.seen[a]:
                    self.made[s] = min(self.made[s] + 1, 2)
        self.seen[a] = None

    @action(a=Admin)
    def crash(self, a: int) -> None:
        """An admin forgets that it was active. One that is only slow does not."""
        require(self.mine[a] > 0 and self.epoch < self.epochs)
        self.mine[a] = 0
        self.seen[a] = None

    def may_read(self, a: int) -> bool:
        """An admin need not know whether it still is active."""
        return True

    def may_write(self, a: int) -> bool:
        """The record is what the admin has read, and the epoch its own (rule 2)."""
        return bool(self.step == self.seen[a] and self.epoch == self.mine[a])

    @always
    def once(self) -> bool:
        """No step is made twice."""
        return all(self.made[s] < 2 for s in self.Step)

    @always
    def in_order(self) -> bool:
        """The record is where the steps that were made have brought it."""
        return all((self.made[s] > 0) == (s < self.step) for s in self.Step)

    @always
    def commands_name_the_record(self) -> bool:
        """A command names what the record had chosen."""
        return all(c == self.choice for _, c in self.sent)

    @eventually
    def comes_to_an_end(self) -> bool:
        """The workflow ends, unless admins crash for as long as there are epochs."""
        return bool(self.step == self.steps or self.epoch == self.epochs)

    @sometimes
    def both_take_themselves_for_active(self) -> bool:
        """Both admins have read the same step."""
        return all(self.mine[a] > 0 and self.seen[a] == 1 for a in self.Admin)

    @sometimes
    def taken_over_half_way(self) -> bool:
        """The second admin ends what the first one began."""
        return bool(self.step == self.steps and self.epoch > 1)

    expected = (Expected({}, 1_309, 5_217, 16),)
