"""What routers and the token service say to each other, and what the service says of itself."""

from __future__ import annotations

from msgspec import Struct

from dynaproof.impl.capacity.admission import Direction
from dynaproof.impl.capacity.rates import Fill
from dynaproof.impl.node import Message, Microseconds, NodeId, Note


class TableOf(Struct, frozen=True, gc=False, array_like=True):
    """A bucket at the service: of one generation of a table, for its reads or for its writes."""

    table: str
    generation: int
    direction: Direction


class Life(Struct, frozen=True, gc=False, array_like=True):
    """Of a bucket: the boot of the service, and how many buckets it had begun then."""

    boot: int
    number: int


NO_LIFE = Life(0, 0)
"""The life that a router knows before it has drawn anything."""


class Draw(Message, frozen=True, gc=False, tag="draw"):
    """A router that holds `held` (0, if it owes) asks for more, and carries back what has expired there.

    It says what the table is given, as far as it knows; `life` is that of the bucket that answered it last.
    The numbers of one boot of a router ascend.
    """

    of: TableOf
    version: int
    fill: Fill
    boot: int
    number: int
    life: Life
    held: int
    returned: int
    asked: int


class Drawn(Message, frozen=True, gc=False, tag="drawn"):
    """What the draw of this number is granted. It is less than what was asked for and may be held only if the
    bucket has no more; then the bucket will have that much after a time.
    """

    of: TableOf
    boot: int
    number: int
    life: Life
    grant: int
    after_us: Microseconds = 0
    """0: the grant is not less."""


class Granted(Note, frozen=True, gc=False, tag="granted"):
    """The service has answered a draw at this time of its clock; `level` is the bucket's, in whole
    micro-units, once it was filled and what was carried back was put in, as far as that was believed.
    """

    router: NodeId
    draw: Draw
    answer: Drawn
    believed: int
    level: int
    at_us: Microseconds
