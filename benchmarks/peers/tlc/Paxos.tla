---- MODULE Paxos ----
\* The same model as model/paxos.py, for TLC.
EXTENDS Integers
CONSTANT MaxBallot
VARIABLES maxBal, vote, msgs
vars == <<maxBal, vote, msgs>>

Acceptor == 1..3
Value == 1..2
Ballot == 0..MaxBallot
Quorum == {{1, 2}, {1, 3}, {2, 3}}
None == <<-1, 0>>

Init ==
    /\ maxBal = [a \in Acceptor |-> -1]
    /\ vote = [a \in Acceptor |-> None]
    /\ msgs = {}

Send(m) == msgs' = msgs \cup {m}

Phase1a(b) == Send(<<"prepare", b>>) /\ UNCHANGED <<maxBal, vote>>

Phase1b(a, b) ==
    /\ <<"prepare", b>> \in msgs
    /\ b > maxBal[a]
    /\ maxBal' = [maxBal EXCEPT ![a] = b]
    /\ Send(<<"promise", a, b, vote[a]>>)
    /\ UNCHANGED vote

Phase2a(b, v) ==
    /\ ~\E m \in msgs : m[1] = "accept" /\ m[2] = b
    /\ \E Q \in Quorum :
        LET heard == {m \in msgs : m[1] = "promise" /\ m[2] \in Q /\ m[3] = b}
            votes == {m \in heard : m[4] # None}
        IN  /\ \A a \in Q : \E m \in heard : m[2] = a
            /\ \/ votes = {}
               \/ \E m \in votes : m[4][2] = v /\ \A n \in votes : m[4][1] >= n[4][1]
    /\ Send(<<"accept", b, v>>)
    /\ UNCHANGED <<maxBal, vote>>

Phase2b(a, b, v) ==
    /\ <<"accept", b, v>> \in msgs
    /\ b >= maxBal[a]
    /\ maxBal' = [maxBal EXCEPT ![a] = b]
    /\ vote' = [vote EXCEPT ![a] = <<b, v>>]
    /\ Send(<<"voted", a, b, v>>)

Next ==
    \E b \in Ballot :
        \/ Phase1a(b)
        \/ \E a \in Acceptor : Phase1b(a, b)
        \/ \E v \in Value : Phase2a(b, v)
        \/ \E a \in Acceptor, v \in Value : Phase2b(a, b, v)

Spec == Init /\ [][Next]_vars

ChosenIn(b, v) == \E Q \in Quorum : \A a \in Q : <<"voted", a, b, v>> \in msgs
OneValueChosen == \A b, c \in Ballot : ~(ChosenIn(b, 1) /\ ChosenIn(c, 2))
====
