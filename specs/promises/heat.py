"""The promises about splits because of heat: where the halves of a hot partition are asked for about equally
often, it may be split; a single hot key stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterable

from dynaproof.specs.spec import AnySpec, Violation, spec
from dynaproof.specs.views.heat_facts import HeatSplit, HeatTold
from dynaproof.specs.views.region import RegionView

SAMPLES = 64
"""Of more requests than this a leader keeps a sample, of a quarter as many at least."""


@spec("always", source="docs/table.md, A12", over=RegionView, on=(HeatTold,))
def heat_is_told(view: RegionView) -> Iterable[Violation]:
    """A leader reports a place at which its partition may be split because of heat if a quarter of what it
    was asked for since its last report lies on either side of one, and no place otherwise: of many requests,
    if a sample says so.
    """
    for fact in view.take(HeatTold):
        least = fact.asked if fact.asked < SAMPLES else SAMPLES // 4
        if fact.named and 4 * fact.beside < max(least, 2):
            yield Violation(
                f"{fact.node} says where partition {fact.partition} may be split because of heat, and only "
                f"{fact.beside} of {fact.asked} requests were on one side"
            )
        elif not fact.named and 1 < fact.asked < SAMPLES and 4 * fact.best >= fact.asked:
            yield Violation(
                f"{fact.node} does not say where partition {fact.partition} may be split because of heat, "
                f"and {fact.best} of {fact.asked} requests were on the lesser side of a place"
            )


@spec("always", source="docs/table.md, A12", over=RegionView, on=(HeatSplit,))
def splits_part_the_heat(view: RegionView) -> Iterable[Violation]:
    """A partition is split because of heat only where one of its leaders has reported that it may be."""
    for fact in view.take(HeatSplit):
        if not fact.told:
            yield Violation(
                f"partition {fact.partition} is split because of heat where no leader has said so"
            )


SPECS: tuple[AnySpec, ...] = (heat_is_told, splits_part_the_heat)
"""The specs of this module, in the order in which they are listed."""
