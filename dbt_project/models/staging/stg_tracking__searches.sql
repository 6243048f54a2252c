select day, event_id, user_id as visitor_id, category_id, results = 0 as is_fruitless
from {{ source('tracking', 'searches') }}
