"""Configurations of regions that campaigns have found, each in a file: what is drawn from a seed is another
run as soon as something else is drawn. So a gray end cuts the link that it cut when they were found.
"""

from pathlib import Path
from unittest.mock import patch

import msgspec

from dynaproof.checkers.kinds.region import RegionConfig
from dynaproof.checkers.runs.config import RunResult
from dynaproof.checkers.runs.injector import Injector
from dynaproof.checkers.scenarios.catalogue import execute
from dynaproof.checkers.world.place import Place


def pinned(name: str) -> RegionConfig:
    """The configuration of that name."""
    file = Path(__file__).with_name("pinned") / f"{name}.json"
    return msgspec.json.decode(file.read_bytes(), type=RegionConfig)


def among_the_first(injector: Injector) -> tuple[Place, Place]:
    """The first two nodes but for one that is drawn, which are two of the three that have the metadata."""
    spared = injector.targets[injector.salt % len(injector.targets)]
    one, other = [place for place in injector.targets if place is not spared][:2]
    return one, other


def run_pinned(name: str) -> RunResult:
    """Run the configuration of that name."""
    with patch.object(Injector, "gray_pair", among_the_first):
        return execute(pinned(name))
