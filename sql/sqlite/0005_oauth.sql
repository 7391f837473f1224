-- OAuth 2.1 and OpenID Connect: signing keys, clients, requests, codes, consents, devices.

CREATE TABLE signing_keys (
    id TEXT PRIMARY KEY,
    kid TEXT UNIQUE NOT NULL,                  -- RFC 7638 thumbprint
    algorithm TEXT NOT NULL,
    wrapped_key BLOB NOT NULL,
    private_key BLOB NOT NULL,                 -- [sealed] with wrapped_key
    created_at TEXT NOT NULL,
    active_at TEXT NOT NULL                    -- signs from then on, until a younger one of its algorithm does
);

CREATE TABLE oauth_clients (
    id TEXT PRIMARY KEY,                       -- the client_id
    name TEXT NOT NULL,
    secret_hash BLOB,                          -- SHA-256 of 32 random bytes; NULL: a public client, or one with keys
    metadata TEXT NOT NULL,                    -- JSON with RFC 7591's names
    first_party INTEGER NOT NULL DEFAULT 0,    -- consent is not asked for
    registration_hash BLOB,                    -- of the registration access token (RFC 7592)
    created_by TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    disabled_at TEXT
);

-- Authorization requests: pushed by a client (RFC 9126), or waiting for a person's decision.
CREATE TABLE oauth_requests (
    handle_hash BLOB PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES oauth_clients(id) ON DELETE CASCADE,
    pushed INTEGER NOT NULL,
    params TEXT NOT NULL,                      -- JSON
    expires_at TEXT NOT NULL,
    used_at TEXT
);
CREATE INDEX idx_oauth_requests_expiry ON oauth_requests(expires_at);

CREATE TABLE oauth_codes (
    code_hash BLOB PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES oauth_clients(id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    parent_session TEXT,                       -- the person's own session
    params TEXT NOT NULL,                      -- JSON
    amr TEXT NOT NULL,
    aal INTEGER NOT NULL,
    auth_time TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT,
    session_id TEXT                            -- what it was exchanged for: revoked when the code comes again
);
CREATE INDEX idx_oauth_codes_expiry ON oauth_codes(expires_at);

CREATE TABLE oauth_consents (
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES oauth_clients(id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    granted_at TEXT NOT NULL,
    PRIMARY KEY (user_id, client_id)
);

CREATE TABLE oauth_devices (
    device_hash BLOB PRIMARY KEY,
    user_code TEXT UNIQUE NOT NULL,
    client_id TEXT NOT NULL REFERENCES oauth_clients(id) ON DELETE CASCADE,
    params TEXT NOT NULL,                      -- JSON
    state TEXT NOT NULL,                       -- pending approved denied used
    user_id TEXT REFERENCES users(id) ON DELETE CASCADE,
    parent_session TEXT,
    amr TEXT,
    aal INTEGER,
    auth_time TEXT,
    poll_seconds INTEGER NOT NULL,
    polled_at TEXT,
    expires_at TEXT NOT NULL
);

-- What may be used once: `jti` of DPoP proofs and client assertions, kept until they expire by themselves.
CREATE TABLE oauth_replays (
    id_hash BLOB PRIMARY KEY,
    expires_at TEXT NOT NULL
);
CREATE INDEX idx_oauth_replays_expiry ON oauth_replays(expires_at);

-- Access tokens without a session (client credentials) that were revoked before their time.
CREATE TABLE oauth_revoked_tokens (
    jti TEXT PRIMARY KEY,
    expires_at TEXT NOT NULL
);

-- Logout tokens to deliver (OpenID Connect Back-Channel Logout).
CREATE TABLE oauth_logouts (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES oauth_clients(id) ON DELETE CASCADE,
    user_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    delivered_at TEXT,
    outcome TEXT
);

-- Accounts that no person owns; each is a row of users too, so that what it does has an owner.
CREATE TABLE service_accounts (
    id TEXT PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
    name TEXT UNIQUE NOT NULL,
    description TEXT NOT NULL,
    permissions TEXT NOT NULL,                 -- words, space-separated
    created_by TEXT,
    created_at TEXT NOT NULL,
    disabled_at TEXT
);

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES service_accounts(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    hint TEXT NOT NULL,                        -- the key's beginning, to know it by
    secret_hash BLOB NOT NULL,
    permissions TEXT NOT NULL,                 -- at most the account's
    created_by TEXT,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    last_used_at TEXT,
    revoked_at TEXT
);
CREATE INDEX idx_api_keys_account ON api_keys(account_id, id);

-- What a client's session was granted beside its scope.
CREATE TABLE oauth_grants (
    session_id TEXT PRIMARY KEY,
    resource TEXT NOT NULL,
    created_at TEXT NOT NULL
);

-- What lets a program register clients (RFC 7591).
CREATE TABLE oauth_initial_tokens (
    token_hash BLOB PRIMARY KEY,
    created_by TEXT,
    expires_at TEXT NOT NULL,
    uses_left INTEGER NOT NULL
);
