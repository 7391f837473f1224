-- OAuth 2.1 and OpenID Connect: signing keys, clients, requests, codes, consents, devices.

CREATE TABLE signing_keys (
    id UUID PRIMARY KEY,
    kid TEXT UNIQUE NOT NULL,                  -- RFC 7638 thumbprint
    algorithm TEXT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    private_key BYTEA NOT NULL,                 -- [sealed] with wrapped_key
    created_at TIMESTAMPTZ NOT NULL,
    active_at TIMESTAMPTZ NOT NULL                    -- signs from then on, until a younger one of its algorithm does
);

CREATE TABLE oauth_clients (
    id UUID PRIMARY KEY,                       -- the client_id
    name TEXT NOT NULL,
    secret_hash BYTEA,                          -- SHA-256 of 32 random bytes; NULL: a public client, or one with keys
    metadata TEXT NOT NULL,                    -- JSON with RFC 7591's names
    first_party BOOLEAN NOT NULL DEFAULT FALSE,    -- consent is not asked for
    registration_hash BYTEA,                    -- of the registration access token (RFC 7592)
    created_by UUID,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    disabled_at TIMESTAMPTZ
);

-- Authorization requests: pushed by a client (RFC 9126), or waiting for a person's decision.
CREATE TABLE oauth_requests (
    handle_hash BYTEA PRIMARY KEY,
    client_id UUID NOT NULL REFERENCES oauth_clients(id) ON DELETE CASCADE,
    pushed BOOLEAN NOT NULL,
    params TEXT NOT NULL,                      -- JSON
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ
);
CREATE INDEX idx_oauth_requests_expiry ON oauth_requests(expires_at);

CREATE TABLE oauth_codes (
    code_hash BYTEA PRIMARY KEY,
    client_id UUID NOT NULL REFERENCES oauth_clients(id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    parent_session UUID,                       -- the person's own session
    params TEXT NOT NULL,                      -- JSON
    amr TEXT NOT NULL,
    aal SMALLINT NOT NULL,
    auth_time TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ,
    session_id UUID                            -- what it was exchanged for: revoked when the code comes again
);
CREATE INDEX idx_oauth_codes_expiry ON oauth_codes(expires_at);

CREATE TABLE oauth_consents (
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    client_id UUID NOT NULL REFERENCES oauth_clients(id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    granted_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, client_id)
);

CREATE TABLE oauth_devices (
    device_hash BYTEA PRIMARY KEY,
    user_code TEXT UNIQUE NOT NULL,
    client_id UUID NOT NULL REFERENCES oauth_clients(id) ON DELETE CASCADE,
    params TEXT NOT NULL,                      -- JSON
    state TEXT NOT NULL,                       -- pending approved denied used
    user_id UUID REFERENCES users(id) ON DELETE CASCADE,
    parent_session UUID,
    amr TEXT,
    aal SMALLINT,
    auth_time TIMESTAMPTZ,
    poll_seconds INTEGER NOT NULL,
    polled_at TIMESTAMPTZ,
    expires_at TIMESTAMPTZ NOT NULL
);

-- What may be used once: `jti` of DPoP proofs and client assertions, kept until they expire by themselves.
CREATE TABLE oauth_replays (
    id_hash BYTEA PRIMARY KEY,
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_oauth_replays_expiry ON oauth_replays(expires_at);

-- Access tokens without a session (client credentials) that were revoked before their time.
CREATE TABLE oauth_revoked_tokens (
    jti TEXT PRIMARY KEY,
    expires_at TIMESTAMPTZ NOT NULL
);

-- Logout tokens to deliver (OpenID Connect Back-Channel Logout).
CREATE TABLE oauth_logouts (
    id UUID PRIMARY KEY,
    client_id UUID NOT NULL REFERENCES oauth_clients(id) ON DELETE CASCADE,
    user_id UUID NOT NULL,
    session_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    delivered_at TIMESTAMPTZ,
    outcome TEXT
);

-- Accounts that no person owns; each is a row of users too, so that what it does has an owner.
CREATE TABLE service_accounts (
    id UUID PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
    name TEXT UNIQUE NOT NULL,
    description TEXT NOT NULL,
    permissions TEXT NOT NULL,                 -- words, space-separated
    created_by UUID,
    created_at TIMESTAMPTZ NOT NULL,
    disabled_at TIMESTAMPTZ
);

CREATE TABLE api_keys (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES service_accounts(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    hint TEXT NOT NULL,                        -- the key's beginning, to know it by
    secret_hash BYTEA NOT NULL,
    permissions TEXT NOT NULL,                 -- at most the account's
    created_by UUID,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ,
    revoked_at TIMESTAMPTZ
);
CREATE INDEX idx_api_keys_account ON api_keys(account_id, id);

-- What a client's session was granted beside its scope.
CREATE TABLE oauth_grants (
    session_id UUID PRIMARY KEY,
    resource TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

-- What lets a program register clients (RFC 7591).
CREATE TABLE oauth_initial_tokens (
    token_hash BYTEA PRIMARY KEY,
    created_by UUID,
    expires_at TIMESTAMPTZ NOT NULL,
    uses_left INTEGER NOT NULL
);
