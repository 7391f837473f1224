-- Sign-ins, second factors and the guards around them.

-- A session is one sign-in of a person with one client. Its refresh tokens are numbered: the row keeps which number is current, so that
-- one UPDATE rotates it and any older number is known as used. A token carries a keyed hash over session, number and salt; none is kept.
CREATE TABLE sessions (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    parent_id UUID,                            -- the sign-in that a client's session was granted from
    client_id VARCHAR(100) NOT NULL,                 -- 'authx' is the product itself
    scope TEXT NOT NULL,
    binding TEXT,                              -- thumbprint of the key that must present the tokens
    salt BYTEA NOT NULL,
    generation INTEGER NOT NULL,
    device TEXT NOT NULL,                      -- "Firefox on Linux"
    ip_address TEXT NOT NULL,
    aal INTEGER NOT NULL,
    amr TEXT NOT NULL,                         -- RFC 8176 values, space-separated
    auth_time TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    rotated_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ NOT NULL,
    idle_expires_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ,
    revoked_why TEXT
);
CREATE INDEX idx_sessions_user ON sessions(user_id, id);
CREATE INDEX idx_sessions_device ON sessions(user_id, device, ip_address);
CREATE INDEX idx_sessions_parent ON sessions(parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX idx_sessions_expiry ON sessions(expires_at);

-- Sessions whose access tokens may still be alive somewhere: every process reads this every second. Outlives the person.
CREATE TABLE session_revocations (
    session_id UUID PRIMARY KEY,
    revoked_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_session_revocations_at ON session_revocations(revoked_at);

-- Browsers that a person signed in from: they keep a random token, of which the hash is here.
CREATE TABLE known_devices (
    token_hash BYTEA PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    first_seen_at TIMESTAMPTZ NOT NULL,
    last_seen_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_known_devices_user ON known_devices(user_id);

-- Failures of guessing, by a keyed hash of what is counted (an account with an address, an account with a device, an address).
CREATE TABLE guess_counters (
    key BYTEA PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at TIMESTAMPTZ NOT NULL,
    blocked_until TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_guess_counters_last ON guess_counters(last_at);

-- A sign-in or a step-up that waits for one more proof.
CREATE TABLE pending_logins (
    token_hash BYTEA PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    session_id UUID,                           -- the session that is stepped up; empty for a sign-in
    amr TEXT NOT NULL,
    device BYTEA,                             -- hash of the browser's token
    failures INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ
);
CREATE INDEX idx_pending_logins_user ON pending_logins(user_id);

CREATE TABLE totp_factors (
    user_id UUID PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
    secret BYTEA NOT NULL,                    -- [sealed]
    last_step BIGINT,                           -- the newest time step that was accepted
    created_at TIMESTAMPTZ NOT NULL,
    confirmed_at TIMESTAMPTZ
);

CREATE TABLE recovery_codes (
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    code_hash BYTEA NOT NULL,                 -- keyed
    created_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ,
    PRIMARY KEY (user_id, code_hash)
);

-- Which channels a person switched on as a second factor: email, sms, face.
CREATE TABLE channel_factors (
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    kind VARCHAR(100) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, kind)
);

-- One-time codes by e-mail or SMS: valid for the request that asked for them, once.
CREATE TABLE one_time_codes (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    purpose VARCHAR(100) NOT NULL,                   -- login phone_change phone_verify
    bound_to BYTEA NOT NULL,                  -- hash of the request's token
    channel VARCHAR(100) NOT NULL,
    code_hash BYTEA NOT NULL,                 -- keyed
    failures INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ
);
CREATE INDEX idx_one_time_codes_user ON one_time_codes(user_id, created_at);
CREATE INDEX idx_one_time_codes_bound ON one_time_codes(bound_to);

CREATE TABLE passkeys (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    credential_id BYTEA UNIQUE NOT NULL,
    public_key BYTEA NOT NULL,                -- COSE_Key
    sign_count BIGINT NOT NULL,
    aaguid UUID NOT NULL,
    attestation VARCHAR(100) NOT NULL,               -- none self packed
    transports TEXT NOT NULL,
    backup_eligible BOOLEAN NOT NULL,
    backed_up BOOLEAN NOT NULL,
    user_verified BOOLEAN NOT NULL,
    label TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ,
    suspected_at TIMESTAMPTZ                        -- when its counter went back: it may have been copied
);
CREATE INDEX idx_passkeys_user ON passkeys(user_id);

CREATE TABLE passkey_challenges (
    challenge_hash BYTEA PRIMARY KEY,
    user_id UUID REFERENCES users(id) ON DELETE CASCADE,
    purpose VARCHAR(100) NOT NULL,                   -- register login second
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);

-- A new e-mail address or phone number that waits for its confirmation.
CREATE TABLE contact_changes (
    token_hash BYTEA PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    kind VARCHAR(100) NOT NULL,                      -- email phone
    row_id UUID NOT NULL,                      -- what the seal is bound to
    value BYTEA NOT NULL,                     -- [sealed]
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ
);
CREATE INDEX idx_contact_changes_user ON contact_changes(user_id);

ALTER TABLE users ADD COLUMN status_reason TEXT;  -- why it is locked or disabled, as a code
