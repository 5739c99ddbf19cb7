"""What all views share: facts are filed, and are *fresh* until the end of the step in which they were filed.

A `View` is a record of facts. Some tables are history variables: they outlive what they record (a ballot once
led stays led), because promises are about all of a run. An observer calls a view's methods; each enters the
fact in a table and files it as fresh, under its type. An `always` spec names the types of facts that it looks
at, so it costs nothing in a step that did not touch them. For a single state (of a model, say) all facts are
fresh.

A fact belongs to one kind of view: its type inherits from the `FACTS` of that view. A spec over `View` itself
is judged wherever its facts are filed.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from msgspec import Struct

Name: TypeAlias = Hashable
"""The name of a replica's incarnation, a partition or a shard."""


class Fact(Struct, frozen=True, gc=False):
    """Something that a step showed. Facts hold no cycles, so the collector need not look at them."""


AnyFact = TypeVar("AnyFact", bound=Struct)
Filed = TypeVar("Filed", bound=Struct)


class View(Generic[Filed]):
    """Facts by type, `fresh` for the current step; and `tau`, the global time of that step.

    As it is, it takes all facts and keeps no tables: enough for a node whose specs look at single steps.
    """

    FACTS: ClassVar[type[Struct]] = Fact
    """The base of all facts that are filed here."""

    def __init__(self) -> None:
        self.fresh: dict[Any, Any] = {}
        """The facts of the current step, by type."""
        self.tau = 0
        self.whole: View[Any] | None = None
        """The collection that this view is part of, in which it is fresh as long as it has fresh facts,"""
        self.key: Hashable = None
        """and its key there."""

    def kinds(self) -> tuple[type[View[Any]], ...]:
        """The kinds of views whose specs are judged here."""
        return (type(self),)

    def parts(self) -> Sequence[View[Any]]:
        """The views that specs are evaluated on in this step."""
        return (self,)

    def file(self, fact: Filed) -> None:
        """File a fact of the current step."""
        kind = type(fact)
        found = self.fresh.get(kind)
        if found is None:
            self.fresh[kind] = [fact]
            if self.whole is not None:
                self.whole.fresh[self.key] = self
        else:
            found.append(fact)

    def take(self, kind: type[AnyFact]) -> Sequence[AnyFact]:
        """The fresh facts of a type, in the order in which they were filed."""
        found: Sequence[AnyFact] = self.fresh.get(kind, ())
        return found


Part = TypeVar("Part", bound=View[Any])


class Views(View[Fact], Generic[Part]):
    """Views of one kind, by subject: each spec is evaluated on each view alone, if that is fresh."""

    def __init__(self, views: Mapping[Hashable, Part]) -> None:
        super().__init__()
        self.views: dict[Hashable, Part] = {}
        for key, view in views.items():
            self.add(key, view)

    def add(self, key: Hashable, view: Part) -> None:
        """Add a view, of a kind that was there from the start."""
        self.views[key] = view
        view.whole, view.key = self, key

    def kinds(self) -> tuple[type[View[Any]], ...]:
        """The kinds of its views."""
        return tuple(dict.fromkeys(kind for view in self.views.values() for kind in view.kinds()))

    def parts(self) -> Sequence[View[Any]]:
        """The views in which something was filed in this step."""
        return tuple(self.fresh.values())
