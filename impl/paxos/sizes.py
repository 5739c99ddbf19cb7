"""What messages and journal records take beside the log's records: with the bounds on those it makes their
bound.
"""

from __future__ import annotations

HEADER_BYTES = 512
"""What a message between replicas takes beside its records, at the most: two names, a few ballots and
numbers."""
BALLOT_BYTES = 64
"""What the ballot takes that goes with a chosen record, at the most."""
NO_OP_BYTES = 128
"""What the no-op of a new leader takes, at the most."""
HEAD_BYTES = 8_192
"""What a journal's head takes, at the most: two configs, the roots, and the holds of readers."""
