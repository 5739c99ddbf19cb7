"""Bugs of routers and their calls: which partition, which leader, what an error means, pages, sessions."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    ASKED,
    CALL,
    CALLER,
    CONTROL,
    KEYS,
    ROOM,
    ROUTER,
    SESSIONS,
    TABLES,
)
from dynaproof.checkers.patches import Edit, bug

COMES_AND_GOES = "create-delete-create"

BUGS = (
    bug(
        "router_says_definite",
        "A router says that a request had no effect when it has waited for an answer for long enough.",
        Edit(CALL, 'return "indefinite" if self.unanswered else "definite"', 'return "definite"'),
        scenario="table",
        breaks=("retries_apply_once",),
    ),
    bug(
        "last_refusal_counts",
        "A router says that a request had no effect when its last attempt was refused for good.",
        Edit(CALL, "del self.unanswered[m.attempt]", "self.unanswered.clear()", within="Call.refused"),
        scenario="repair-under-load",
        breaks=("retries_apply_once",),
    ),
    bug(
        "hints_not_followed",
        "A router never follows a hint who leads, and aims all attempts at the ballot that it knew first.",
        Edit(
            CALLER,
            "if m.leader is not None and m.ballot > running.followed and running.call.wants_leader:",
            "if False:",
        ),
        scenario="table",
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "deadline_of_each_attempt",
        "Every attempt at a request has a deadline of its own, and so another name.",
        Edit(
            CALLER,
            "env.send(to, call.ask(to, route.ballot))",
            "call.deadline += 1; env.send(to, call.ask(to, route.ballot))",
        ),
        scenario="table",
        breaks=("retries_apply_once",),
    ),
    bug(
        "first_partition_owns_all",
        "A router sends everything to the first partition of a table.",
        Edit(
            TABLES, "return self.partitions[bisect_right(self.starts, key) - 1]", "return self.partitions[0]"
        ),
        scenario="table",
        breaks=("keys_lie_in_their_partition",),
    ),
    bug(
        "neighbour_owns_the_key",
        "A router sends a request to the partition before the one that owns the key.",
        Edit(TABLES, "bisect_right(self.starts, key) - 1]", "bisect_right(self.starts, key) - 2]"),
        scenario="table",
        breaks=("keys_lie_in_their_partition",),
    ),
    bug(
        "first_route_kept",
        "A router goes on to use what it has read of a table first, whatever it reads later.",
        Edit(TABLES, "if before is None or m.slot >= before.slot:", "if before is None:"),
        scenario=COMES_AND_GOES,
        breaks=("errors_stop_after_faults",),
    ),
    bug(
        "look_up_not_repeated",
        "A router asks the metadata for a table once, and waits for an answer that may be lost.",
        Edit(
            TABLES,
            "self.ask(timer.number, look_up)",
            "self.env.set_timer(self.settings.caller.attempt_us, timer)",
            within="Tables.on_locate_timer",
        ),
        scenario=COMES_AND_GOES,
        breaks=("errors_stop_after_faults",),
    ),
    bug(
        "requests_not_bounded",
        "A router takes all that users ask at the same time.",
        Edit(ROUTER, "if crowded or len(self.asked) >= self.settings.requests:", "if crowded:"),
        scenario="table",
        breaks=("routers_and_admins_stay_bounded",),
    ),
    bug(
        "scans_not_bounded",
        "A router reads as many pages at the same time as users ask for.",
        Edit(
            ROUTER,
            "if crowded or len(self.asked) >= self.settings.requests:",
            "if len(self.asked) >= self.settings.requests:",
        ),
        scenario="busy-table",
        breaks=("routers_and_admins_stay_bounded",),
    ),
    bug(
        "bytes_not_bounded",
        "A router takes what users ask for, and keeps what is read, however many bytes that is at a time.",
        Edit(ROOM, "if size > self.left:", "if False:"),
        scenario="table",
        breaks=("routers_and_admins_stay_bounded",),
    ),
    bug(
        "bytes_of_items_not_counted",
        "A router counts what users send, and not what is read for them.",
        Edit(ROOM, "return not full and self.take(asked, size)", "return not full"),
        scenario="table",
        breaks=("routers_and_admins_stay_bounded",),
    ),
    bug(
        "bytes_of_the_answered_kept",
        "What a router has answered counts on as bytes that are taken, so after a while there is no room.",
        Edit(ROOM, "self.taken -= asked.taken", "self.taken -= 0"),
        scenario="table",
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "what_is_not_kept_is_absent",
        "An item that a router has read and has no room for it takes for absent.",
        Edit(ROUTER, "if not kept:", "if False:"),
        scenario="table",
        breaks=("users_see_one_table",),
    ),
    bug(
        "batches_read_without_bound",
        "A batch reads all its items, however many bytes they have.",
        Edit(ROOM, "return not full and self.take(asked, size)", "return self.take(asked, size)"),
        scenario="table",
        breaks=("routers_and_admins_stay_bounded",),
    ),
    bug(
        "batches_write_without_bound",
        "A batch of writes is taken, however many bytes it has.",
        Edit(KEYS, "if isinstance(action, BatchWriteItem) and action.size_bytes > most:", "if False:"),
        scenario="table",
        breaks=("routers_and_admins_stay_bounded",),
    ),
    bug(
        "tables_not_bounded",
        "A router keeps all tables in mind that it has ever read.",
        Edit(TABLES, "if len(self.known) > self.settings.tables:", "if False:"),
        scenario=COMES_AND_GOES,
        breaks=("routers_and_admins_stay_bounded",),
    ),
    bug(
        "token_is_inclusive",
        "The next page begins with the last item of the page before.",
        Edit(KEYS, 'after = action.after + b"\\x00"', "after = action.after"),
        scenario="table",
        breaks=("scan_returns_each_once", "query_returns_its_partition_key"),
    ),
    bug(
        "page_ends_with_its_partition",
        "A page that comes to the end of a partition is taken for the end of the scan.",
        Edit(
            ROUTER,
            "if place is None or (paging.high is not None and place >= paging.high):",
            "if answer.through is None:",
        ),
        scenario="table",
        breaks=("scan_returns_each_once",),
    ),
    bug(
        "page_skips_what_did_not_fit",
        "A page goes on behind the partition although it was not read to its end.",
        Edit(
            ROUTER,
            "place = operation.high if answer.through is None else answer.through",
            "place = operation.high",
        ),
        Edit(ROUTER, "elif full or (answer.through is not None and paging.items):", "elif full:"),
        scenario="table",
        breaks=("scan_returns_each_once", "query_returns_its_partition_key"),
    ),
    bug(
        "page_that_failed_is_the_last",
        "A page of which a piece could not be read is said to be the last one.",
        Edit(ROUTER, "Items(tuple(paging.items), paging.items[-1][0])", "Items(tuple(paging.items), None)"),
        scenario="table",
        breaks=("scan_returns_each_once", "query_returns_its_partition_key"),
    ),
    bug(
        "batch_hides_its_errors",
        "A batch says that all of its items were processed.",
        Edit(
            ASKED,
            "return Batch(tuple(piece.item for piece in asked.pieces), unprocessed), None",
            "return Batch(tuple(piece.item for piece in asked.pieces), ()), None",
        ),
        scenario="uneven-keys",
        breaks=("users_see_one_table",),
    ),
    bug(
        "repeated_messages_ask_again",
        "A router takes a message of a user that the network repeats for another request.",
        Edit(SESSIONS, "return m.number > found[1]", "return True"),
        scenario="table",
        breaks=("users_see_one_table", "retries_apply_once"),
    ),
    bug(
        "sessions_outlive_the_router",
        "A router takes what was asked of its life before the crash.",
        Edit(
            SESSIONS,
            "found = self.open.pop(m.session, None)",
            "found = self.open.pop(m.session, (sender, 0))",
        ),
        scenario="zone-down",
        breaks=("routers_and_admins_stay_bounded",),
    ),
    bug(
        "sound_orders_refused",
        "A router refuses the orders that are sound, and passes on the others.",
        Edit(CONTROL, "if wrong is not None:", "if wrong is None:", within="Control.begin"),
        scenario="table",
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "active_tables_not_kept",
        "A router keeps in mind what is not active, so it finds no table that is.",
        Edit(TABLES, 'm.table.status != "active"', 'm.table.status == "active"', within="Tables.keep"),
        scenario="table",
        breaks=("active_tables_are_found",),
    ),
    bug(
        "every_page_is_one_too_many",
        "A router throttles all scans, queries and lists of tables.",
        Edit(ROUTER, "self.pages_under_way() >= self.settings.scans_at_once", "self.pages_under_way() >= 0"),
        scenario="table",
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "every_put_is_one_too_many",
        "A router throttles all that puts a single item.",
        Edit(
            ROUTER,
            "len(self.asked) >= self.settings.requests:",
            'len(self.asked) >= self.settings.requests or hasattr(m.action, "item"):',
        ),
        scenario="table",
        breaks=("progress_after_faults_stop",),
    ),
)
