with contacts as (
    select
        day,
        listing_id,
        count(*) as replies,
        count(*) filter (where channel = 'phone') as by_phone,
        count(*) filter (where channel = 'whatsapp') as by_whatsapp,
        count(*) filter (where channel = 'message') as by_message,
        count(distinct buyer_id) as buyers,
        max(contacted_at) as last_reply_at
    from {{ ref('stg_tracking__contacts') }}
    group by day, listing_id
),

messages as (
    select day, listing_id, count(*) as messages, max(sent_at) as last_message_at
    from {{ ref('stg_messaging__messages') }}
    group by day, listing_id
)

select
    day,
    listing_id,
    coalesce(contacts.replies, 0) as replies,
    coalesce(contacts.by_phone, 0) as by_phone,
    coalesce(contacts.by_whatsapp, 0) as by_whatsapp,
    coalesce(contacts.by_message, 0) as by_message,
    coalesce(contacts.buyers, 0) as buyers,
    coalesce(messages.messages, 0) as messages,
    greatest(contacts.last_reply_at, messages.last_message_at) as last_reply_at
from contacts
full join messages using (day, listing_id)
