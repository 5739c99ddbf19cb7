"""Fuzzing catches bugs seeded into what decides linearizability, and the original survives."""

import pytest

from dynaproof.checkers.linearizability import sweep_kernels, zones
from dynaproof.checkers.linearizability.fuzzing import fuzz
from dynaproof.checkers.mutation.checker_bugs import CHECKER_BUGS, hunt
from dynaproof.checkers.patches import BugError, Edit, bug, difference, seeded

SEED = 7
AT_MOST = 20_000
QUICK = (
    "seen-absent-is-not-recorded",
    "failed-condition-dropped",
    "pending-always-happened",
    "garbage-read-passes",
    "cycles-pass",
    "late-readers-forgotten",
    "deadline-not-cut",
    "absence-is-overwritten",
    "links-leak-into-the-next-key",
    "kernel-late-readers-forgotten",
    "hidden-never-comes-out",
    "returns-before-calls",
    "half-open-pending",
    "impossible-is-forgotten",
    "only-neighbours-in-time",
)
AT_MOST_QUICK = 500


@pytest.mark.parametrize("name", QUICK)
def test_seeded_bug_in_a_checker_is_caught_by_fuzzing(name: str) -> None:
    assert hunt(CHECKER_BUGS[name], SEED, AT_MOST_QUICK).histories is not None


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(CHECKER_BUGS) - set(QUICK)))
def test_every_other_seeded_bug_in_a_checker_is_caught_by_fuzzing(name: str) -> None:
    assert hunt(CHECKER_BUGS[name], SEED, AT_MOST).histories is not None


def test_without_a_bug_the_same_histories_tell_nothing() -> None:
    assert next(fuzz(SEED, AT_MOST_QUICK), None) is None


@pytest.mark.parametrize("name", CHECKER_BUGS)
def test_a_seeded_bug_fits_the_function_that_it_is_for(name: str) -> None:
    assert "+" in difference(CHECKER_BUGS[name])


def test_a_seeded_bug_is_gone_afterwards_and_one_that_does_not_fit_is_an_error() -> None:
    before = zones._Sweep._fit_items.__code__
    with seeded(CHECKER_BUGS["release-not-cut"]):
        assert zones._Sweep._fit_items.__code__ is not before
    assert zones._Sweep._fit_items.__code__ is before
    nowhere = bug("none", "", Edit(zones.__name__, "no such text", "pass", within="_Sweep._fit_items"))
    with pytest.raises(BugError, match="stands 0 times"), seeded(nowhere):
        pass


def test_all_kernels_run_as_python_while_one_has_a_bug() -> None:
    kernel = sweep_kernels.push
    with seeded(CHECKER_BUGS["kernel-heap-upside-down"]):
        assert sweep_kernels.push is kernel.py_func
    assert sweep_kernels.push is kernel
    with seeded(CHECKER_BUGS["release-not-cut"]):
        assert sweep_kernels.push is kernel
