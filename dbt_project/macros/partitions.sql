{# What is being built, as SQL literals; NULL where nothing is (dbt compile). Of several partition keys, name the column. #}

{% macro partitions(column=none) -%}
  {{ _partition_values(column) | join(', ') }}
{%- endmacro %}

{% macro first_partition(column=none) -%}
  {{ _partition_values(column) | first }}
{%- endmacro %}

{% macro last_partition(column=none) -%}
  {{ _partition_values(column) | last }}
{%- endmacro %}

{% macro _partition_values(column) -%}
  {%- set values = var('partitions', {}) -%}
  {{ return(values.get(column or (values | first)) or ['NULL']) }}
{%- endmacro %}
