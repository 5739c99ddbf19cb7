"""`dynaproof verify-certificate`: the verdict on an order, with no decider involved."""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from dynaproof import console, exits
from dynaproof.commands import Flag
from dynaproof.commands.histories import (
    beginning,
    blamed_in_time,
    known_failed_cas,
    known_format,
    known_independent,
    object_named,
    read_history,
)
from dynaproof.errors import UserError
from dynaproof.provenance import Provenance, provenance

if TYPE_CHECKING:
    from dynaproof.checkers.certificates.certificate_file import Certificate
    from dynaproof.specs.objects import SequentialObject


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """The answer on one certificate, as `--json` prints it; `initial` is the value that it is for."""

    file: str
    certificate: str
    initial: str | None
    operations: int
    verified: bool
    reason: str | None
    line: int | None
    provenance: Provenance


def verify_certificate(
    history: str,
    certificate: str,
    /,
    *,
    object: str | None = None,  # noqa: A002
    format: str | None = None,  # noqa: A002
    initial: str | None = None,
    failed_cas: str | None = None,
    independent: str | None = None,
    json: Flag = False,
) -> int:
    """Replay a certificate: does its order show that the history is linearizable?

    Exit status: 0 if it does, 1 if not, 2 if an input is bad.

    Args:
        history: A file of a history, plain, gzip or zstd.
        certificate: What `check --certificate` wrote for it.
        object: What a key is, needed for an object of your own: FILE.py:NAME or MODULE:NAME.
        format: json, jepsen-log or edn. Otherwise recognized by the content.
        initial: What every key must be at first. Otherwise what the certificate says.
        failed_cas: What a failed cas says that did not record what it saw, as given to `check`.
        independent: Whether the values of EDN are tuples of key and value, as given to `check`.
        json: Print one JSON object.
    """
    from dynaproof.checkers.certificates import CertificateError, verify
    from dynaproof.checkers.certificates.certificate_file import CertificateFileError, decode

    known_format(format)
    try:
        claim = decode(Path(certificate).read_bytes())
    except CertificateFileError as error:
        raise UserError(f"{certificate}: {error}") from error
    thing = _object_of(claim, certificate, object)
    tuples = known_independent(independent)
    operations = read_history(history, format, thing, known_failed_cas(failed_cas), tuples)
    begun = beginning(operations, thing, claim.initial, f"{certificate}: initial")
    if initial is not None and beginning(operations, thing, initial).initial != begun.initial:
        claimed = "no initial value" if claim.initial is None else f"the initial value {claim.initial}"
        raise UserError(f"--initial is {initial}, but {certificate} is for {claimed}")
    reason, line = None, None
    if claim.operations != len(operations):
        reason = f"it is of a history of {claim.operations} operations, not {len(operations)}"
    else:
        try:
            with blamed_in_time(begun, None):
                verify(operations, claim.order, begun)
        except CertificateError as error:
            reason = str(error)
            line = None if error.row is None else int(operations.columns.line[error.row])
    answer = Verified(
        file=console.file_name(history),
        certificate=console.file_name(certificate),
        initial=claim.initial,
        operations=len(operations),
        verified=reason is None,
        reason=reason,
        line=line,
        provenance=provenance(),
    )
    if json:
        console.emit(answer)
    else:
        of = "" if claim.initial is None else f" from the initial value {claim.initial}"
        verdict = (
            f"linearizable{of}, by this certificate"
            if reason is None
            else f"not shown{of} by this certificate: {reason}"
        )
        place = history if line is None else f"{history}:{line}"
        console.show(f"{place}: {verdict}")
    return exits.CLEAN if reason is None else exits.FAILED


def _object_of(claim: "Certificate", certificate: str, name: str | None) -> "SequentialObject":
    """The object of `--object`, which must be the certificate's; without it, one of ours by that name."""
    from dynaproof.specs.objects import OBJECTS

    thing = object_named(name)
    if thing is None and claim.object in OBJECTS:  # Of no other name: a certificate does not say what is run.
        return OBJECTS[claim.object]
    if thing is None:
        hint = "name it: --object FILE.py:NAME"
        raise UserError(f"{certificate} is about the object {claim.object!r}, which is not one of ours", hint)
    if thing.name != claim.object:
        raise UserError(f"{certificate} is about the object {claim.object!r}, not {thing.name!r}")
    return thing
