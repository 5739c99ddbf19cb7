"""The names of a replica's files on its node's disk: each tells the group and the incarnation, so no file
belongs to two replicas.
"""

from __future__ import annotations

from collections.abc import Iterable

LOGS = "log/"
PAGES = "items/"


def log_prefix(group: int, incarnation: int) -> str:
    """The prefix of the names of a replica's journal segments."""
    return f"{logs_of(group)}{incarnation:06d}/"


def pages_prefix(group: int, incarnation: int) -> str:
    """The prefix of the names of a replica's page files."""
    return f"{pages_of(group)}{incarnation:06d}/"


def pages_file(group: int, incarnation: int, slot: int) -> str:
    """The page file of the items that an incarnation began with at a slot: empty, or copied."""
    return f"{pages_prefix(group, incarnation)}{slot:012d}"


def logs_of(group: int) -> str:
    """The prefix of the names of the journals of all incarnations of a group."""
    return f"{LOGS}{group:06d}/"


def pages_of(group: int) -> str:
    """The prefix of the names of the page files of all incarnations of a group."""
    return f"{PAGES}{group:06d}/"


def replicas_named(names: Iterable[str]) -> dict[tuple[int, int], None]:
    """The groups and incarnations to which files of these names belong, in the order of the names."""
    found: dict[tuple[int, int], None] = {}
    for name in names:
        if name.startswith((LOGS, PAGES)):
            _, group, incarnation, _ = name.split("/")
            found[int(group), int(incarnation)] = None
    return found
