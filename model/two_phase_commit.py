"""Two-phase commit of a transaction manager and `rms` resource managers, over messages that are never lost.

The transaction manager commits only if every resource manager has said that it is prepared; a resource
manager may abort on its own until it has prepared. Nobody fails; that the protocol blocks when the
transaction manager does is not what this model is about.

Source: Lamport and Gray, Consensus on Transaction Commit, 2006, section 3; TwoPhase.tla.
"""

from dynaproof.model.language import (
    Array,
    Constant,
    Enum,
    Expected,
    Messages,
    Model,
    Scalar,
    Set,
    action,
    always,
    require,
    sometimes,
)


class TwoPhaseCommit(Model):
    """All resource managers commit, or none does."""

    rms = Constant(3)
    RM = Scalar(rms)

    rm_state = Array(RM, Enum("working", "prepared", "committed", "aborted"))
    tm_state = Enum("init", "committed", "aborted")
    tm_prepared = Set(RM)
    msgs = Messages(Prepared=(RM,), Commit=(), Abort=())

    @action(r=RM)
    def tm_rcv_prepared(self, r: int) -> None:
        """The transaction manager hears that a resource manager is prepared."""
        require(self.tm_state == "init")
        require(("Prepared", r) in self.msgs)
        self.tm_prepared.add(r)

    @action
    def tm_commit(self) -> None:
        """It commits: everyone is prepared."""
        require(self.tm_state == "init")
        require(all(r in self.tm_prepared for r in self.RM))
        self.tm_state = "committed"
        self.msgs.add(("Commit",))

    @action
    def tm_abort(self) -> None:
        """It aborts, for whatever reason."""
        require(self.tm_state == "init")
        self.tm_state = "aborted"
        self.msgs.add(("Abort",))

    @action(r=RM)
    def rm_prepare(self, r: int) -> None:
        """A resource manager prepares and says so."""
        require(self.rm_state[r] == "working")
        self.rm_state[r] = "prepared"
        self.msgs.add(("Prepared", r))

    @action(r=RM)
    def rm_choose_to_abort(self, r: int) -> None:
        """A resource manager that has not prepared aborts on its own."""
        require(self.rm_state[r] == "working")
        self.rm_state[r] = "aborted"

    @action(r=RM)
    def rm_rcv_commit_msg(self, r: int) -> None:
        """A resource manager is told to commit."""
        require(("Commit",) in self.msgs)
        self.rm_state[r] = "committed"

    @action(r=RM)
    def rm_rcv_abort_msg(self, r: int) -> None:
        """A resource manager is told to abort."""
        require(("Abort",) in self.msgs)
        self.rm_state[r] = "aborted"

    @always(spec="transactions_serializable")
    def consistent(self) -> bool:
        """No resource manager has committed while another has aborted."""
        return not (
            any(self.rm_state[r] == "committed" for r in self.RM)
            and any(self.rm_state[r] == "aborted" for r in self.RM)
        )

    @sometimes
    def all_committed(self) -> bool:
        """Every resource manager has committed."""
        return all(self.rm_state[r] == "committed" for r in self.RM)

    @sometimes
    def all_aborted(self) -> bool:
        """Every resource manager has aborted."""
        return all(self.rm_state[r] == "aborted" for r in self.RM)

    expected = (
        Expected({"rms": 3}, 288, 1_146, 11, source="stateright, examples/2pc.rs; TLC"),
        Expected({"rms": 5}, 8_832, 58_146, 17, source="stateright, examples/2pc.rs"),
        Expected({"rms": 6}, 50_816, 402_306, 20, source="tlaplus/Examples, transaction_commit"),
        Expected({"rms": 7}, 296_448, 2_744_706, 23, source="tlaplus/Examples, transaction_commit"),
        Expected({"rms": 8}, 1_745_408, 18_507_778, 26, source="measured with several engines"),
        Expected({"rms": 9}, 10_340_352, 123_558_402, 29, source="measured with several engines"),
        Expected({"rms": 10}, 61_515_776, 817_760_258, 32, source="measured with several engines"),
        Expected({"rms": 3}, 80, symmetry=True, source="orbits, known from several engines"),
        Expected({"rms": 5}, 314, symmetry=True, source="orbits, known from several engines"),
        Expected({"rms": 7}, 920, symmetry=True, source="orbits, known from several engines"),
        Expected({"rms": 10}, 3_300, symmetry=True, source="orbits, known from several engines"),
    )
