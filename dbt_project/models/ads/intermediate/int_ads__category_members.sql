-- Each category with itself and with the group above it, so that one join counts both.
select category_id, category_id as within_id
from {{ ref('stg_ads__categories') }}
union all
select category_id, group_id as within_id
from {{ ref('stg_ads__categories') }}
where group_id is not null
