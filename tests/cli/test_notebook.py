"""A notebook executed headless: results show themselves, by HTML that needs no network."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dynaproof.checkers.report import card

EXECUTE = "from nbclient.cli import main; main()"
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

CELLS = {
    "a campaign that fails": """
        from dynaproof.checkers import campaign
        campaign.explore({protocol!r}, schedules=12, most_failures=1)
    """,
    "a campaign without a failure": """
        campaign.explore({kept!r}, schedules=4)
    """,
    "a verdict": """
        from dynaproof.checkers.histories import read
        from dynaproof.checkers.linearizability import check
        check(read({history!r}))
    """,
    "a model": """
        from dynaproof.checkers.state_space.explore import explore
        from dynaproof.model.paxos import Paxos
        explore(Paxos())
    """,
}


def notebook(cells: list[str]) -> dict[str, object]:
    """An unexecuted notebook of these cells."""
    empty = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    return {
        "nbformat": 4, "nbformat_minor": 5, "metadata": {},
        "cells": [{**empty, "id": f"cell-{at}", "source": text} for at, text in enumerate(cells)],
    }  # fmt: skip


class Elements(HTMLParser):
    """The elements of a piece of HTML; each must be closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if not (self.get_starttag_text() or "").endswith("/>"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not (self.get_starttag_text() or "").endswith("/>") or self.open[-1] == tag:
            assert self.open.pop() == tag


def is_self_contained(text: str) -> None:
    """Nothing is loaded, nothing is run, and all that is opened is closed."""
    found = Elements(text)
    assert found.open == []
    assert not found.seen & {"script", "link", "img", "iframe", "object"}
    assert not found.attributes & {"src", "href", "onclick", "onload"}
    assert "url(" not in text
