"""The inputs of `check` and `verify-certificate`: histories in files, and objects by name."""

import importlib
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from dynaproof.errors import UserError, unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from types import ModuleType

    from dynaproof.checkers.histories import FailedCas
    from dynaproof.checkers.users_object import UsersObject
    from dynaproof.specs.history import History
    from dynaproof.specs.objects import SequentialObject


def known_format(name: str | None) -> None:
    """Reject an unknown format (None: none is named)."""
    from dynaproof.checkers.histories import FORMATS

    if name is not None and name not in FORMATS:
        raise unknown_name("format", name, FORMATS)


def object_named(name: str | None) -> "SequentialObject | None":
    """The object of a name, which may be the user's own; None where none is named."""
    from dynaproof.specs.objects import OBJECTS

    if name is None:
        return None
    if ":" in name:
        return _own_object(name)
    if name not in OBJECTS:
        raise unknown_name("object", name, OBJECTS)
    return OBJECTS[name]


def known_failed_cas(name: str | None) -> "FailedCas | None":
    """What a failed cas means, by its name; raises UserError for an unknown one."""
    from dynaproof.checkers.histories import FAILED_CAS

    if name is None:
        return None
    for known in FAILED_CAS:
        if name == known:
            return known
    raise UserError(f"--failed-cas {name} is unknown", f"it takes {' or '.join(FAILED_CAS)}")


def known_independent(name: str | None) -> bool | None:
    """Whether values are tuples of key and value, by `--independent`; None where it is not given."""
    if name not in {None, "yes", "no"}:
        raise UserError(
            f"--independent is {name!r}", "the values of EDN are tuples of key and value: yes or no"
        )
    return None if name is None else name == "yes"


def beginning(
    history: "History", thing: "SequentialObject", initial: str | None, given_by: str = "--initial"
) -> "SequentialObject":
    """The object with an initial value in the history's format; messages say who gave it."""
    from dynaproof.checkers.histories import value_in
    from dynaproof.specs.objects import UnfitError, beginning_as

    if initial is None:
        return thing
    assert history.read_as is not None, "it was read from a file"
    try:
        return beginning_as(thing, value_in(initial, history.read_as))
    except UnfitError as error:
        raise UserError(f"{given_by} is {initial}, but {error}") from error
    except ValueError as error:
        raise UserError(f"{given_by}: {error}", "it is a value as the history has them") from error


def own_file(name: str | None) -> list[str]:
    """The file of a user's own object, `FILE.py:NAME`; empty for any other object."""
    place = (name or "").rpartition(":")[0]
    return [place] if place.endswith(".py") else []


def read_history(
    file: str,
    format_name: str | None,
    thing: "SequentialObject | None",
    failed_cas: "FailedCas | None" = None,
    independent: bool | None = None,
) -> "History":
    """The history in a file; raises UserError for whatever is wrong with it."""
    from dynaproof.checkers.histories import AmbiguousTuplesError, read
    from dynaproof.specs.history import FUNCTIONS, HistoryError, UnknownFunctionError

    functions = thing.functions if thing is not None else FUNCTIONS
    try:
        return read(Path(file), format_name, functions, failed_cas, independent=independent)
    except AmbiguousTuplesError as error:
        hint = "--independent yes (its first is a key) or --independent no (it is one value)"
        raise UserError(str(error), hint) from error
    except UnknownFunctionError as error:
        raise UserError(str(error), object_with(error.function)) from error
    except HistoryError as error:
        raise UserError(str(error)) from error
    except OSError as error:
        raise UserError(f"{file}: {(error.strerror or type(error).__name__).lower()}") from error


def object_with(function: str) -> str:
    """A hint on how to check a history with such a function."""
    from dynaproof.specs.objects import OBJECTS

    names = [name for name, thing in OBJECTS.items() if function in thing.functions]
    if not names:
        return "an object of your own can have it: --object FILE.py:NAME"
    return f"{' and '.join(names)} {'have' if len(names) > 1 else 'has'} it: --object {names[0]}"


def _own_object(name: str) -> "SequentialObject":
    """A user's object, from `FILE.py:NAME` or `MODULE:NAME`; a class is called without arguments."""
    from dynaproof.checkers.user_code import Guard, described
    from dynaproof.checkers.user_file import UserFileError, article, fitting, fitting_in
    from dynaproof.checkers.users_object import UsersObject, UsersObjectError
    from dynaproof.specs.objects import OBJECTS

    place, _, attribute = name.rpartition(":")
    try:
        if place.endswith(".py"):
            file: str | None = place
            thing = fitting(name, is_object, AN_OBJECT)
        else:
            module = _module(place, name)
            file = module.__file__
            thing = fitting_in(module, place, attribute, is_object, AN_OBJECT)
    except UserFileError as error:
        raise UserError(str(error)) from error

    def blamed(error: BaseException) -> UserError:
        if isinstance(error, UserError):
            return error
        if isinstance(error, UsersObjectError):
            return UserError(str(error))
        return UserError(f"the object {name} cannot be made: {described(error)}")

    with Guard(blamed):
        if isinstance(thing, type):
            thing = thing()
            if not is_object(thing):
                raise UserError(f"{name} gives {article(thing)}, and {AN_OBJECT}")
        wrapped = UsersObject(thing, file)
    if wrapped.name in OBJECTS:
        # A certificate holds the name alone, and would be replayed with the other one.
        raise UserError(f"the object {name} calls itself {wrapped.name}, as one of ours does", "rename it")
    return wrapped


AN_OBJECT = "an object has name, functions, initial and step"


def is_object(found: object) -> bool:
    """Whether something is a sequential object, or a class of them."""
    if isinstance(found, type):  # Its name, functions and initial may be set when it is made.
        return callable(getattr(found, "step", None))
    return all(hasattr(found, part) for part in ("name", "functions", "initial", "step"))


def _module(place: str, name: str) -> "ModuleType":
    from dynaproof.checkers.user_code import Guard

    def blamed(error: BaseException) -> UserError:
        return UserError(f"cannot import the object {name}: {type(error).__name__}: {error}")

    sys.path.insert(0, "")
    try:
        with Guard(blamed):
            return importlib.import_module(place)
    finally:
        sys.path.remove("")


def blamed_in_time(thing: "SequentialObject | None", seconds: float | None) -> "AbstractContextManager[None]":
    """Run a user's object: its errors are reported as the user's, and the budget ends it."""
    from dynaproof.checkers.users_object import UsersObject

    return _blamed(thing, seconds) if isinstance(thing, UsersObject) else nullcontext()


@contextmanager
def _blamed(thing: "UsersObject", seconds: float | None) -> "Iterator[None]":
    from dynaproof.checkers.users_object import UsersObjectError

    try:
        with thing.within(seconds):
            yield
    except UsersObjectError as error:
        raise UserError(str(error)) from error
