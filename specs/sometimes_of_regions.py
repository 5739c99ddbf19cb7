"""What a campaign on a region with tables should see; as in `sometimes`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dynaproof.specs.situation import Sometimes
from dynaproof.specs.sometimes_of_repairs import (
    ADMIN_DIED_REPLACING,
    BALANCED,
    HANDED_OVER_TO_REPLACE,
    NODE_DRAINED,
    SECOND_LOSS_BESIDE,
    SECOND_LOSS_ELSEWHERE,
    TWO_OF_FIVE_LOST,
)

STALE_ROUTE = Sometimes(
    "stale route",
    "A router asked a node for a partition that was not there: what it knew of the table was old.",
    "docs/table.md, R1 and R2",
)

TABLE_GONE = Sometimes(
    "table gone under a request",
    "A router learnt that a table was gone, or another one, while a request for it was under way.",
    "docs/table.md, R2",
)

PAGED_OVER = Sometimes(
    "page over several partitions",
    "A page of a scan was read from several partitions, and there was more behind it.",
    "docs/table.md, R8",
)

QUERY_PAGED = Sometimes(
    "query paged",
    "A page of a query was answered, and there may be more behind it.",
    "docs/table.md, R9",
)

DELETED_WHILE_CREATED = Sometimes(
    "table deleted while it was created",
    "A table was deleted before all of its replicas had answered that they were made.",
    "docs/table.md, A14",
)

TABLE_GIVEN_UP = Sometimes(
    "table that cannot be created was given up",
    "A table was deleted because two voters of a partition were lost, or had no room, before they were made.",
    "docs/table.md, A13",
)

ADMIN_DIED = Sometimes(
    "admin died with a workflow under way",
    "The active admin crashed while a workflow of the metadata had not ended.",
    "docs/table.md, A2",
)

ADMIN_DIED_BETWEEN: Mapping[tuple[str, str], Sometimes] = MappingProxyType(
    {
        (kind, stage): Sometimes(
            f"admin died {words} of a table that it {does}",
            f"The active admin crashed while it {does} a table: {sentence}.",
            "docs/table.md, A2",
        )
        for kind, does in (("create", "created"), ("delete", "deleted"))
        for stage, words, sentence in (
            ("none", "before any answer", "the workflow was written, and no node had answered"),
            ("some", "between the answers", "some nodes had answered"),
            ("last", "beside the last write", "enough had answered, and the last step was read or written"),
        )
    }
)
"""By the kind of the workflow, and by how much of it was done."""

TWO_ADMINS = Sometimes(
    "two admins thought that they were active",
    "An admin became active while another one that runs thought that it was.",
    "docs/table.md, A1",
)

LATE_COMMAND = Sometimes(
    "command of an admin that was deposed",
    "A storage node refused a command because it had seen a higher term.",
    "docs/table.md, A8",
)

COLLECTED = Sometimes(
    "replica that nothing named was dropped",
    "A node was told to drop a partition of which there was neither a record nor a workflow.",
    "docs/table.md, A11",
)

LATE_DROP = Sometimes(
    "late drop after a table was created again",
    "A node was told to drop a partition of a table, and another table of that name had a record by then.",
    "docs/table.md, A7 and A14",
)

HANDED_OVER = Sometimes(
    "leader of a table's partition handed over",
    "A leader released its lease and stayed a voter, and the one that it chose was the next to lead.",
    "docs/table.md, H6; docs/replication.md, Handover",
)

PAGED_OVER_A_CHANGE = Sometimes(
    "page over several partitions while one changed its leader",
    "A page of a scan has items of several partitions, and one of these was led anew since it was asked for.",
    "docs/table.md, R8",
)

ZONE_FELL = Sometimes(
    "zone down",
    "All storage nodes, routers and admins of a zone were down, and all others ran.",
    "docs/table.md, M2",
)

METADATA_LED_ANEW = Sometimes(
    "metadata changed its leader",
    "Another replica of the metadata began to lead while routers and admins used it.",
    "docs/table.md, The metadata",
)

REPAIRED_UNDER_LOAD = Sometimes(
    "voter repaired under load",
    "The voter that came in the place of a lost one had its tree while a user waited for an answer.",
    "docs/table.md, A10",
)

GIVEN_UP = Sometimes(
    "replacement given up",
    "The epoch of a partition was to be raised, so that the command to replace a voter counts no more.",
    "docs/table.md, A10",
)

LEARNER_DROPPED = Sometimes(
    "replica dropped that never had a vote",
    "What a replacement that was given up had made was dropped, or what it might yet have made.",
    "docs/table.md, A11",
)

LATE_CREATE = Sometimes(
    "command to create came after the drop",
    "A storage node was told to make exactly the replica that it was told to drop last.",
    "docs/table.md, A5",
)

DEAD_NODE_LIVES = Sometimes(
    "dead node that lives",
    "A storage node that was taken for dead has reported.",
    "docs/table.md, section 3 (dead)",
)

LED_WITH_LOG_REPLICA = Sometimes(
    "election while a voter was a log replica",
    "A replica began to lead a partition, and a voter had no tree.",
    "docs/replication.md, rule M5",
)

REPLACEMENT_TAKEN_OVER = Sometimes(
    "replacement taken over half way",
    "An admin became active while a voter was being replaced.",
    "docs/table.md, A2",
)

OF_REPAIR: Mapping[str, Sometimes] = MappingProxyType(
    {
        one.name: one
        for one in (
            REPAIRED_UNDER_LOAD,
            GIVEN_UP,
            LEARNER_DROPPED,
            LATE_CREATE,
            DEAD_NODE_LIVES,
            LED_WITH_LOG_REPLICA,
            REPLACEMENT_TAKEN_OVER,
            SECOND_LOSS_ELSEWHERE,
            SECOND_LOSS_BESIDE,
            TWO_OF_FIVE_LOST,
            NODE_DRAINED,
            BALANCED,
            HANDED_OVER_TO_REPLACE,
            *ADMIN_DIED_REPLACING.values(),
        )
    }
)
"""Situations that need admins that replace voters."""

LED_ON = Sometimes(
    "router led on to the metadata",
    "A router that knew only nodes which had left the metadata was told by one of them where it is.",
    "docs/table.md, A15",
)

ALL_HAVE_LEFT = Sometimes(
    "metadata on other nodes than configured",
    "A config of the metadata was chosen that names none of the nodes on which it began.",
    "docs/table.md, A15",
)

PARTITION_SPLIT = Sometimes(
    "partition split",
    "The barrier of a partition was chosen.",
    "docs/table.md, A12",
)

CHILD_WAITED = Sometimes(
    "child waited for the lease of its parent",
    "A node had made its part of a child, and what it had granted for the parent had not run out.",
    "docs/table.md, H8",
)

CAME_HOME = Sometimes(
    "pages of a child came home",
    "A child moved the last of what it needed from the files of its parent into its own.",
    "docs/table.md, P5",
)

CROSSED = Sometimes(
    "request crossed a split",
    "A request that had been asked of a partition went on at a child of it.",
    "docs/table.md, R4",
)

CROSSED_OPEN = Sometimes(
    "request crossed a split, and its outcome was open",
    "It went on at a child, and whether an attempt at the parent took effect was not known.",
    "docs/table.md, R4",
)

RETRIED_IN_CHILD = Sometimes(
    "retry answered by a child",
    "A child answered a request from what its parent had remembered.",
    "docs/table.md, H4",
)

CHILD_BY_COPY = Sometimes(
    "child made by copy",
    "A node was told to make its replica of a child, because no replica of the parent there would.",
    "docs/table.md, H10",
)

HANDED_OVER_TO_SPLIT = Sometimes(
    "leader that does not hear a voter handed over to split",
    "A leader that was told to split, and did not hear one of its voters, handed over to another one.",
    "docs/table.md, A12",
)

SPLIT_GIVEN_UP = Sometimes(
    "split given up",
    "The epoch of a partition was to be raised, so that the command to split it counts no more.",
    "docs/table.md, A12",
)

PAGES_OUTLIVE_PARENT = Sometimes(
    "parent dropped before its children were home",
    "A parent's replica was dropped while a child there still lay on its pages.",
    "docs/table.md, P6",
)

SPLIT_TAKEN_OVER = Sometimes(
    "split taken over half way",
    "An admin became active while a partition was being split.",
    "docs/table.md, A2",
)

COPY_UNHEARD = Sometimes(
    "child made by copy where the split was not heard of",
    "A node on which no replica of the parent knows the barrier was told to make its replica of a child.",
    "docs/table.md, H10",
)

LATE_SPLIT = Sometimes(
    "late command to split refused",
    "A leader refused to split because the epoch that the command expects was raised: the split is given up.",
    "docs/table.md, A12",
)

PAGED_ACROSS = Sometimes(
    "page over both sides of a split",
    "A page of a scan was read from both children of a partition, or from a partition and its child.",
    "docs/table.md, R8",
)

SPLIT_FOR: Mapping[str, Sometimes] = MappingProxyType(
    {
        "size": Sometimes(
            "partition split for its size",
            "The barrier of a partition was chosen that an admin found to be large.",
            "docs/table.md, A12",
        ),
        "heat": Sometimes(
            "partition split for its heat",
            "The barrier of a partition was chosen that an admin found to be hot.",
            "docs/table.md, A12",
        ),
    }
)
"""By the reason for the split."""

POWER_FAILED: Mapping[str, Sometimes] = MappingProxyType(
    {
        "checkpoint": Sometimes(
            "power failed before a checkpoint at a barrier was durable",
            "All storage nodes stopped at once while one of them waited for its parent's checkpoint.",
            "docs/table.md, H3",
        ),
        "files": Sometimes(
            "power failed before the files of a child were durable",
            "All storage nodes stopped at once while one of them waited for the files of a child.",
            "docs/table.md, H1",
        ),
        "mark": Sometimes(
            "power failed before the mark of a child was durable",
            "All storage nodes stopped at once while one of them waited for the mark of a child.",
            "docs/table.md, H1",
        ),
    }
)
"""By what was written of a child and not durable."""

ADMIN_DIED_AT: Mapping[str, Sometimes] = MappingProxyType(
    {
        "split": Sometimes(
            "admin died before a barrier was chosen",
            "The active admin stopped while a partition was to be split.",
            "docs/table.md, A12",
        ),
        "void": Sometimes(
            "admin died while a split was given up",
            "The active admin stopped before the epoch was raised by which a split is void, or late.",
            "docs/table.md, A12",
        ),
        "made": Sometimes(
            "admin died while children were made",
            "The active admin stopped when the children were listed, and not all of them made.",
            "docs/table.md, A12",
        ),
        "drop": Sometimes(
            "admin died while a parent was dropped",
            "The active admin stopped when a parent was to be dropped.",
            "docs/table.md, A12",
        ),
    }
)
"""By the step of a split."""

LOST_AT: Mapping[str, Sometimes] = MappingProxyType(
    {
        "split": Sometimes(
            "voter lost before a barrier was chosen",
            "The disk of a voter of a partition was lost while that was to be split.",
            "docs/table.md, A12",
        ),
        "made": Sometimes(
            "voter lost while children were made",
            "The disk of a voter of a parent was lost when its children were listed, and not all made.",
            "docs/table.md, A12",
        ),
        "drop": Sometimes(
            "voter lost while a parent was dropped",
            "The disk of a voter of a parent was lost when that was to be dropped.",
            "docs/table.md, A12",
        ),
    }
)
"""By the step of a split; a split that is given up is most often given up because of such a loss."""

OF_SPLITS: Mapping[str, Sometimes] = MappingProxyType(
    {
        one.name: one
        for one in (
            PARTITION_SPLIT,
            CHILD_WAITED,
            CAME_HOME,
            CROSSED,
            CROSSED_OPEN,
            RETRIED_IN_CHILD,
            CHILD_BY_COPY,
            COPY_UNHEARD,
            HANDED_OVER_TO_SPLIT,
            SPLIT_GIVEN_UP,
            LATE_SPLIT,
            PAGES_OUTLIVE_PARENT,
            PAGED_ACROSS,
            SPLIT_TAKEN_OVER,
            *SPLIT_FOR.values(),
            *POWER_FAILED.values(),
            *ADMIN_DIED_AT.values(),
            *LOST_AT.values(),
        )
    }
)
"""Situations that need splits."""

OF_A_REGION: Mapping[str, Sometimes] = MappingProxyType(
    {
        one.name: one
        for one in (
            STALE_ROUTE,
            TABLE_GONE,
            PAGED_OVER,
            QUERY_PAGED,
            DELETED_WHILE_CREATED,
            TABLE_GIVEN_UP,
            ADMIN_DIED,
            *ADMIN_DIED_BETWEEN.values(),
            TWO_ADMINS,
            LATE_COMMAND,
            COLLECTED,
            LATE_DROP,
            HANDED_OVER,
            PAGED_OVER_A_CHANGE,
            ZONE_FELL,
            METADATA_LED_ANEW,
            LED_ON,
            ALL_HAVE_LEFT,
        )
    }
)
"""Situations that need tables, routers and admins."""
