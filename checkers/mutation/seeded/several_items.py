"""Bugs of changes of several items, and of the pages that show several."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import OPERATIONS, READS, REQUESTS
from dynaproof.checkers.patches import Edit, bug

BATCHES = "batches"

BUGS = (
    bug(
        "first_version_only",
        "A change looks at the version of its first key, and at no other.",
        Edit(
            REQUESTS,
            "if not part.holds(stored):",
            "if part is operation.parts[0] and not part.holds(stored):",
        ),
        scenario=BATCHES,
        breaks=("strong_reads_linearizable",),
    ),
    bug(
        "versions_ignore_flights",
        "A change compares versions with the applied state, not with the slots in flight.",
        Edit(
            REQUESTS,
            "if not part.holds(stored):",
            "if not part.holds(self.replica.state.items.get(part.key)):",
        ),
        scenario=BATCHES,
        breaks=("strong_reads_linearizable",),
    ),
    bug(
        "looked_at_is_not_compared",
        "A change compares the versions of the keys that it changes, and not of those that it looks at.",
        Edit(REQUESTS, "if not part.holds(stored):", "if part.changes and not part.holds(stored):"),
        scenario=BATCHES,
        breaks=("strong_reads_linearizable",),
    ),
    bug(
        "absent_fits_any_version",
        "A change that expects no item under a key takes any item there.",
        Edit(
            OPERATIONS,
            "return self.version == (0 if stored is None else stored.slot)",
            "return self.version in (0, 0 if stored is None else stored.slot)",
        ),
        scenario=BATCHES,
        breaks=("strong_reads_linearizable",),
    ),
    bug(
        "last_part_left_out",
        "A change of several keys leaves the last one as it is.",
        Edit(REQUESTS, "if part.changes", "if part.changes and part is not operation.parts[-1]"),
        scenario=BATCHES,
        breaks=("strong_reads_linearizable", "pages_show_one_state"),
    ),
    bug(
        "scan_begins_late",
        "A scan leaves out the item at its low end.",
        Edit(
            READS,
            "found = state.items.range(read.low, read.high)",
            'found = state.items.range(read.low + b"\\0", read.high)',
        ),
        scenario=BATCHES,
        breaks=("pages_show_one_state",),
    ),
    bug(
        "scan_ends_late",
        "A scan shows the item at its high end, too.",
        Edit(
            READS,
            "found = state.items.range(read.low, read.high)",
            """
            high = None if read.high is None else read.high + b"\\0"
            found = state.items.range(read.low, high)
            """,
        ),
        scenario=BATCHES,
        breaks=("pages_show_one_state",),
    ),
    bug(
        "full_page_says_complete",
        "A page that has no room for all says that it is complete.",
        Edit(READS, "return tuple(items), key", "return tuple(items), None"),
        scenario=BATCHES,
        breaks=("pages_show_one_state",),
    ),
    bug(
        "pages_bounded_by_count",
        "A page is bounded in items, and not in bytes.",
        Edit(
            READS,
            "if looked_at == most_items or (looked_at and size > most_bytes):",
            "if looked_at == most_items:",
        ),
        scenario=BATCHES,
        breaks=("tails_fit", "frames_fit"),
    ),
    bug(
        "followers_show_strong_pages",
        "Any replica in a leader's contact shows strong pages.",
        Edit(REQUESTS, "if get.strong:", 'if get.strong and hasattr(get, "key"):'),
        scenario=BATCHES,
        breaks=("pages_show_one_state",),
    ),
    bug(
        "pages_see_flights",
        "A leader's pages show writes in flight.",
        Edit(
            REQUESTS,
            "answer = shown(state, m.request, m.attempt, get, self.settings)",
            """
            answer = shown(state, m.request, m.attempt, get, self.settings)
            if hasattr(answer, "items"):
                items = tuple((key, self.current(key) or item) for key, item in answer.items)
                answer = structs.replace(answer, items=items)
            """,
        ),
        scenario=BATCHES,
        breaks=("pages_show_one_state",),
    ),
)
"""The seeded bugs, by what they break; `../../patches.py` says how they are written."""
