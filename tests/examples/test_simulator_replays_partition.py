"""Runs of the scenario `partition`, recorded and replayed event by event."""

from typing import Any

import pytest

from checkers.simulator.partition import PartitionRun, finish
from checkers.simulator.run import STRATEGIES, RunConfig, draw
from checkers.strategies.recording import Recorded, Recording
from checkers.strategies.replaying import Replaying


class KeptRun(PartitionRun):
    """Records every phase; a phase begins where the strategy is swapped."""

    def __init__(self, config: RunConfig) -> None:
        super().__init__(config)
        self.kept = [Recording(self.fair)]
        self.world.strategy = self.kept[0]

    def swap(self, strategy: Any, timed: bool) -> None:
        self.kept.append(Recording(strategy))
        super().swap(self.kept[-1], timed)


class ReplayedRun(PartitionRun):
    """Replays every phase."""

    def __init__(self, config: RunConfig, phases: list[Recorded]) -> None:
        super().__init__(config)
        self.phases = iter(phases)
        self.world.strategy = Replaying(next(self.phases))

    def swap(self, strategy: Any, timed: bool) -> None:
        super().swap(Replaying(next(self.phases)), timed)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_recorded_run_of_the_replica_group_replays_exactly_with_its_faults(strategy: str) -> None:
    faults = 0
    for seed in range(21, 24):
        config = draw("partition", seed, strategy)
        run = KeptRun(config)
        outcome = finish(run)
        faults += sum(outcome.faults.values())
        phases = [recording.recorded() for recording in run.kept]
        assert 0 < sum(len(phase.events) for phase in phases) < outcome.events, "faults are events too"
        assert finish(ReplayedRun(config, phases)) == outcome
    assert faults > 0
