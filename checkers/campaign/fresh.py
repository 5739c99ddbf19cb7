"""The first runs of a campaign once more, in a separate process that hashes strings differently.

An order that comes from a set, or from anything else that depends on hashes, is the same in every run of one
process, but different in the next process.
"""

from __future__ import annotations

import os
import sys

from dynaproof.checkers.campaign.errors import CampaignError

COMPARED = 4
"""How many schedules are run again, one of each strategy of a portfolio."""

OTHER_HASHES = ("1", "2")
"""Hash seeds, of which the process takes one that is not its parent's."""

PROGRAM = """
import sys
digests, sys.stdout = sys.stdout, sys.stderr  # What a user's code prints is no digest.
from dynaproof.checkers.campaign.schedules import digest_of
scenario, strategy, base, count = sys.argv[1:]
for number in range(int(count)):
    print(digest_of(scenario, strategy, int(base), number), file=digests)
"""


def digests_elsewhere(scenario: str, strategy: str, base: int, count: int) -> list[str]:
    """The digests of the first schedules, as another process finds them.

    Raises:
        CampaignError: it cannot run them; the message has its last words.
    """
    import subprocess  # noqa: PLC0415 (Only users' scenarios are run in another process.)

    hashes = next(seed for seed in OTHER_HASHES if seed != os.environ.get("PYTHONHASHSEED"))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, scenario, strategy, str(base), str(count)],
        env={**os.environ, "PYTHONHASHSEED": hashes, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        words = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise CampaignError(
            f"another process could not run {scenario} again: {words}",
            'what a file does besides defining things stands below if __name__ == "__main__":',
        )
    return done.stdout.split()
