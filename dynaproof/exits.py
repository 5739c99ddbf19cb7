"""The exit codes of all commands: what a script may rely on."""

CLEAN = 0
FAILED = 1
"""A promise failed, or a seeded bug survived."""
BAD_INPUT = 2
UNKNOWN = 3
"""A budget ended before the verdict (`check`)."""
BUG = 70
"""A bug in dynaproof itself."""
INTERRUPTED = 130
NOBODY_READS = 141
"""The reader of the output has gone."""
