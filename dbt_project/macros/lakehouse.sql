{# Stage, audit, publish: the platform does it, with the query alone. A range of partitions is one publication. #}

{% materialization lakehouse, adapter='duckdb' %}
  {{ run_hooks(pre_hooks) }}
  {% do adapter.store_relation('lakehouse', this, [], '', '', {'publish': model.unique_id, 'query': sql}) %}
  {% do store_raw_result('main', message='PUBLISHED', code='PUBLISHED', rows_affected='', agate_table=none) %}
  {{ run_hooks(post_hooks) }}
  {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}

{# A test sees what its model published just now, and of the others what that model read. #}

{% materialization test, adapter='duckdb' %}
  {% do adapter.store_relation('lakehouse', this, [], '', '', {'test': model.unique_id}) %}
  {{ return(materialization_test_default()) }}
{% endmaterialization %}
