-- Timed by the tracker's clock: those of the devices are not to be trusted.
select day, event_id, listing_id, user_id as buyer_id, session_id, received_at as contacted_at, channel
from {{ source('tracking', 'contacts') }}
