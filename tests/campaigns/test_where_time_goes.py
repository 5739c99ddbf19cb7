"""The benchmark that says where the time goes: every function that a run enters belongs to a part."""

import runpy
import sys
from pathlib import Path
from types import CodeType, FrameType

import pytest

from dynaproof.checkers.scenarios.catalogue import config_of, execute

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("scenario", ["partition", "create-delete-create"])
def test_every_function_that_a_run_enters_belongs_to_a_part(scenario: str) -> None:
    script = runpy.run_path(str(ROOT / "benchmarks" / "where_time_goes.py"))
    entered: set[CodeType] = set()

    def enter(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            entered.add(frame.f_code)

    config = config_of(scenario, "portfolio", 1, 0)
    sys.setprofile(enter)
    try:
        execute(config)
    finally:
        sys.setprofile(None)
    places = {script["place_of"](code) for code in entered if code.co_filename.startswith(f"{ROOT}/")}
    ours = {place for place in places if not place.startswith((".venv/", "tests/"))}
    assert len(ours) > 500
    assert {place for place in ours if script["part_of"](place) is None} == set()
