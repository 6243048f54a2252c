{# `<domain>__<name>` is the relation <domain>.<name>, in whatever target. #}

{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ node.name.split('__')[0] if '__' in node.name and node.resource_type == 'model' else target.schema }}
{%- endmacro %}

{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
  {%- if '__' in node.name and node.resource_type == 'model' -%}
    {{ node.name.split('__', 1)[1] }}
  {%- else -%}
    {{ node.name }}
  {%- endif -%}
{%- endmacro %}
