-- Timed by the tracker's clock: those of the devices are not to be trusted.
select day, event_id, listing_id, user_id as visitor_id, session_id, received_at as viewed_at, referrer
from {{ source('tracking', 'listing_views') }}
