"""Global admission control: a table has one bucket, at a service, and routers draw tokens from it in advance.

It is what the 2022 paper puts in the place of adaptive capacity: a partition is no longer limited to a
share, only by its cap; what the table has goes wherever it is asked for.

*Rules.*

1. A router that runs short draws: its message says what it still holds, and how much it wants. The service
   grants what its bucket has, whole micro-units, so that the router holds at most `most`; where the bucket
   is full it grants what is wanted, even if it never holds as much, and is in debt.
2. When draws are messages (nothing sends them yet), each has a number. The service answers a number once,
   and a router takes the answer to its last number only, once: tokens of an answer that is lost are gone,
   and none counts twice.
3. What a router has not used `HOLD_US` after it drew last, by its own clock, expires there; its next draw,
   or a draw of nothing, carries it back. What is on its way back is nobody's.

*Invariant.* Tokens in the bucket, held by routers and used are together at most what the bucket began with
and what was filled (`tokens_conserved`). A router holds at most `most`, so what is handed out and not used
is at most that times the number of routers; and so the table admits in any window at most its burst, what
the window fills, that much, and one debt.

The proofs are in `checkers/proofs/tokens.py`. Source: Elhemali et al., Amazon DynamoDB, USENIX ATC 2022, 4.3.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from dynaproof.impl.capacity.arithmetic import MICRO, SECOND_US, div, maximum, minimum, select
from dynaproof.impl.capacity.bucket import Bucket, charged, kept
from dynaproof.impl.capacity.units import LARGEST_WRITE

HOLD_US: Final = 10 * SECOND_US
MOST_HELD: Final = 2 * LARGEST_WRITE
"""What a router may hold of a table's tokens: enough for the largest request, with another one's worth in
hand.
"""


def granted(level: int, capacity: int, held: int, asked: int, most: int) -> int:
    """What a draw is granted, in micro-units (rule 1)."""
    there = select(level >= capacity, asked, minimum(asked, div(maximum(level, 0), MICRO)))
    return maximum(0, minimum(there, most - held))


class TableTokens(Struct):
    """A table's bucket at the service."""

    bucket: Bucket
    most: int = MOST_HELD

    def draw(self, held: int, returned: int, asked: int, now_us: int) -> int:
        """Take back what has expired, and grant what a router asks for."""
        bucket = self.bucket
        bucket.refill(now_us)
        bucket.level = kept(bucket.level + returned * MICRO, bucket.capacity)
        grant = granted(bucket.level, bucket.capacity, held, asked, self.most)
        bucket.level = charged(bucket.level, grant)
        return grant


class RouterTokens(Struct):
    """What one router holds of a table's tokens, in micro-units."""

    held: int = 0
    expired: int = 0
    """To be carried back by the next draw."""
    drawn_us: int = 0

    def expire(self, now_us: int) -> None:
        """Let what was drawn too long ago go (rule 3)."""
        late = now_us - self.drawn_us >= HOLD_US
        self.expired = self.expired + select(late, self.held, 0)
        self.held = select(late, 0, self.held)

    def returned(self) -> int:
        """What a draw carries back; it is no longer here."""
        back, self.expired = self.expired, 0
        return back

    def credit(self, grant: int, now_us: int) -> None:
        """Take what a draw was granted."""
        self.held = self.held + grant
        self.drawn_us = now_us

    def take(self, cost: int) -> bool:
        """Use tokens for a request, if there are enough."""
        if self.held < cost:
            return False
        self.held = self.held - cost
        return True
