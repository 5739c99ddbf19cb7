"""What a leadership refused for good, so that it refuses late copies of the same attempts too.

*Invariant* (rule I5 of `docs/replication.md`). An attempt that was added is covered until a timestamp past
its deadline is assigned: after that no copy of it can be proposed anyway.
"""

from __future__ import annotations

from heapq import heappop, heappush

from dynaproof.impl.node import Microseconds
from dynaproof.impl.paxos.ids import RequestId


class Refusals:
    """The last refused attempt of each request, at most `limit` of them."""

    __slots__ = ("_attempts", "_deadlines", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._attempts: dict[RequestId, int] = {}
        self._deadlines: list[tuple[Microseconds, RequestId]] = []
        """A heap."""

    def __len__(self) -> int:
        return len(self._attempts)

    def cover(self, request: RequestId, attempt: int) -> bool:
        """Whether this attempt, or a later one of its request, was refused for good."""
        return attempt <= self._attempts.get(request, 0)

    def add(self, request: RequestId, attempt: int, deadline: Microseconds, timestamp: Microseconds) -> bool:
        """Refuse an attempt for good from here on; False, with nothing refused, if too many already are.

        Each call forgets up to two that are past their deadlines by `timestamp`, so these do not pile up.
        """
        for _ in range(2):
            if self._deadlines and self._deadlines[0][0] < timestamp:
                self._attempts.pop(heappop(self._deadlines)[1], None)
        known = self._attempts.get(request)
        if known is None:
            if len(self._deadlines) >= self.limit:
                return False
            heappush(self._deadlines, (deadline, request))
        self._attempts[request] = max(attempt, known or 0)
        return True
