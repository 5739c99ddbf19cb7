"""Registers that begin with a value: as a write of it to every key, which ends before all else begins.

For whatever decides, explains or shrinks, it is a write like any other, so the fast algorithms need no other
rule. Its rows stand behind those of the history, and are taken out of the answer.
"""

from typing import Final

import numpy as np

from dynaproof.specs.history import ABSENT, DTYPES, NOT_RECORDED, WRITE, Columns, Completion, History, Value

BEGINNING: Final = 0
"""The line of the write that stands for the beginning; lines of files are counted from 1."""

NOBODY: Final = -1


def with_beginning(history: History, initial: Value) -> History:
    """The history with its initial writes; the history itself where every key begins absent."""
    if initial is None or not len(history):
        return history
    values = list(history.values)
    if initial not in values:
        values.append(initial)
    code = values.index(initial)
    first = int(history.columns.call.min()) - 1
    keys = np.arange(len(history.keys))
    row = (NOBODY, WRITE, keys, code, ABSENT, NOT_RECORDED, first, first, Completion.OK.value, BEGINNING)
    added = (np.full(len(keys), field, dtype=kind) for field, kind in zip(row, DTYPES, strict=True))
    columns = Columns(
        *(np.concatenate([column, more]) for column, more in zip(history.columns, added, strict=True))
    )
    return History(
        columns, history.keys, values, functions=history.functions, clock=history.clock, file=history.file
    )
