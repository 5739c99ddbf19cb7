"""Each rule is findable in the code under its number, where its document says."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dynaproof.checkers.mutation.catalogue import MUTANTS
from dynaproof.checkers.mutation.seeded import (
    admins,
    answers,
    metadata_moves,
    repairs,
    router_splits,
    routers,
    split_admin,
)
from dynaproof.checkers.mutation.seeded import splits as seeded_splits
from dynaproof.checkers.mutation.seeded.unreached import BUGS as UNREACHED
from dynaproof.impl.admin import balance, split_points
from dynaproof.impl.admin.admin import Admin
from dynaproof.impl.admin.nodes import Nodes
from dynaproof.impl.admin.planner import Planner
from dynaproof.impl.admin.ratings import Boost, Ratings
from dynaproof.impl.admin.replacements import Replacements
from dynaproof.impl.admin.splits import Splits
from dynaproof.impl.admin.steps import Steps
from dynaproof.impl.admin.survey import Survey
from dynaproof.impl.admin.term import Term
from dynaproof.impl.admin.workflows import Driven, Workflows
from dynaproof.impl.capacity import rates
from dynaproof.impl.metadata import changes, placement, replacements, splits
from dynaproof.impl.metadata.directory import Directory
from dynaproof.impl.metadata.records import Target
from dynaproof.impl.metadata.replacements import Forget, Plan
from dynaproof.impl.metadata.splits import PlanSplit
from dynaproof.impl.metadata.whereabouts import Whereabouts
from dynaproof.impl.metrics.tables import ScaledTable
from dynaproof.impl.partition import birth
from dynaproof.impl.partition.heat import Heat
from dynaproof.impl.partition.requests import Requests
from dynaproof.impl.partition.splitting import Splitting
from dynaproof.impl.partition.state import PartitionState
from dynaproof.impl.partition.waiting import Waiting
from dynaproof.impl.paxos import entrance
from dynaproof.impl.paxos.log import ReplicationLog
from dynaproof.impl.paxos.membership import Membership
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.paxos.replica import Replica
from dynaproof.impl.paxos.settings import GroupSettings
from dynaproof.impl.paxos.upkeep import GroupEnd
from dynaproof.impl.router import keys
from dynaproof.impl.router.call import Call
from dynaproof.impl.router.caller import Caller
from dynaproof.impl.router.router import Router
from dynaproof.impl.router.tables import Known, Tables
from dynaproof.impl.storage_node.agent import Agent
from dynaproof.impl.storage_node.children import Children
from dynaproof.impl.storage_node.grants import Grants
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.impl.storage_node.lines import Lines
from dynaproof.impl.storage_node.making import Making
from dynaproof.impl.storage_node.metadata_host import MetadataHost
from dynaproof.impl.storage_node.node_journal import NodeJournal
from dynaproof.impl.tree.btree import BTree
from dynaproof.impl.tree.homecoming import Homecoming
from dynaproof.impl.tree.page_file import PageFile
from dynaproof.impl.values import key_range

CLASSES: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        Replica,
        Membership,
        Config,
        ReplicationLog,
        GroupSettings,
        Requests,
        Splitting,
        PartitionState,
        BTree,
        GroupEnd,
        Homecoming,
        PageFile,
        StorageNode,
        Grants,
        Waiting,
        Agent,
        Children,
        Lines,
        Making,
        MetadataHost,
        Whereabouts,
        Admin,
        NodeJournal,
        Directory,
        Plan,
        Forget,
        PlanSplit,
        Survey,
        Planner,
        Replacements,
        Splits,
        Steps,
        Term,
        Workflows,
        Driven,
        Heat,
        Target,
        Nodes,
        Ratings,
        Boost,
        ScaledTable,
        Known,
        Tables,
        Call,
        Caller,
        Router,
    )
} | {
    "birth": birth,
    "changes": changes,
    "rates": rates,
    "replacements": replacements,
    "split_points": split_points,
    "splits": splits,
    "placement": placement,
    "balance": balance,
    "keys": keys,
    "key_range": key_range,
}
DOCS = Path(__file__).parents[2] / "docs"


IMPL = Path(inspect.getfile(placement)).parents[1]


def rows(document: str, after: str = "") -> list[tuple[str, ...]]:
    """The numbers of the rules in a document, each with what keeps it; `after` are further columns."""
    text = (DOCS / document).read_text(encoding="utf-8")
    return re.findall(rf"^\| ([AHLMPRW]?\d+) \| .* \| (`.*?`) \|{after}$", text, re.MULTILINE)


ROWS = rows("replication.md")
OF_TABLES = rows("table.md", r" (.*) \|")
"""With the seeded bugs of each."""


def function_of(name: str) -> Callable[..., Any]:
    if "." not in name:
        return vars(entrance)[name]
    owner, attribute = name.split(".")
    found = inspect.getattr_static(CLASSES[owner], attribute)
    function: Any = found.fget if isinstance(found, property) else found
    return function


def test_the_table_has_every_rule_once() -> None:
    expected = [*map(str, range(1, 17)), *(f"W{number}" for number in range(1, 8))]
    expected += [*(f"M{number}" for number in range(1, 8)), *(f"L{number}" for number in range(1, 6))]
    assert [number for number, _ in ROWS] == expected
    expected = [*(f"H{number}" for number in range(1, 13)), "M2"]
    expected += [*(f"P{number}" for number in range(1, 9)), *(f"A{number}" for number in range(1, 19))]
    expected += [f"R{number}" for number in range(1, 10)]
    assert [number for number, _, _ in OF_TABLES] == expected


@pytest.mark.parametrize(("number", "places", "bugs"), OF_TABLES, ids=[number for number, *_ in OF_TABLES])
def test_what_keeps_a_rule_of_tables_names_it(number: str, places: str, bugs: str) -> None:
    for name in re.findall(r"`([^`]+)`", places):
        documented = inspect.getdoc(function_of(name)) or ""
        assert number in re.findall(r"[AHMPR]\d+", documented), f"{name} does not name rule {number}"


OF_SPLITS = (*seeded_splits.BUGS, *split_admin.BUGS, *router_splits.BUGS)
OF_REGIONS = (*admins.BUGS, *routers.BUGS, *answers.BUGS, *metadata_moves.BUGS, *repairs.BUGS, *OF_SPLITS)


def test_what_is_said_of_tables_names_every_bug_of_admins_and_routers_and_none_that_is_not_there() -> None:
    named = [bug for *_, bugs in OF_TABLES for bug in re.findall(r"`(\w+)`", bugs)]
    there = {*MUTANTS, *(bug.name for bug in UNREACHED)}
    assert [bug for bug in named if bug not in there] == []
    text = (DOCS / "table.md").read_text(encoding="utf-8")
    assert [bug.name for bug in OF_REGIONS if f"`{bug.name}`" not in text] == []


def test_every_rule_that_the_code_names_is_in_a_table() -> None:
    named = {*(number for number, _ in ROWS), *(number for number, _, _ in OF_TABLES)}
    for path in sorted(IMPL.rglob("*.py")):
        for number in re.findall(r"\b[AHLMPRW]\d+\b", path.read_text(encoding="utf-8")):
            assert number in named, f"{path.name} names rule {number}"


@pytest.mark.parametrize(("number", "places"), ROWS, ids=[number for number, _ in ROWS])
def test_what_keeps_a_rule_names_it(number: str, places: str) -> None:
    for name in re.findall(r"`([^`]+)`", places):
        source = " ".join(inspect.getsource(function_of(name)).split())
        named = re.findall(r"rules? ((?:[LMW]?\d+|,|and|\s)+)", source, re.IGNORECASE)
        assert number in re.findall(r"[LMW]?\d+", " ".join(named)), f"{name} does not name rule {number}"
