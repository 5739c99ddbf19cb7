"""`dynaproof version`: what is running, and where it comes from."""

from dynaproof import console
from dynaproof.commands import Flag
from dynaproof.provenance import provenance


def version(*, json: Flag = False) -> int:
    """Print the version and where it comes from.

    Args:
        json: Print one JSON object with the full provenance.
    """
    origin = provenance()
    if json:
        console.emit({"version": origin.version, "provenance": origin})
        return 0
    if origin.commit is None:
        commit = "not a checkout"
    else:
        commit = f"commit {origin.commit[:12]}{', modified' if origin.modified else ''}"
    console.show(f"dynaproof {origin.version} ({commit}; {origin.python})")
    return 0
