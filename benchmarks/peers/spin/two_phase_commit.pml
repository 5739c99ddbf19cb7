/* The same model as model/two_phase_commit.py, for Spin: one process, one d_step for each action and resource
   manager. Preprocess with -DRMS=N, of at most 10. */
mtype = { working, prepared, committed, aborted, begun };

mtype rm[RMS] = working;
mtype tm = begun;
unsigned tm_prepared : RMS;
unsigned sent_prepared : RMS;
bit commit, abort;
byte in_commit, in_abort; /* How many resource managers have committed, and aborted. */

#define CONSISTENT assert(!(in_commit && in_abort))

#define ACTIONS_OF(r) \
    :: d_step { tm == begun && (sent_prepared & (1 << r)) -> tm_prepared = tm_prepared | (1 << r) } \
    :: d_step { rm[r] == working -> rm[r] = prepared; sent_prepared = sent_prepared | (1 << r) } \
    :: d_step { rm[r] == working -> rm[r] = aborted; in_abort++; CONSISTENT } \
    :: d_step { commit -> in_abort = in_abort - (rm[r] == aborted); \
                in_commit = in_commit + (rm[r] != committed); rm[r] = committed; CONSISTENT } \
    :: d_step { abort -> in_commit = in_commit - (rm[r] == committed); \
                in_abort = in_abort + (rm[r] != aborted); rm[r] = aborted; CONSISTENT }

active proctype system() {
    do
    :: d_step { tm == begun && tm_prepared == (1 << RMS) - 1 -> tm = committed; commit = 1 }
    :: d_step { tm == begun -> tm = aborted; abort = 1 }
    ACTIONS_OF(0)
    ACTIONS_OF(1)
    ACTIONS_OF(2)
#if RMS > 3
    ACTIONS_OF(3)
#endif
#if RMS > 4
    ACTIONS_OF(4)
#endif
#if RMS > 5
    ACTIONS_OF(5)
#endif
#if RMS > 6
    ACTIONS_OF(6)
#endif
#if RMS > 7
    ACTIONS_OF(7)
#endif
#if RMS > 8
    ACTIONS_OF(8)
#endif
#if RMS > 9
    ACTIONS_OF(9)
#endif
    od
}
