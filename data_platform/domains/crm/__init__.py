"""Whom we do business with: customers as they were on each day, their ads, and whom telesales calls.

Written in SQL, in dbt_project/.
"""
