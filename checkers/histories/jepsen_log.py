r"""Jepsen's text logs of a register: `INFO  jepsen.util - 3\t:invoke\t:cas\t[1 4]`, one event per line.

Order is that of the lines; the log has no clock that would order concurrent threads better. Lines of the
nemesis, and of other loggers than `jepsen.util`, are passed over. A timed-out read (`:fail` or `:info`) had
no effect. A `:fail` of a cas says that the value differed from the expected one, but not what it was: these
logs come from Porcupine's test data, whose model reads them so. For the rest see
`dynaproof.checkers.histories.events`.
"""

import re

from dynaproof.checkers.histories import edn
from dynaproof.checkers.histories.events import FUNCTION_NAMES, Event, EventLog
from dynaproof.specs.history import History, HistoryError

MARK = b"jepsen.util"
KEY = "register"

_EVENT = re.compile(
    r"jepsen\.util\S*(?:\s+-)?\s+(?P<process>:nemesis|\d{1,1000})\s+:(?P<type>invoke|ok|fail|info)\s+:(?P<f>[^\s]+)\s+(?P<value>.*)"
)
_OTHER_LOGGER = re.compile(
    r"(INFO|WARN|ERROR|DEBUG|TRACE)\s|\d{4}-\d\d-\d\d|\s|at |Caused by|\S+(Exception|Error)"
)
_SCALAR = r'(nil|-?\d{1,1000}|"(?:[^"\\]|\\.)*"|:[\w.-]+)'
_PAIR = re.compile(rf"\[{_SCALAR}\s+{_SCALAR}\]")
_ONE = re.compile(_SCALAR)


def parse(data: bytes, file: str) -> History:
    """The history in `data`; raises `HistoryError` with the line that is wrong."""
    log = EventLog(file, "position")
    lines = data.decode("utf-8", "replace").splitlines()
    ended = data.endswith(b"\n")
    for number, text in enumerate(lines, 1):
        last_cut = number == len(lines) and not ended
        try:
            event = _event(text, number, file, last_cut)
        except edn.EdnError as error:
            raise HistoryError(str(error), number, file) from error
        if event is not None:
            log.add(event)
    return log.history()


def _event(text: str, number: int, file: str, cut: bool) -> Event | None:
    found = _EVENT.search(text)
    if found is None:
        if cut:
            raise HistoryError("the last line is truncated", number, file)
        if "jepsen.util" in text:
            raise HistoryError(f"not an event of an operation: {text.strip()!r}", number, file)
        if text and not _OTHER_LOGGER.match(text):
            raise HistoryError(f"not a line of a log: {text.strip()!r}", number, file)
        return None
    if found["process"] == ":nemesis":
        return None
    function = FUNCTION_NAMES.get(found["f"])
    if function not in {"read", "write", "cas", "delete"}:
        raise HistoryError(f"unknown function {found['f']!r}", number, file)
    kind, raw = found["type"], found["value"].strip()
    value, expected = None, None
    # A completion may give a reason or an answer instead of a value, which is of no use here.
    if kind == "invoke" or function != "cas":
        if function == "cas":
            pair = _PAIR.fullmatch(raw)
            if pair is None:
                raise HistoryError(f"the value of a cas is [old new], not {raw!r}", number, file)
            expected, value = _scalar(pair[1]), _scalar(pair[2])
        else:
            one = _ONE.fullmatch(raw)
            if one is None and (kind == "invoke" or (kind == "ok" and function == "read")):
                raise HistoryError(f"not a value: {raw!r}", number, file)
            value = _scalar(raw) if one is not None else None
    if cut and (raw[-1:].isdigit() or (raw != "nil" and raw[-1:].isalpha())):
        raise HistoryError(
            "the last line is truncated: it ends within a value, without a newline", number, file
        )
    return Event(number, int(found["process"]), kind, function, KEY, value, expected, number, differed=True)


def value_of(text: str) -> object:
    """A value as these logs have it; raises ValueError."""
    if not _ONE.fullmatch(text):
        raise ValueError("a number, a string, a keyword or nil was expected")
    return _scalar(text)


def _scalar(text: str) -> object:
    if text == "nil":
        return None
    if text.startswith('"'):
        return edn.element(text)
    return text if text.startswith(":") else int(text)
