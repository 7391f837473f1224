-- Organisations (tenants). Whose a row is stands in tenant_id, or follows from the row that it belongs to.
CREATE TABLE organizations (
    id UUID PRIMARY KEY,
    slug VARCHAR(63) UNIQUE NOT NULL,          -- names it in X-Organization
    name VARCHAR(100) NOT NULL,
    domain VARCHAR(253) UNIQUE,                -- requests to this host are for it
    created_by UUID,
    created_at TIMESTAMPTZ NOT NULL,
    suspended_at TIMESTAMPTZ
);
INSERT INTO organizations (id, slug, name, created_at) VALUES ('00000000-0000-7000-8000-000000000001', 'default', 'Default', now());

ALTER TABLE person_keys ADD COLUMN tenant_id UUID NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE users ADD COLUMN tenant_id UUID NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001' REFERENCES organizations(id);
ALTER TABLE documents ADD COLUMN tenant_id UUID NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE verifications ADD COLUMN tenant_id UUID NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE biometrics ADD COLUMN tenant_id UUID NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE sessions ADD COLUMN tenant_id UUID NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE outbox ADD COLUMN tenant_id UUID NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE document_prints ADD COLUMN tenant_id UUID NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE face_lists ADD COLUMN tenant_id UUID NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001' REFERENCES organizations(id);
ALTER TABLE face_entries ADD COLUMN tenant_id UUID NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE biometric_subjects ADD COLUMN tenant_id UUID NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE oauth_clients ADD COLUMN tenant_id UUID NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001' REFERENCES organizations(id);
ALTER TABLE oauth_initial_tokens ADD COLUMN tenant_id UUID NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE audit_logs ADD COLUMN tenant_id UUID NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE service_accounts ADD COLUMN tenant_id UUID NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE jobs ADD COLUMN tenant_id UUID;   -- of the subject; NULL: work for all of them
ALTER TABLE service_accounts DROP CONSTRAINT service_accounts_name_key;   -- names are an organisation's own

-- Who makes a row says whose it is, or a trigger does.
ALTER TABLE person_keys ALTER COLUMN tenant_id DROP DEFAULT;
ALTER TABLE users ALTER COLUMN tenant_id DROP DEFAULT;
ALTER TABLE documents ALTER COLUMN tenant_id DROP DEFAULT;
ALTER TABLE verifications ALTER COLUMN tenant_id DROP DEFAULT;
ALTER TABLE biometrics ALTER COLUMN tenant_id DROP DEFAULT;
ALTER TABLE sessions ALTER COLUMN tenant_id DROP DEFAULT;
ALTER TABLE outbox ALTER COLUMN tenant_id DROP DEFAULT;
ALTER TABLE document_prints ALTER COLUMN tenant_id DROP DEFAULT;
ALTER TABLE face_lists ALTER COLUMN tenant_id DROP DEFAULT;
ALTER TABLE face_entries ALTER COLUMN tenant_id DROP DEFAULT;
ALTER TABLE biometric_subjects ALTER COLUMN tenant_id DROP DEFAULT;
ALTER TABLE oauth_clients ALTER COLUMN tenant_id DROP DEFAULT;
ALTER TABLE oauth_initial_tokens ALTER COLUMN tenant_id DROP DEFAULT;
ALTER TABLE audit_logs ALTER COLUMN tenant_id DROP DEFAULT;
ALTER TABLE service_accounts ALTER COLUMN tenant_id DROP DEFAULT;

-- Each organisation has its own template keys, and renews them by itself. No row of biometric_keys: version 1.
CREATE TABLE biometric_tenant_keys (
    tenant_id UUID NOT NULL,
    purpose TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, purpose)
);
INSERT INTO biometric_tenant_keys (tenant_id, purpose, version) SELECT '00000000-0000-7000-8000-000000000001', purpose, version FROM biometric_keys;
DROP TABLE biometric_keys;
ALTER TABLE biometric_tenant_keys RENAME TO biometric_keys;

CREATE TABLE face_tenant_keys (
    tenant_id UUID NOT NULL,
    version BIGINT NOT NULL,
    wrapped_key BYTEA,                         -- NULL once destroyed
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, version)
);
INSERT INTO face_tenant_keys (tenant_id, version, wrapped_key, created_at) SELECT '00000000-0000-7000-8000-000000000001', version, wrapped_key, created_at FROM face_template_keys;
DROP TABLE face_template_keys;
ALTER TABLE face_tenant_keys RENAME TO face_template_keys;

CREATE INDEX idx_users_tenant ON users(tenant_id, id);
CREATE INDEX idx_sessions_tenant ON sessions(tenant_id) WHERE revoked_at IS NULL;
CREATE INDEX idx_outbox_tenant ON outbox(tenant_id, id);
CREATE INDEX idx_audit_logs_tenant ON audit_logs(tenant_id, seq);
CREATE INDEX idx_oauth_clients_tenant ON oauth_clients(tenant_id, id);
CREATE UNIQUE INDEX idx_service_accounts_name ON service_accounts(tenant_id, name);

