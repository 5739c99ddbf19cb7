"""A client that restarts is another one: nothing that it asks is taken for what its earlier life asked."""

from typing import Any

from msgspec import structs

from dynaproof.checkers.mutation.catalogue import MUTANTS
from dynaproof.checkers.patches import seeded
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios.catalogue import SCENARIOS
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.impl.node import ONLY_LANE
from dynaproof.impl.partition.messages.requests import Get, Operation, Put
from dynaproof.impl.values.attribute import S
from dynaproof.impl.values.encoding import encode_item
from dynaproof.specs.observe.impl.place import replica_of

A, B = (encode_item({"v": S(value)}) for value in "AB")
STEPS = 5_000


class Asked:
    """A group with one client, which does what it is asked and nothing else."""

    def __init__(self) -> None:
        scenario = SCENARIOS["light-load"]
        config = structs.replace(scenario.draw(3, "timed"), clients=1, operations=0)
        self.run = Run(scenario, config, Timed(config.seed))
        self.run.set_up()
        self.place = self.run.world.places["c0"]

    def client(self) -> Any:
        return self.place.node

    def begin(self, operation: Operation) -> None:
        client = self.client()
        client.ask(operation)
        self.run.world.run(self.place, client.begin)

    def do(self, operation: Operation) -> Any:
        """What the client saw under the key at the end."""
        self.begin(operation)
        for _ in range(STEPS):
            if self.client().call is None or self.run.failure is not None:
                break
            self.run.step()
        return self.client().seen.get(b"k")

    def restart(self) -> None:
        self.run.world.crash(self.place, "crash")
        self.run.world.start(self.place)


def test_a_write_of_a_restarted_client_is_not_taken_for_a_retry() -> None:
    asked = Asked()
    asked.do(Put(b"k", A))
    asked.restart()
    asked.do(Put(b"k", B))
    assert asked.do(Get(b"k", strong=True)) == B
    assert asked.run.failure is None


def test_with_reused_ids_the_acknowledged_write_is_not_there_and_a_promise_says_so() -> None:
    with seeded(MUTANTS["router_reuses_ids"]):
        asked = Asked()
        asked.do(Put(b"k", A))
        asked.restart()
        asked.do(Put(b"k", B))
        leader = next(
            replica
            for place in asked.run.world.places.values()
            if (replica := replica_of(place, ONLY_LANE)) is not None and replica.leading is not None
        )
        assert leader.state.items.get(b"k").item == A  # type: ignore[union-attr]
    assert asked.run.failure is not None
    assert asked.run.failure.spec == "retries_apply_once"


def test_what_a_crashed_client_had_under_way_is_counted_as_of_unknown_outcome() -> None:
    asked = Asked()
    asked.begin(Put(b"k", A))
    asked.restart()
    asked.run.check()
    observation = asked.run.observation
    assert observation.endings == {"indefinite": 1}
    assert not observation.open
    assert observation.reached["client crashed with a write under way"] == 1
    assert asked.client().call is None
