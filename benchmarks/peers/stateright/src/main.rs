//! The two benchmark models for Stateright: `peer two_phase_commit RMS THREADS` and `peer paxos MAX_BALLOT THREADS`.
//! Prints the distinct states and the seconds of the search. The states are packed into integers, so that it is
//! the checker that is measured.

use stateright::{Checker, Model, Property};
use std::time::Instant;

const WORKING: u64 = 0;
const PREPARED: u64 = 1;
const COMMITTED: u64 = 2;
const ABORTED: u64 = 3;

struct TwoPhase {
    rms: u32,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct TwoPhaseState {
    /// Two bits for each resource manager.
    rm: u64,
    tm: u8,
    tm_prepared: u32,
    sent_prepared: u32,
    commit: bool,
    abort: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum TwoPhaseAction {
    TmRcvPrepared(u32),
    TmCommit,
    TmAbort,
    RmPrepare(u32),
    RmChooseToAbort(u32),
    RmRcvCommit(u32),
    RmRcvAbort(u32),
}

impl TwoPhaseState {
    fn get(&self, r: u32) -> u64 {
        self.rm >> (2 * r) & 3
    }
    fn set(&mut self, r: u32, to: u64) {
        self.rm = self.rm & !(3 << (2 * r)) | to << (2 * r);
    }
}

impl Model for TwoPhase {
    type State = TwoPhaseState;
    type Action = TwoPhaseAction;

    fn init_states(&self) -> Vec<Self::State> {
        vec![TwoPhaseState { rm: 0, tm: 0, tm_prepared: 0, sent_prepared: 0, commit: false, abort: false }]
    }

    fn actions(&self, s: &Self::State, out: &mut Vec<Self::Action>) {
        use TwoPhaseAction::*;
        if s.tm == 0 {
            if s.tm_prepared == (1 << self.rms) - 1 {
                out.push(TmCommit);
            }
            out.push(TmAbort);
        }
        for r in 0..self.rms {
            if s.tm == 0 && s.sent_prepared >> r & 1 == 1 {
                out.push(TmRcvPrepared(r));
            }
            if s.get(r) == WORKING {
                out.push(RmPrepare(r));
                out.push(RmChooseToAbort(r));
            }
            if s.commit {
                out.push(RmRcvCommit(r));
            }
            if s.abort {
                out.push(RmRcvAbort(r));
            }
        }
    }

    fn next_state(&self, last: &Self::State, action: Self::Action) -> Option<Self::State> {
        use TwoPhaseAction::*;
        let mut s = last.clone();
        match action {
            TmRcvPrepared(r) => s.tm_prepared |= 1 << r,
            TmCommit => {
                s.tm = 1;
                s.commit = true;
            }
            TmAbort => {
                s.tm = 2;
                s.abort = true;
            }
            RmPrepare(r) => {
                s.set(r, PREPARED);
                s.sent_prepared |= 1 << r;
            }
            RmChooseToAbort(r) => s.set(r, ABORTED),
            RmRcvCommit(r) => s.set(r, COMMITTED),
            RmRcvAbort(r) => s.set(r, ABORTED),
        }
        Some(s)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("consistent", |model, s: &TwoPhaseState| {
            let has = |what| (0..model.rms).any(|r| s.get(r) == what);
            !(has(COMMITTED) && has(ABORTED))
        })]
    }
}

const ACCEPTORS: usize = 3;
const VALUES: usize = 2;
const QUORUMS: [[usize; 2]; 3] = [[0, 1], [0, 2], [1, 2]];

struct Paxos {
    ballots: usize,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct PaxosState {
    /// Each acceptor's ballot, and its vote as one more than ballot * VALUES + value; 0 for none.
    max_bal: [i8; ACCEPTORS],
    vote: [u8; ACCEPTORS],
    prepare: u8,
    /// For each acceptor and ballot the set of votes reported, bit 0 for none.
    promise: [[u16; 4]; ACCEPTORS],
    accept: u16,
    voted: [u16; ACCEPTORS],
}

#[derive(Clone, Debug, PartialEq)]
enum PaxosAction {
    Phase1a(usize),
    Phase1b(usize, usize),
    Phase2a(usize, usize),
    Phase2b(usize, usize, usize),
}

fn bit(b: usize, v: usize) -> u16 {
    1 << (b * VALUES + v)
}

impl Model for Paxos {
    type State = PaxosState;
    type Action = PaxosAction;

