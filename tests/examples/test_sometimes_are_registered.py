"""Every situation that a campaign counts is a registered one, with its sentence and source."""

import re
from pathlib import Path

from dynaproof.specs import sometimes, sometimes_of_capacity, sometimes_of_regions, sometimes_of_scaling
from dynaproof.specs.situation import Sometimes
from dynaproof.specs.sometimes import EVERY as ALL

MODULES = {
    "sometimes": sometimes,
    "sometimes_of_regions": sometimes_of_regions,
    "sometimes_of_capacity": sometimes_of_capacity,
}


OBSERVING = ("region_observation", "caller_notes", "metadata_moves", "command_observer")
"""Modules of kinds that count situations."""


def test_every_situation_that_is_reached_is_a_registered_sometimes() -> None:
    root, told = Path(__file__).parents[2], set()
    for file in root.glob("impl/**/*.py"):
        told |= set(re.findall(r'(?:reached|Reached)\("([^"]+)"\)', file.read_text()))
    assert told <= set(ALL)
    kinds = (root / f"checkers/kinds/{name}.py" for name in OBSERVING)
    for file in (*root.glob("specs/observe/impl/*.py"), *kinds):
        for module, name in re.findall(r"reach\((sometimes\w*)\.(\w+)\)", file.read_text()):
            told.add(getattr(MODULES[module], name).name)
    observers = [
        root / f"checkers/kinds/{name}.py"
        for name in ("split_situations", "table_situations", "repair_observer")
    ]
    situations = "".join(file.read_text() for file in observers)
    for name in re.findall(r"self\.reach\((\w+)[\[)]", situations):
        found = getattr(sometimes_of_regions, name)
        told |= {found.name} if isinstance(found, Sometimes) else {one.name for one in found.values()}
    for name in re.findall(r"seen\.(\w+)", (root / "specs/observe/impl/scaling.py").read_text()):
        told.add(getattr(sometimes_of_scaling, name).name)
    assert told == set(ALL)


def test_a_situation_has_a_sentence_and_a_source() -> None:
    assert all(one.sentence.endswith(".") and one.source for one in ALL.values())
