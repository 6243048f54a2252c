select
    listings.day,
    listings.listing_id,
    listings.seller_id,
    listings.category_id,
    listings.price,
    listings.is_on_offer,
    coalesce(attention.views, 0) as views,
    coalesce(attention.visits, 0) as visits,
    coalesce(attention.contacts, 0) as contacts,
    coalesce(conversations.conversations, 0) as conversations,
    coalesce(attention.payments_begun, 0) as payments_begun,
    coalesce(attention.sales, 0) as sales,
    coalesce(attention.revenue, 0) as revenue,
    case
        when attention.sales > 0 then 'sold'
        when attention.payments_begun > 0 then 'payment'
        when attention.contacts > 0 or conversations.conversations > 0 then 'contact'
        when attention.views > 0 then 'view'
        else 'offer'
    end as stage
from {{ ref('stg_ads__listings') }} as listings
left join {{ ref('int_ads__attention') }} as attention using (day, listing_id)
left join {{ ref('int_ads__conversations') }} as conversations using (day, listing_id)
where listings.is_on_offer or attention.listing_id is not null or conversations.listing_id is not null
