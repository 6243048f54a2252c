-- What kind of place each referrer is. Another row here is all that a new campaign's referrer needs.
select referrer, channel
from (
    values
        ('search', 'on_site'),
        ('category', 'on_site'),
        ('home', 'on_site'),
        ('google', 'search_engine'),
        ('instagram', 'social'),
        ('email', 'newsletter')
) as known (referrer, channel)
