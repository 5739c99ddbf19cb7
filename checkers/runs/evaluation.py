"""The specs that a run is judged by, evaluated on what each step changed.

*Invariant.* Every given spec is judged, or the run does not start: the run has a view that the spec is
about, and something files its facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from msgspec import Struct

from dynaproof.checkers.user_code import described
from dynaproof.specs.spec import AnySpec, SpecError
from dynaproof.specs.views.base import View
from dynaproof.specs.views.nodes import Nodes

Due: TypeAlias = tuple[AnySpec, bool]
"""A spec, and whether it is a user's."""


class Evaluation:
    """The specs of one run, over its views; see the module."""

    def __init__(
        self, specs: Iterable[AnySpec], views: Iterable[View[Any]], provided: Iterable[type[Struct]]
    ) -> None:
        """Hold the specs against the views of the run, and the types of facts that are filed in it.

        Raises:
            SpecError: a spec would never be judged, or two have the same name.
        """
        self.views = tuple(views)
        self._provided = frozenset(provided)
        self._by_fact: dict[tuple[type[View[Any]], type[Struct]], list[AnySpec]] = {}
        self._due: dict[tuple[type[View[Any]], tuple[type[Struct], ...]], tuple[Due, ...]] = {}
        """What `_found` has found; there are few combinations of facts."""
        names: dict[str, bool] = {}
        for spec in specs:
            if spec.name in names:
                raise SpecError(f"two specs of this run are named {spec.name}")
            names[spec.name] = True
            self._admit(spec)

    def _admit(self, spec: AnySpec) -> None:
        kinds = dict.fromkeys(
            kind for view in self.views for kind in view.kinds() if issubclass(kind, spec.over)
        )
        if not kinds:
            raise SpecError(f"the spec {spec.name} is over a {spec.over.__name__}, and this run has none")
        for fact in spec.on:
            if fact not in self._provided:
                raise SpecError(
                    f"the spec {spec.name} looks at {fact.__name__}, which nobody files in this run"
                )
            for kind in kinds:
                self._by_fact.setdefault((kind, fact), []).append(spec)

    def broken(self, tau: int) -> list[tuple[AnySpec, str]]:
        """The specs that this step's facts break, each with its first violation; then the step is over."""
        found: list[tuple[AnySpec, str]] = []
        for whole in self.views:
            if whole.fresh:
                for view in whole.parts():
                    if view.fresh:
                        self._find(view, tau, found)
                whole.fresh = {}
        return found

    def _find(self, view: View[Any], tau: int, found: list[tuple[AnySpec, str]]) -> None:
        """Add the specs that the fresh facts of one view break."""
        view.tau = tau
        at = (type(view), tuple(view.fresh))
        due = self._due.get(at)
        if due is None:
            due = self._due[at] = self._found(*at)
        for spec, of_user in due:
            if of_user:
                sentence = first_violation(spec, view)
                if sentence is not None:
                    found.append((spec, sentence))
                continue
            for violation in spec.check(view):  # What `first_violation` does, without a call for each spec.
                found.append((spec, violation.sentence))
                break
        view.fresh = {}

    def _found(self, view: type[View[Any]], facts: tuple[type[Struct], ...]) -> tuple[Due, ...]:
        """The specs over a kind of view that depend on any of these facts, each once."""
        specs = {spec.name: spec for fact in facts for spec in self._by_fact.get((view, fact), ())}
        return tuple((spec, is_users(spec)) for spec in specs.values())


def is_users(spec: AnySpec) -> bool:
    """Whether it is a spec over nodes, and so a user's: if it raises, that is its violation."""
    return issubclass(spec.over, Nodes)


class Raised(str):
    """What is said of a spec that raised instead of judging: a failure, whatever kind of spec it is."""

    __slots__ = ()


def first_violation(spec: AnySpec, view: View[Any]) -> str | None:
    """How a spec is broken, if it is; a `Raised` if it raised."""
    try:
        for violation in spec.check(view):
            return violation.sentence
    except (Exception, SystemExit) as error:
        if not is_users(spec):
            raise
        return Raised(f"the spec {spec.name} itself raised {described(error)}")
    return None
