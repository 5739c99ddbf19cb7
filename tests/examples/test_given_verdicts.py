"""Recorded histories of real systems get the verdicts that are known for them."""

import csv
from pathlib import Path

from dynaproof.checkers.histories import read
from dynaproof.checkers.linearizability import check
from dynaproof.cli import main


def test_every_given_history_gets_its_verdict(shared_data: Path) -> None:
    folder = shared_data / "histories"
    with (folder / "verdicts.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert len(rows) == 26
    for row in rows:
        assert check(read(folder / row["file"])).verdict == row["verdict"], row["file"]


def test_exit_status_gives_the_verdict(shared_data: Path) -> None:
    folder = shared_data / "histories" / "jepsen-etcd"
    assert main(["check", str(folder / "etcd_002.log"), "--json"]) == 0
    assert main(["check", str(folder / "etcd_000.log"), "--json"]) == 1
    assert main(["check", str(folder / "absent.log"), "--json"]) == 2
