"""The picture of a core: one file that needs nothing else, and that a browser draws."""

import json
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from dynaproof.checkers.histories import parse, read
from dynaproof.checkers.linearizability import Budget, check, minimal_core
from dynaproof.checkers.linearizability.brute_force import explains
from dynaproof.checkers.linearizability.picture import HELD_AT_MOST, of_core, of_history
from dynaproof.cli import main
from dynaproof.specs.history import History, HistoryBuilder
from dynaproof.specs.objects import OBJECTS

EXAMPLE = "examples/histories/stale_read.jsonl"
CHROMIUM_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture
def page(root: Path, tmp_path: Path) -> Path:
    path = tmp_path / "picture.html"
    assert main(["check", str(root / EXAMPLE), "--html", str(path)]) == 1
    return path


def drawn(page: Path, folder: Path, *keys: str) -> str:
    """The page as a browser sees it, after its script has run and the keys were pressed."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium to draw the picture with")
    pressed = folder / f"pressed{''.join(keys)}.html"
    press = "".join(f"dispatchEvent(new KeyboardEvent('keydown', {{key: '{key}'}}));" for key in keys)
    pressed.write_text(page.read_text().replace("</script>", f"{press}</script>"))
    page = pressed
    command = [browser, *CHROMIUM_FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


def test_page_needs_no_other_file_and_no_network(page: Path) -> None:
    text = page.read_text()
    assert set(re.findall(r"https?://[^\"' )]+", text)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<link|src=|@import|url\((?!#)(?!`#)|fetch\(|XMLHttpRequest", text)
    assert "stale read" in text
    assert "3 of 60 operations" in text


def test_browser_draws_lanes_witness_and_order(page: Path, tmp_path: Path) -> None:
    dom = drawn(page, tmp_path)
    svg = dom[dom.index("<svg") : dom.index("</svg>")]
    assert re.findall(r">(client \d+)<", svg) == ["client 0", "client 1", "client 3"]
    assert len(re.findall(r'<rect [^>]*fill="var\(--bad\)"', svg)) == 3
    assert len(re.findall(r"<circle", svg)) == 2
    assert svg.count("✗") == 1
    assert [text for text in ("write 419", "write 421", "read 419") if f">{text}</text>" not in svg] == []


def test_values_cannot_end_the_script(tmp_path: Path) -> None:
    builder = HistoryBuilder()
    evil = '</script><script>document.title="@DATA@ <b>taken</b>"</script>'
    builder.add(0, "write", "<i>k</i>", evil, 0, 1)
    builder.add(1, "read", "<i>k</i>", None, 2, 3)
    history = builder.build()
    text = of_core(minimal_core(history, check(history)), check(history), history)
    assert text.count("</script>") == 1
    assert "<i>k" not in text
    path = tmp_path / "evil.html"
    path.write_text(text)
    assert "<title>not linearizable: history</title>" in drawn(path, tmp_path)


def test_linearizable_history_is_drawn_with_its_order(root: Path, tmp_path: Path) -> None:
    history = parse(b'{"process":0,"f":"write","key":"k","value":1,"call":0,"return":null}\n', "f")
    text = of_history(history, check(history))
    assert '"pending":true' in text
    assert main(["check", str(root / EXAMPLE), "--core", str(tmp_path / "core"), "--json"]) == 1
    core = read(tmp_path / "core")
    assert len(minimal_core(core, check(core)).rows) == len(core)


def held(text: str) -> list[dict[str, Any]]:
    """The views that a page holds."""
    found = re.search(r"^const views = (.*);$", text, re.MULTILINE)
    assert found is not None
    views: list[dict[str, Any]] = json.loads(found[1])
    return views


def long_history(wrong: int) -> History:
    """Reads and writes by turns of six clients, of which number `wrong` is a read of an overwritten value."""
    builder = HistoryBuilder()
    for i in range(3 * HELD_AT_MOST):
        value = i // 3 - (5 if i == wrong else 0)
        builder.add(i % 6, "read" if i % 3 else "write", "k", value, 1_000 * i, 1_000 * i + 300)
    return builder.build()


def test_long_history_is_held_around_its_first_violation() -> None:
    for wrong in (100, HELD_AT_MOST + 1, 3 * HELD_AT_MOST - 1):
        history = long_history(wrong)
        result = check(history)
        core, whole = held(of_core(minimal_core(history, result), result, history))
        assert (len(core["operations"]), core["title"]) == (3, "core")
        assert HELD_AT_MOST <= len(whole["operations"]) <= HELD_AT_MOST + len(result.witness)
        lines = [op["line"] for op in whole["operations"]]
        first = whole["operations"][whole["marks"][0]]
        assert first["line"] == wrong + 1
        assert {row + 1 for row in result.witness} <= set(lines)
        assert min(abs(lines.index(wrong + 1) - end) for end in (0, len(lines))) <= HELD_AT_MOST // 2
        assert f"{len(lines)} of its {len(history)} operations are here" in whole["details"]


def test_first_violation_is_one_key_press_away_and_labels_do_not_meet(tmp_path: Path) -> None:
    history = long_history(5_000)
    result = check(history)
    page = tmp_path / "long.html"
    page.write_text(of_core(minimal_core(history, result), result, history))
    for keys in (("h",), ("h", "a", "v"), ("h", "ArrowRight", "ArrowRight", "n", "p", "v")):
        dom = drawn(page, tmp_path, *keys)
        svg = dom[dom.index("<svg") : dom.index("</svg>")]
        assert svg.count("✗") == 1, keys
        assert "60 of" in dom or "61 of" in dom
        rows: dict[str, list[tuple[float, int]]] = {}
        found = re.findall(
            r'<text x="([\d.]+)" y="([\d.]+)" fill="var\(--(?:ink|bad)\)">(r[^<]*|w[^<]*)<', svg
        )
        assert len(found) > 40
        for x, y, text in found:
            rows.setdefault(y, []).append((float(x), len(text)))
        for row in rows.values():
            row.sort()
            assert all(x + 6 * size < following for (x, size), (following, _) in pairwise(row))
    everything = drawn(page, tmp_path, "h", "a")
    assert f"{len(held(page.read_text())[1]['operations'])} of" in everything
    assert "labels have no room" in everything


def test_unknown_is_drawn_with_its_longest_order_and_where_it_got_stuck(tmp_path: Path) -> None:
    builder = HistoryBuilder(functions=("enqueue", "dequeue"))
    builder.add(0, "enqueue", "q", 99, -20, -10)
    for i in range(12):
        builder.add(i, "enqueue", "q", i or 99, 0, 100)
    for i in range(1, 12):
        builder.add(20 + i, "dequeue", "q", i, 200, 300)
    builder.add(20, "dequeue", "q", 99, 400, 500)
    history = builder.build()
    result = check(history, OBJECTS["queue"], Budget(configurations=1_000))
    assert result.verdict == "unknown"
    (view,) = held(of_history(history, result))
    assert [history[row].line for row in result.prefix] == [
        view["operations"][step["operation"]]["line"] for step in view["order"]
    ]
    assert explains(list(history.select(result.prefix)), [*history.select(result.prefix)], OBJECTS["queue"])
    assert result.stuck_at not in {None, *result.prefix}
    assert (view["bad"], view["sign"]) == (result.stuck_at, "?")
    assert "it got stuck on the return of" in view["details"]
