"""Rules compiled to one audit, and what a failing rule does.

Belongs here: what breaks a rule, in each engine's own words (`dialects/`), conforming casts, the audit that runs them on
staged files and on frames in memory (`frames/`), pandera schemas that judge as the audit does (`pandera/`), the policy
table as a pure function, the split into good and quarantined rows. Does not: tables, commits, Dagster. Imports only
contracts/.
"""
