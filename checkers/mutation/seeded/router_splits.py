"""Bugs of routers when a partition is split: what covers which attempt, where a call and a page go on."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import CALLER, ROUTER
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "nothing_happened_at_what_is_gone",
        "A router takes it for certain that nothing has happened at a partition that was split and dropped.",
        Edit(ROUTER, "hosts_of(owner), final=False)", "hosts_of(owner), final=True)"),
        scenario="split-under-load",
        breaks=("retries_apply_once",),
    ),
    bug(
        "another_request_at_the_child",
        "A request goes on at a child with another deadline, so it is another one.",
        Edit(CALLER, "call.goes_on(final)", "call.goes_on(final); call.deadline += 1"),
        scenario="split-under-load",
        breaks=("retries_apply_once",),
    ),
)
