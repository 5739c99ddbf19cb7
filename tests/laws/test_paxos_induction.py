"""Paxos is safe by induction within the bounds that `docs/proofs.md` states, and not by its promise alone."""

import pytest

from dynaproof.checkers.state_space.induction import inductive
from dynaproof.model.paxos import Paxos

BOUNDS = [{}, {"max_ballot": 3}]
LARGE_BOUNDS = [{"acceptors": 5, "max_ballot": 1}, {"acceptors": 5, "max_ballot": 2}]


@pytest.mark.parametrize("constants", BOUNDS, ids=str)
def test_invariants_of_paxos_are_inductive(constants: dict[str, int]) -> None:
    assert inductive(Paxos(**constants)).holds


@pytest.mark.slow
@pytest.mark.parametrize("constants", LARGE_BOUNDS, ids=str)
def test_invariants_of_paxos_are_inductive_with_five_acceptors(constants: dict[str, int]) -> None:
    assert inductive(Paxos(**constants)).holds


def test_one_value_chosen_alone_is_not_inductive() -> None:
    answer = inductive(Paxos(), "one_value_chosen")
    assert not answer.holds
    assert answer.unknown is None
    assert answer.broken == "one_value_chosen"
