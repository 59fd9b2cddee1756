"""graphrec on Apache Spark: `graphrec spark`, for logs that one machine is too small for.

The unit of work is a block: consecutive users, whose events are one row of a data frame, so that a
pass over the log moves nothing but its result. What a block gives is computed by the functions that
serve on one machine, and summed over blocks in their order: however many partitions, executors or
machines there are, ids and results are the same.
"""
