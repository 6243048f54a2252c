select day, message_id, listing_id, sender_id, recipient_id, sent_at
from {{ source('messaging', 'messages') }}
