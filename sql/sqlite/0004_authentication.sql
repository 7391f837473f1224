-- Sign-ins, second factors and the guards around them.

-- A session is one sign-in of a person with one client. Its refresh tokens are numbered: the row keeps which number is current, so that
-- one UPDATE rotates it and any older number is known as used. A token carries a keyed hash over session, number and salt; none is kept.
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    parent_id TEXT,                            -- the sign-in that a client's session was granted from
    client_id TEXT NOT NULL,                 -- 'authx' is the product itself
    scope TEXT NOT NULL,
    binding TEXT,                              -- thumbprint of the key that must present the tokens
    salt BLOB NOT NULL,
    generation INTEGER NOT NULL,
    device TEXT NOT NULL,                      -- "Firefox on Linux"
    ip_address TEXT NOT NULL,
    aal INTEGER NOT NULL,
    amr TEXT NOT NULL,                         -- RFC 8176 values, space-separated
    auth_time TEXT NOT NULL,
    created_at TEXT NOT NULL,
    rotated_at TEXT NOT NULL,
    last_used_at TEXT NOT NULL,
    idle_expires_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    revoked_at TEXT,
    revoked_why TEXT
);
CREATE INDEX idx_sessions_user ON sessions(user_id, id);
CREATE INDEX idx_sessions_device ON sessions(user_id, device, ip_address);
CREATE INDEX idx_sessions_parent ON sessions(parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX idx_sessions_expiry ON sessions(expires_at);

-- Sessions whose access tokens may still be alive somewhere: every process reads this every second. Outlives the person.
CREATE TABLE session_revocations (
    session_id TEXT PRIMARY KEY,
    revoked_at TEXT NOT NULL
);
CREATE INDEX idx_session_revocations_at ON session_revocations(revoked_at);

-- Browsers that a person signed in from: they keep a random token, of which the hash is here.
CREATE TABLE known_devices (
    token_hash BLOB PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    first_seen_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL
);
CREATE INDEX idx_known_devices_user ON known_devices(user_id);

-- Failures of guessing, by a keyed hash of what is counted (an account with an address, an account with a device, an address).
CREATE TABLE guess_counters (
    key BLOB PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at TEXT NOT NULL,
    blocked_until TEXT NOT NULL
);
CREATE INDEX idx_guess_counters_last ON guess_counters(last_at);

-- A sign-in or a step-up that waits for one more proof.
CREATE TABLE pending_logins (
    token_hash BLOB PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    session_id TEXT,                           -- the session that is stepped up; empty for a sign-in
    amr TEXT NOT NULL,
    device BLOB,                             -- hash of the browser's token
    failures INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT
);
CREATE INDEX idx_pending_logins_user ON pending_logins(user_id);

CREATE TABLE totp_factors (
    user_id TEXT PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
    secret BLOB NOT NULL,                    -- [sealed]
    last_step INTEGER,                           -- the newest time step that was accepted
    created_at TEXT NOT NULL,
    confirmed_at TEXT
);

CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    code_hash BLOB NOT NULL,                 -- keyed
    created_at TEXT NOT NULL,
    used_at TEXT,
    PRIMARY KEY (user_id, code_hash)
);

-- Which channels a person switched on as a second factor: email, sms, face.
CREATE TABLE channel_factors (
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (user_id, kind)
);

-- One-time codes by e-mail or SMS: valid for the request that asked for them, once.
CREATE TABLE one_time_codes (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,                   -- login phone_change phone_verify
    bound_to BLOB NOT NULL,                  -- hash of the request's token
    channel TEXT NOT NULL,
    code_hash BLOB NOT NULL,                 -- keyed
    failures INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT
);
CREATE INDEX idx_one_time_codes_user ON one_time_codes(user_id, created_at);
CREATE INDEX idx_one_time_codes_bound ON one_time_codes(bound_to);

CREATE TABLE passkeys (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    credential_id BLOB UNIQUE NOT NULL,
    public_key BLOB NOT NULL,                -- COSE_Key
    sign_count INTEGER NOT NULL,
    aaguid TEXT NOT NULL,
    attestation TEXT NOT NULL,               -- none self packed
    transports TEXT NOT NULL,
    backup_eligible INTEGER NOT NULL,
    backed_up INTEGER NOT NULL,
    user_verified INTEGER NOT NULL,
    label TEXT NOT NULL,
    created_at TEXT NOT NULL,
    last_used_at TEXT,
    suspected_at TEXT                        -- when its counter went back: it may have been copied
);
CREATE INDEX idx_passkeys_user ON passkeys(user_id);

CREATE TABLE passkey_challenges (
    challenge_hash BLOB PRIMARY KEY,
    user_id TEXT REFERENCES users(id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,                   -- register login second
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
);

-- A new e-mail address or phone number that waits for its confirmation.
CREATE TABLE contact_changes (
    token_hash BLOB PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    kind TEXT NOT NULL,                      -- email phone
    row_id TEXT NOT NULL,                      -- what the seal is bound to
    value BLOB NOT NULL,                     -- [sealed]
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT
);
CREATE INDEX idx_contact_changes_user ON contact_changes(user_id);

ALTER TABLE users ADD COLUMN status_reason TEXT;  -- why it is locked or disabled, as a code
