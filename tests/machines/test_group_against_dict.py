"""The replica group against a plain dict, under crashes, cuts and moving clocks: Hypothesis draws all of it.

One client asks one operation at a time, so the dict is exact: a strong read sees the last write that was
answered, or one that was not and so may take effect at any time. Every spec is checked at every step as well.
"""

import re

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from msgspec import structs

from dynaproof.checkers.kinds.client import CLIENTS
from dynaproof.checkers.kinds.group import REPLICAS
from dynaproof.checkers.kinds.replica_faults import HANDOVER
from dynaproof.checkers.mutation.catalogue import MUTANTS
from dynaproof.checkers.patches import seeded
from dynaproof.checkers.runs.config import Fault
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios.partition import PARTITION, draw
from dynaproof.checkers.strategies.drawn import Drawn
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.workloads.client import Client, ClientSettings
from dynaproof.checkers.world.options import Options
from dynaproof.impl.node import Env
from dynaproof.impl.partition.messages.requests import Delete, Get, Operation, Put
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.router.call import Ending
from dynaproof.impl.values.attribute import S
from dynaproof.impl.values.encoding import encode_item

DRAWS = 400
"""Choices that an example may draw."""
STEPS = 400
"""Events that an operation may take before its client stops waiting for it."""

NEVER = encode_item({"v": S("never")})

keys = st.sampled_from((b"k0", b"k1"))
nodes = st.sampled_from([node.name for node in REPLICAS])

CONFIG = structs.replace(
    draw("partition", 1, "timed"),
    settings=structs.replace(draw("partition", 1, "timed").settings, drift_ppm=200, checkpoint_slots=4),
    client=ClientSettings(timeout_us=20_000_000, attempt_us=500_000, backoff_us=100_000),
    options=Options(latencies=(300, 2_000), sync_us=(100, 3_000)),
    clients=1,
    faults=(),
    loss=0,
    duplication=0,
)


class Asker(Client):
    """Asks what the machine tells it to."""

    def __init__(self, env: Env) -> None:
        super().__init__(env, REPLICAS, CONFIG.client)
        self.next: Operation | None = None
        self.ending: Ending | None = None
        self.seen: StoredItem | None = None

    def on_start(self) -> None:
        pass

    def next_operation(self) -> Operation | None:
        operation, self.next = self.next, None
        return operation

    def learned(self, operation: Operation, ending: Ending, observed: StoredItem | None) -> None:
        self.ending, self.seen = ending, observed


ASKERS = structs.replace(CLIENTS, make=lambda env, _config: Asker(env))
SCENARIO = structs.replace(
    PARTITION, kinds=tuple(ASKERS if kind is CLIENTS else kind for kind in PARTITION.kinds)
)


