"""Operations: how runs start, execute, wait, stop and are done again.

Here belong automation conditions, the executor, sensors, the run queue and its priorities, replay and retention.
Not here: what a dataset is (`contracts/`), how it is written (`lakehouse/`), what makes it good (`quality/`).
`definitions.py` and `cli/` import this room; no room below it does.
"""
