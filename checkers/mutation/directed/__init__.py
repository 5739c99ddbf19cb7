"""Directed scenarios: what exploration finds seldom or never, told step by step, judged by the same specs."""
