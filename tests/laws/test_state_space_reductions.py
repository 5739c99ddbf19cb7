"""Symmetry and partial order reduction against the full run, orbits against brute force."""

import itertools
import linecache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynaproof.checkers.mutation.model_bugs.catalogue import bugs_of
from dynaproof.checkers.state_space.explore import Exploration, Limits, explore
from dynaproof.checkers.state_space.interpreter import State
from dynaproof.model import language
from dynaproof.model.language import Array, Messages, Model, Option, Scalar, Seq, Set, Tuple
from dynaproof.model.language.types import Type, Value
from dynaproof.model.paxos import Paxos
from dynaproof.model.two_phase_commit import TwoPhaseCommit

MAX_STATES = 3_000


# ---------------------------------------------------------------- orbits, straight from the definition


def image(kind: Type, value: Value, permutation: dict[str, tuple[int, ...]]) -> Value:
    """A value with the members of each scalar set renamed."""
    if isinstance(kind, Scalar):
        return permutation[kind.label][value]
    if isinstance(kind, Option):
        return None if value is None else image(kind.inner, value, permutation)
    if isinstance(kind, Tuple):
        return tuple(image(one, part, permutation) for one, part in zip(kind.fields, value, strict=True))
    if isinstance(kind, Messages):
        return frozenset(
            (
                name,
                *(image(one, part, permutation) for one, part in zip(kind.kinds[name], parts, strict=True)),
            )
            for name, *parts in value
        )
    if isinstance(kind, Set):
        one = kind.elements[0] if len(kind.elements) == 1 else Tuple(*kind.elements)
        return frozenset(image(one, member, permutation) for member in value)
    if isinstance(kind, Seq):
        return tuple(image(kind.element, part, permutation) for part in value)
    if isinstance(kind, Array):
        moved = {
            image(kind.dimensions[0], index, permutation): image(kind.element, part, permutation)
            for index, part in zip(kind.index(), value, strict=True)
        }
        return tuple(moved[index] for index in kind.index())
    return value


def orbits(made: Model, states: list[State], sets: dict[str, int]) -> set[frozenset[State]]:
    """The states by what permutations take them to."""
    products = itertools.product(*(itertools.permutations(range(size)) for size in sets.values()))
    permutations = [dict(zip(sets, one, strict=True)) for one in products]
    kinds = list(made.types.values())
    return {
        frozenset(
            tuple(image(kind, value, each) for kind, value in zip(kinds, state, strict=True))
            for each in permutations
        )
        for state in states
    }


def check_orbits(made: Model, sets: dict[str, int]) -> None:
    full = Exploration(made, cached=False)
    result = full.run(limits=Limits(states=MAX_STATES * 4))
    if not result.exhausted:
        return
    reduced = Exploration(made, symmetry=True, cached=False)
    found = reduced.run()
    expected = orbits(made, full.states(), sets)
    representatives = reduced.states()
    assert found.exhausted
    assert found.distinct == len(representatives) == len(expected)
    assert {one for one in expected if one & set(representatives)} == expected
    assert (found.fired, found.reached) == (result.fired, result.reached)


@pytest.mark.parametrize("rms", [2, 3, 4])
def test_orbits_of_two_phase_commit_are_the_brute_force_ones(rms: int) -> None:
    check_orbits(TwoPhaseCommit(rms=rms), {"RM": rms})


def test_orbits_of_paxos_are_the_brute_force_ones() -> None:
    check_orbits(Paxos(max_ballot=1), {"Acceptor": 3, "Value": 2})


DECLARATIONS = {
    "who": "Option(Site)",
    "both": "Option(Tuple(Site, Key))",
    "group": "Set(Site)",
    "edges": "Set(Site, Site)",
    "sent": "Messages(ask=(Site,), answer=(Site, Key), stop=())",
    "order": "Seq(Site, 2)",
    "vote": "Array(Site, Option(Key))",
    "knows": "Array(Site, Site, Bool())",
    "seen": "Array(Key, Set(Site))",
}
GUARDS = {
    "who": ["self.who is None", "self.who == v", "self.who != w"],
    "both": ["self.both is None", "self.both != (v, k)"],
    "group": ["v in self.group", "v not in self.group", "len(self.group) < 2"],
    "edges": ["(v, w) not in self.edges", "len(self.edges) < 3"],
    "sent": ['("ask", v) in self.sent', '("stop",) not in self.sent', '("answer", v, k) not in self.sent'],
    "order": ["len(self.order) < 2", "v not in self.order"],
    "vote": ["self.vote[v] is None", "self.vote[v] == self.vote[w]", "self.vote[v] != k"],
    "knows": ["self.knows[v, w]", "not self.knows[w][v]"],
    "seen": ["v in self.seen[k]", "len(self.seen[k]) < 2"],
}
STATEMENTS = {
    "who": ["self.who = v", "self.who = None"],
    "both": ["self.both = (v, k)", "self.both = None"],
    "group": ["self.group.add(v)", "self.group.discard(w)"],
    "edges": ["self.edges.add((v, w))", "self.edges.discard((w, v))"],
    "sent": ['self.sent.add(("ask", v))', 'self.sent.add(("answer", w, k))', 'self.sent.add(("stop",))'],
    "order": ["self.order = (self.order + (v,))[:2]", "self.order = self.order[1:]"],
    "vote": ["self.vote[v] = k", "self.vote[v] = self.vote[w]"],
    "knows": ["self.knows[v, w] = True", "self.knows[v][v] = not self.knows[v][v]"],
    "seen": ["self.seen[k].add(v)", "self.seen[k].discard(w)"],
}


