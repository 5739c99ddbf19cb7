"""What a seeded bug is: overrides, outside the implementation, that change one decision of it.

A bug is a subclass of what it breaks, named for what is wrong; its docstring says it in a sentence. `@bug`
builds the storage node that has it. A kill is the violation of a named spec: an exception proves nothing,
unless the bug is that a handler lacks a guard (`unguarded`), so that the original raises.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import re
import textwrap
from collections.abc import Callable
from difflib import unified_diff
from typing import Any, TypeVar, cast

from msgspec import Struct

from dynaproof.impl.journal.journal import Journal
from dynaproof.impl.node import Env, NodeId
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.paxos.log import ReplicationLog
from dynaproof.impl.paxos.replica import Replica
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.impl.tree.btree import BTree

Override = TypeVar("Override", bound=type)


class Mutant(Struct, frozen=True):
    """One seeded bug: what it breaks, in a sentence; its overrides; the node that has it."""

    name: str
    sentence: str
    overrides: tuple[type, ...]
    node_class: type[StorageNode]
    unguarded: bool = False

    def counts(self, spec: str) -> bool:
        """Whether the violation of this spec is a kill."""
        return self.unguarded or spec != "handlers_never_raise"


MUTANTS: dict[str, Mutant] = {}
"""Every seeded bug by name, in the order of definition."""


def bug(*others: type, unguarded: bool = False) -> Callable[[Override], Override]:
    """Register a subclass as a seeded bug; `others` are further overrides that belong to it."""

    def register(override: Override) -> Override:
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", override.__name__).lower()
        sentence = " ".join((override.__doc__ or "").split())
        overrides: tuple[type, ...] = (override, *others)
        MUTANTS[name] = Mutant(name, sentence, overrides, _host(override.__name__, overrides), unguarded)
        return override

    return register


def _host(name: str, overrides: tuple[type, ...]) -> type[StorageNode]:
    """The storage node with these overrides."""
    base: type[StorageNode] = StorageNode
    members: dict[str, Any] = {}
    for override in overrides:
        if issubclass(override, Replica):
            members["replica_class"] = override
        elif issubclass(override, BTree):
            members["replica_class"] = type(f"{name}Replica", (Replica,), {"tree_class": override})
        elif issubclass(override, ReplicationLog):
            members["log_class"] = override
        elif issubclass(override, Journal):
            members["log_class"] = type(f"{name}Log", (ReplicationLog,), {"journal_class": override})
        elif issubclass(override, Outbox):
            members["outbox_class"] = override
            base = _OnOtherOutbox
        else:
            assert issubclass(override, StorageNode), "a bug overrides a part of a storage node, or its gate"
            base = override
    return cast("type[StorageNode]", type(f"{name}Host", (base,), members))


class _OnOtherOutbox(StorageNode):
    """A storage node whose driver has another gate."""

    outbox_class = Outbox

    def __init__(self, env: Env, peers: tuple[NodeId, ...], settings: Settings) -> None:
        super().__init__(env, peers, settings)
        outbox = getattr(env.disk, "outbox", None)
        if type(outbox) is Outbox:
            outbox.__class__ = self.outbox_class


def overridden(mutant: Mutant) -> list[tuple[str, Any, Any]]:
    """The functions that the bug replaces: qualified name, original, and what stands there instead."""
    found = []
    for override in mutant.overrides:
        for name in vars(override):
            original, member = getattr(override.__base__, name, None), getattr(override, name)
            if original is None or name.startswith("__"):
                continue
            before, after = getattr(original, "fget", original), getattr(member, "fget", member)
            if inspect.isfunction(before) and inspect.isfunction(after):
                found.append((before.__qualname__, before, after))
    return found


def difference(mutant: Mutant) -> str:
    """What the bug replaces, as a unified diff against the original functions."""
    lines = [f"{mutant.name}: {mutant.sentence}"]
    for name, original, replacement in overridden(mutant):
        before, after = code(original), code(replacement)
        lines += unified_diff(before, after, f"original {name}", f"seeded {name}", lineterm="", n=2)
    return "\n".join(lines)


def code(function: Any) -> list[str]:
    """The lines of a function, without its docstring."""
    lines = inspect.getsource(function).splitlines()
    (tree,) = ast.parse(textwrap.dedent("\n".join(lines))).body
    assert isinstance(tree, ast.FunctionDef)
    first = tree.body[0]
    if ast.get_docstring(tree) is not None and len(tree.body) > 1:
        del lines[first.lineno - 1 : first.end_lineno]
    return lines


def originals(mutant: Mutant) -> dict[str, str]:
    """A digest of the source of each function that the bug replaces."""
    return {
        name: hashlib.sha256(inspect.getsource(original).encode()).hexdigest()[:16]
        for name, original, _ in overridden(mutant)
    }
