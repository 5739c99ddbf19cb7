"""Runs of a campaign once more, in fresh processes that hash strings differently.

An order that comes from a set, or from anything else that depends on hashes, is the same in every run of one
process, but different in the next process. What a run leaves behind for the next one, in a global say, is not
there in a fresh process. So two fresh processes tell the one from the other.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from dynaproof.checkers.campaign.errors import CampaignError

COMPARED = 4
"""How many schedules are run again, one of each strategy of a portfolio."""

FRESH = 2
"""How many processes run them again."""

OTHER_HASHES = ("1", "2", "3")
"""Hash seeds, of which each process takes one that is not its parent's."""

PROGRAM = """
import sys
digests, sys.stdout = sys.stdout, sys.stderr  # What a user's code prints is no digest.
from dynaproof.checkers.campaign.schedules import digest_of
scenario, strategy, base, *schedules = sys.argv[1:]
for number in schedules:
    print(digest_of(scenario, strategy, int(base), int(number)), file=digests)
"""


def digests_elsewhere(
    scenario: str, strategy: str, base: int, schedules: Sequence[int]
) -> list[tuple[str, ...]]:
    """For each of these schedules its digests, one from each fresh process.

    Raises:
        CampaignError: a process cannot run them; the message has its last words.
    """
    import subprocess  # noqa: PLC0415 (Only users' scenarios are run in another process.)

    hashes = [seed for seed in OTHER_HASHES if seed != os.environ.get("PYTHONHASHSEED")][:FRESH]
    arguments = [scenario, strategy, str(base), *map(str, schedules)]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in hashes
    ]
    ended = [(*one.communicate(), one.returncode) for one in running]
    for _, said, code in ended:
        if code:
            words = (said.strip().splitlines() or ["nothing"])[-1]
            raise CampaignError(
                f"another process could not run {scenario} again: {words}",
                'what a file does besides defining things stands below if __name__ == "__main__":',
            )
    return list(zip(*(digests.split() for digests, _, _ in ended), strict=True))
