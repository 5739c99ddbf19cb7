"""Global admission control: a table has one bucket, at a service, and routers draw tokens from it in advance.

It is what the 2022 paper puts in the place of adaptive capacity: a partition is no longer limited to a
share, only by its cap; what the table has goes wherever it is asked for.

*Rules.*

1. A router that runs short draws: its message says what it still holds, and how much it wants. The service
   grants what its bucket has, in whole micro-units, as far as the router may hold it (`most`); if the bucket
   is full it grants what is wanted, even if it never holds as much, and goes into debt.
2. Draws are messages (`impl/tokens`), and each has a number. The service grants a number once, and gives a
   copy the same answer again; a router takes only the answer to its last number, once. So none counts twice.
3. Tokens that a router has not used `HOLD_US` after it drew last, by its own clock, expire there; its next
   draw, or a draw of nothing, carries them back. Tokens on their way back are nobody's.
4. Before a router forwards a request, it takes what that costs at the least, and it *settles* when the
   request is answered: any further cost is owed, and paid by what is drawn next. What was taken for a request
   that had no effect is given back, as far as the router may hold it; the rest is carried back like tokens
   that have expired.

*Invariant.* Tokens in the bucket, held by routers and used are together at most what the bucket began with
plus what was filled (`tokens_conserved`). A router holds at most `most`, so what is handed out and not used
is at most that times the number of routers. Hence what a table's routers take for requests in any window is
at most its burst, plus the fill of the window, plus what may be handed out, plus one debt.

*Crashes.* A router that crashes takes its tokens with it, and what it owes: at most `most`, and what its
requests under way cost beyond the least. A service that crashes forgets its buckets; each begins a new life
with one second's fill (`shares.succeeded`), so at most that is minted, and a debt of at most `most` is
forgiven.

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


def asked_for(held: int, wanted: int) -> int:
    """What a router that wants this much draws: that, and as much again in advance."""
    return 2 * wanted - held


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
    """Below 0: what it owes."""
    expired: int = 0
    """What the next draw carries back."""
    drawn_us: int = 0
    most: int = MOST_HELD
    hold_us: int = HOLD_US

    def expire(self, now_us: int) -> None:
        """Let tokens expire that were drawn too long ago (rule 3); a debt stays."""
        late = now_us - self.drawn_us >= self.hold_us
        self.expired = self.expired + select(late, maximum(self.held, 0), 0)
        self.held = select(late, minimum(self.held, 0), self.held)

    def returned(self) -> int:
        """What a draw carries back; it is no longer here."""
        back, self.expired = self.expired, 0
        return back

    def credit(self, grant: int, now_us: int) -> None:
        """Take what a draw was granted."""
        self.give_back(grant)
        self.drawn_us = now_us

    def give_back(self, cost: int) -> None:
        """Hold what was taken and not used, or what is granted, as far as it may be held (rule 4)."""
        there = self.held + cost
        self.held = minimum(there, self.most)
        self.expired = self.expired + there - self.held

    def take(self, cost: int) -> bool:
        """Use tokens for a request, if there are enough."""
        if self.held < cost:
            return False
        self.held = self.held - cost
        return True

    def settle(self, more: int) -> None:
        """Owe what a request has cost beyond what was taken for it (rule 4)."""
        self.held = self.held - more
