"""`dynaproof load`: a scenario under open-loop load, and a report on it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from dynaproof import console, exits
from dynaproof.arguments import FIRST_RATE, ROUND_TRIPS, SECONDS, SESSIONS, WARM_UP, file_to_write
from dynaproof.commands import Flag
from dynaproof.errors import UserError
from dynaproof.provenance import provenance

if TYPE_CHECKING:
    from dynaproof.checkers.load.measuring import Row

Rates = Annotated[tuple[str, ...], Parameter(negative="")]


def load(
    scenario: str = "partition",
    /,
    *,
    rate: Rates = (),
    until_saturated: Flag = False,
    arrivals: Literal["poisson", "even"] = "poisson",
    seconds: float = SECONDS,
    warm_up: float = WARM_UP,
    reads: int = 0,
    item_bytes: int | None = None,
    keys: int | None = None,
    sessions: int = SESSIONS,
    most_round_trips: int = ROUND_TRIPS,
    seed: int = 1,
    plot: Path | None = None,
    json: Flag = False,
) -> int:
    """Issue requests at a rate, answered or not, and report latencies, throughput, costs and saturation.

    Latencies are simulated time from when a request was due; docs/load.md says what exactly is measured.
    Interrupted (Ctrl-C), it reports the rates that it has measured. Exit status 3 if at one of
    them no request was due.

    Args:
        scenario: What is loaded; see `dynaproof scenarios`, or FILE.py:NAME of your own.
        rate: Requests a second of simulated time; several as 1000,2000 or by repeating it. By default 1000.
        until_saturated: Go on from there, doubling, until it is known within 5 % where it is saturated.
        arrivals: How requests come: at random (poisson), or evenly spaced.
        seconds: For how long it is measured, in simulated time.
        warm_up: For how long before that it is loaded, and not measured.
        reads: How many in a hundred requests read; the others write.
        item_bytes: What a request writes; by default what the scenario says, or 100.
        keys: How many keys are in use; by default what the scenario says, or 4096.
        sessions: How many requests may be under way; what is due beyond that waits, and its latency counts.
        most_round_trips: A rate whose p99 is above so many mean round trips counts as saturated, too.
        seed: The seed of arrivals, requests and the run.
        plot: An .svg file of latency and throughput over the rate.
        json: Print one JSON object.
    """
    from dynaproof.checkers.whole_file import write_whole
    from dynaproof.loading import loaded

    file_to_write("--plot", plot, ".svg")
    rates = [parsed(text) for given in rate for text in given.split(",")] or [FIRST_RATE]
    with console.progress(f"loading {scenario}") as advance:
        done = loaded(
            scenario,
            rates,
            until_saturated=until_saturated,
            arrivals=arrivals,
            seconds=seconds,
            warm_up=warm_up,
            seed=seed,
            keys=keys,
            item_bytes=item_bytes,
            reads=reads,
            sessions=sessions,
            most_round_trips=most_round_trips,
            called=option,
            listener=Progress(advance),
        )
    if json:
        console.emit({**done.summary(), "provenance": provenance(seed=seed)})
    else:
        for line in done.lines():
            console.show(line)
    if plot is not None and done.rows:
        write_whole(plot, done.svg().encode())
    if done.report.ended == "interrupted":
        count = len(done.rows)
        told = f"{count} rate{'' if count == 1 else 's'}"
        console.say(f"interrupted after {told}; the one under way is left out")
        return exits.INTERRUPTED
    if done.failure is not None:
        return exits.FAILED
    return exits.UNKNOWN if done.unmeasured else exits.CLEAN


def option(name: str) -> str:
    """The option here for an argument of `dynaproof.load`."""
    return "--rate" if name == "rates" else f"--{name.replace('_', '-')}"


def parsed(text: str) -> int:
    """A rate as it is typed."""
    try:
        return int(text)
    except ValueError:
        raise UserError(f"--rate is {text!r}; it takes whole numbers of requests a second") from None


class Progress:
    """Shows the progress of the rate under way, and the result of each rate."""

    def __init__(self, advance: Callable[[float, str], None]) -> None:
        self.advance = advance
        self.done = 0

    def begins(self, rate: int) -> None:
        """A rate begins to be measured."""
        self.advance(self.done, f"{rate:,} requests/s")

    def went_on(self, rate: int, simulated_us: int, events: int) -> None:
        """Move the line on."""
        self.advance(self.done, f"{rate:,} requests/s: {simulated_us / 1e6:.3f} s, {events:,} events")

    def measured(self, row: "Row") -> None:
        """Print the result of a rate."""
        self.done += 1
        if not row.due:
            console.say(f"{row.rate:,} requests/s: nothing was due, so nothing was measured")
            return
        told = f"saturated ({row.saturated})" if row.saturated else "keeps up"
        console.say(f"{row.rate:,} requests/s: {row.answered_per_s:,.1f} answered/s, {told}")
