"""What messages and journal records take besides the log's records: added to the bounds on those, it gives
theirs.
"""

from __future__ import annotations

HEADER_BYTES = 512
"""The most that a message between replicas takes besides records: two names, a few ballots and numbers."""
BALLOT_BYTES = 64
"""The most that the ballot of a chosen record takes."""
NO_OP_BYTES = 128
"""The most that a new leader's no-op takes."""
HEAD_BYTES = 8_192
"""The most that a journal's head takes: two configs, the roots, and the holds of readers."""
