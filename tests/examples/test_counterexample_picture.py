"""The picture of a core: one file that needs nothing else, and that a browser draws."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from dynaproof.checkers.histories import parse, read
from dynaproof.checkers.linearizability import check, minimal_core
from dynaproof.checkers.linearizability.picture import DRAWN_AT_MOST, TooLargeError, of_core, of_history
from dynaproof.cli import main
from dynaproof.specs.history import HistoryBuilder

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


def drawn(page: Path, folder: Path) -> str:
    """The page as a browser sees it, after its script has run."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium to draw the picture with")
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
    text = of_core(minimal_core(history, check(history)), check(history))
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


def test_too_large_a_history_is_not_drawn() -> None:
    builder = HistoryBuilder()
    for i in range(DRAWN_AT_MOST + 1):
        builder.add(0, "write", "k", i, 2 * i, 2 * i + 1)
    history = builder.build()
    with pytest.raises(TooLargeError):
        of_history(history, check(history))
