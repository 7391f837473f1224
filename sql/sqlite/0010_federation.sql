-- Sign-in through outside OpenID providers.

CREATE TABLE federation_providers (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES organizations(id),
    name TEXT NOT NULL,
    issuer TEXT NOT NULL,
    client_id TEXT NOT NULL,
    wrapped_key BLOB NOT NULL,
    secret BLOB,                              -- [sealed] with wrapped_key; NULL: a public client
    scopes TEXT NOT NULL,
    domains TEXT NOT NULL,                     -- of e-mail addresses that may come with it, space-separated; empty: any
    creates_accounts INTEGER NOT NULL,
    enabled INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (tenant_id, issuer, client_id)
);

-- Which account here belongs to which person there. Nothing else decides that, no e-mail address either.
CREATE TABLE federation_identities (
    id TEXT PRIMARY KEY,
    provider_id TEXT NOT NULL REFERENCES federation_providers(id) ON DELETE CASCADE,
    subject_index BLOB NOT NULL,              -- keyed hash of the provider's name for the person
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    linked_at TEXT NOT NULL,
    used_at TEXT,
    UNIQUE (provider_id, subject_index)
);
CREATE INDEX idx_federation_identities_user ON federation_identities(user_id);

-- Sign-ins and links that were sent to a provider and are not back yet.
CREATE TABLE federation_attempts (
    state_hash BLOB PRIMARY KEY,
    provider_id TEXT NOT NULL REFERENCES federation_providers(id) ON DELETE CASCADE,
    binding_hash BLOB,                        -- of what the browser keeps; NULL: a link, bound to the session
    user_id TEXT REFERENCES users(id) ON DELETE CASCADE,
    session_id TEXT,
    expires_at TEXT NOT NULL
);
CREATE INDEX idx_federation_attempts_expiry ON federation_attempts(expires_at);
