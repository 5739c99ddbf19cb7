"""Each rule is findable in the code under its number, where its document says."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dynaproof.impl.partition.requests import Requests
from dynaproof.impl.partition.waiting import Waiting
from dynaproof.impl.paxos import entrance
from dynaproof.impl.paxos.log import ReplicationLog
from dynaproof.impl.paxos.membership import Membership
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.paxos.replica import Replica
from dynaproof.impl.paxos.settings import GroupSettings
from dynaproof.impl.storage_node.host import StorageNode

CLASSES: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        Replica,
        Membership,
        Config,
        ReplicationLog,
        GroupSettings,
        Requests,
        StorageNode,
        Waiting,
    )
}
DOCS = Path(__file__).parents[2] / "docs"


def rows(document: str) -> list[tuple[str, str]]:
    """The numbers of the rules in a document, each with what keeps it."""
    text = (DOCS / document).read_text(encoding="utf-8")
    return re.findall(r"^\| ([HLMW]?\d+) \| .* \| (`.*`) \|$", text, re.MULTILINE)


ROWS = rows("replication.md")
OF_HOSTING = rows("table.md")


def function_of(name: str) -> Callable[..., Any]:
    if "." not in name:
        return vars(entrance)[name]
    owner, attribute = name.split(".")
    found = inspect.getattr_static(CLASSES[owner], attribute)
    function: Any = found.fget if isinstance(found, property) else found
    return function


def test_the_table_has_every_rule_once() -> None:
    expected = [*map(str, range(1, 17)), *(f"W{number}" for number in range(1, 8))]
    expected += [*(f"M{number}" for number in (1, 2, 3, 5, 6, 7)), *(f"L{number}" for number in range(1, 6))]
    assert [number for number, _ in ROWS] == expected
    assert [number for number, _ in OF_HOSTING] == ["H1", "H2", "H12"]


@pytest.mark.parametrize(("number", "places"), OF_HOSTING, ids=[number for number, _ in OF_HOSTING])
def test_what_keeps_a_rule_of_hosting_names_it(number: str, places: str) -> None:
    for name in re.findall(r"`([^`]+)`", places):
        documented = inspect.getdoc(function_of(name)) or ""
        assert number in re.findall(r"H\d+", documented), f"{name} does not name rule {number}"


@pytest.mark.parametrize(("number", "places"), ROWS, ids=[number for number, _ in ROWS])
def test_what_keeps_a_rule_names_it(number: str, places: str) -> None:
    for name in re.findall(r"`([^`]+)`", places):
        source = " ".join(inspect.getsource(function_of(name)).split())
        named = re.findall(r"rules? ((?:[LMW]?\d+|,|and|\s)+)", source, re.IGNORECASE)
        assert number in re.findall(r"[LMW]?\d+", " ".join(named)), f"{name} does not name rule {number}"
