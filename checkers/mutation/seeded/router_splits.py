"""Bugs of routers when a partition is split: what covers which attempt, where a call and a page go on."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import CALLER, KEYS, ROUTER, TABLES
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "nothing_happened_at_what_is_gone",
        "A router takes it for certain that nothing has happened at a partition that was split and dropped.",
        Edit(ROUTER, "hosts_of(owner), final=False)", "hosts_of(owner), final=True)"),
        scenario="split-under-load",
        breaks=("retries_apply_once",),
    ),
    bug(
        "another_request_at_the_child",
        "A request goes on at a child with another deadline, so it is another one.",
        Edit(CALLER, "call.goes_on(final)", "call.goes_on(final); call.deadline += 1"),
        scenario="split-under-load",
        breaks=("retries_apply_once",),
    ),
    bug(
        "begins_the_partition_again",
        "A page goes on in a child from its beginning.",
        Edit(
            ROUTER,
            "paging.partitions.pop()  # Nothing was read there.",
            "paging.low = self.tables.known[paging.table].owner(paging.low).range.start",
            within="Router.page_piece",
        ),
        scenario="split-under-load",
        breaks=("scan_returns_each_once",),
    ),
    bug(
        "child_answers_for_its_parent",
        "A router takes what it has read of a child for complete up to the end of the parent.",
        Edit(
            TABLES,
            "parent.generation, child.range, parent.state",
            "parent.generation, type(child.range)(child.range.start, parent.range.end), parent.state",
        ),
        scenario="split-under-load",
        breaks=("scan_returns_each_once",),
    ),
    bug(
        "page_ends_with_the_split",
        "A page whose partition is split is answered as if it had come to its end.",
        Edit(
            ROUTER,
            "paging.partitions.pop()  # Nothing was read there.\nself.find(number, asked)",
            "self.end(number, Items(tuple(paging.items), None))",
        ),
        scenario="split-under-load",
        breaks=("scan_returns_each_once", "query_returns_its_partition_key"),
    ),
    bug(
        "segment_begins_with_the_table",
        "A segment of a scan begins with the table, whatever part of it is its own.",
        Edit(KEYS, "low, high = part.start, part.end", 'low, high = b"", part.end'),
        scenario="split-under-load",
        breaks=("scan_returns_each_once",),
    ),
    bug(
        "segments_leave_one_out",
        "A segment of a scan is a part of one more than were asked for, so the last is read by nobody.",
        Edit(
            KEYS,
            "part = equal_part(action.segments, action.segment)",
            "part = equal_part(action.segments + 1, action.segment)",
        ),
        scenario="split-under-load",
        breaks=("scan_returns_each_once",),
    ),
)
