-- DDL leaves no trace in the logical stream (ATTACH PARTITION, ALTER COLUMN TYPE, RENAME, ADD/DROP COLUMN), so these triggers put a
-- message there. Whether a table matters is for the reader of the stream to say. Run at each migration by a superuser; who is none gets a
-- line from `doctor`.

CREATE OR REPLACE FUNCTION insta_emit_ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    tables text[];
    oids bigint[];
BEGIN
    IF TG_EVENT = 'sql_drop' THEN
        -- A dropped table has left its publication already: every one that is not temporary counts.
        SELECT array_agg(DISTINCT CASE WHEN schema_name = 'public' THEN '' ELSE schema_name || '.' END || address_names[2])
          INTO tables
          FROM pg_event_trigger_dropped_objects()
         WHERE object_type IN ('table', 'table column') AND NOT is_temporary
           AND schema_name IS NOT NULL AND array_length(address_names, 1) >= 2;
    ELSE
        -- Not only published tables: one that is made or renamed into the place of another is not published yet. And one that was renamed
        -- away from its place has its new name here: the oid tells which it was. Indexes and comments change no row.
        SELECT array_agg(DISTINCT CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || c.relname),
               array_agg(DISTINCT c.oid::bigint)
          INTO tables, oids
          FROM pg_event_trigger_ddl_commands() d
          JOIN pg_class c ON c.oid = d.objid
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE d.classid = 'pg_class'::regclass AND d.command_tag IN ('ALTER TABLE', 'CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO')
           AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't';
    END IF;
    IF tables IS NOT NULL THEN
        PERFORM pg_logical_emit_message(
            true, 'insta.ddl', json_strip_nulls(json_build_object('command', TG_TAG, 'tables', tables, 'oids', oids))::text);
    END IF;
END $$;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'insta_ddl') THEN
        CREATE EVENT TRIGGER insta_ddl ON ddl_command_end EXECUTE FUNCTION insta_emit_ddl();
    END IF;
    IF NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'insta_drop') THEN
        CREATE EVENT TRIGGER insta_drop ON sql_drop EXECUTE FUNCTION insta_emit_ddl();
    END IF;
END $$;
ALTER EVENT TRIGGER insta_ddl ENABLE ALWAYS;
ALTER EVENT TRIGGER insta_drop ENABLE ALWAYS;
