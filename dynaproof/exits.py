"""The exit statuses of all commands: what a script may rely on."""

CLEAN = 0
FAILED = 1
BAD_INPUT = 2
UNKNOWN = 3
BUG = 70
INTERRUPTED = 130
NOBODY_READS = 141

MEANINGS = {
    CLEAN: "clean",
    FAILED: "a promise is broken, or a seeded bug survived",
    BAD_INPUT: "bad input (one line says what and where)",
    UNKNOWN: "a verdict is unknown because a budget ended",
    BUG: "a bug in dynaproof itself",
    INTERRUPTED: "interrupted",
    NOBODY_READS: "the reader of the output has gone",
}
"""The exit statuses as `--help` and the README list them."""


def listed() -> str:
    """All exit statuses, in one sentence."""
    return f"Exit status: {'; '.join(f'{code} {meaning}' for code, meaning in MEANINGS.items())}."
