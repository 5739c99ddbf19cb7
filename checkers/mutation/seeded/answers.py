"""Bugs of what routers make of the answers to their calls: pages, batches, what tables there are."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import ASKED, CONTROL, KEY_BYTES, KEYS, ROUTER
from dynaproof.checkers.patches import Edit, bug

COMES_AND_GOES = "create-delete-create"

BUGS = (
    bug(
        "page_repeats_its_first_item",
        "Of a piece of a page every key is answered with the first item.",
        Edit(
            ROUTER,
            "[(key, stored.item) for key, stored in answer.items]",
            "[(key, answer.items[0][1].item) for key, _ in answer.items]",
        ),
        scenario="table",
        breaks=("users_see_one_table",),
    ),
    bug(
        "pages_ask_any_replica",
        "The pieces of a strong page are read of any replica.",
        Edit(ROUTER, "asked.action.strong,", "False,", within="Router.read_piece"),
        scenario="table",
        breaks=("scan_returns_each_once", "query_returns_its_partition_key", "users_see_one_table"),
    ),
    bug(
        "query_reads_on",
        "A query goes on over all that follows its partition key.",
        Edit(KEYS, "high = behind(low)", "high = None"),
        scenario="table",
        breaks=("query_returns_its_partition_key",),
    ),
    bug(
        "sort_key_in_the_hash",
        "The hash of a key is that of all of it, so that items of one partition key lie anywhere.",
        Edit(
            KEY_BYTES,
            "return key_hash(encoded) + encoded + _encode(schema.sort, item, MAX_SORT_KEY_BYTES)",
            "encoded += _encode(schema.sort, item, MAX_SORT_KEY_BYTES); return key_hash(encoded) + encoded",
        ),
        scenario="table",
        breaks=("query_returns_its_partition_key",),
    ),
    bug(
        "limit_is_not_heard",
        "A page has as many items as a router gives at the most, whatever was asked for.",
        Edit(KEYS, "min(most_items, action.limit)", "most_items"),
        scenario="table",
        breaks=("pages_stay_within_their_limit",),
    ),
    bug(
        "gets_of_batches_fail",
        "No get of a batch is ever processed.",
        Edit(
            ROUTER,
            'if ending != "ok":',
            'if ending != "ok" or hasattr(asked.action, "gets"):',
            within="Router.item_ended",
        ),
        scenario="table",
        breaks=("errors_stop_after_faults",),
    ),
    bug(
        "batch_gets_its_first_item",
        "Of a batch of gets the first one only is ever processed.",
        Edit(
            ROUTER,
            'if ending != "ok":',
            'if ending != "ok" or (reads and index):',
            within="Router.item_ended",
        ),
        scenario="table",
        breaks=("errors_stop_after_faults",),
    ),
    bug(
        "batch_of_nothing_is_answered",
        "A batch of which nothing was done is answered as if something was.",
        Edit(ASKED, "if len(failed) == len(asked.pieces):", "if False:"),
        scenario="hot-partition",
        breaks=("batches_do_some_of_it",),
    ),
    bug(
        "batch_is_not_asked_anew",
        "A batch of which nothing was done for its table is gone is answered as if no leader was there.",
        Edit(
            ROUTER,
            "if all(one.gone for one in asked.pieces):",
            "if len(asked.pieces) == 1 and asked.pieces[0].gone:",
        ),
        scenario=COMES_AND_GOES,
        breaks=("errors_stop_after_faults",),
    ),
    bug(
        "no_tables_are_listed",
        "A list of tables names none.",
        Edit(CONTROL, "for key, _ in answer.items)", "for key, _ in answer.items[:0])"),
        scenario=COMES_AND_GOES,
        breaks=("tables_are_told_as_committed",),
    ),
    bug(
        "lists_are_read_of_any_replica",
        "The names of tables are read of any replica of the metadata.",
        Edit(CONTROL, "NAME_BYTES, strong=True)", "NAME_BYTES, strong=False)"),
        scenario=COMES_AND_GOES,
        breaks=("tables_are_told_as_committed",),
    ),
    bug(
        "no_table_is_described",
        "Whoever asks for a table hears that there is none.",
        Edit(
            CONTROL,
            "self.router.end(number, Described(table))",
            "self.router.end(number, errors.TABLE_NOT_FOUND)",
        ),
        scenario=COMES_AND_GOES,
        breaks=("tables_are_told_as_committed",),
    ),
)
