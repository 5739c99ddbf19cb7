"""A spec that is given to a run is judged, or the run refuses to start; and observers file what they say that
they file.
"""

import ast
import inspect
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import pytest

from dynaproof.checkers.runs.config import RunResult
from dynaproof.checkers.runs.evaluation import Evaluation
from dynaproof.checkers.runs.exploring import Exploring
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios import fair_end
from dynaproof.checkers.scenarios.catalogue import execute
from dynaproof.checkers.scenarios.partition import PARTITION, draw
from dynaproof.specs.observe.impl import (
    ImplObserver,
    bounds,
    capacity,
    disks,
    holds,
    load,
    proposals,
    replicas,
    requests,
    times,
)
from dynaproof.specs.promises import OF_A_GROUP, PROMISES
from dynaproof.specs.promises.lineage import one_owner_per_key
from dynaproof.specs.spec import AnySpec, SpecError, Violation, spec
from dynaproof.specs.views import group, lineage, nodes, region, stream, transaction
from dynaproof.specs.views.base import Fact, View
from dynaproof.specs.views.group import GroupView
from dynaproof.specs.views.group_facts import Acknowledged, Chosen, GroupFact, Led, Raised
from dynaproof.specs.views.lineage import LineageView, OwnerChanged

CONFIG = draw("partition", 5, "timed")
PROVIDED = (*ImplObserver.PROVIDES, *fair_end.PROVIDES)


def run_with(specs: Iterable[AnySpec]) -> RunResult:
    driver = Exploring()
    run = Run(PARTITION, CONFIG, driver.first(CONFIG), specs=tuple(specs))
    driver.drive(run)
    return run.result()


class Daydreamed(GroupFact, frozen=True, gc=False):
    """A fact that no observer files."""


@spec("always", source="a user", over=GroupView, on=(Chosen,))
def nothing_is_chosen(view: GroupView) -> Iterable[Violation]:
    """Nothing is ever chosen."""
    for fact in view.take(Chosen):
        yield Violation(f"slot {fact.slot} was chosen")


@spec("always", source="a user", over=GroupView, on=(Led, Daydreamed))
def nobody_dreams(view: GroupView) -> Iterable[Violation]:
    """No leader dreams."""
    for _ in view.take(Daydreamed):
        yield Violation("somebody dreams")


def test_a_spec_of_a_user_is_judged_beside_ours() -> None:
    failure = run_with((*OF_A_GROUP, nothing_is_chosen)).failure
    assert failure is not None
    assert (failure.spec, failure.sentence) == ("nothing_is_chosen", "slot 1 was chosen")
    assert run_with(()).failure is None


def test_a_run_refuses_a_spec_whose_facts_nobody_files() -> None:
    refusal = "the spec nobody_dreams looks at Daydreamed, which nobody files in this run"
    with pytest.raises(SpecError, match=refusal):
        run_with((*OF_A_GROUP, nobody_dreams))


def test_a_run_refuses_a_spec_over_a_view_that_it_has_not() -> None:
    refusal = "the spec one_owner_per_key is over a LineageView, and this run has none"
    with pytest.raises(SpecError, match=refusal):
        run_with((one_owner_per_key,))


def test_a_run_refuses_two_specs_of_one_name() -> None:
    with pytest.raises(SpecError, match="two specs of this run are named nothing_is_chosen"):
        run_with((nothing_is_chosen, nothing_is_chosen))


def test_a_spec_looks_at_facts_of_its_own_view() -> None:
    with pytest.raises(SpecError, match="the spec misled is over a GroupView, which has no OwnerChanged"):

        @spec("always", source="a user", over=GroupView, on=(Led, OwnerChanged))
        def misled(_: GroupView) -> Iterable[Violation]:
            """Never judged."""
            return ()


def test_a_spec_looks_at_some_fact() -> None:
    with pytest.raises(SpecError, match="the spec blind looks at no facts"):

        @spec("always", source="a user", over=GroupView, on=())
        def blind(_: GroupView) -> Iterable[Violation]:
            """Never judged."""
            return ()


