"""`dynaproof capacity`: results, curves with their numbers beside, a load of the user's own."""

import csv
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from dynaproof.checkers.capacity.scenarios import SCENARIOS
from dynaproof.cli import main
from dynaproof.provenance import maker


def results(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    assert main(["capacity", *arguments, "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_scenarios_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capacity"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [*SCENARIOS]
    assert [one["name"] for one in results(capsys)] == [*SCENARIOS]


def test_all_policies_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    pid, proportional, whole, none = results(capsys, "hot-partition", "--policy", "all", "--seconds", "1500")
    assert [one["policy"] for one in (pid, proportional, whole, none)] == [
        *("pid", "proportional", "global", "none")
    ]
    assert none["throttled_share"] > 0.3  # type: ignore[operator]
    assert pid["throttled"] == whole["throttled"] == 0
    assert 0 < proportional["throttled"] < none["throttled"]  # type: ignore[operator]
    assert none["ends_after"] is None
    assert len({one["offered"] for one in (pid, proportional, whole, none)}) == 1


def test_curves_and_their_numbers_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plot = tmp_path / "curves.svg"
    run = ["capacity", "stuck-alarm", "--seconds", "9000", "--policy", "none", "--plot", str(plot)]
    assert main(run) == 0
    text = plot.read_text()
    assert ElementTree.fromstring(text).tag.endswith("svg")
    assert all(f">{name}<" in text for name in ("demand", "provisioned", "consumed", "throttled", "high"))
    rows = list(csv.DictReader((tmp_path / "curves.csv").read_text().splitlines()))
    assert rows[0].keys() == {
        *("second", "demand", "provisioned", "consumed", "throttled", "tokens", "multiplier", "alarm")
    }
    assert {row["alarm"] for row in rows} >= {"", "high"}
    assert all(
        abs(float(row["demand"]) - float(row["consumed"]) - float(row["throttled"])) < 0.01 for row in rows
    )
    before = plot.read_bytes(), (tmp_path / "curves.csv").read_bytes()
    assert main(run) == 0
    assert (plot.read_bytes(), (tmp_path / "curves.csv").read_bytes()) == before
    assert main([*run, "--seed", "2"]) == 0
    assert (tmp_path / "curves.csv").read_bytes() != before[1]
    capsys.readouterr()


def test_lines_differ_without_colours_and_a_picture_names_its_version(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = "{http://www.w3.org/2000/svg}"
    for suffix in (".svg", ".png", ".pdf"):
        plot = tmp_path / f"curves{suffix}"
        run = ["capacity", "hot-partition", "--seconds", "600", "--policy", "all", "--plot", str(plot)]
        assert main(run) == 0
        if suffix != ".pdf":  # Which has it compressed, or in UTF-16.
            assert maker().encode() in plot.read_bytes()
    root = ElementTree.fromstring((tmp_path / "curves.svg").read_text())
    for panel in root.iter(f"{space}g"):
        lines = panel.findall(f"{space}polyline")
        assert len({line.get("stroke-dasharray") for line in lines}) == len(lines) == 4
    capsys.readouterr()


@pytest.mark.parametrize(("suffix", "begins"), [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<svg")])
def test_curves_are_drawn_in_each_format_and_the_same_again(
    suffix: str, begins: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for policy in ("none", "all"):
        drawn = []
        for name in ("once", "again"):
            plot = tmp_path / f"{name}{suffix}"
            run = ["capacity", "hot-partition", "--seconds", "600", "--policy", policy, "--plot", str(plot)]
            assert main(run) == 0
            drawn.append((plot.read_bytes(), plot.with_suffix(".csv").read_bytes()))
        assert drawn[0] == drawn[1]
        assert drawn[0][0].startswith(begins)
    capsys.readouterr()


def test_table_is_put_between_its_marks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "a\n<!-- capacity burst-after-idle begin -->\nold\n<!-- capacity burst-after-idle end -->\nb\n"
    )
    assert main(["capacity", "burst-after-idle", "--policy", "none", "--table", str(page)]) == 0
    lines = page.read_text().splitlines()
    assert lines[0] == "a"
    assert lines[-1] == "b"
    assert "old" not in lines
    assert [line for line in lines if line.startswith("| none |")] == [
        line for line in capsys.readouterr().out.splitlines() if line.startswith("| none |")
    ]
    assert main(["capacity", "hot-partition", "--seconds", "60", "--table", str(page)]) == 2


def test_load_of_the_users_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("second,partition,units\n0,0,10\n60,1,50\n120,1,0\n")
    program = tmp_path / "mine.py"
    program.write_text(
        "def load(second, partitions):\n    return [10, 50 * (60 <= second < 120)][:partitions]\n"
        "def wrong(second, partitions):\n    return [1]\n"
        "def raises(second, partitions):\n    return [1 / 0]\n"
    )
    small = ("burst-after-idle", "--seconds", "600", "--partitions", "2", "--units", "40")
    (of_table,) = results(capsys, *small, "--demand", str(table))
    (of_program,) = results(capsys, *small, "--demand", f"{program}:load")
    assert of_table["greatest_provisioned"] == of_program["greatest_provisioned"] == 40
    assert of_table["offered"] == of_program["offered"]
    for name in ("wrong", "raises", "absent"):
        assert main(["capacity", *small, "--demand", f"{program}:{name}"]) == 2
    table.write_text("second,partition,units\n0,7,10\n")
    assert main(["capacity", *small, "--demand", str(table)]) == 2
    assert "partitions are 0 to 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (b"0,0,\xff", "the byte 0xff is not UTF-8"),
        (b"0,0,1e999", "partitions are 0 to 9, units 0 to 1,000,000,000, and seconds from 0 on"),
        (b"0,0,nan", "partitions are 0 to 9, units 0 to 1,000,000,000, and seconds from 0 on"),
        (b"0,0,ten", "units is 'ten', which is not a number"),
        (b"0.5,0,1", "second and partition are whole numbers"),
        (b"0,0", "it has not as many columns as the first line"),
        (b"0,0,1,2", "it has not as many columns as the first line"),
        (b"0,0," + b"1" * 200_000, "field larger than field limit"),
    ],
)
def test_a_row_that_is_no_demand_is_named_with_its_file_and_line(
    row: bytes, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "mine.csv"
    table.write_bytes(b"second,partition,units\n0,0,1\n" + row + b"\n")
    assert main(["capacity", "hot-partition", "--seconds", "60", "--demand", str(table)]) == 2
    assert f"dynaproof: {table}, line 3: {told}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ("hot-partitions",),
        ("diurnal", "--seconds", "61"),
        ("diurnal", "--units", "0"),
        ("diurnal", "--plot", "x.gif"),
    ],
)
def test_bad_input_is_one_sentence(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capacity", *arguments]) == 2
    assert capsys.readouterr().err.startswith("dynaproof: ")
