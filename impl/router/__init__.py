"""How a request finds the leader of its partition: `call` is one request's attempts, and `caller` sends them;
`tables` knows where partitions are, `router` serves users, page by page (`asked`) and in batches, and
`control` passes on what they order of tables; `notes` is what clients say of their calls. Imports `metadata`
and `capacity`, and of `partition` only what a partition is asked.
"""
