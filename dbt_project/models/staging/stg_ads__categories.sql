select category_id, name as category, parent_id as group_id
from {{ source('ads', 'categories') }}
