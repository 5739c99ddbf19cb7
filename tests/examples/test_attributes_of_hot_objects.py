"""What is called at every event of a run is fast to call."""

from dynaproof.checkers.mutation.directed.harness import Harness

SHARED = 29
"""Attributes of an instance with which CPython 3.11 still shares their keys among all instances of its class:
with more, every call of a method takes half as long again.
"""


def test_a_replica_shares_the_keys_of_its_attributes() -> None:
    harness = Harness()
    harness.begin()
    assert len(vars(harness.replica("sa"))) <= SHARED
