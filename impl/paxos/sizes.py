"""What messages take beside their records: with the bounds on those it makes the bound on messages."""

from __future__ import annotations

HEADER_BYTES = 512
"""What a message between replicas takes beside its records, at the most: two names, a few ballots and
numbers."""
BALLOT_BYTES = 64
"""What the ballot takes that goes with a chosen record, at the most."""
NO_OP_BYTES = 128
"""What the no-op of a new leader takes, at the most."""
