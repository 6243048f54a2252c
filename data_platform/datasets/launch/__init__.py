"""Launching: where the work of a step runs that is made with Spark, and how what became of it comes back.

The step itself stays with Dagster: it examines the inputs, pins them, and tells the results. Where the dataset's size
says so (see `deployment.yaml`), a job elsewhere gets the pinned plans, runs the function, stages, audits and publishes,
and reports the publication through Dagster Pipes, as JSON.

Belongs here: what is sent (`order`), what comes back (`report`, `as_json`), a client per launcher (`submit`, `emr`), and
what runs there (`job`, `entry_point`). Does not: what a step does wherever it runs (`datasets.attempt`).
"""
