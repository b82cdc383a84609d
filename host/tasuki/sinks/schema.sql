-- Where a fleet's blocks are kept. Run as the owner of the database: psql -v ON_ERROR_STOP=1 -f schema.sql
-- Running it again changes nothing. Made by `tasuki sink postgres`.

CREATE SCHEMA IF NOT EXISTS tasuki;

-- Group roles without a login: grant them to whoever works here.
--   tasuki_ingest   collectors: may add blocks and tombstones, and read no block
--   tasuki_keeper   erasure and retention: may see which blocks there are, and delete them
--   tasuki_read_*   one for each purpose: reads the blocks of this purpose only
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['tasuki_ingest', 'tasuki_keeper', @ROLES@] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', name);
    END IF;
  END LOOP;
END $$;

-- One row per block and destination; the content is encrypted to the destination. `day` is the day of
-- acquisition in UTC, which a redelivered block has again, so that the key holds across partitions.
CREATE TABLE IF NOT EXISTS tasuki.block (
  pseudonym bytea NOT NULL, stream smallint NOT NULL, number bigint NOT NULL, day integer NOT NULL,
  destination text NOT NULL, purpose text NOT NULL, item text NOT NULL, form text NOT NULL,
  consent bigint NOT NULL, tags bytea NOT NULL, content bytea NOT NULL,
  PRIMARY KEY (pseudonym, stream, number, day)
) PARTITION BY LIST (day);

-- Items whose retention ends before the longest of all are deleted from days that stay, and found by this.
CREATE INDEX IF NOT EXISTS block_short ON tasuki.block (item, day) WHERE item IN (@SHORT@);

-- What wearers withdrew: blocks of the item with a lower consent version are not stored any more.
CREATE TABLE IF NOT EXISTS tasuki.tombstone (
  pseudonym bytea NOT NULL, item text NOT NULL, destination text NOT NULL, consent bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (pseudonym, item)
);

-- The partition of a day (days since 1970), made by its owner for a collector that may not.
CREATE OR REPLACE FUNCTION tasuki.make_day(day integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE name text := 'block_' || to_char(date '1970-01-01' + day, 'YYYYMMDD');
BEGIN
  PERFORM pg_advisory_xact_lock(@DAY_LOCK@);
  IF to_regclass('tasuki.' || name) IS NOT NULL THEN RETURN; END IF;
  IF (SELECT count(*) FROM pg_inherits WHERE inhparent = 'tasuki.block'::regclass) >= 4000 THEN
    RAISE EXCEPTION 'tasuki.block has 4000 days already' USING HINT = 'Drop days past their retention.';
  END IF;
  EXECUTE format('CREATE TABLE tasuki.%I PARTITION OF tasuki.block FOR VALUES IN (%s)', name, day);
END $$;

-- Drops the days before one, made by its owner for a keeper that may not; how many. It waits for nobody for
-- long, because everybody would wait behind it.
CREATE OR REPLACE FUNCTION tasuki.drop_days(before integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
  name text;
  dropped integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(@DAY_LOCK@);
  FOR name IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'tasuki.block'::regclass AND c.relname ~ '^block_[0-9]{8}$'
      AND c.relname < 'block_' || to_char(date '1970-01-01' + before, 'YYYYMMDD')
  LOOP
    EXECUTE format('DROP TABLE tasuki.%I', name);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END $$;

REVOKE ALL ON ALL TABLES IN SCHEMA tasuki FROM PUBLIC;
REVOKE ALL ON FUNCTION tasuki.make_day(integer), tasuki.drop_days(integer) FROM PUBLIC;
GRANT USAGE ON SCHEMA tasuki TO tasuki_ingest, tasuki_keeper, @NAMES@;
GRANT EXECUTE ON FUNCTION tasuki.make_day(integer) TO tasuki_ingest;
GRANT EXECUTE ON FUNCTION tasuki.drop_days(integer) TO tasuki_keeper;
GRANT INSERT ON tasuki.block TO tasuki_ingest;
GRANT SELECT, INSERT, UPDATE ON tasuki.tombstone TO tasuki_ingest;
GRANT SELECT (pseudonym, stream, number, day, destination, purpose, item, consent), DELETE
  ON tasuki.block TO tasuki_keeper;
GRANT SELECT ON tasuki.tombstone TO tasuki_keeper;
GRANT SELECT ON tasuki.block TO @NAMES@;

-- Nobody may open a partition by itself, so these hold for every row.
ALTER TABLE tasuki.block ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS ingest ON tasuki.block;
CREATE POLICY ingest ON tasuki.block FOR INSERT TO tasuki_ingest WITH CHECK (true);
DROP POLICY IF EXISTS keeper_sees ON tasuki.block;
CREATE POLICY keeper_sees ON tasuki.block FOR SELECT TO tasuki_keeper USING (true);
DROP POLICY IF EXISTS keeper_deletes ON tasuki.block;
CREATE POLICY keeper_deletes ON tasuki.block FOR DELETE TO tasuki_keeper USING (true);