-- A person's rows are where the person is.
CREATE FUNCTION tenant_of_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT tenant_id INTO NEW.tenant_id FROM users WHERE id = NEW.user_id;
    IF NOT FOUND THEN RAISE foreign_key_violation USING MESSAGE = 'no such person'; END IF;
    RETURN NEW;
END
$$;
CREATE FUNCTION tenant_of_face_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT tenant_id INTO NEW.tenant_id FROM users WHERE id = NEW.user_id UNION ALL SELECT tenant_id FROM face_lists WHERE id = NEW.list_id;
    IF NOT FOUND THEN RAISE foreign_key_violation USING MESSAGE = 'no such person or list'; END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER documents_tenant BEFORE INSERT ON documents FOR EACH ROW EXECUTE FUNCTION tenant_of_person();
CREATE TRIGGER verifications_tenant BEFORE INSERT ON verifications FOR EACH ROW EXECUTE FUNCTION tenant_of_person();
CREATE TRIGGER biometrics_tenant BEFORE INSERT ON biometrics FOR EACH ROW EXECUTE FUNCTION tenant_of_person();
CREATE TRIGGER sessions_tenant BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION tenant_of_person();
CREATE TRIGGER outbox_tenant BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION tenant_of_person();
CREATE TRIGGER document_prints_tenant BEFORE INSERT ON document_prints FOR EACH ROW EXECUTE FUNCTION tenant_of_person();
CREATE TRIGGER face_entries_tenant BEFORE INSERT ON face_entries FOR EACH ROW EXECUTE FUNCTION tenant_of_face_entry();

-- The second wall: every transaction says with SET LOCAL authx.tenant whose rows it is for; '*' is the server's own work for all. Without
-- it no row is seen. FORCE, because the server owns its tables. Roles with BYPASSRLS, and superusers, pass: connect as neither.
DO $$
DECLARE
    whole CONSTANT text := 'current_setting(''authx.tenant'', true) = ''*''';
    own CONSTANT text := 'tenant_id::text = current_setting(''authx.tenant'', true)';
    one record;
BEGIN
    FOR one IN SELECT unnest(ARRAY[
        'person_keys', 'users', 'documents', 'verifications', 'biometrics', 'sessions', 'outbox', 'document_prints', 'face_lists', 'face_entries', 'biometric_subjects', 'oauth_clients', 'oauth_initial_tokens', 'audit_logs', 'service_accounts', 'biometric_keys', 'face_template_keys'
    ]) AS name LOOP
        EXECUTE format('CREATE POLICY tenant ON %I USING (%s OR %s)', one.name, whole, own);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', one.name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', one.name);
    END LOOP;
    -- What belongs to a row is seen where that row is.
    FOR one IN SELECT * FROM (VALUES
        ('credentials', 'users', 'user_id'),
        ('one_time_tokens', 'users', 'user_id'),
        ('aadhaar_vault', 'users', 'user_id'),
        ('face_challenges', 'users', 'user_id'),
        ('known_devices', 'users', 'user_id'),
        ('pending_logins', 'users', 'user_id'),
        ('totp_factors', 'users', 'user_id'),
        ('recovery_codes', 'users', 'user_id'),
        ('one_time_codes', 'users', 'user_id'),
        ('channel_factors', 'users', 'user_id'),
        ('passkeys', 'users', 'user_id'),
        ('contact_changes', 'users', 'user_id'),
        ('document_images', 'documents', 'document_id'),
        ('verification_documents', 'verifications', 'verification_id'),
        ('provider_checks', 'verifications', 'verification_id'),
        ('biometric_references', 'biometric_subjects', 'subject_id'),
        ('biometric_protected', 'biometric_references', 'reference_id'),
        ('oauth_requests', 'oauth_clients', 'client_id'),
        ('oauth_codes', 'oauth_clients', 'client_id'),
        ('oauth_consents', 'oauth_clients', 'client_id'),
        ('oauth_devices', 'oauth_clients', 'client_id'),
        ('oauth_logouts', 'oauth_clients', 'client_id'),
        ('oauth_grants', 'sessions', 'session_id'),
        ('api_keys', 'service_accounts', 'account_id')
    ) AS belongs(name, parent, link) LOOP
        EXECUTE format('CREATE POLICY tenant ON %1$I USING (%4$s OR EXISTS (SELECT 1 FROM %2$I p WHERE p.id = %1$I.%3$I))',
                       one.name, one.parent, one.link, whole);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', one.name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', one.name);
    END LOOP;
END
$$;
