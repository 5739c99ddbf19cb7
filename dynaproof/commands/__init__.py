"""One module per family of commands; `dynaproof.cli` has the table of them, and how to add one.

Each is imported only when one of its commands runs, and imports its engines inside the functions, so that
`dynaproof --help` and completion stay quick.
"""

from typing import Annotated

from cyclopts import Parameter

Flag = Annotated[bool, Parameter(negative="")]
"""A switch of a command: `--json`, without a `--no-json` beside it."""