def test_a_spec_is_judged_on_every_view_that_it_is_about_when_one_of_its_facts_is_fresh() -> None:
    one, other, owners = GroupView(("a",)), GroupView(("a",)), LineageView()
    calls = []

    @spec("always", source="a user", over=GroupView, on=(Raised, Acknowledged))
    def told(view: GroupView) -> Iterable[Violation]:
        """Nobody says a thing."""
        calls.append((view, view.tau))
        yield Violation("the first")
        yield Violation("the second")

    evaluation = Evaluation((told,), (one, other, owners), (*PROVIDED, OwnerChanged))
    other.file(Raised("a", "Vote", "ValueError: "))
    other.acknowledge("a request", 1)
    one.lead((1, "a"), "a")
    owners.own("p", lineage.Owner(0, 1, 2))
    assert evaluation.broken(7) == [(told, "the first")]
    assert calls == [(other, 7)]
    assert [view.fresh for view in (one, other, owners)] == [{}, {}, {}]
    assert evaluation.broken(8) == []


class Ticked(Fact, frozen=True, gc=False):
    """A clock of a user's own node showed a time."""

    time: int


def test_a_spec_over_any_view_is_judged_where_its_facts_are_filed() -> None:
    @spec("always", source="a user", over=View, on=(Ticked,))
    def time_is_positive(view: View[Fact]) -> Iterable[Violation]:
        """No clock shows a time before the first."""
        for fact in view.take(Ticked):
            if fact.time < 0:
                yield Violation(f"a clock shows {fact.time}")

    plain: View[Fact] = View()
    evaluation = Evaluation((time_is_positive,), (GroupView(("a",)), plain), (*PROVIDED, Ticked))
    plain.file(Ticked(1))
    assert evaluation.broken(0) == []
    plain.file(Ticked(2))
    plain.file(Ticked(-1))
    assert evaluation.broken(1) == [(time_is_positive, "a clock shows -1")]


def fact_types(kind: type[Fact]) -> list[type[Fact]]:
    found = []
    for one in kind.__subclasses__():
        found += [one, *fact_types(one)]
    return found


def named_in_functions(*modules: ModuleType) -> set[type[Fact]]:
    """The types of facts that the functions of these modules name."""
    found = set()
    for module in modules:
        for function in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(function, ast.FunctionDef):
                for node in ast.walk(function):
                    name = node.id if isinstance(node, ast.Name) else ""
                    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                        holder, name = vars(module).get(node.value.id), node.attr
                    else:
                        holder = module
                    one = getattr(holder, name, None)
                    if isinstance(one, type) and issubclass(one, Fact):
                        found.add(one)
    return found


def test_observers_provide_what_their_code_files_and_nothing_else() -> None:
    assert len(set(PROVIDED)) == len(PROVIDED)
    observing = bounds, capacity, disks, holds, proposals, replicas, requests, load, times, group
    assert named_in_functions(*observing) == set(ImplObserver.PROVIDES)
    assert named_in_functions(fair_end) == set(fair_end.PROVIDES)


def test_no_run_files_what_its_observers_do_not_provide(monkeypatch: pytest.MonkeyPatch) -> None:
    filed: dict[type[Fact], int] = {}
    file = View.file

    def watch(view: View[Any], fact: Any) -> None:
        filed[type(fact)] = filed.get(type(fact), 0) + 1
        file(view, fact)

    monkeypatch.setattr(View, "file", watch)
    for seed in range(6):
        assert execute(draw("partition", seed, ("timed", "random", "pct", "pos")[seed % 4])).failure is None
    assert set(filed) <= set(PROVIDED)
    assert len(filed) >= 10


def test_every_fact_is_looked_at_by_a_spec_and_every_spec_names_what_it_takes() -> None:
    ours = [one for one in fact_types(Fact) if one.__module__.startswith("dynaproof.specs.views")]
    views = (GroupView, LineageView, region.RegionView, stream.StreamView, transaction.TransactionView)
    bases = [view.FACTS for view in views]
    looked_at = {fact for one in PROMISES.values() for fact in one.on}
    of_a_users_nodes = {nodes.Stepped, nodes.Settled}
    assert looked_at == set(ours) - set(bases) - of_a_users_nodes
    for one in PROMISES.values():
        names = {
            node.id
            for node in ast.walk(ast.parse(inspect.getsource(one.check)))
            if isinstance(node, ast.Name)
        }
        module = inspect.getmodule(one.check)
        taken = {getattr(module, name, None) for name in names} & looked_at
        assert taken <= set(one.on), one.name