    fn init_states(&self) -> Vec<Self::State> {
        vec![PaxosState {
            max_bal: [-1; ACCEPTORS],
            vote: [0; ACCEPTORS],
            prepare: 0,
            promise: [[0; 4]; ACCEPTORS],
            accept: 0,
            voted: [0; ACCEPTORS],
        }]
    }

    fn actions(&self, s: &Self::State, out: &mut Vec<Self::Action>) {
        use PaxosAction::*;
        for b in 0..self.ballots {
            out.push(Phase1a(b));
            for a in 0..ACCEPTORS {
                if s.prepare >> b & 1 == 1 && b as i8 > s.max_bal[a] {
                    out.push(Phase1b(a, b));
                }
            }
            if (0..VALUES).all(|v| s.accept & bit(b, v) == 0) {
                for q in QUORUMS {
                    if q.iter().any(|&a| s.promise[a][b] == 0) {
                        continue;
                    }
                    let reported = q.iter().fold(0, |all, &a| all | s.promise[a][b] >> 1);
                    if reported == 0 {
                        for v in 0..VALUES {
                            out.push(Phase2a(b, v));
                        }
                    } else {
                        let last = (15 - reported.leading_zeros()) as usize / VALUES;
                        for v in 0..VALUES {
                            for &a in &q {
                                if s.promise[a][b] >> 1 & bit(last, v) != 0 {
                                    out.push(Phase2a(b, v));
                                }
                            }
                        }
                    }
                }
            }
            for a in 0..ACCEPTORS {
                for v in 0..VALUES {
                    if s.accept & bit(b, v) != 0 && b as i8 >= s.max_bal[a] {
                        out.push(Phase2b(a, b, v));
                    }
                }
            }
        }
    }

    fn next_state(&self, last: &Self::State, action: Self::Action) -> Option<Self::State> {
        use PaxosAction::*;
        let mut s = last.clone();
        match action {
            Phase1a(b) => s.prepare |= 1 << b,
            Phase1b(a, b) => {
                s.max_bal[a] = b as i8;
                s.promise[a][b] |= 1 << s.vote[a];
            }
            Phase2a(b, v) => s.accept |= bit(b, v),
            Phase2b(a, b, v) => {
                s.max_bal[a] = b as i8;
                s.vote[a] = (b * VALUES + v + 1) as u8;
                s.voted[a] |= bit(b, v);
            }
        }
        Some(s)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("one value chosen", |model, s: &PaxosState| {
            let chosen = |v| {
                (0..model.ballots).any(|b| QUORUMS.iter().any(|q| q.iter().all(|&a| s.voted[a] & bit(b, v) != 0)))
            };
            (0..VALUES).filter(|&v| chosen(v)).count() <= 1
        })]
    }
}

fn measure<M>(model: M, threads: usize)
where
    M: Model + Send + Sync + 'static,
    M::Action: std::fmt::Debug,
    M::State: Clone + std::hash::Hash + Send + Sync + std::fmt::Debug + PartialEq + 'static,
{
    let begun = Instant::now();
    let checker = model.checker().threads(threads).spawn_bfs().join();
    let seconds = begun.elapsed().as_secs_f64();
    checker.assert_properties();
    println!("{} {} {}", checker.unique_state_count(), checker.state_count(), seconds);
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let bound: usize = arguments[2].parse().expect("a bound");
    let threads = arguments[3].parse().expect("a number of threads");
    match arguments[1].as_str() {
        "two_phase_commit" => measure(TwoPhase { rms: bound as u32 }, threads),
        "paxos" => measure(Paxos { ballots: bound + 1 }, threads),
        other => panic!("no model {other}"),
    }
}
