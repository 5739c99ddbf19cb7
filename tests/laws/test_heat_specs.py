"""The promises about splits because of heat, on facts that keep them and on facts that do not."""

import pytest

from dynaproof.specs.observe.impl.heat import lesser_side
from dynaproof.specs.promises.heat import heat_is_told, splits_part_the_heat
from dynaproof.specs.views.heat_facts import HeatSplit, HeatTold
from dynaproof.specs.views.region import RegionView


@pytest.mark.parametrize(
    ("asked", "named", "beside", "best", "wrong"),
    [
        (0, False, 0, 0, 0),
        (1, False, 0, 0, 0),
        (12, False, 0, 2, 0),
        (12, False, 0, 3, 1),
        (12, True, 3, 5, 0),
        (12, True, 2, 2, 1),
        (12, True, 0, 0, 1),
        (1_000, True, 16, 400, 0),
        (1_000, True, 3, 400, 1),
        (1_000, False, 0, 400, 0),
    ],
)
def test_a_leader_says_where_heat_is_parted_if_it_is(
    asked: int, named: bool, beside: int, best: int, wrong: int
) -> None:
    view = RegionView()
    view.file(HeatTold("sa", 1, asked, named, beside, best))
    assert len(list(heat_is_told.check(view))) == wrong


def test_a_split_because_of_heat_is_where_a_leader_has_said() -> None:
    view = RegionView()
    view.file(HeatSplit(1, True))
    assert list(splits_part_the_heat.check(view)) == []
    view.file(HeatSplit(2, False))
    (told,) = splits_part_the_heat.check(view)
    assert told.sentence == "partition 2 is split because of heat where no leader has said so"


def test_the_side_of_a_place_begins_at_the_place() -> None:
    asked = {b"a": 3, b"b": 1, b"c": 4}
    assert [lesser_side(asked, at) for at in (b"a", b"b", b"c", b"d")] == [0, 3, 4, 0]
