-- DDL leaves no trace in the logical stream (ATTACH PARTITION, ALTER COLUMN TYPE, RENAME, ADD/DROP COLUMN), so these triggers put a
-- message there for tables that are published. Run at each migration by a superuser; who is none gets a line from `doctor`.

CREATE OR REPLACE FUNCTION insta_emit_ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    tables text[];
BEGIN
    IF TG_EVENT = 'sql_drop' THEN
        -- A dropped table has left its publication already: every one that is not temporary counts.
        SELECT array_agg(DISTINCT CASE WHEN schema_name = 'public' THEN '' ELSE schema_name || '.' END || address_names[2])
          INTO tables
          FROM pg_event_trigger_dropped_objects()
         WHERE object_type IN ('table', 'table column') AND NOT is_temporary
           AND schema_name IS NOT NULL AND array_length(address_names, 1) >= 2;
    ELSE
        -- A new partition is empty, indexes and comments change no row: only ALTER TABLE (RENAME and ATTACH are such) can.
        SELECT array_agg(DISTINCT CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || c.relname)
          INTO tables
          FROM pg_event_trigger_ddl_commands() d
          JOIN pg_class c ON c.oid = d.objid
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE d.classid = 'pg_class'::regclass AND d.command_tag = 'ALTER TABLE' AND c.relkind IN ('r', 'p')
           AND (EXISTS (SELECT FROM pg_publication WHERE puballtables)
                OR EXISTS (SELECT FROM pg_publication_namespace WHERE pnnspid = c.relnamespace)
                OR EXISTS (SELECT FROM pg_publication_rel r
                            WHERE r.prrelid = c.oid
                               OR r.prrelid IN (SELECT relid FROM pg_partition_ancestors(c.oid))
                               OR r.prrelid IN (SELECT relid FROM pg_partition_tree(c.oid))));
    END IF;
    IF tables IS NOT NULL THEN
        PERFORM pg_logical_emit_message(true, 'insta.ddl', json_build_object('command', TG_TAG, 'tables', tables)::text);
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
