"""Errors that the user can fix: one clear line, and what to do about it.

A command raises `UserError` for every bad input that it finds; `dynaproof.cli` prints the message and the
hint on standard error and exits with 2. Engines (`checkers`, `specs`, ...) cannot import this module, so they
raise typed errors of their own, and the command that calls them says what those mean to the user.
"""

from collections.abc import Iterable, Sequence

NEAREST_AT_MOST = 3
LISTED_AT_MOST = 12


class UserError(Exception):
    """Bad input: `message` says what is wrong in one sentence, `hint` what to do (empty: nothing to add)."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def nearest_names(name: str, known: Iterable[str]) -> list[str]:
    """At most three known names most like `name`, best first; case, and dash or underscore, do not matter."""
    import difflib  # Only where a name is wrong: every command would load it.

    plain = {_plain(candidate): candidate for candidate in sorted(known)}
    return [plain[match] for match in difflib.get_close_matches(_plain(name), plain, n=NEAREST_AT_MOST)]


def unknown_name(kind: str, name: str, known: Iterable[str], *, of: str = "") -> UserError:
    """The error for an unknown name of a `kind` (scenario, strategy, spec, ...), for the caller to raise.

    `of` names what has names of this kind: a model its constants.
    """
    names = sorted(known)
    near = nearest_names(name, names)
    if near:
        hint = f"did you mean {_either(near)}?"
    elif not names:
        hint = f"{of} has no {kind}" if of else f"there is no {kind} at all"
    elif len(names) <= LISTED_AT_MOST:
        hint = f"known: {', '.join(names)}"
    else:
        hint = f"known: {', '.join(names[:LISTED_AT_MOST])} and {len(names) - LISTED_AT_MOST} more"
    problem = f"{of} has no {kind} {name!r}" if of else f"there is no {kind} {name!r}"
    return UserError(problem, hint)


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


def _either(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} or {names[-1]}"
