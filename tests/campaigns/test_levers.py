"""Each lever of drawing pays: two seeded bugs die while it may be on, and live when it is switched off."""

from pathlib import Path

import pytest

from dynaproof.checkers.campaign.levers import LEVERS, Lever, LeverCounts, levers_on
from dynaproof.checkers.mutation.catalogue import KNOWN_BUGS
from dynaproof.checkers.mutation.hunt import explore
from dynaproof.checkers.scenarios.catalogue import SCENARIOS, config_of

SEED = 3
MOST = 60
"""Schedules in which each of these bugs dies."""

EACH = [
    pytest.param(
        lever,
        name,
        marks=() if (lever.name, name) == ("small bounds", "own_messages_shed") else pytest.mark.slow,
    )
    for lever in LEVERS
    for name in lever.bugs
]


@pytest.mark.parametrize(("lever", "name"), EACH, ids=lambda one: one if isinstance(one, str) else one.name)
def test_a_bug_dies_with_the_lever_and_lives_without_it(lever: Lever, name: str) -> None:
    bug = KNOWN_BUGS[name]
    found = explore(bug, lever.strategy, MOST, SEED)
    assert found is not None
    schedules, config, outcome = found
    assert outcome.failure is not None
    assert bug.breaks_itself(outcome.failure.spec)
    assert lever.is_on(config)
    assert explore(bug, lever.strategy, max(2 * schedules, 10), SEED, changed=lever.off) is None


@pytest.mark.parametrize("lever", LEVERS, ids=lambda lever: lever.name)
def test_a_lever_is_on_in_some_configurations_and_off_once_it_is_switched_off(lever: Lever) -> None:
    assert len(set(lever.bugs)) == 2
    for name in lever.bugs:
        drawn = [config_of(KNOWN_BUGS[name].scenario, lever.strategy, SEED, number) for number in range(MOST)]
        assert any(lever.is_on(config) for config in drawn)
        assert not any(lever.is_on(lever.off(config)) for config in drawn)


def test_a_campaign_counts_the_schedules_in_which_a_lever_was_on_when_something_was_seen() -> None:
    counts = LeverCounts()
    for number in range(20):
        counts.add(("disks",) if number % 2 else (), ("found",) if number % 4 == 1 else ("usual",))
    assert (counts.on["disks"], counts.on["clocks"]) == (10, 0)
    assert counts.seen == {"found": 5, "usual": 15}
    assert counts.seen_on == {"disks": {"found": 5, "usual": 5}}
    assert counts.only_on("disks", 20) == [], "of five times all with it by chance: one in 32"
    for number in range(20):
        counts.add(("disks",) if number % 2 else (), ("found",) if number % 4 == 1 else ("usual",))
    assert counts.only_on("disks", 40) == ["found"]


def test_a_configuration_without_constants_of_a_group_has_levers_too() -> None:
    path = Path(__file__).parents[2] / "examples" / "protocols" / "tickets.py"
    drawn = [config_of(f"{path}:TICKETS", "portfolio", SEED, number) for number in range(MOST)]
    assert {"disks", "clocks"} <= {name for config in drawn for name in levers_on(config)}
    assert "operators" not in {name for config in drawn for name in levers_on(config)}


def test_without_the_lever_of_disks_nothing_that_is_synced_is_lost() -> None:
    (disks,) = [lever for lever in LEVERS if lever.name == "disks"]
    scenario = SCENARIOS["split-and-repair"]
    lose = {name for name, kind in scenario.fault_kinds().items() if kind.impairs}
    drawn = [config_of(scenario.name, disks.strategy, SEED, number) for number in range(MOST)]
    assert {fault.kind for config in drawn for fault in config.faults} & lose
    assert not {fault.kind for config in drawn for fault in disks.off(config).faults} & lose


def test_the_document_names_every_lever_and_its_bugs() -> None:
    text = (Path(__file__).parents[2] / "docs" / "mutants.md").read_text(encoding="utf-8")
    for lever in LEVERS:
        bugs = ", ".join(f"`{name}`" for name in lever.bugs)
        assert f"| {lever.name} | {lever.sentence} | {bugs} |" in text
