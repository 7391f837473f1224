-- The claims that a client's session was granted, and who vouched for a passkey. A grant goes with its session.

DELETE FROM oauth_grants WHERE session_id NOT IN (SELECT id FROM sessions);
ALTER TABLE oauth_grants ADD CONSTRAINT oauth_grants_session FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE;
ALTER TABLE oauth_grants ADD COLUMN claims TEXT;   -- JSON: OpenID Connect Core's `claims`, as far as they were allowed

ALTER TABLE passkeys ADD COLUMN attested_by TEXT;  -- subject of the configured root that vouches for its maker
