"""Curves over numbers as a PNG picture or a PDF page, drawn by matplotlib; `curves` draws the same panels as
SVG. Equal values give equal bytes on one machine: nothing in them says when or where they were drawn, only by
which version.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dynaproof.checkers.report.curves import COLOURS, DASHES, Panel

Format: TypeAlias = Literal["png", "pdf"]

INCHES: Final = (6.0, 4.2)
"""The size of a panel."""
DOTS_PER_INCH: Final = 120


def plotted(panels: Sequence[Panel], kind: Format, made_by: str = "") -> bytes:
    """The picture of these panels, in a row, which names the version that drew it."""
    width, height = INCHES
    figure = Figure(figsize=(width * len(panels), height), dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for number, (name, points) in enumerate(panel.lines.items()):
            dash = DASHES[number % len(DASHES)]
            axes.plot(
                [x for x, _ in points],
                [y for _, y in points],
                label=name,
                color="#888888" if name in panel.dashed else COLOURS[number % len(COLOURS)],
                linestyle="--" if name in panel.dashed else (0, dash) if dash else "-",
                marker="o" if panel.dots else "",
                markersize=3,
                linewidth=1.2,
            )
        axes.set_title(panel.title)
        axes.set_xlabel(panel.x)
        axes.set_ylabel(panel.y)
        axes.set_yscale("log" if panel.logarithmic else "linear")
        axes.legend(loc="best", fontsize="small")
    drawn = io.BytesIO()
    by = made_by or None
    said = {"Software": by} if kind == "png" else {"Creator": by, "Producer": None, "CreationDate": None}
    figure.savefig(drawn, format=kind, metadata=said)
    return drawn.getvalue()
