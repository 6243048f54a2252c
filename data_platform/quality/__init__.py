"""Rules compiled to one audit, and what a failing rule does.

Belongs here: predicates and conforming casts as DuckDB SQL, the audit that runs them, the policy table as a pure
function, the split into good and quarantined rows. Does not: tables, commits, Dagster. Imports only contracts/.
"""
