"""What a run file keeps of a run."""

import pytest
from msgspec import convert, json

from dynaproof.checkers.scenarios.catalogue import SCENARIOS, config_of, find


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_every_configuration_that_is_drawn_comes_back_from_its_file(name: str) -> None:
    for number in range(16):
        config = config_of(name, "portfolio", 3, number)
        assert convert(json.decode(json.encode(config)), find(name).config) == config
