"""Faults that fall between the steps of a workflow of a table: the active admin stops when it has written
what is to be done, when some nodes have answered its commands, or while it reads or writes the last step.
"""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

from dynaproof.checkers.kinds.region_faults import AdminCrash, active_admin
from dynaproof.checkers.runs.fault import Ground
from dynaproof.checkers.world.place import Place
from dynaproof.impl.admin.admin import Admin
from dynaproof.impl.admin.workflows import Driven

Stage: TypeAlias = Literal["none", "some", "last"]
"""Nobody has answered; some have; or the last step is read or written."""


def stage_of(driven: Driven | None) -> Stage:
    """How far an admin has come with a workflow; None: it does not drive it yet."""
    if driven is None or not (driven.answered or driven.finishing):
        return "none"
    return "last" if driven.finishing else "some"


class AdminCrashInWorkflow(AdminCrash):
    """The base of crashes of the active admin at a stage of a workflow."""

    stage: ClassVar[Stage]

    def who(self, ground: Ground) -> Place | None:
        """The active admin, where it has a workflow at that stage."""
        place = active_admin(ground)
        if place is None or not isinstance(place.node, Admin):
            return None
        known = place.node.workflows.known.values()
        return place if any(stage_of(driven) == self.stage for driven in known) else None


class AdminCrashBeforeAnswers(AdminCrashInWorkflow):
    """No node has answered."""

    name = "crash of the admin before any answer"
    sentence = "the active admin crashes before a node has answered a command of a workflow"
    stage = "none"


class AdminCrashBetweenAnswers(AdminCrashInWorkflow):
    """Some nodes have answered."""

    name = "crash of the admin between answers"
    sentence = "the active admin crashes when some nodes have answered the commands of a workflow"
    stage = "some"


class AdminCrashAtLastStep(AdminCrashInWorkflow):
    """Enough nodes have answered."""

    name = "crash of the admin at the last step"
    sentence = "the active admin crashes while it takes the last step of a workflow"
    stage = "last"


ADMIN_CRASHES_IN_WORKFLOW = (
    AdminCrashBeforeAnswers(),
    AdminCrashBetweenAnswers(),
    AdminCrashAtLastStep(),
)
