-- The claims that a client's session was granted, and who vouched for a passkey. A grant goes with its session.

CREATE TABLE oauth_session_grants (
    session_id TEXT PRIMARY KEY REFERENCES sessions(id) ON DELETE CASCADE,
    resource TEXT NOT NULL,
    claims TEXT,                               -- JSON: OpenID Connect Core's `claims`, as far as they were allowed
    created_at TEXT NOT NULL
);
INSERT INTO oauth_session_grants (session_id, resource, created_at)
    SELECT session_id, resource, created_at FROM oauth_grants WHERE session_id IN (SELECT id FROM sessions);
DROP TABLE oauth_grants;
ALTER TABLE oauth_session_grants RENAME TO oauth_grants;

ALTER TABLE passkeys ADD COLUMN attested_by TEXT;  -- subject of the configured root that vouches for its maker
