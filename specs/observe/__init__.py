"""Public state of the implementation, and of models, read into views. The only modules of `specs` that
import them.
"""