@st.composite
def symmetric_texts(draw: Any) -> str:
    """The text of a model that treats the members of its two scalar sets alike."""
    names = sorted(draw(st.sets(st.sampled_from(sorted(DECLARATIONS)), min_size=1, max_size=2)))
    guards = [one for name in names for one in GUARDS[name]]
    statements = [one for name in names for one in STATEMENTS[name]]
    sizes = draw(st.sampled_from([(2, 2), (3, 1), (3, 2)]))
    lines = ["class Drawn(Model):", f"    Site = Scalar({sizes[0]})", f"    Key = Scalar({sizes[1]})"]
    lines += [f"    {name} = {DECLARATIONS[name]}" for name in names]
    for at in range(draw(st.integers(1, 3))):
        lines += ["    @action(v=Site, w=Site, k=Key)", f"    def act_{at}(self, v, w, k):"]
        lines.append(f"        require({draw(st.sampled_from(guards))} or {draw(st.sampled_from(guards))})")
        lines += [f"        {draw(st.sampled_from(statements))}" for _ in range(draw(st.integers(1, 2)))]
    chosen = draw(st.sampled_from(guards))
    lines += ["    @sometimes", "    def seen_it(self):"]
    lines.append(f"        return any({chosen} for v in self.Site for w in self.Site for k in self.Key)")
    return "\n".join(lines) + "\n"


def model_of(text: str) -> Model:
    file = f"<symmetric {hash(text)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    names: dict[str, Any] = dict(vars(language)) | {"__name__": "symmetric"}
    exec(compile(text, file, "exec"), names)
    return names["Drawn"]()


@settings(max_examples=8)
@given(symmetric_texts())
def test_orbits_of_random_symmetric_models_are_the_brute_force_ones(text: str) -> None:
    made = model_of(text)
    check_orbits(made, {"Site": made.Site.stop, "Key": made.Key.stop})


# ---------------------------------------------------------------- verdicts


SEEDED = [*bugs_of(TwoPhaseCommit), *bugs_of(Paxos)]
QUICK = {TwoPhaseCommit, *bugs_of(TwoPhaseCommit), *bugs_of(Paxos)[:2]}
"""Whose steps are soon known to be independent; of the other bugs of Paxos the slow suite asks for that."""


def agree(kind: type[Model], reduction: dict[str, bool]) -> None:
    made = kind(max_ballot=1) if issubclass(kind, Paxos) else kind()
    full, reduced = explore(made), explore(made, **reduction)
    assert (full.violation is None) == (reduced.violation is None)
    assert reduced.distinct <= full.distinct
    if full.violation is None or reduced.violation is None:
        assert (reduced.fired, reduced.reached) == (full.fired, full.reached)
    else:
        assert reduced.violation.name == full.violation.name
        if reduced.symmetry:
            assert len(reduced.violation.trace) == len(full.violation.trace)


@pytest.mark.parametrize("kind", [TwoPhaseCommit, *SEEDED], ids=lambda one: one.__name__)
def test_symmetry_agrees_with_the_full_run_on_the_verdict(kind: type[Model]) -> None:
    agree(kind, {"symmetry": True})


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, id=kind.__name__, marks=[] if kind in QUICK else [pytest.mark.slow])
        for kind in (TwoPhaseCommit, *SEEDED)
    ],
)
def test_partial_order_reduction_agrees_with_the_full_run_on_the_verdict(kind: type[Model]) -> None:
    agree(kind, {"por": True})


def test_partial_order_reduction_leaves_orders_of_independent_steps_out() -> None:
    text = """
class Drawn(Model):
    Site = Scalar(5)
    step = Array(Site, Int(0, 3))
    flag = Bool()

    @action(v=Site)
    def go(self, v):
        require(self.step[v] < 3)
        self.step[v] = self.step[v] + 1

    @action
    def wave(self):
        self.flag = not self.flag

    @always
    def waves(self):
        return self.flag in {False, True}

    @sometimes
    def waved(self):
        return self.flag
"""
    made = model_of(text)
    full, reduced = explore(made), explore(made, por=True)
    assert full.distinct == 2 * 4**5
    assert (full.exhausted, reduced.exhausted) == (True, True)
    assert reduced.distinct <= 2 * (3 * 5 + 1)


def test_partial_order_reduction_finds_errors_of_the_text() -> None:
    """A step that makes another one's text go wrong is seen, however safe it looks."""
    text = """
class Drawn(Model):
    ready = Bool()
    count = Int(0, 2)

    @action
    def prepare(self):
        require(not self.ready)
        self.ready = True

    @action
    def add(self):
        if not self.ready:
            self.count = self.count + 1
"""
    made = model_of(text)
    for options in ({}, {"por": True}):
        with pytest.raises(language.ModelError, match="3 is not in"):
            explore(made, **options)
