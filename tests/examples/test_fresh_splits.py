"""One more split is ordered at the end of a run in which partitions are split."""

from dynaproof.checkers.mutation.catalogue import MUTANTS
from dynaproof.checkers.mutation.hunt import explore
from tests.examples.pinned_regions import run_pinned


def test_an_order_is_not_held_up_by_an_admin_that_stays_down() -> None:
    """Found by a campaign: attempts were long, so a router waited for one admin until its user had gone."""
    assert run_pinned("an_order_beside_an_admin_that_stays_down").failure is None


def test_a_region_that_never_splits_is_found() -> None:
    found = explore(MUTANTS["every_split_is_hindered"], "portfolio", 3, 3)
    assert found is not None
    assert found[2].failure is not None
    assert found[2].failure.spec == "what_was_begun_ends"
