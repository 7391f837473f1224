-- Organisations (tenants). Whose a row is stands in tenant_id, or follows from the row that it belongs to.
CREATE TABLE organizations (
    id TEXT PRIMARY KEY,
    slug TEXT UNIQUE NOT NULL,          -- names it in X-Organization
    name TEXT NOT NULL,
    domain TEXT UNIQUE,                -- requests to this host are for it
    created_by TEXT,
    created_at TEXT NOT NULL,
    suspended_at TEXT
);
INSERT INTO organizations (id, slug, name, created_at) VALUES ('00000000-0000-7000-8000-000000000001', 'default', 'Default', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));

ALTER TABLE person_keys ADD COLUMN tenant_id TEXT NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE users ADD COLUMN tenant_id TEXT NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE documents ADD COLUMN tenant_id TEXT NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE verifications ADD COLUMN tenant_id TEXT NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE biometrics ADD COLUMN tenant_id TEXT NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE sessions ADD COLUMN tenant_id TEXT NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE outbox ADD COLUMN tenant_id TEXT NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE document_prints ADD COLUMN tenant_id TEXT NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE face_lists ADD COLUMN tenant_id TEXT NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE face_entries ADD COLUMN tenant_id TEXT NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE biometric_subjects ADD COLUMN tenant_id TEXT NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE oauth_clients ADD COLUMN tenant_id TEXT NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE oauth_initial_tokens ADD COLUMN tenant_id TEXT NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE audit_logs ADD COLUMN tenant_id TEXT NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE jobs ADD COLUMN tenant_id TEXT;   -- of the subject; NULL: work for all of them

-- Names of service accounts are an organisation's own. SQLite drops no constraint, so both tables are made anew.
CREATE TABLE api_keys_kept AS SELECT * FROM api_keys;
DROP TABLE api_keys;
CREATE TABLE service_accounts_kept AS SELECT * FROM service_accounts;
DROP TABLE service_accounts;
CREATE TABLE service_accounts (
    id TEXT PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    permissions TEXT NOT NULL,                 -- words, space-separated
    created_by TEXT,
    created_at TEXT NOT NULL,
    disabled_at TEXT,
    tenant_id TEXT NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001'
);
INSERT INTO service_accounts (id, name, description, permissions, created_by, created_at, disabled_at)
    SELECT id, name, description, permissions, created_by, created_at, disabled_at FROM service_accounts_kept;
DROP TABLE service_accounts_kept;
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
INSERT INTO api_keys (id, account_id, name, hint, secret_hash, permissions, created_by, created_at, expires_at, last_used_at, revoked_at)
    SELECT id, account_id, name, hint, secret_hash, permissions, created_by, created_at, expires_at, last_used_at, revoked_at FROM api_keys_kept;
DROP TABLE api_keys_kept;
CREATE INDEX idx_api_keys_account ON api_keys(account_id, id);

-- Each organisation has its own template keys, and renews them by itself. No row of biometric_keys: version 1.
CREATE TABLE biometric_tenant_keys (
    tenant_id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, purpose)
);
INSERT INTO biometric_tenant_keys (tenant_id, purpose, version) SELECT '00000000-0000-7000-8000-000000000001', purpose, version FROM biometric_keys;
DROP TABLE biometric_keys;
ALTER TABLE biometric_tenant_keys RENAME TO biometric_keys;

CREATE TABLE face_tenant_keys (
    tenant_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    wrapped_key BLOB,                         -- NULL once destroyed
    created_at TEXT NOT NULL,
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
CREATE TRIGGER documents_tenant AFTER INSERT ON documents WHEN NEW.tenant_id <> (SELECT tenant_id FROM users WHERE id = NEW.user_id) BEGIN
    UPDATE documents SET tenant_id = (SELECT tenant_id FROM users WHERE id = NEW.user_id) WHERE id = NEW.id;
END;
CREATE TRIGGER verifications_tenant AFTER INSERT ON verifications WHEN NEW.tenant_id <> (SELECT tenant_id FROM users WHERE id = NEW.user_id) BEGIN
    UPDATE verifications SET tenant_id = (SELECT tenant_id FROM users WHERE id = NEW.user_id) WHERE id = NEW.id;
END;
CREATE TRIGGER biometrics_tenant AFTER INSERT ON biometrics WHEN NEW.tenant_id <> (SELECT tenant_id FROM users WHERE id = NEW.user_id) BEGIN
    UPDATE biometrics SET tenant_id = (SELECT tenant_id FROM users WHERE id = NEW.user_id) WHERE id = NEW.id;
END;
CREATE TRIGGER sessions_tenant AFTER INSERT ON sessions WHEN NEW.tenant_id <> (SELECT tenant_id FROM users WHERE id = NEW.user_id) BEGIN
    UPDATE sessions SET tenant_id = (SELECT tenant_id FROM users WHERE id = NEW.user_id) WHERE id = NEW.id;
END;
CREATE TRIGGER outbox_tenant AFTER INSERT ON outbox WHEN NEW.tenant_id <> (SELECT tenant_id FROM users WHERE id = NEW.user_id) BEGIN
    UPDATE outbox SET tenant_id = (SELECT tenant_id FROM users WHERE id = NEW.user_id) WHERE id = NEW.id;
END;
CREATE TRIGGER document_prints_tenant AFTER INSERT ON document_prints WHEN NEW.tenant_id <> (SELECT tenant_id FROM users WHERE id = NEW.user_id) BEGIN
    UPDATE document_prints SET tenant_id = (SELECT tenant_id FROM users WHERE id = NEW.user_id) WHERE document_id = NEW.document_id AND page = NEW.page AND band = NEW.band;
END;
CREATE TRIGGER face_entries_tenant AFTER INSERT ON face_entries
WHEN NEW.tenant_id <> COALESCE((SELECT tenant_id FROM users WHERE id = NEW.user_id), (SELECT tenant_id FROM face_lists WHERE id = NEW.list_id)) BEGIN
    UPDATE face_entries SET tenant_id = COALESCE((SELECT tenant_id FROM users WHERE id = NEW.user_id),
                                                 (SELECT tenant_id FROM face_lists WHERE id = NEW.list_id)) WHERE id = NEW.id;
END;
