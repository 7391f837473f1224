-- Roles beside the four that are built in, and the accounts and groups that an outside directory keeps (SCIM).

CREATE TABLE roles (
    tenant_id UUID NOT NULL REFERENCES organizations(id),
    name VARCHAR(50) NOT NULL,
    description TEXT NOT NULL,
    permissions TEXT NOT NULL,                 -- words, space-separated
    needed_aal INTEGER NOT NULL,               -- what its holders must have proved wherever a permission is needed
    created_by UUID,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

-- What a person holds beside the role of the account: roles of the table above, or built-in ones by their words.
CREATE TABLE role_grants (
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    role VARCHAR(50) NOT NULL,
    source VARCHAR(50) NOT NULL,               -- 'administrator', or the id of the directory's group that brings it
    granted_by UUID,
    granted_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, role, source)
);
CREATE INDEX idx_role_grants_role ON role_grants(role);
CREATE INDEX idx_role_grants_source ON role_grants(source);

-- The accounts that a directory manages; it neither sees nor changes any other.
CREATE TABLE scim_users (
    user_id UUID PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
    profile BYTEA NOT NULL,                    -- [sealed] JSON: the directory's attributes
    external_id_index BYTEA,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_scim_users_external ON scim_users(external_id_index);

CREATE TABLE scim_groups (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES organizations(id),
    display_name TEXT NOT NULL,
    name_key TEXT NOT NULL,                    -- the name in lower case
    external_id TEXT,
    role VARCHAR(50),                          -- what its members hold; only an administrator sets it
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    UNIQUE (tenant_id, name_key)
);
CREATE INDEX idx_scim_groups_role ON scim_groups(role) WHERE role IS NOT NULL;

CREATE TABLE scim_group_members (
    group_id UUID NOT NULL REFERENCES scim_groups(id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX idx_scim_group_members_user ON scim_group_members(user_id);

-- As in 0008: whose a row is holds every statement to it.
DO $$
DECLARE
    whole CONSTANT text := 'current_setting(''authx.tenant'', true) = ''*''';
    own CONSTANT text := 'tenant_id::text = current_setting(''authx.tenant'', true)';
    one record;
BEGIN
    FOR one IN SELECT unnest(ARRAY['roles', 'scim_groups']) AS name LOOP
        EXECUTE format('CREATE POLICY tenant ON %I USING (%s OR %s)', one.name, whole, own);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', one.name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', one.name);
    END LOOP;
    FOR one IN SELECT * FROM (VALUES
        ('role_grants', 'users', 'user_id'),
        ('scim_users', 'users', 'user_id'),
        ('scim_group_members', 'scim_groups', 'group_id')
    ) AS belongs(name, parent, link) LOOP
        EXECUTE format('CREATE POLICY tenant ON %1$I USING (%4$s OR EXISTS (SELECT 1 FROM %2$I p WHERE p.id = %1$I.%3$I))',
                       one.name, one.parent, one.link, whole);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', one.name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', one.name);
    END LOOP;
END
$$;
