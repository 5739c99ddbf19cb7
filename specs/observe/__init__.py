"""Public state of the implementation, and of models, read into a `View`. The only modules of `specs` that
import them.
"""
