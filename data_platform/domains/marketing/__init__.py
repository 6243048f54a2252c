"""Whom to reach and how: what users are interested in, whom to send which e-mail, what brings visitors.

Written in SQL, in dbt_project/.
"""
