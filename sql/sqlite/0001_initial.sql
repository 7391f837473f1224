-- Columns marked [sealed] hold AES-256-GCM under the person's key, bound to table, column and row.
-- *_index columns hold keyed blind indexes (HMAC-SHA256) of what is sealed beside them.

CREATE TABLE person_keys (
    user_id TEXT PRIMARY KEY,
    wrapped_key BLOB NOT NULL,
    created_at TEXT NOT NULL
);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    name BLOB NOT NULL,                       -- [sealed]
    email BLOB NOT NULL,                      -- [sealed]
    email_index BLOB UNIQUE NOT NULL,
    phone BLOB,                               -- [sealed]
    phone_index BLOB,
    dob BLOB,                                 -- [sealed]
    address BLOB,                             -- [sealed]
    role TEXT NOT NULL DEFAULT 'user',
    status TEXT NOT NULL DEFAULT 'active',
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    last_login TEXT,
    email_verified INTEGER NOT NULL DEFAULT 0,
    phone_verified INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX idx_users_email ON users(email_index);
CREATE INDEX idx_users_phone ON users(phone_index);

CREATE TABLE credentials (
    user_id TEXT PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
    password_hash TEXT NOT NULL,
    changed_at TEXT NOT NULL
);

CREATE TABLE one_time_tokens (
    token_hash BLOB PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT
);

CREATE TABLE documents (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    document_type TEXT NOT NULL,
    document_number BLOB,                     -- [sealed]
    document_number_index BLOB,
    front_image_url TEXT NOT NULL,             -- name of the sealed object
    back_image_url TEXT,
    ocr_data BLOB,                            -- [sealed] JSON
    reading BLOB,                             -- [sealed] JSON: fields, findings, quality, portrait
    image_sha256 BLOB NOT NULL,
    confidence_score REAL,
    is_verified INTEGER NOT NULL DEFAULT 0,
    needs_review INTEGER NOT NULL DEFAULT 0,
    verification_status TEXT NOT NULL DEFAULT 'pending',
    issued_date BLOB,                         -- [sealed]
    expiry_date BLOB,                         -- [sealed]
    job_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX idx_documents_user_id ON documents(user_id, id);
CREATE INDEX idx_documents_type ON documents(document_type);
CREATE INDEX idx_documents_number ON documents(document_number_index);
CREATE INDEX idx_documents_composite ON documents(user_id, document_type, is_verified);
CREATE INDEX idx_documents_pending ON documents(id) WHERE verification_status = 'pending';

CREATE TABLE verifications (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    document_id TEXT REFERENCES documents(id) ON DELETE CASCADE,
    verification_type TEXT NOT NULL,
    verification_data BLOB,                   -- [sealed] JSON: the decision's inputs, scores, thresholds, models
    steps TEXT NOT NULL,                      -- names, states and estimates only
    current_step TEXT,
    progress INTEGER NOT NULL DEFAULT 0,         -- percent
    estimated_minutes INTEGER NOT NULL DEFAULT 0,
    reasons TEXT,                             -- codes and sentences of the decision, without personal data
    status TEXT NOT NULL DEFAULT 'initiated',
    confidence_score REAL,
    face_embeddings BLOB,                     -- [sealed]
    rejection_reason TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    completed_at TEXT,
    verified_by TEXT
);
CREATE INDEX idx_verifications_user_id ON verifications(user_id, id);
CREATE INDEX idx_verifications_status ON verifications(status);
CREATE INDEX idx_verifications_type ON verifications(verification_type);
CREATE INDEX idx_verifications_status_created ON verifications(status, created_at);
CREATE INDEX idx_verifications_active ON verifications(user_id) WHERE status IN ('initiated', 'in_progress');

CREATE TABLE verification_documents (
    verification_id TEXT NOT NULL REFERENCES verifications(id) ON DELETE CASCADE,
    document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    PRIMARY KEY (verification_id, document_id)
);

CREATE TABLE biometrics (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    verification_id TEXT REFERENCES verifications(id) ON DELETE CASCADE,
    biometric_type TEXT NOT NULL,
    biometric_data TEXT,                       -- name of the sealed object
    template_data BLOB,                       -- [sealed] JSON: model and template
    analysis BLOB,                            -- [sealed] JSON: quality, liveness, geometry
    quality_score REAL,
    is_verified INTEGER NOT NULL DEFAULT 0,
    status TEXT NOT NULL DEFAULT 'processing',
    job_id TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX idx_biometrics_user_id ON biometrics(user_id, id);
CREATE INDEX idx_biometrics_type ON biometrics(biometric_type);

-- The chain must survive the erasure of a person, so user_id is no foreign key; entries hold no personal data but ids.
CREATE TABLE audit_logs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    user_id TEXT,
    action TEXT NOT NULL,
    details TEXT NOT NULL,                     -- JSON, kept byte for byte: it is hashed
    ip_address TEXT,
    user_agent TEXT,
    created_at TEXT NOT NULL,
    link BLOB NOT NULL                        -- keyed hash over the previous link and this entry
);
CREATE UNIQUE INDEX idx_audit_logs_id ON audit_logs(id);
CREATE INDEX idx_audit_logs_user_id ON audit_logs(user_id);
CREATE INDEX idx_audit_logs_action ON audit_logs(action);
CREATE INDEX idx_audit_logs_created_at ON audit_logs(created_at);
CREATE INDEX idx_audit_logs_user_created ON audit_logs(user_id, created_at);

CREATE TABLE audit_head (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    seq INTEGER NOT NULL,
    link BLOB NOT NULL,
    signature TEXT NOT NULL
);
INSERT INTO audit_head (only_row, seq, link, signature) VALUES (1, 0, x'', '');

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,                     -- the row that the job works on
    state TEXT NOT NULL DEFAULT 'queued',   -- queued running done dead
    attempts INTEGER NOT NULL DEFAULT 0,
    run_at TEXT NOT NULL,
    lease TEXT,
    leased_until TEXT,
    worker TEXT,
    last_error TEXT,
    created_at TEXT NOT NULL,
    finished_at TEXT
);
CREATE INDEX idx_jobs_ready ON jobs(run_at, id) WHERE state = 'queued';
CREATE INDEX idx_jobs_running ON jobs(leased_until) WHERE state = 'running';
CREATE INDEX idx_jobs_subject ON jobs(subject);

CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    user_id TEXT REFERENCES users(id) ON DELETE CASCADE,
    channel TEXT NOT NULL,
    recipient BLOB NOT NULL,                  -- [sealed]
    subject TEXT NOT NULL,
    body BLOB NOT NULL,                       -- [sealed]
    status TEXT NOT NULL,
    created_at TEXT NOT NULL,
    sent_at TEXT
);
