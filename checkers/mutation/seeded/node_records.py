"""Bugs of what admins record of storage nodes, and make of that: who is dead, who lives, who is drained."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import REPLACED, SURVEY
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "overdue_nodes_die",
        "A node that must wait to be taken for dead is, when its turn comes, though it has reported since.",
        Edit(
            SURVEY,
            """
            elif not record.dead and not alive and self.mourning.may_begin(record.zone, self.env.now):
                self.chores.add(MarkNode(record.name, True))
            """,
            """
            elif not record.dead and (not alive or self.overdue.pop(address, False)):
                if self.mourning.may_begin(record.zone, self.env.now):
                    self.chores.add(MarkNode(record.name, True))
                else:
                    self.overdue[address] = True
            """,
        ),
        Edit(
            SURVEY,
            "self.dead: dict[str, bool] = {}",
            """
            self.dead: dict[str, bool] = {}
            self.overdue: dict[NodeId, bool] = {}
            """,
        ),
        scenario="node-returns",
        breaks=("nodes_die_of_silence",),
    ),
    bug(
        "dead_for_a_walk",
        "A node that was taken for dead is taken for living at the next walk, whether it reports or not.",
        Edit(
            SURVEY,
            "if record.dead and alive and address in self.nodes.heard:",
            "if record.dead and address in self.nodes.heard:",
        ),
        scenario="node-returns",
        breaks=("nodes_die_of_silence",),
    ),
    bug(
        "replaced_when_it_lives",
        "The walk that finds that a dead node lives replaces what that node has, like the walks before it.",
        Edit(SURVEY, "self.nodes.records[address] = structs.replace(record, dead=False)", "pass"),
        scenario="node-returns",
        breaks=("repairs_replace_the_lost",),
    ),
    bug(
        "nodes_recorded_anew",
        "An admin that has just become active makes the record of a node anew, whatever it says.",
        Edit(
            REPLACED,
            "return add_node(read, self.node) if read.record(node_key(self.node.name)) is None else None",
            "return add_node(read, self.node)",
        ),
        scenario="drain",
        breaks=("drain_orders_last",),
    ),
    bug(
        "marks_forget_drains",
        "A node that is taken for dead, or has reported again, is no longer drained.",
        Edit(
            REPLACED,
            "after = structs.replace(record, dead=self.dead)",
            "after = NodeRecord(record.name, record.zone, dead=self.dead)",
        ),
        scenario="drain",
        breaks=("drain_orders_last",),
    ),
    bug(
        "drains_obeyed_unwritten",
        "An order to drain a node is obeyed without a word in the metadata.",
        Edit(REPLACED, "if record.draining == order.draining:", "if True:"),
        scenario="drain",
        breaks=("drain_orders_last",),
    ),
)
