"""What a group promises about real time."""

from __future__ import annotations

from collections.abc import Iterable

from dynaproof.specs.spec import AnySpec, Violation, spec
from dynaproof.specs.views.group import GroupView
from dynaproof.specs.views.time_facts import ReadWhenOld, Stamped


@spec("always", source="docs/replication.md, eventual reads", over=GroupView, on=(ReadWhenOld,))
def eventual_reads_are_recent(view: GroupView) -> Iterable[Violation]:
    """What an eventual read returns was the newest value at some time within the contact bound before."""
    for fact in view.take(ReadWhenOld):
        if fact.age_us > fact.most_us:
            yield Violation(
                f"{fact.name} answered {fact.request} with a value that was overwritten {fact.age_us} us "
                f"before; it may be {fact.most_us} us out of a leader's contact"
            )


@spec("always", source="docs/replication.md, commit timestamps", over=GroupView, on=(Stamped,))
def timestamps_near_real_time(view: GroupView) -> Iterable[Violation]:
    """A leader whose wall clock is further than epsilon from those of a quorum stamps no client's record."""
    for fact in view.take(Stamped):
        if fact.apart_us > fact.most_us:
            yield Violation(
                f"{fact.name} stamped slot {fact.slot} by a wall clock that is {fact.apart_us} us off, and "
                f"all others are true; it may be {fact.most_us}"
            )


SPECS: tuple[AnySpec, ...] = (eventual_reads_are_recent, timestamps_near_real_time)
"""The specs of this module, in the order in which they are listed."""
