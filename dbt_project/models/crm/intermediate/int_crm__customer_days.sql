-- The published days of users in order, counted: a day on which nobody was published is no day on which somebody was away.
select
    users.user_id as customer_id,
    users.day,
    dense_rank() over (order by users.day) as day_number,
    users.city,
    users.is_verified,
    users.phone is not null as has_phone
from {{ source('users', 'users') }} as users
