-- The groups together have the views that their categories have, day by day.
select day
from {{ ref('ads__category_funnel') }}
group by day
having sum(views) filter (where level = 'group') <> sum(views) filter (where level = 'category')
