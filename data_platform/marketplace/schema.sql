-- The marketplace's monolith, as its team grew it: one database, no foreign keys (a deleted user's messages stay),
-- rows updated and deleted in place.
--
-- A row that was overwritten cannot be extracted again, so three tables have a change table beside them, written by
-- triggers as change data capture would. changed_at is the row's updated_at; for deletes and for the initial snapshot
-- it is the session setting marketplace.now (the simulator's clock), or the real time when nobody sets it.

CREATE TABLE categories (
    category_id  integer PRIMARY KEY,
    parent_id    integer,
    slug         text NOT NULL,
    name         text NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL
);

CREATE TABLE users (
    user_id       bigint PRIMARY KEY,
    email         text,
    display_name  text NOT NULL,
    phone         text,
    city          text,
    signup_device text NOT NULL,                       -- web, ios, android
    is_verified   boolean NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);

CREATE TABLE listings (
    listing_id   bigint PRIMARY KEY,
    seller_id    bigint NOT NULL,
    category_id  integer NOT NULL,
    title        text NOT NULL,
    price        numeric(12, 2) NOT NULL,
    currency     text NOT NULL,
    city         text,
    status       text NOT NULL CHECK (status IN ('draft', 'active', 'sold', 'expired', 'removed')),
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL
);

CREATE TABLE messages (                  -- written once, never changed
    message_id   bigint PRIMARY KEY,
    listing_id   bigint NOT NULL,
    sender_id    bigint NOT NULL,
    recipient_id bigint NOT NULL,
    body         text NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL
);

CREATE TABLE payments (
    payment_id   bigint PRIMARY KEY,
    listing_id   bigint NOT NULL,
    buyer_id     bigint NOT NULL,
    seller_id    bigint NOT NULL,
    amount       numeric(12, 2) NOT NULL,
    currency     text NOT NULL,
    method       text NOT NULL,                        -- card, pix, transfer
    status       text NOT NULL CHECK (status IN ('pending', 'paid', 'failed', 'refunded')),
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL
);

-- CREATE TABLE ... AS keeps the column order in step with the table it follows.
CREATE TABLE user_changes AS
    SELECT 0::bigint AS change_id, 'I' AS operation, now() AS changed_at, users.* FROM users WITH NO DATA;
CREATE TABLE listing_changes AS
    SELECT 0::bigint AS change_id, 'I' AS operation, now() AS changed_at, listings.* FROM listings WITH NO DATA;
CREATE TABLE payment_changes AS
    SELECT 0::bigint AS change_id, 'I' AS operation, now() AS changed_at, payments.* FROM payments WITH NO DATA;

CREATE OR REPLACE FUNCTION record_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    clock text := nullif(current_setting('marketplace.now', true), '');
    moment text := CASE WHEN clock IS NOT NULL THEN quote_literal(clock) || '::timestamptz'
                        WHEN TG_OP = 'DELETE' THEN 'clock_timestamp()'
                        ELSE 'changed.updated_at' END;
BEGIN                                                  -- TG_ARGV: change table, its sequence, key of the table
    EXECUTE format(
        'INSERT INTO %I SELECT nextval(%L), %L, %s, ordered.* FROM (SELECT * FROM changed ORDER BY updated_at, %I) ordered',
        TG_ARGV[0], TG_ARGV[1], left(TG_OP, 1), replace(moment, 'changed.', 'ordered.'), TG_ARGV[2]);
    RETURN NULL;
END $$;

-- Statement triggers: one bulk insert per statement, whether it touched one row or a million.
DO $$
DECLARE
    followed record;
    event    text;
BEGIN
    FOR followed IN SELECT * FROM (VALUES ('users', 'user_changes', 'user_id'),
                                          ('listings', 'listing_changes', 'listing_id'),
                                          ('payments', 'payment_changes', 'payment_id')) AS t (name, changes, key)
    LOOP
        EXECUTE format('CREATE SEQUENCE %I OWNED BY %I.change_id', followed.changes || '_seq', followed.changes);
        EXECUTE format('ALTER TABLE %I ALTER change_id SET DEFAULT nextval(%L), ADD PRIMARY KEY (change_id)',
                       followed.changes, followed.changes || '_seq');
        EXECUTE format('CREATE INDEX ON %I (changed_at)', followed.changes);
        FOREACH event IN ARRAY ARRAY['INSERT', 'UPDATE', 'DELETE'] LOOP
            EXECUTE format('CREATE TRIGGER %I AFTER %s ON %I REFERENCING %s TABLE AS changed '
                           'FOR EACH STATEMENT EXECUTE FUNCTION record_changes(%L, %L, %L)',
                           'record_' || lower(event), event, followed.name,
                           CASE event WHEN 'DELETE' THEN 'OLD' ELSE 'NEW' END,
                           followed.changes, followed.changes || '_seq', followed.key);
        END LOOP;
    END LOOP;
END $$;

CREATE INDEX ON users (updated_at);
CREATE INDEX ON listings (updated_at);
CREATE INDEX ON listings (seller_id);
CREATE INDEX ON messages (created_at);
CREATE INDEX ON payments (updated_at);

-- What the simulator needs and remembers (also micros() below): not part of the monolith. events_done is set after the day's last file is in place.
CREATE TABLE simulated_days (
    day          date PRIMARY KEY,
    day_index    integer NOT NULL,
    seed         bigint NOT NULL,
    scale        double precision NOT NULL,
    events_done  boolean NOT NULL DEFAULT false
);

CREATE FUNCTION micros(moment timestamptz) RETURNS bigint IMMUTABLE LANGUAGE sql
    RETURN (extract(epoch FROM moment) * 1000000)::bigint;
