"""Configurations of regions that campaigns have found, each in a file: what is drawn from a seed is another
run as soon as something else is drawn.
"""

from pathlib import Path

import msgspec

from dynaproof.checkers.kinds.region import RegionConfig


def pinned(name: str) -> RegionConfig:
    """The configuration of that name."""
    file = Path(__file__).with_name("pinned") / f"{name}.json"
    return msgspec.json.decode(file.read_bytes(), type=RegionConfig)
