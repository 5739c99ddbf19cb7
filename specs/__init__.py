"""What is promised?

One predicate per promise, each with its sentence and source, over the two vocabularies of what can be
observed: the views of a system's state and the `History` of what its clients saw. A promise has one meaning,
whether explored runs, exhaustive models, Hypothesis state machines or recorded histories are judged by it.

May import of ours: nothing. The exceptions are `specs.observe.impl` and `specs.observe.model`, which read
public state into views and import `impl` and `model` for that. Read by: `checkers`, `dynaproof`.
"""

# From the checkout's root the folder would be imported a second time, as other classes.
if __name__ != "dynaproof.specs":
    raise ImportError("import dynaproof.specs, not specs: the folders of the project have one root")
