"""Which action instances may always be taken alone: partial order reduction by static means.

An instance is *safe* if it commutes with every other instance wherever both are enabled, neither disabling
the other, and if it changes the truth of no property. Then in a state where it is enabled, it alone is an
ample set: whatever else happens, it stays enabled and may as well have happened first (Peled, All from one,
one for all, 1993; Clarke, Grumberg and Peled, Model Checking, chapter 10). The exploration takes it alone
only if it leads to a state not seen before, so that nothing is put off forever (Bosnacki and Holzmann,
Improving Spin's partial-order reduction for breadth-first search, 2005).

Instances that touch different cells commute; for the rest Z3 looks for a state of the variables' types that
satisfies the invariants and in which the order matters. Assuming the invariants is sound: up to the first
violation they hold.
"""

import z3

from dynaproof.checkers.state_space.expressions import Expr, cells_read
from dynaproof.checkers.state_space.lower import Instance, Lowered
from dynaproof.checkers.state_space.solver import Translation

TIMEOUT_MS = 2_000


def reads(one: Instance) -> frozenset[int]:
    """The cells that decide whether an instance is enabled and what it writes."""
    return cells_read([one.guard, *one.updates.values()])


class _Judge:
    def __init__(self, lowered: Lowered) -> None:
        self.lowered = lowered
        self.translation = Translation(lowered)
        self.state = self.translation.state("s")
        self.solver = z3.SolverFor("QF_BV")
        self.solver.set("timeout", TIMEOUT_MS)
        self.solver.add(self.translation.typed(self.state))
        self.solver.add(*self.translation.truths([one.node for one in lowered.always], self.state))

    def impossible(self, *conditions: object) -> bool:
        """Whether no state satisfies the conditions; False if the solver gives up."""
        self.solver.push()
        self.solver.add(*conditions)
        found = self.solver.check()
        self.solver.pop()
        return bool(found == z3.unsat)

    def sound(self, one: Instance) -> bool:
        """Whether the instance's own text is nowhere in error."""
        faults = [fault.condition for fault in (*one.early, *one.late)]
        return not faults or self.impossible(z3.Or(*self.translation.truths(faults, self.state)))

    def invisible(self, one: Instance) -> bool:
        """Whether the instance changes neither the truth of any property nor where the text is in error."""
        lowered = self.lowered
        properties = lowered.conditions()
        faults = [fault for each in properties for fault in each.faults]
        faults += [fault for two in lowered.instances for fault in (*two.early, *two.late)]
        visible = [*(each.node for each in properties), *(fault.condition for fault in faults)]
        touched = [node for node in visible if cells_read([node]) & one.updates.keys()]
        if not touched:
            return True
        guard = self.translation.truths([one.guard], self.state)[0]
        before = self.translation.truths(touched, self.state)
        after = self.translation.truths(touched, self.translation.after(one, self.state))
        return self.impossible(guard, z3.Or(*(old != new for old, new in zip(before, after, strict=True))))

    def independent(self, one: Instance, two: Instance) -> bool:
        """Whether the two commute and do not disable each other, wherever both are enabled."""
        mine, theirs = set(one.updates), set(two.updates)
        if not (mine & (reads(two) | theirs) or theirs & reads(one)):
            return True
        translation, state = self.translation, self.state
        first, second = translation.truths([one.guard, two.guard], state)
        after_one, after_two = translation.after(one, state), translation.after(two, state)
        still_two = translation.truths([two.guard], after_one)[0]
        still_one = translation.truths([one.guard], after_two)[0]
        one_two, two_one = translation.after(two, after_one), translation.after(one, after_two)
        differ = [
            a != b for cell, (a, b) in enumerate(zip(one_two, two_one, strict=True)) if cell in mine | theirs
        ]
        return self.impossible(first, second, z3.Or(z3.Not(still_one), z3.Not(still_two), *differ))


def safe_instances(lowered: Lowered) -> list[bool]:
    """For each instance, in the order of `lowered.instances`, whether it is safe."""
    judge = _Judge(lowered)
    return [_safe(judge, lowered, one) for one in lowered.instances]


def _safe(judge: _Judge, lowered: Lowered, one: Instance) -> bool:
    if not isinstance(one.guard, Expr) and not one.guard:
        return False
    return (
        judge.sound(one)
        and judge.invisible(one)
        and all(judge.independent(one, two) for two in lowered.instances if two is not one)
    )
