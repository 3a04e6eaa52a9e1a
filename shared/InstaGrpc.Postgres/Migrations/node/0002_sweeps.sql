-- Deleted posts whose likes and comments are still to be swept, oldest first.
CREATE INDEX media_deleted ON media (deleted_at, id) WHERE deleted;
