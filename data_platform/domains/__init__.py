"""The domain teams' own rooms, one package each: `contracts/*.yaml` and `assets.py`.

Belongs here: what a team knows about its data, as contracts, and the functions that produce it, one per contract.
Does not: how datasets are checked, stored, scheduled or read (datasets/ and below), or anything two domains share: a
domain reads another one only through its public datasets. Nothing imports this package but `definitions.py` and tests.

Habits that every room here keeps:

- `raw_*` datasets hold a source as it is and are private; what others may rely on is refined, checked and public.
- Every daily dataset is cut by a column `day` (UTC), so that datasets join on `day` and a key. A function computes all
  of `context.partition_keys`: one day, or in a backfill many at once.
- Every `Reads` names its columns, so that nothing else is loaded and the lineage is exact.
"""
