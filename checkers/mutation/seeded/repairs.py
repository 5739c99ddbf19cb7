"""Bugs of admins that replace voters, and of what storage nodes tell them."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    ADMIN,
    AGENT,
    CHORES,
    HOST,
    MEMBERSHIP,
    MOURNING,
    NODE_JOURNAL,
    NODES,
    PAXOS_RECORDS,
    PLACEMENT,
    PLANNER,
    REPLACED,
    STEPS,
    SURVEY,
)
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "drops_the_partition",
        "Of a replica that is to go, the whole partition is dropped at its node.",
        Edit(
            SURVEY,
            "self.env.send(member.node, DropReplica(member, self.term.term, partition.parent))",
            """
            from dynaproof.impl.storage_node.messages import DropPartition
            self.env.send(member.node, DropPartition(self.term.term))
            """,
        ),
        scenario="repair",
        breaks=("nothing_leaks",),
    ),
    bug(
        "drops_whatever_lives",
        "A node that is told to drop a replica drops the one that lives there, whichever that is.",
        Edit(
            HOST,
            "if live == member.incarnation or member.incarnation > self.journal.floor(group):",
            """
            if live:
                self.env.note(Dropped(self.replicas[group].member))
                self.silence(live)
            elif member.incarnation > self.journal.floor(group):
            """,
        ),
        Edit(
            HOST,
            "if group in self.making or group in self.unread or 0 < live < member.incarnation:",
            "if group in self.making or group in self.unread:",
        ),
        scenario="move",
        breaks=("voters_are_not_dropped",),
    ),
    bug(
        "forgotten_when_dropped",
        "A replica that is to go is struck out as soon as its node was told to drop it.",
        Edit(
            SURVEY,
            "self.env.send(member.node, DropReplica(member, self.term.term, partition.parent))",
            """
            self.env.send(member.node, DropReplica(member, self.term.term, partition.parent))
            self.chores.add(Forget(partition.partition, member))
            """,
        ),
        scenario="node-returns",
        breaks=("nothing_leaks",),
    ),
    bug(
        "given_up_without_the_epoch",
        "A replacement that is given up ends without the epoch being raised.",
        Edit(REPLACED, 'step, role = "void", "full"', "return None"),
        scenario="drain",
        breaks=("nothing_leaks",),
    ),
    bug(
        "incarnations_of_plans_given_twice",
        "The incarnation of a replacement is the next one after those of the config.",
        Edit(
            REPLACED,
            "return max(partition.next_incarnation, partition.config.next_incarnation)",
            "return partition.config.next_incarnation",
        ),
        scenario="repair-takeover",
        breaks=("workflow_steps_happen_once",),
    ),
    bug(
        "plans_beside_another",
        "A partition whose voter is being replaced gets another workflow.",
        Edit(REPLACED, " and partition.workflow == 0", ""),
        scenario="repair",
        breaks=("workflow_steps_happen_once",),
    ),
    bug(
        "zones_not_looked_at_again",
        "A new replica lies on the emptiest node, of whatever zone, and a leader minds no zone either.",
        Edit(PLACEMENT, "and not config.replacing(out, new).crowded()", ""),
        Edit(
            REPLACED,
            "and not config.replacing(plan.out, Member(plan.node, next_incarnation(partition))).crowded()",
            "",
        ),
        Edit(MEMBERSHIP, "elif config.replacing(m.out, m.new).crowded():", "elif False:"),
        scenario="repair",
        breaks=("no_two_replicas_in_a_zone",),
    ),
    bug(
        "listed_before_chosen",
        "The metadata lists the config that a replacement aims at before it is known to be chosen.",
        Edit(
            REPLACED,
            "partition = learned(before, answers.config, answers.config_slot)",
            """
            aim = before.config
            if work.step == "replace" and work.out in aim.voters:
                aim = aim.replacing(work.out, work.new)
            partition = learned(before, answers.config or aim, answers.config_slot or 1)
            """,
        ),
        scenario="repair",
        breaks=("listed_configs_were_chosen",),
    ),
    bug(
        "takeover_leaves_replacements",
        "An admin that becomes active drives the replacements that it began itself only.",
        Edit(
            STEPS,
            "if number not in self.known:",
            "if number not in self.known and self.began.pop(work.partition, None):",
        ),
        Edit(
            STEPS,
            "self.by_partition: dict[int, Driven] = {}",
            """
             self.by_partition: dict[int, Driven] = {}
             self.began: dict[int, bool] = {}
             """,
        ),
        Edit(
            CHORES,
            "self.workflows.look()",
            """
             self.workflows.steps.began[m.chore.partition] = True
             self.workflows.look()
             """,
        ),
        scenario="repair-takeover",
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "all_zones_die",
        "All nodes that do not report are taken for dead, of whatever zones.",
        Edit(
            MOURNING,
            """
            if self.since is None or any(
                other != zone and now - since < self.patience_us for other, since in self.since.items()
            ):
            """,
            "if self.since is None:",
        ),
        scenario="node-returns",
        breaks=("nodes_die_one_zone_at_a_time",),
    ),
    bug(
        "dead_for_good",
        "A node that was taken for dead stays so, whatever it reports.",
        Edit(SURVEY, "if record.dead and alive and address in self.nodes.heard:", "if False:"),
        scenario="node-returns",
        breaks=("every_partition_regains_its_voters",),
    ),
    bug(
        "never_dead",
        "A node that does not report is never taken for dead.",
        Edit(
            SURVEY,
            "elif not record.dead and not alive and self.mourning.may_begin(record.zone, self.env.now):",
            "elif False:",
        ),
        scenario="repair",
        breaks=("every_partition_regains_its_voters",),
    ),
    bug(
        "silence_not_reported",
        "A node does not report that a replica fell silent there.",
        Edit(AGENT, "for group, incarnation in host.journal.silent()", "for group, incarnation in ()"),
        Edit(
            NODES,
            "return None if there is not None and there.member == voter else heard.report",
            "return None",
        ),
        scenario="repair",
        breaks=("every_partition_regains_its_voters",),
    ),
    bug(
        "new_disks_not_noticed",
        "A voter is not taken for lost although its node reports from another disk.",
        Edit(NODES, "if heard.report[0] > voter.node.incarnation:", "if False:"),
        scenario="repair",
        breaks=("every_partition_regains_its_voters",),
    ),
    bug(
        "survey_ends_at_an_error",
        "An admin that got no answer from the metadata walks over the partitions no more.",
        Edit(
            SURVEY,
            """
            if m.walk == self.walk:
                self.wait()
            """,
            "pass",
        ),
        scenario="repair",
        breaks=("every_partition_regains_its_voters",),
    ),
    bug(
        "chores_stop_at_an_error",
        "An admin that got no answer about a chore does no other.",
        Edit(CHORES, "self.over(m.chore)", "pass", within="Chores.undone"),
        scenario="repair",
        breaks=("nothing_leaks",),
    ),
    bug(
        "drained_but_kept",
        "A node that is drained gets no replicas, and keeps those that it has.",
        Edit(PLANNER, "if self.nodes.is_draining(voter.node.address):", "if False:"),
        scenario="drain",
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "leader_asked_once",
        "The command to replace a voter is sent once.",
        Edit(
            STEPS,
            "self.env.set_timer(wait_us, PartitionStepTimer(one.work.workflow))",
            """
             if one.waits == 1:
                 self.env.set_timer(wait_us, PartitionStepTimer(one.work.workflow))
             """,
        ),
        scenario="repair",
        breaks=("what_was_begun_ends", "every_partition_regains_its_voters"),
    ),
    bug(
        "two_replicas_on_a_node",
        "A new replica may lie on a node that has one of the partition, as far as admins and leaders look.",
        Edit(PLACEMENT, "if address not in others and address not in taken and", "if"),
        Edit(REPLACED, "and address not in others", ""),
        Edit(REPLACED, "and all(one.member.node.address != address for one in partition.pending)", ""),
        Edit(
            MEMBERSHIP,
            "elif any(voter.node.address == m.new.node.address for voter in others):",
            "elif False:",
        ),
        scenario="five",
        breaks=("no_two_replicas_in_a_zone",),
    ),
    bug(
        "taken_for_dead_too_soon",
        "A node that has not reported for half of the time is taken for dead.",
        Edit(
            SURVEY,
            "alive = self.env.now - self.nodes.silent_since(address) < self.settings.dead_us",
            "alive = self.env.now - self.nodes.silent_since(address) < self.settings.dead_us // 2",
        ),
        scenario="node-returns",
        breaks=("nodes_die_of_silence",),
    ),
    bug(
        "one_report_is_enough",
        "A voter of which one report of its node says nothing is lost, though that left before it was made.",
        Edit(PLANNER, "return report > self.absent.get((number, voter), report)", "return True"),
        scenario="repair",
        breaks=("repairs_replace_the_lost",),
    ),
    bug(
        "repairs_a_sound_voter",
        "Where a voter is lost another one is replaced, so that the last good replica may go.",
        Edit(
            PLANNER,
            "plan = self.replace(partition, out, candidates, role)",
            "plan = self.replace(partition, others[0], candidates, role)",
        ),
        scenario="repair",
        breaks=("repairs_replace_the_lost",),
    ),
    bug(
        "all_moves_at_once",
        "All replicas of a node that is drained are moved at once.",
        Edit(PLANNER, "if self.moves() >= self.settings.balance_at_once or self", "if self"),
        scenario="drain",
        breaks=("routers_and_admins_stay_bounded",),
    ),
    bug(
        "repair_waits_for_the_walk",
        "An admin that hears of a loss does not walk over the partitions sooner for that.",
        Edit(ADMIN, "if self.nodes.on_report(sender, m):", "if self.nodes.on_report(sender, m) and False:"),
        scenario="repair-under-load",
        breaks=("repairs_come_soon",),
    ),
    bug(
        "repairs_copy_first",
        "What replaces a lost voter is a learner, that votes when it has copied the tree.",
        Edit(
            PLANNER,
            'role: Role = "log" if all(self.nodes.is_full(voter, number) for voter in others) else "full"',
            'role: Role = "full"',
        ),
        scenario="repair-under-load",
        breaks=("repairs_replace_the_lost",),
    ),
    bug(
        "planned_before_it_is_heard",
        "An admin that has just started takes those that it has not heard for voters without a tree.",
        Edit(
            PLANNER,
            "if not all(self.nodes.is_known(voter.node.address) for voter in others):",
            "if False:",
        ),
        scenario="repair-takeover",
        breaks=("repairs_replace_the_lost",),
    ),
    bug(
        "silence_reported_for_ever",
        "A replica that fell silent is not dropped, and its node goes on to report it.",
        Edit(HOST, "elif self.agent is not None and fell_silent:", "elif False:"),
        scenario="repair",
        breaks=("nothing_leaks",),
    ),
    bug(
        "metadata_taken_for_a_parent",
        "A node that hosts the metadata reports a replica that was dropped as if its parent were there.",
        Edit(
            NODE_JOURNAL,
            "return parent != 0 and isinstance(self._standing.get(parent), Made | Silent)",
            "return isinstance(self._standing.get(parent), Made | Silent)",
        ),
        scenario="repair",
        breaks=("nothing_leaks",),
    ),
    bug(
        "all_repairs_on_one_node",
        "A node makes as many replicas for repairs at a time as there are to be made.",
        Edit(PLANNER, "return len(counted) >= self.settings.repairs_per_node", "return False"),
        scenario="node-returns",
        breaks=("routers_and_admins_stay_bounded",),
    ),
    bug(
        "learners_not_waited_for",
        "A replica that is to copy first gets its vote before it is made.",
        Edit(REPLACED, 'elif step == "create" and made:', 'elif step == "create":'),
        Edit(MEMBERSHIP, "near = learner.round_us >= 0 and (", "near = True or ("),
        scenario="move",
        breaks=("learners_come_whole",),
    ),
    bug(
        "replaced_at_the_same_epoch",
        "A config that brings a voter has the epoch of the one before it.",
        Edit(
            PAXOS_RECORDS,
            "return Config(self.epoch + 1, voters, max(self.next_incarnation, new.incarnation + 1))",
            "return Config(self.epoch, voters, max(self.next_incarnation, new.incarnation + 1))",
        ),
        scenario="move",
        breaks=("epochs_rise",),
    ),
    bug(
        "new_replica_not_recorded",
        "The record of a partition does not name the replica that is to be made.",
        Edit(
            REPLACED,
            "pending=(*partition.pending, Pending(new, epoch, False)),",
            "pending=partition.pending,",
        ),
        scenario="move",
        breaks=("replicas_are_recorded_first",),
    ),
)
