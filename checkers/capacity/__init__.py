"""Hours of a table's capacity in seconds: the functions of `impl/capacity`, driven without replication."""
