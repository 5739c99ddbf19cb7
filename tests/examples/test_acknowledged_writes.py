"""An acknowledged write is looked for again whenever who holds it, or who counts, has changed."""

import pytest

from dynaproof.specs.promises.clients import acknowledged_writes_survive
from dynaproof.specs.views.group import GroupView
from dynaproof.specs.views.group_facts import Entry

WRITE = Entry((1, "a"), "write")
OTHER = Entry((2, "b"), "other")


@pytest.fixture
def view() -> GroupView:
    """`a` and `c` of three hold what was acknowledged; `b` holds nothing."""
    made = GroupView(("a", "b", "c"))
    for name in ("a", "b", "c"):
        made.let_go(name, (1, "a"))
    for name in ("a", "c"):
        made.accept(name, 1, WRITE, None)
    made.acknowledge("request", 1)
    assert broken(made) == []
    return made


def broken(view: GroupView) -> list[str]:
    """What the spec finds in this step, if one of its facts is fresh, as a run asks it."""
    spec = acknowledged_writes_survive
    found = list(spec.check(view)) if set(spec.on) & set(view.fresh) else []
    view.fresh = {}
    return [violation.sentence for violation in found]


def test_a_durable_entry_is_cut(view: GroupView) -> None:
    view.cut_above("b", 0)
    assert broken(view) == []
    view.cut_above("c", 0)
    assert broken(view) == ["request was acknowledged in slot 1, and a quorum lacks it"]


def test_a_durable_entry_is_replaced_by_another(view: GroupView) -> None:
    view.accept("c", 1, WRITE, None)
    assert broken(view) == []
    view.accept("c", 1, OTHER, None)
    assert len(broken(view)) == 1


def test_a_new_voter_speaks_that_does_not_hold_it(view: GroupView) -> None:
    view.reconfigure(2, ("a", "b", "d"))
    assert broken(view) == [], "two voters that have spoken are the only quorum, and one of them holds it"
    view.let_go("d", (1, "a"))
    assert len(broken(view)) == 1


def test_a_new_voter_speaks_that_has_learnt_it(view: GroupView) -> None:
    view.reconfigure(2, ("a", "b", "d"))
    view.learn("d", 1, WRITE)
    view.campaign("d", (2, "d"))
    assert broken(view) == []


def test_a_voter_that_has_spoken_comes_back_into_the_config_without_it(view: GroupView) -> None:
    view.let_go("d", (1, "a"))
    assert broken(view) == []
    view.reconfigure(2, ("a", "b", "d"))
    assert len(broken(view)) == 1
