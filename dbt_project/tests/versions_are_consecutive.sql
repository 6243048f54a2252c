-- A customer's periods are counted 1, 2, 3 and so on: a gap would be a period that got lost.
select customer_id
from {{ ref('crm__customer_history') }}
group by customer_id
having min(version) <> 1 or max(version) <> count(*)