class Group(RuleBasedStateMachine):
    """Rules for a client, for faults and for time."""

    @initialize()
    def boot(self) -> None:
        self.run = Run(SCENARIO, CONFIG, Timed(CONFIG.seed))
        self.run.set_up()
        self.world = self.run.world
        self.drawn = Drawn(DRAWS)
        self.run.swap(self.drawn, timed=True)
        self.stored: dict[bytes, bytes] = {}
        self.lost: dict[bytes, list[bytes | None]] = {}
        self.written = 0
        self.crashes = 0
        self.judge()

    def judge(self) -> None:
        failure = self.run.failure
        assert failure is None, f"{failure.spec}: {failure.sentence}" if failure else ""

    def go(self, steps: int, data: st.DataObject | None, until_answered: bool = False) -> None:
        self.drawn.draw = None if data is None else data.draw
        for _ in range(steps):
            if until_answered and self.client.ending is not None:
                break
            self.run.step()
            self.judge()
        self.drawn.draw = None

    @property
    def client(self) -> Asker:
        client = self.world.places["c0"].node
        assert isinstance(client, Asker)
        return client

    def ask(self, operation: Operation, data: st.DataObject | None, steps: int = STEPS) -> Ending | None:
        """The operation's ending; None where nobody waits for it any longer."""
        client = self.client
        if client.request is not None:  # The last operation goes on: it may still take effect.
            client.give_up()
        client.next, client.ending, client.seen = operation, None, None
        self.world.run(self.world.places["c0"], client.begin)
        self.go(steps, data, until_answered=True)
        return client.ending

    def wrote(self, key: bytes, value: bytes | None, ending: Ending | None) -> None:
        if ending == "ok":
            self.store(key, value)
        elif ending in {None, "indefinite"}:
            self.lost.setdefault(key, []).append(value)

    def store(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self.stored.pop(key, None)
        else:
            self.stored[key] = value

    def saw(self, key: bytes, item: StoredItem | None) -> None:
        value = None if item is None else item.item
        lost = self.lost.get(key, [])
        if value != self.stored.get(key):
            assert value in lost, f"{key!r} holds {value}, not {self.stored.get(key)} nor one of {lost}"
            lost.remove(value)
            self.store(key, value)

    # --- Operations ---

    @rule(key=keys, data=st.data())
    def put(self, key: bytes, data: st.DataObject) -> None:
        self.written += 1
        value = encode_item({"v": S(f"v{self.written}")})
        self.wrote(key, value, self.ask(Put(key, value), data))

    @rule(key=keys, data=st.data())
    def delete(self, key: bytes, data: st.DataObject) -> None:
        self.wrote(key, None, self.ask(Delete(key), data))

    @rule(key=keys, data=st.data(), right=st.booleans())
    def put_if(self, key: bytes, data: st.DataObject, right: bool) -> None:
        self.written += 1
        value, before = encode_item({"v": S(f"v{self.written}")}), self.stored.get(key)
        ending = self.ask(Put(key, value, True, before if right else NEVER), data)
        if ending == "condition_failed":
            self.saw(key, self.client.seen)
            assert not right or self.stored.get(key) != before
        else:
            assert right or ending != "ok"
            if right:
                self.wrote(key, value, ending)

    @rule(key=keys, data=st.data())
    def read(self, key: bytes, data: st.DataObject) -> None:
        if self.ask(Get(key, strong=True), data) == "ok":
            self.saw(key, self.client.seen)

    # --- Faults and time ---

    @rule(steps=st.integers(1, 60), data=st.data())
    def time_passes(self, steps: int, data: st.DataObject) -> None:
        self.go(steps, data)

    @rule(name=nodes, data=st.data())
    def crash(self, name: str, data: st.DataObject) -> None:
        slot = self.world.places[name]
        if slot.up:
            self.crashes += 1
            self.drawn.draw = data.draw
            self.world.crash(slot, f"crash {self.crashes}")
            self.drawn.draw = None
            self.run.check()
            self.judge()

    @rule()
    def restart(self) -> None:
        for node in REPLICAS:
            if not self.world.places[node.name].up:
                self.world.start(self.world.places[node.name])
        self.run.check()
        self.judge()

    @rule(name=nodes)
    def cut_off(self, name: str) -> None:
        for other in self.world.places:
            if other != name:
                self.world.cut_links[f"{other}>{name}"] = self.world.cut_links[f"{name}>{other}"] = 0

    @rule()
    def heal(self) -> None:
        self.world.cut_links.clear()

    @rule(name=nodes, milliseconds=st.integers(-3_000, 3_000))
    def move_clock(self, name: str, milliseconds: int) -> None:
        self.world.places[name].wall_offset += milliseconds * 1_000

    @rule(name=nodes)
    def hand_over(self, name: str) -> None:
        HANDOVER.fall(self.run.injector, self.world.at(REPLICAS[0]), Fault(HANDOVER.name, 0, 0, 0, 0), 0)

    def teardown(self) -> None:
        """All heals; then every key is as the dict says."""
        if not hasattr(self, "world"):
            return
        self.world.cut_links.clear()
        for slot in self.world.places.values():
            slot.wall_offset = 0
        self.restart()
        for key in (b"k0", b"k1"):
            assert self.ask(Get(key, strong=True), None, 20_000) == "ok"
            self.saw(key, self.client.seen)


TestGroup = Group.TestCase
TestGroup.settings = settings(settings.default, max_examples=60, stateful_step_count=12)


def test_a_seeded_bug_is_found_and_shrunk_to_a_few_rules() -> None:
    profile = settings(
        settings.default,
        max_examples=60,
        report_multiple_bugs=False,
        stateful_step_count=12,
        derandomize=True,
        database=None,
        phases=(Phase.generate, Phase.shrink),
    )
    with seeded(MUTANTS["ignores_accepted"]), pytest.raises(AssertionError) as found:
        run_state_machine_as_test(Group, settings=profile)
    told = str(found.value) + "\n".join(getattr(found.value, "__notes__", ()))
    assert "chosen_entries_agree" in told or "holds" in told or "chosen_entries_follow" in told
    rules = re.findall(r"^\s*state\.(\w+)\(", told, re.MULTILINE)
    steps = [name for name in rules if name not in {"boot", "teardown"}]
    assert 1 <= len(steps) <= 5, told
