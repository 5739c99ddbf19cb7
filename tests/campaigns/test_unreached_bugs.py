"""Each seeded bug that no campaign has found makes a test of its rule fail."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from dynaproof.checkers.mutation.seeded.unreached import BUGS
from tests.examples.test_router_splits import SEEN_BY

ROOT = Path(__file__).resolve().parents[2]
SPLITS, ADMINS, CHILDREN = "test_splits.py", "test_splits_by_admins.py", "test_split_children.py"
PAGES, REPAIRS, HOSTING = "test_child_pages.py", "test_repairs.py", "test_hosting.py"
SELDOM, MOVES = "test_rarely_explored_rules.py", "test_metadata_moves.py"
LATE, KNOWLEDGE = "test_late_voters_of_children.py", "test_old_and_late_knowledge.py"
STUCK, BIRTHS, BALANCE = "test_stuck_repairs.py", "test_making_of_children.py", "../laws/test_balance.py"
DELETES = "test_deletions.py"
ENDS = "test_ends_of_parents.py"
UNMADE = "test_dropped_before_they_were_made.py"
HANDS_OVER = "test_a_leader_hands_over_only_if_it_never_gave_the_vote_to_a_replica_that_is_there"
RESTLESS = "test_nothing_is_moved_in_a_zone_before_its_nodes_report_what_came_and_went"
LOST_AT_ONCE = "test_a_successor_that_is_lost_at_once_is_replaced_on_the_node_that_it_was_to_relieve"
WAITS = "test_repairs_that_wait.py"
ROOM = "test_room_that_is_there.py"
EARLIER = "test_earlier_lives_and_terms.py"
IN_TURN = "test_of_two_lost_voters_the_one_is_replaced_for_which_a_node_is_free_unless_the_other_came_last"
CLOCKS, HOLD = "test_untrusted_clocks.py", "test_what_voters_hold.py"
QUEUE, METADATA = "test_waiting_at_the_leader.py", "test_admins_and_the_metadata.py"
LOOK_UPS, OWED = "test_router_look_ups.py", "test_what_hosts_owe_and_grant.py"
LINES, ON_DEMAND = "test_page_file_lines.py", "test_on_demand_tables.py"
WORDS, PLANS = "test_words_of_new_replicas.py", "test_plans_of_walks.py"
STEPPED, JOURNAL = "test_steps_of_workflows.py", "../laws/test_node_journal.py"
BELIEVED = "test_whom_leaders_believe.py"
TAKES = "test_a_child_takes_its_own_pages_that_are_not_free_and_none_of_its_parents"

FOUND_BY = {
    "leavers_go_while_a_node_is_busy": (
        f"{STUCK}::test_a_member_that_has_left_goes_beside_a_lost_voter_only_if_it_takes_the_only_place"
    ),
    "unmade_voters_keep_who_has_left": (
        f"{STUCK}::test_a_member_that_has_left_goes_beside_a_lost_voter_only_if_it_takes_the_only_place"
    ),
    "too_many_have_left_to_go": (
        f"{WAITS}::test_who_has_left_goes_beside_a_lost_voter_only_where_no_node_may_have_its_successor"
    ),
    "moves_take_every_place": f"{WAITS}::test_moves_that_operators_order_leave_room_for_repairs",
    "one_lost_voter_hides_another": f"{WAITS}::{IN_TURN}",
    "out_of_turn": f"{WAITS}::{IN_TURN}",
    "drained_nodes_are_not_asked": (
        f"{WAITS}::test_a_move_is_in_the_way_of_a_repair_that_only_a_drained_node_may_have"
    ),
    "begun_without_a_quorum": (
        f"{WAITS}::test_nothing_is_begun_in_a_partition_without_a_quorum_until_a_voter_returns"
    ),
    "places_kept_without_a_quorum": (
        f"{WAITS}::test_a_replacement_whose_partition_has_lost_its_quorum_keeps_no_other_waiting"
    ),
    "deaf_to_who_is_led": (
        f"{WAITS}::test_a_partition_may_choose_as_long_as_a_quorum_is_heard_or_hears_a_leader"
    ),
    "child_voter_replaced_unheard": (
        f"{PAGES}::test_no_voter_of_a_child_is_replaced_before_all_others_were_heard_of"
    ),
    "split_expects_no_epoch": f"{SPLITS}::test_a_command_that_expects_another_epoch_is_void",
    "abandoned_child_keeps_its_files": (
        f"{CHILDREN}::test_a_parent_that_falls_silent_takes_children_without_a_mark_with_it"
    ),
    "children_made_from_memory": (
        f"{CHILDREN}::test_a_child_is_marked_once_its_files_are_durable_and_starts_once_it_is_marked"
    ),
    "mark_goes_with_the_parent": (
        f"{CHILDREN}::test_what_was_made_of_a_child_is_remembered_when_its_parent_falls_silent"
    ),
    "parent_grants_beside_a_mark": (
        f"{CHILDREN}::"
        "test_a_node_on_which_a_child_was_made_grants_its_parent_nothing_though_that_knows_of_no_split"
    ),
    "silence_takes_its_pages": (
        f"{PAGES}::test_the_pages_of_a_parent_that_falls_silent_stay_for_its_children"
    ),
    "brought_home_unverified": f"{PAGES}::test_a_damaged_page_of_the_parent_is_not_brought_home",
    "file_goes_by_the_written_head": (
        f"{PAGES}::test_a_crash_never_finds_a_child_that_lacks_pages_of_its_parent"
    ),
    "forgets_older_views": f"{PAGES}::test_a_page_file_stays_while_a_peer_copies_from_it",
    "removed_before_all_is_read": (
        f"{CHILDREN}::test_children_outlive_their_parent_and_its_pages_stay_until_they_are_home"
    ),
    "splits_beside_a_replacement": (
        "../laws/test_split_changes.py::"
        "test_a_partition_is_split_or_its_voter_replaced_but_not_both_at_a_time"
    ),
    "split_at_an_end": f"{ADMINS}::test_a_partition_is_not_split_where_it_cannot_be",
    "split_ends_while_it_is_looked_up": (
        f"{ADMINS}::test_a_split_does_not_end_while_somebody_looks_up_whether_its_children_have_records"
    ),
    "deletes_what_is_listed": (
        f"{ADMINS}::test_a_table_that_is_deleted_while_a_partition_is_split_leaves_no_child_that_may_come"
    ),
    "buries_what_is_there_only": (
        "test_agent.py::test_a_partition_that_never_was_here_is_buried_too_before_its_late_creation"
    ),
    "copies_do_not_name_the_parent": (
        f"{ADMINS}::test_a_child_is_made_by_copy_where_no_replica_of_the_parent_will_make_it_for_long_enough"
    ),
    "newest_voter_is_lost_only": (
        f"{REPAIRS}::test_whichever_voter_is_lost_is_lost_for_good_where_no_workflow_has_the_partition"
    ),
    "voter_that_came_last_is_not_made_up_for": (
        f"{REPAIRS}::test_a_successor_whose_node_dies_before_it_is_made_is_made_when_the_node_returns"
    ),
    "who_left_waits_for_the_lost": (
        "test_metadata_moves.py::"
        "test_a_successor_that_is_lost_at_once_is_replaced_on_the_node_that_it_was_to_relieve"
    ),
    "waits_for_a_node_without_room": (
        f"{REPAIRS}::"
        "test_a_table_for_which_nodes_have_no_room_becomes_active_beside_one_and_is_deleted_beside_two"
    ),
    "found_barrier_campaigned_for": (
        f"{LATE}::test_the_children_of_a_leader_that_finds_its_barrier_depose_nobody"
    ),
    "child_made_again": f"{CHILDREN}::test_a_child_that_fell_silent_is_not_made_again",
    "speaks_before_its_mark": (
        f"{CHILDREN}::test_a_child_is_marked_once_its_files_are_durable_and_starts_once_it_is_marked"
    ),
    "split_child_settles_at_once": (
        f"{ADMINS}::test_a_child_that_is_split_before_all_of_it_is_made_counts_when_it_is_gone"
    ),
    "dropped_children_not_reported": (
        f"{LATE}::test_a_childs_voter_that_was_dropped_is_replaced_though_its_parent_is_there"
    ),
    "lost_by_its_address": (
        f"{REPAIRS}::test_a_leader_on_the_node_of_a_voter_that_was_lost_with_its_disk_is_asked"
    ),
    "tombstones_purged_at_once": (
        "../laws/test_node_journal.py::"
        "test_the_buried_is_forgotten_once_the_fence_is_above_and_its_files_are_gone"
    ),
    "takes_more_than_its_room": (f"{HOSTING}::test_a_command_beyond_the_bound_is_refused_with_the_bound"),
    "silent_nodes_hold_up_commands": (
        "test_collection.py::test_a_table_is_deleted_though_the_node_that_is_commanded_first_stays_silent"
    ),
    "first_leavers_only": (
        f"{REPAIRS}::test_each_partition_whose_voters_have_left_has_its_turn_though_some_stay_for_long"
    ),
    "partial_copy_votes": (
        "test_replaced_voters.py::test_a_learner_takes_the_place_of_a_voter_once_it_has_caught_up"
    ),
    "later_grants_replace_earlier_ones": (
        f"{HOSTING}::test_what_a_replica_granted_binds_its_node_though_another_one_has_ended_since"
    ),
    "second_replica_beside_one": (
        f"{HOSTING}::test_a_node_that_has_a_replica_makes_no_second_one_of_its_group"
    ),
    "late_ones_told_too": (
        "test_router_look_ups.py::"
        "test_who_asks_while_a_table_is_looked_up_is_not_told_by_an_older_answer_that_it_is_not_there"
    ),
    "heard_once_is_heard": (
        f"{SPLITS}::test_a_leader_that_has_not_heard_a_voter_for_a_lease_goes_by_nothing_that_it_heard_before"
    ),
    "creates_again": (
        f"{KNOWLEDGE}::test_a_replica_that_was_dropped_before_it_was_made_is_not_made_by_a_late_command"
    ),
    "final_past_the_deadline": (
        f"{SPLITS}::test_wrong_partition_is_final_if_the_barrier_is_within_the_deadline"
    ),
    "final_where_nothing_is": (
        "test_agent.py::test_a_request_for_what_is_not_here_is_refused_for_good_unless_this_node_may_have_led"
    ),
    "used_and_never_refreshed": (
        f"{KNOWLEDGE}::test_what_a_router_uses_of_a_table_is_refreshed_once_it_is_old"
    ),
    "no_hints_who_leads": f"{KNOWLEDGE}::test_the_metadata_hears_who_leads_each_partition",
    "older_hints_kept": f"{KNOWLEDGE}::test_an_older_hint_who_leads_replaces_no_newer_one",
    "first_nodes_get_all": "../laws/test_metadata_changes.py::test_equal_nodes_get_equal_shares",
    "term_not_told": f"{KNOWLEDGE}::test_a_node_that_is_commanded_nothing_hears_of_the_term",
    "places_on_the_silent": f"{KNOWLEDGE}::test_a_node_that_was_not_heard_of_lately_gets_no_replicas",
    "table_stays_creating": (
        f"{REPAIRS}::"
        "test_a_table_of_which_two_replicas_of_a_partition_are_lost_is_deleted_and_may_be_created_again"
    ),
    "drops_of_leaders_forgotten": (
        "../laws/test_node_journal.py::test_what_the_metadatas_leader_dropped_is_never_forgotten"
    ),
    "open_plans_not_counted": (
        f"{SELDOM}::test_a_repair_that_may_have_been_planned_counts_until_it_is_known_what_was_begun"
    ),
    "first_words_are_no_news": f"{SELDOM}::test_what_a_node_says_first_may_be_that_it_has_lost_something",
    "fetching_taken_for_moving": (
        f"{SELDOM}::test_a_voter_that_had_to_fetch_is_sent_what_it_lacks_though_it_has_moved"
    ),
    "behind_waits_for_what_came": (
        f"{SELDOM}::test_a_voter_that_knows_already_what_it_is_to_fetch_says_what_it_has"
    ),
    "any_hint_followed": f"{SELDOM}::test_a_router_that_follows_one_hint_follows_no_older_one_at_once",
    "leavers_dropped_at_once": (
        f"{SELDOM}::test_who_has_left_is_dropped_when_it_is_known_what_its_successor_holds"
    ),
    "leavers_dropped_beside_a_laggard": (
        f"{SELDOM}::test_who_has_left_is_dropped_when_others_hold_the_log_or_all_but_the_lost_one_do"
    ),
    "replacements_outlive_their_table": (
        f"{SELDOM}::test_a_replacement_ends_when_its_partition_has_another_workflow"
    ),
    "unheard_nodes_never_die": f"{SELDOM}::test_a_node_that_was_never_heard_of_is_taken_for_dead_too",
    "who_left_goes_at_once": f"{MOVES}::{LOST_AT_ONCE}",
    "voters_taken_for_learners": f"{MOVES}::{LOST_AT_ONCE}",
    "drops_whom_it_has_not_heard": f"{MOVES}::{LOST_AT_ONCE}",
    "waits_for_every_checkpoint": (f"{SPLITS}::test_a_voter_that_writes_no_checkpoint_holds_no_split_back"),
    "children_wait_for_all_voters": (
        f"{PAGES}::test_two_voters_of_a_child_of_five_are_replaced_though_neither_was_ever_heard_of"
    ),
    "first_walk_finds_nothing": (
        f"{REPAIRS}::test_an_admin_that_begins_anew_repairs_as_soon_as_it_knows_what_is_under_way"
    ),
    "balances_by_old_reports": (
        f"{BALANCE}::test_no_replica_is_moved_in_a_zone_to_which_another_one_is_coming"
    ),
    "late_voters_not_told_who_leads": (f"{LATE}::test_a_voter_of_a_child_that_comes_late_is_told_who_leads"),
    "deaf_leaders_kept": (
        f"{REPAIRS}::test_a_node_is_drained_though_a_leader_does_not_hear_the_only_node_that_is_free"
    ),
    "mourned_for_ever": (
        f"{STUCK}::test_a_zone_that_is_never_mended_holds_the_dead_of_others_back_only_for_so_long"
    ),
    "deletes_wait_for_who_has_left": (
        f"{DELETES}::test_a_table_goes_though_all_nodes_that_its_voters_have_left_stay_away"
    ),
    "refused_by_an_older_table": (
        f"{LOOK_UPS}::test_what_is_wrong_by_an_older_table_is_not_refused_before_the_table_is_looked_up"
    ),
    "older_answers_refuse": (
        f"{LOOK_UPS}::test_a_look_up_that_was_begun_before_says_nothing_of_what_is_wrong_now"
    ),
    "log_is_held_for_slow_copiers": (
        "../laws/test_views.py::test_no_more_of_the_log_is_held_for_a_copier_than_may_be"
    ),
    "whoever_may_vote_together": (
        f"{DELETES}::test_a_table_goes_though_a_voter_and_the_one_that_was_to_replace_it_are_both_away"
    ),
    "planned_voters_forgotten": (
        f"{DELETES}::test_a_table_does_not_go_while_a_voter_that_is_planned_makes_a_quorum"
    ),
    "gone_tables_are_unavailable": (
        "test_router_bytes.py::test_a_batch_of_which_nothing_was_done_hears_of_what_is_still_there"
    ),
    "late_copies_keep_their_file": (
        "test_barriers_and_copies.py::test_the_file_of_a_copy_goes_once_the_log_has_brought_what_it_would"
    ),
    "page_of_two_tables": (
        "test_router_split_pages.py::test_a_page_ends_where_a_table_of_the_same_name_would_go_on"
    ),
    "moves_keep_the_partition": (
        f"{STUCK}::test_a_move_is_given_up_when_another_voter_is_lost_for_its_repair_must_not_wait"
    ),
    "moves_beside_what_is_lost": (
        f"{STUCK}::test_no_replica_is_moved_while_another_of_its_partition_is_to_be_repaired"
    ),
    "moves_given_up_in_vain": (
        f"{STUCK}::test_a_move_is_given_up_when_another_voter_is_lost_for_its_repair_must_not_wait"
    ),
    "hands_over_after_the_vote": f"{STUCK}::{HANDS_OVER}",
    "no_log_replica_after_a_pause": (
        f"{STUCK}::test_a_log_replica_is_planned_for_as_long_as_no_leader_has_counted_its_config"
    ),
    "first_voters_stay_unmade": (
        f"{STUCK}::test_a_voter_that_was_never_made_is_made_when_its_node_is_back_and_no_other_may_have_it"
    ),
    "copies_of_reports_are_reports": f"{STUCK}::test_a_second_copy_of_a_report_says_nothing_of_today",
    "balances_around_no_dead": f"{BALANCE}::{RESTLESS}",
    "the_dead_must_report": f"{BALANCE}::{RESTLESS}",
    "pages_of_one_moment": (
        f"{STUCK}::test_an_admin_looks_again_when_pages_of_different_moments_show_it_too_much_under_way"
    ),
    "look_ups_numbered_anew": (
        "test_router_look_ups.py::test_an_answer_to_a_question_of_an_earlier_life_answers_nothing"
    ),
    "rot_of_a_start_escapes": (
        f"{BIRTHS}::test_a_node_that_finds_rot_when_it_makes_children_at_its_start_has_looked_at_its_disk"
    ),
    "replaced_lines_forgotten": (
        f"{BIRTHS}::"
        "test_pages_that_a_peer_copies_keep_the_files_of_their_line_though_a_copy_has_replaced_them"
    ),
    "any_word_of_files_marks": (
        f"{BIRTHS}::test_a_child_is_not_marked_by_the_word_that_files_of_an_earlier_making_are_durable"
    ),
    "only_followers_learn_the_end": (
        f"{BIRTHS}::test_whoever_hears_that_a_leader_ends_learns_what_it_knew_to_be_chosen"
    ),
    "unmade_children_forgotten": (
        f"{UNMADE}::"
        "test_a_child_that_was_dropped_before_it_was_made_is_not_made_by_a_late_replica_of_its_parent"
    ),
    "finishes_before_the_barrier": (
        f"{ENDS}::test_a_replica_finishes_when_it_knows_the_barrier_and_says_nothing_before"
    ),
    "dropped_unfinished": (
        f"{ENDS}::test_a_parent_is_dropped_when_one_of_those_that_know_the_barrier_has_finished"
    ),
    "lost_finishers_waited_for": (
        f"{ENDS}::test_a_parent_of_which_no_replica_that_knows_the_barrier_is_left_is_dropped"
    ),
    "who_knows_the_barrier_vouches": (
        f"{ENDS}::"
        "test_a_replica_that_knows_the_barrier_says_which_config_is_the_last_and_vouches_for_no_voter"
    ),
    "drops_name_no_parent": (f"{UNMADE}::test_every_command_to_drop_what_a_split_made_names_the_parent"),
    "deaf_leader_keeps_its_place": (
        f"{SPLITS}::test_a_leader_that_never_hears_a_voter_hands_over_to_one_that_does_and_that_one_splits"
    ),
    "splits_by_a_clock_that_is_off": (
        f"{CLOCKS}::test_a_leader_whose_clock_is_far_from_the_others_stamps_no_split"
    ),
    "configs_by_a_clock_that_is_off": (
        f"{CLOCKS}::test_a_leader_whose_clock_is_far_from_the_others_stamps_no_config"
    ),
    "splits_tables_of_any_size": (
        "../laws/test_lineage_bounds.py::test_no_partition_is_split_of_a_table_that_has_had_as_many_as_it_may"
    ),
    "voters_without_a_record": f"{SELDOM}::test_a_node_that_hosts_a_voter_and_has_no_record_gets_one",
    "given_up_and_never_made": (
        f"{STUCK}::test_a_replica_that_is_given_up_is_made_all_the_same_for_a_chosen_config_may_name_it"
    ),
    "copies_promise_nothing": "test_late_words.py::test_a_copy_that_brings_no_log_is_a_promise_too",
    "patience_of_an_earlier_step": f"{SELDOM}::test_each_step_of_a_replacement_has_all_of_its_time",
    "repaired_on_its_own_node_by_hearsay": (
        f"{WAITS}::test_a_voter_is_replaced_on_its_own_node_only_if_it_is_certainly_gone"
    ),
    "all_hold_the_config_unheard": (
        f"{HOLD}::test_a_leader_says_that_voters_hold_the_config_when_each_has_said_so"
    ),
    "others_hold_the_config_unheard": (
        f"{HOLD}::test_a_leader_says_that_voters_hold_the_config_when_each_has_said_so"
    ),
    "replaces_before_the_config_is_held": (
        f"{HOLD}::test_a_group_that_repairs_itself_brings_no_voter_in_before_all_others_hold_the_config"
    ),
    "waits_for_a_silent_source": (f"{HOLD}::test_a_copier_whose_source_is_silent_for_long_asks_all_others"),
    "later_voters_wait_for_the_split": (
        f"{ROOM}::test_a_later_voter_of_a_child_that_was_never_made_is_lost_though_the_parent_is_still_there"
    ),
    "unmade_since_an_earlier_config": (
        f"{STUCK}::test_a_voter_that_was_never_made_is_made_when_its_node_is_back_and_no_other_may_have_it"
    ),
    "what_comes_takes_no_room": (
        f"{WAITS}::test_no_more_replicas_are_planned_on_a_node_than_it_has_room_for_with_those_that_come"
    ),
    "silence_takes_room": f"{ROOM}::test_a_replica_that_fell_silent_takes_no_room",
    "rates_told_to_who_is_gone": f"{ROOM}::test_a_partition_that_is_gone_by_now_is_told_no_rates",
    "refuses_before_it_has_looked": (f"{ROOM}::test_no_room_is_said_only_when_the_whole_disk_was_looked_at"),
    "children_need_room": (
        f"{ROOM}::test_a_first_voter_of_a_child_is_made_on_a_full_node_for_its_split_has_found_room"
    ),
    "last_step_not_looked_at_again": (
        f"{ROOM}::test_a_table_is_not_active_before_a_node_that_is_there_again_has_made_its_replica"
    ),
    "looked_up_in_an_earlier_term": (
        "test_what_admins_hear.py::test_what_was_looked_up_in_an_earlier_term_drops_nothing"
    ),
    "gone_by_the_journal": (
        f"{EARLIER}::"
        "test_a_partition_is_not_gone_while_a_lease_runs_though_the_journal_has_forgotten_who_granted_it"
    ),
    "sessions_numbered_anew": (f"{EARLIER}::test_no_two_lives_of_a_router_open_sessions_of_the_same_number"),
    "range_of_the_table_before": (
        f"{EARLIER}::test_a_page_of_which_nothing_was_read_begins_anew_with_a_table_that_was_made_anew"
    ),
    "deposed_and_recorded": (
        f"{EARLIER}::test_a_node_whose_record_an_admin_could_not_write_is_recorded_when_it_is_active_again"
    ),
    "driven_by_an_earlier_term": (
        f"{EARLIER}::test_no_workflow_is_driven_by_what_an_admin_asked_in_an_earlier_term"
    ),
    "all_are_made_by_copy": f"{BIRTHS}::test_a_child_is_made_by_copy_only_if_another_voter_of_it_is_there",
    "made_empty_beside_its_parent": (
        f"{BIRTHS}::test_a_child_that_its_parent_here_is_about_to_make_is_not_made_empty_by_a_command"
    ),
    "treeless_speak_finally": (
        "test_barriers_and_copies.py::"
        "test_a_voter_without_a_tree_answers_for_the_barrier_and_makes_its_children_when_its_tree_comes"
    ),
    "rot_of_a_recovery_keeps_its_room": (
        f"{BIRTHS}::test_what_was_changed_before_rot_was_found_takes_no_room_in_the_cache"
    ),
    "rot_of_a_birth_keeps_its_room": (
        f"{BIRTHS}::test_what_was_changed_before_rot_was_found_takes_no_room_in_the_cache"
    ),
    "whole_leaves_come_home": (
        "../laws/test_cut_trees.py::"
        "test_a_piece_of_a_homecoming_moves_few_pages_however_large_the_values_of_one_leaf_are"
    ),
    "applied_items_stay_in_the_overlay": (
        f"{QUEUE}::test_a_leader_keeps_an_item_beside_the_state_only_while_its_write_is_in_flight"
    ),
    "pages_have_no_bytes": (
        "test_router_split_pages.py::test_a_page_that_has_as_many_bytes_as_it_may_ends_with_its_partition"
    ),
    "dropped_replicas_keep_their_room": (
        f"{PAGES}::test_what_was_changed_in_a_replica_that_is_dropped_takes_no_room_in_the_cache"
    ),
    "replaced_trees_keep_their_room": (
        f"{PAGES}::test_what_was_changed_in_a_tree_that_a_copy_has_replaced_takes_no_room_in_the_cache"
    ),
    "reads_one_page_of_keys": (
        f"{METADATA}::test_all_keys_that_an_admin_reads_are_found_however_many_pages_that_takes"
    ),
    "batches_lack_one_item": (
        "test_router_bytes.py::test_a_batch_may_have_as_many_items_as_the_api_says_and_not_one_more"
    ),
    "past_waiters_keep_their_room": (
        f"{QUEUE}::test_what_has_had_its_turn_leaves_its_room_to_others_who_wait"
    ),
    "copies_in_messages_of_any_size": (
        "test_page_copy.py::test_a_message_of_a_copy_holds_no_more_than_it_may_and_the_rest_comes_in_the_next"
    ),
    "children_take_what_is_their_parents": f"{LINES}::{TAKES}",
    "free_pages_are_taken": f"{LINES}::{TAKES}",
    "unknown_outcomes_are_none": (
        f"{METADATA}::test_an_order_of_which_nobody_knows_whether_it_was_written_stays_unanswered"
    ),
    "attempts_take_no_room": (
        "test_waiting_at_the_leader.py::test_further_attempts_at_what_waits_take_room_too"
    ),
    "held_log_begins_anew": (
        "test_copied_log.py::test_a_copy_that_goes_on_from_another_view_keeps_what_has_come_of_the_held_log"
    ),
    "waits_as_long_as_the_last": (
        "test_router_look_ups.py::"
        "test_who_has_waited_for_a_look_up_long_enough_is_told_so_though_others_go_on_waiting"
    ),
    "full_nodes_are_waited_for": f"{WORDS}::test_a_replacement_is_given_up_as_soon_as_its_node_has_no_room",
    "made_by_any_word": f"{WORDS}::test_a_new_replica_is_made_when_its_own_node_says_so_of_it",
    "late_voters_given_up": (
        f"{WORDS}::test_a_replica_that_a_chosen_config_names_is_made_however_long_that_takes"
    ),
    "moves_to_where_it_is": f"{BALANCE}::test_a_replica_is_moved_to_no_node_where_its_partition_has_one",
    "missed_in_an_earlier_term": (
        f"{PLANS}::test_what_an_earlier_term_has_missed_says_nothing_of_what_became_of_it_since"
    ),
    "missed_now_and_then": (
        f"{PLANS}::test_a_voter_that_a_report_has_named_meanwhile_must_be_missed_twice_again"
    ),
    "parents_never_go": (
        f"{PLANS}::test_a_first_voter_of_a_child_is_waited_for_until_its_parent_is_gone_and_no_longer"
    ),
    "moves_to_busy_nodes": f"{PLANS}::test_a_move_waits_for_a_node_that_is_busy_or_full_with_what_comes",
    "balances_beside_moves": f"{PLANS}::test_a_zone_is_balanced_by_one_move_at_a_time_and_beside_no_other",
    "planned_moves_not_counted": (
        f"{PLANS}::test_moves_that_are_planned_count_among_those_that_may_be_under_way"
    ),
    "planned_splits_not_counted": (
        f"{PLANS}::test_splits_that_are_planned_count_among_those_that_may_be_under_way"
    ),
    "answers_wait_for_the_timer": (
        f"{STEPPED}::test_what_is_answered_while_a_record_is_read_or_written_is_looked_at_next"
    ),
    "older_config_learned": (
        f"{STEPPED}::test_the_newest_config_that_was_heard_of_counts_in_whatever_order_they_come"
    ),
    "begun_never_forgotten": (
        f"{STEPPED}::test_what_was_begun_counts_until_a_look_up_that_came_after_it_has_found_it"
    ),
    "read_in_an_earlier_term": (
        f"{STEPPED}::test_what_was_begun_counts_until_a_look_up_that_came_after_it_has_found_it"
    ),
    "silent_leaders_kept": (
        f"{STEPPED}::test_a_leader_that_did_not_answer_is_not_asked_again_unless_it_is_named_anew"
    ),
    "hops_spent_for_good": f"{STEPPED}::test_a_command_is_passed_on_anew_when_the_timer_sends_it_again",
    "fence_shown_too_soon": (
        f"{JOURNAL}::test_a_fence_is_shown_once_it_is_durable_and_not_with_what_was_written_before"
    ),
    "first_config_counted_stays": f"{HOLD}::test_a_log_begins_at_the_config_that_was_counted_last",
    "gone_while_it_is_made": f"{OWED}::test_a_replica_that_is_being_made_is_not_said_to_be_gone",
    "buried_unread": f"{OWED}::test_a_partition_of_which_a_replica_was_not_looked_at_yet_is_not_buried",
    "grants_of_an_earlier_life_forgotten": (
        f"{OWED}::test_what_an_earlier_life_may_have_granted_binds_for_a_lease_from_the_start_on"
    ),
    "any_child_is_owed": f"{OWED}::test_only_a_child_with_a_voter_here_is_owed",
    "retired_voters_are_made_again": (
        f"{BELIEVED}::test_a_voter_whose_incarnation_has_ended_is_replaced_and_one_that_never_began_is_made"
    ),
    "split_beside_a_loss": f"{OWED}::test_a_partition_is_not_split_beside_a_lost_voter",
    "learners_of_earlier_ballots_count": (
        f"{BELIEVED}::test_what_a_learner_said_to_an_earlier_leader_says_nothing_of_how_far_it_is"
    ),
    "words_of_earlier_disks_count": f"{BELIEVED}::test_a_word_of_an_earlier_disk_says_nothing_of_a_voter",
    "replaced_where_no_tree_is_left": f"{BELIEVED}::test_a_voter_is_replaced_only_if_the_others_have_trees",
    "split_outside_its_range": (
        f"{BELIEVED}::test_a_partition_is_split_by_size_only_at_a_place_inside_its_range"
    ),
    "takes_on_from_any_report": (
        f"{ON_DEMAND}::test_an_admin_waits_until_each_partition_of_an_on_demand_table_has_reported"
    ),
    "rates_onto_whatever_came": (
        f"{ON_DEMAND}::test_rates_are_set_only_onto_the_version_for_which_they_were_decided"
    ),
    "late_commands_do_not_count": (
        f"{ON_DEMAND}::test_what_a_late_command_of_an_earlier_admin_did_counts_as_soon_as_it_is_reported"
    ),
    "buried_lines_stay": (
        f"{BIRTHS}::test_the_pages_of_a_parent_go_with_the_last_of_its_children_that_is_buried"
    ),
}
"""By bug, a test of its rule; those of routers are seen by `test_each_bug_of_calls_over_splits_is_seen`."""

PROGRAM = """
import contextlib, json, os, sys
import pytest
from dynaproof.checkers.mutation.seeded.unreached import BUGS
from dynaproof.checkers.patches import seeded

QUIET = ["-q", "--tb=no", "--no-header", "-n", "0", "-p", "no:cacheprovider"]
codes = {}
with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
    for bug in BUGS:
        if found_by := json.loads(sys.argv[1]).get(bug.name):
            with seeded(bug):
                codes[bug.name] = pytest.main([*QUIET, found_by])
print(json.dumps(codes))
"""
FAILED = 1
"""What pytest ends with; without the bug the test passes, or the suite does not."""


def test_each_bug_that_no_campaign_has_found_makes_a_test_of_its_rule_fail() -> None:
    assert {bug.name for bug in BUGS} == {*FOUND_BY, *(bug.name for bug in BUGS if bug.name in SEEN_BY)}
    tests = json.dumps({name: f"tests/examples/{test}" for name, test in FOUND_BY.items()})
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tests], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == dict.fromkeys(FOUND_BY, FAILED)
