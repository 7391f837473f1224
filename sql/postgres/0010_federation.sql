-- Sign-in through outside OpenID providers.

CREATE TABLE federation_providers (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES organizations(id),
    name TEXT NOT NULL,
    issuer TEXT NOT NULL,
    client_id TEXT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    secret BYTEA,                              -- [sealed] with wrapped_key; NULL: a public client
    scopes TEXT NOT NULL,
    domains TEXT NOT NULL,                     -- of e-mail addresses that may come with it, space-separated; empty: any
    creates_accounts BOOLEAN NOT NULL,
    enabled BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    UNIQUE (tenant_id, issuer, client_id)
);

-- Which account here belongs to which person there. Nothing else decides that, no e-mail address either.
CREATE TABLE federation_identities (
    id UUID PRIMARY KEY,
    provider_id UUID NOT NULL REFERENCES federation_providers(id) ON DELETE CASCADE,
    subject_index BYTEA NOT NULL,              -- keyed hash of the provider's name for the person
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    linked_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ,
    UNIQUE (provider_id, subject_index)
);
CREATE INDEX idx_federation_identities_user ON federation_identities(user_id);

-- Sign-ins and links that were sent to a provider and are not back yet.
CREATE TABLE federation_attempts (
    state_hash BYTEA PRIMARY KEY,
    provider_id UUID NOT NULL REFERENCES federation_providers(id) ON DELETE CASCADE,
    binding_hash BYTEA,                        -- of what the browser keeps; NULL: a link, bound to the session
    user_id UUID REFERENCES users(id) ON DELETE CASCADE,
    session_id UUID,
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_federation_attempts_expiry ON federation_attempts(expires_at);

-- As in 0008: whose a row is holds every statement to it.
DO $$
DECLARE
    whole CONSTANT text := 'current_setting(''authx.tenant'', true) = ''*''';
    own CONSTANT text := 'tenant_id::text = current_setting(''authx.tenant'', true)';
    one record;
BEGIN
    EXECUTE format('CREATE POLICY tenant ON federation_providers USING (%s OR %s)', whole, own);
    FOR one IN SELECT unnest(ARRAY['federation_identities', 'federation_attempts']) AS name LOOP
        EXECUTE format('CREATE POLICY tenant ON %1$I USING (%2$s OR EXISTS (SELECT 1 FROM federation_providers p WHERE p.id = %1$I.provider_id))',
                       one.name, whole);
    END LOOP;
    FOR one IN SELECT unnest(ARRAY['federation_providers', 'federation_identities', 'federation_attempts']) AS name LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', one.name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', one.name);
    END LOOP;
END
$$;
