/* The same model as model/paxos.py with 3 acceptors and 2 values, for Spin: one process, one d_step for each action
   and its parameters. Preprocess with -DMAX_BALLOT=N, of 1 to 3.

   An acceptor answers a ballot once, and a ballot asks for one value, so the set of messages is kept as arrays, one
   to one: a vote is 0 (none) or 1 + 2 * ballot + value; promise[] is 0 (none) or 1 + the vote that it reports;
   accept[] is 0 (none) or 1 + value; voted[] has a bit for each acceptor. So the states are the same, and as many. */
#define BALLOTS (MAX_BALLOT + 1)

byte max_bal[3]; /* One more than the greatest ballot. */
byte vote[3];
byte prepare;
byte promise[3 * BALLOTS];
byte accept[BALLOTS];
byte voted[BALLOTS];

#define P(a, b) promise[(a) * BALLOTS + (b)]
#define LATEST(x, y, b) (P(x, b) > P(y, b) -> P(x, b) : P(y, b))
#define CHOSEN(b) ((voted[b] & 3) == 3 || (voted[b] & 5) == 5 || (voted[b] & 6) == 6)
#define AGREE(b, c) !(CHOSEN(b) && CHOSEN(c) && accept[b] != accept[c])

#if MAX_BALLOT == 1
#define ONE_VALUE_CHOSEN assert(AGREE(0, 1))
#elif MAX_BALLOT == 2
#define ONE_VALUE_CHOSEN assert(AGREE(0, 1) && AGREE(0, 2) && AGREE(1, 2))
#else
#define ONE_VALUE_CHOSEN assert(AGREE(0, 1) && AGREE(0, 2) && AGREE(1, 2) && \
                                AGREE(0, 3) && AGREE(1, 3) && AGREE(2, 3))
#endif

#define PHASE_1A(b) :: d_step { true -> prepare = prepare | (1 << b) }
#define PHASE_1B(a, b) \
    :: d_step { (prepare & (1 << b)) && b + 1 > max_bal[a] -> max_bal[a] = b + 1; P(a, b) = 1 + vote[a] }
#define PHASE_2A(b, x, y, v) \
    :: d_step { accept[b] == 0 && P(x, b) && P(y, b) && \
                (LATEST(x, y, b) == 1 || (LATEST(x, y, b) & 1) == v) -> accept[b] = 1 + v }
#define PHASE_2B(a, b) \
    :: d_step { accept[b] && b + 1 >= max_bal[a] -> max_bal[a] = b + 1; vote[a] = 2 * b + accept[b]; \
                voted[b] = voted[b] | (1 << a); ONE_VALUE_CHOSEN }

#define ACTIONS_OF(b) \
    PHASE_1A(b) \
    PHASE_1B(0, b) PHASE_1B(1, b) PHASE_1B(2, b) \
    PHASE_2A(b, 0, 1, 0) PHASE_2A(b, 0, 2, 0) PHASE_2A(b, 1, 2, 0) \
    PHASE_2A(b, 0, 1, 1) PHASE_2A(b, 0, 2, 1) PHASE_2A(b, 1, 2, 1) \
    PHASE_2B(0, b) PHASE_2B(1, b) PHASE_2B(2, b)

active proctype system() {
    do
    ACTIONS_OF(0)
    ACTIONS_OF(1)
#if MAX_BALLOT > 1
    ACTIONS_OF(2)
#endif
#if MAX_BALLOT > 2
    ACTIONS_OF(3)
#endif
    od
}
