-- How many people wrote to the seller about a listing on a day; the seller's answers open no conversation.
select listings.day, listings.listing_id, count(distinct messages.sender_id) as conversations
from {{ ref('stg_messaging__messages') }} as messages
join {{ ref('stg_ads__listings') }} as listings
    on listings.day = messages.day
    and listings.listing_id = messages.listing_id
    and listings.seller_id = messages.recipient_id
group by listings.day, listings.listing_id
