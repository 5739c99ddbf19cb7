"""The default settings fit each other, as their docstrings say; scenarios draw their own."""

from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.paxos.sizes import NO_OP_BYTES

DEFAULT = Settings()


def test_a_window_and_a_no_op_fit_a_message() -> None:
    """Rule W4: else the tail of a full window would be promised to nobody."""
    assert DEFAULT.window_bytes + NO_OP_BYTES <= DEFAULT.records_bytes


def test_all_holds_together_are_at_most_twice_what_one_reader_may_be_behind() -> None:
    assert DEFAULT.held_slots == 2 * DEFAULT.hold_lag_slots
    assert DEFAULT.held_bytes == 2 * DEFAULT.hold_lag_bytes


def test_a_source_holds_a_view_until_its_copier_turns_to_others() -> None:
    """Rule C5: what does not come is asked for again, and after four times that all others are."""
    assert DEFAULT.view_us >= 4 * DEFAULT.retry_us


def test_a_lease_is_renewed_though_a_heartbeat_is_lost() -> None:
    assert 2 * DEFAULT.heartbeat_us < DEFAULT.usable_lease_us()
    assert DEFAULT.contact_us > DEFAULT.lease_us + DEFAULT.election_us
