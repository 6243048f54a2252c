with compared as (
    select
        *,
        day_number - lag(day_number) over history is distinct from 1 as is_back,
        city is distinct from lag(city) over history
        or is_verified is distinct from lag(is_verified) over history
        or has_phone is distinct from lag(has_phone) over history as is_changed
    from {{ ref('int_crm__customer_days') }}
    window history as (partition by customer_id order by day_number)
),

numbered as (
    select
        *,
        count(*) filter (where is_back or is_changed) over (partition by customer_id order by day_number) as version
    from compared
),

versions as (
    select
        customer_id,
        cast(version as integer) as version,
        any_value(city) as city,
        any_value(is_verified) as is_verified,
        any_value(has_phone) as has_phone,
        min(day) as valid_from,
        max(day_number) as last_number
    from numbered
    group by customer_id, version
),

days as (
    select distinct day, day_number from {{ ref('int_crm__customer_days') }}
)

select
    versions.customer_id,
    versions.version,
    versions.city,
    versions.is_verified,
    versions.has_phone,
    versions.valid_from,
    ends.day as valid_to,
    ends.day is null as is_current,
    case
        when ends.day is null then null
        when ends.day = lead(versions.valid_from) over (partition by versions.customer_id order by versions.version)
            then 'changed'
        else 'left'
    end as closed_because
from versions
left join days as ends on ends.day_number = versions.last_number + 1
