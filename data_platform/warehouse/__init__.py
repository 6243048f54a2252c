"""SQL datasets: the dbt project's models as assets like any other.

Belongs here: the dbt plugin (views over planned files, publishing), the manifest, the translator, the dbt assets. Does
not: the SQL itself (dbt_project/), how rows are audited and committed (lakehouse/).
"""
