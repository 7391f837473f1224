-- Roles beside the four that are built in, and the accounts and groups that an outside directory keeps (SCIM).

CREATE TABLE roles (
    tenant_id TEXT NOT NULL REFERENCES organizations(id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    permissions TEXT NOT NULL,                 -- words, space-separated
    needed_aal INTEGER NOT NULL,               -- what its holders must have proved wherever a permission is needed
    created_by TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

-- What a person holds beside the role of the account: roles of the table above, or built-in ones by their words.
CREATE TABLE role_grants (
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    source TEXT NOT NULL,               -- 'administrator', or the id of the directory's group that brings it
    granted_by TEXT,
    granted_at TEXT NOT NULL,
    PRIMARY KEY (user_id, role, source)
);
CREATE INDEX idx_role_grants_role ON role_grants(role);
CREATE INDEX idx_role_grants_source ON role_grants(source);

-- The accounts that a directory manages; it neither sees nor changes any other.
CREATE TABLE scim_users (
    user_id TEXT PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
    profile BLOB NOT NULL,                    -- [sealed] JSON: the directory's attributes
    external_id_index BLOB,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX idx_scim_users_external ON scim_users(external_id_index);

CREATE TABLE scim_groups (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES organizations(id),
    display_name TEXT NOT NULL,
    name_key TEXT NOT NULL,                    -- the name in lower case
    external_id TEXT,
    role TEXT,                          -- what its members hold; only an administrator sets it
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (tenant_id, name_key)
);
CREATE INDEX idx_scim_groups_role ON scim_groups(role) WHERE role IS NOT NULL;

CREATE TABLE scim_group_members (
    group_id TEXT NOT NULL REFERENCES scim_groups(id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX idx_scim_group_members_user ON scim_group_members(user_id);
