"""Plans for a DNS record: one planner writes them, several enactors apply them and delete the old ones.

The planner's plans are numbered. An enactor takes up the newest plan, applies it to the record if it is newer
than what the record has, and then deletes the plans older than the one it applied. Enactors exist for
redundancy and do not cooperate: each may be arbitrarily slow, and may crash between any two steps. The record
names its plan; a record whose plan has been deleted resolves to nothing, and no enactor can tell any more
what it holds, so none applies anything to it.

Applying is one step here: compare the record's plan and replace it, or do nothing (in DynamoDB's terms, a
conditional write). In the outage of 19 and 20 October 2025 it was two: an enactor checked that its plan was
newer, was delayed, and applied it after another enactor had applied a newer one, whose clean-up then deleted
the old plan that the record now named. The seeded bug `ThreeSteps` is that system, and its shortest trace is
that outage.

Source: AWS, Summary of the Amazon DynamoDB Service Disruption in the Northern Virginia (US-EAST-1) Region,
October 2025.
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
    Scalar,
    Set,
    action,
    always,
    eventually,
    require,
    sometimes,
)


class DnsPlan(Model):
    """The record always names a plan that exists, and in the end the newest."""

    enactors = Constant(3)
    plans = Constant(4)
    crashes = Constant(1)

    Enactor = Scalar(enactors)
    Plan = Range(1, plans)

    planned = Int(1, plans)
    existing = Set(Plan, init=frozenset({1}))
    record = Int(1, plans)
    plan = Array(Enactor, Option(Plan))
    step = Array(Enactor, Enum("idle", "taken", "checked", "applied"))
    crashed = Int(0, crashes)

    @action(fair=True)
    def make_plan(self) -> None:
        """The planner writes its next plan."""
        require(self.planned < self.plans)
        self.planned = self.planned + 1
        self.existing.add(self.planned + 1)

    @action(fair=True, e=Enactor)
    def take(self, e: int) -> None:
        """An enactor takes up the newest plan."""
        require(self.step[e] == "idle" and self.planned > self.record)
        self.step[e] = "taken"
        self.plan[e] = self.planned

    @action(fair=True, e=Enactor)
    def apply(self, e: int) -> None:
        """It replaces what the record has by its plan, if that is newer: one conditional write."""
        require(self.step[e] == "taken" and self.record in self.existing)
        self.record = max(self.record, self.plan[e])
        self.step[e] = "applied"

    @action(fair=True, e=Enactor)
    def clean_up(self, e: int) -> None:
        """It deletes the plans that are older than the one it has applied, and is done."""
        require(self.step[e] == "applied")
        self.existing = {p for p in self.existing if p >= self.plan[e]}
        self.step[e] = "idle"
        self.plan[e] = None

    @action(e=Enactor)
    def crash(self, e: int) -> None:
        """An enactor restarts and has forgotten what it was at."""
        require(self.step[e] != "idle" and self.crashed < self.crashes)
        self.crashed = self.crashed + 1
        self.step[e] = "idle"
        self.plan[e] = None

    @always
    def endpoint_resolves(self) -> bool:
        """The plan that the record names exists."""
        return bool(self.record in self.existing)

    @always
    def newest_plan_exists(self) -> bool:
        """Nobody deletes the newest plan."""
        return bool(self.planned in self.existing)

    @eventually
    def newest_plan_is_applied(self) -> bool:
        """When the planner is done, and the enactors go on, the record comes to name the last plan."""
        return bool(self.record == self.plans)

    @sometimes
    def late_plan_is_dropped(self) -> bool:
        """An enactor holds a plan that is older than the record's: applying it must do nothing."""
        return any(self.step[e] == "taken" and self.plan[e] < self.record for e in self.Enactor)

    @sometimes
    def plan_of_another_is_deleted(self) -> bool:
        """The plan that an enactor is about to apply is deleted under its hands."""
        return any(self.step[e] == "taken" and self.plan[e] not in self.existing for e in self.Enactor)

    @sometimes
    def two_clean_up(self) -> bool:
        """Two enactors have applied plans and clean up at the same time."""
        return bool(sum(self.step[e] == "applied" for e in self.Enactor) > 1)

    expected = (Expected({}, 871, 3_336, 15, symmetry=True, source="our explorer"),)
