"""How do I call it?

The command line (`dynaproof.cli`, one module of `dynaproof.commands` per family of commands) and the public
names, re-exported for users, who import this package only. Thin: what it does is parse, call an engine, and
print.

May import of ours: `model`, `impl`, `specs` and `checkers`. Nothing of ours imports it.
"""

__version__ = "0.1.0"
