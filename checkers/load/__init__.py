"""Open-loop load: requests come at a rate, whether or not earlier ones were answered.

*Arrivals.* A drawn process says when each request is due: evenly spaced, or a Poisson process (`arrivals`),
in whole microseconds of simulated time, from the seed alone. Nothing that the system does moves them. The
same seed gives the same sequence at every rate, stretched, so rates are compared on the same arrivals.

*Sessions.* A request is issued when it is due, by a session that has none under way; if all are busy, one
more session is made, up to a bound. Beyond that a request waits, in the order in which requests were due. Its
latency counts from when it was *due* in either case, so no late answer hides the requests that would have
been issued meanwhile (Tene, *How Not to Measure Latency*, calls that coordinated omission; Schroeder, Wierman
and Harchol-Balter, *Open Versus Closed: A Cautionary Tale*, NSDI 2006).

*Measured* is what is due in a window of simulated time, after a warm-up. The load stays on after the window,
until everything due in it has ended, or as much time again has passed: what has no answer by then is
unanswered. Percentiles are those of the answered requests by nearest rank: the least latency that this share
of them does not exceed. Throughput, messages, syncs and bytes are counted in the window.

A rate is *saturated* if fewer requests are answered in the window than 95 % of those due in it (ten more may
be under way at its end than at its beginning), or if the 99th percentile of everything due, with the
unanswered as the slowest, is above a bound in mean round trips. The saturation point lies between the least
saturated rate and the highest rate below it (`saturation`), within 5 %.

No faults fall, nothing is lost or repeated, and the network and the disks are those that the scenario's
`Requests` name. Every spec of the scenario is judged all the while, except those that must hold only once a
run has settled. Only integers decide a run, so equal seeds give equal reports, to the byte.

`open_loop` drives a run, `measuring` makes its figures, `saturation` says which rate comes next.
"""
