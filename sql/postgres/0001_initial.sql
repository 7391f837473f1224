-- Columns marked [sealed] hold AES-256-GCM under the person's key, bound to table, column and row.
-- *_index columns hold keyed blind indexes (HMAC-SHA256) of what is sealed beside them.

CREATE TABLE person_keys (
    user_id UUID PRIMARY KEY,
    wrapped_key BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE users (
    id UUID PRIMARY KEY,
    name BYTEA NOT NULL,                       -- [sealed]
    email BYTEA NOT NULL,                      -- [sealed]
    email_index BYTEA UNIQUE NOT NULL,
    phone BYTEA,                               -- [sealed]
    phone_index BYTEA,
    dob BYTEA,                                 -- [sealed]
    address BYTEA,                             -- [sealed]
    role VARCHAR(20) NOT NULL DEFAULT 'user',
    status VARCHAR(20) NOT NULL DEFAULT 'active',
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    last_login TIMESTAMPTZ,
    email_verified BOOLEAN NOT NULL DEFAULT FALSE,
    phone_verified BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX idx_users_email ON users(email_index);
CREATE INDEX idx_users_phone ON users(phone_index);

CREATE TABLE credentials (
    user_id UUID PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
    password_hash TEXT NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE one_time_tokens (
    token_hash BYTEA PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    purpose VARCHAR(30) NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ
);

CREATE TABLE documents (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    document_type VARCHAR(50) NOT NULL,
    document_number BYTEA,                     -- [sealed]
    document_number_index BYTEA,
    front_image_url TEXT NOT NULL,             -- name of the sealed object
    back_image_url TEXT,
    ocr_data BYTEA,                            -- [sealed] JSON
    reading BYTEA,                             -- [sealed] JSON: fields, findings, quality, portrait
    image_sha256 BYTEA NOT NULL,
    confidence_score DOUBLE PRECISION,
    is_verified BOOLEAN NOT NULL DEFAULT FALSE,
    needs_review BOOLEAN NOT NULL DEFAULT FALSE,
    verification_status VARCHAR(50) NOT NULL DEFAULT 'pending',
    issued_date BYTEA,                         -- [sealed]
    expiry_date BYTEA,                         -- [sealed]
    job_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_documents_user_id ON documents(user_id, id);
CREATE INDEX idx_documents_type ON documents(document_type);
CREATE INDEX idx_documents_number ON documents(document_number_index);
CREATE INDEX idx_documents_composite ON documents(user_id, document_type, is_verified);
CREATE INDEX idx_documents_pending ON documents(id) WHERE verification_status = 'pending';

CREATE TABLE verifications (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    document_id UUID REFERENCES documents(id) ON DELETE CASCADE,
    verification_type VARCHAR(50) NOT NULL,
    verification_data BYTEA,                   -- [sealed] JSON: the decision's inputs, scores, thresholds, models
    steps JSONB NOT NULL,                      -- names, states and estimates only
    current_step VARCHAR(50),
    progress INTEGER NOT NULL DEFAULT 0,         -- percent
    estimated_minutes INTEGER NOT NULL DEFAULT 0,
    reasons JSONB,                             -- codes and sentences of the decision, without personal data
    status VARCHAR(50) NOT NULL DEFAULT 'initiated',
    confidence_score DOUBLE PRECISION,
    face_embeddings BYTEA,                     -- [sealed]
    rejection_reason TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    completed_at TIMESTAMPTZ,
    verified_by VARCHAR(255)
);
CREATE INDEX idx_verifications_user_id ON verifications(user_id, id);
CREATE INDEX idx_verifications_status ON verifications(status);
CREATE INDEX idx_verifications_type ON verifications(verification_type);
CREATE INDEX idx_verifications_status_created ON verifications(status, created_at);
CREATE INDEX idx_verifications_active ON verifications(user_id) WHERE status IN ('initiated', 'in_progress');

CREATE TABLE verification_documents (
    verification_id UUID NOT NULL REFERENCES verifications(id) ON DELETE CASCADE,
    document_id UUID NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    PRIMARY KEY (verification_id, document_id)
);

CREATE TABLE biometrics (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    verification_id UUID REFERENCES verifications(id) ON DELETE CASCADE,
    biometric_type VARCHAR(50) NOT NULL,
    biometric_data TEXT,                       -- name of the sealed object
    template_data BYTEA,                       -- [sealed] JSON: model and template
    analysis BYTEA,                            -- [sealed] JSON: quality, liveness, geometry
    quality_score DOUBLE PRECISION,
    is_verified BOOLEAN NOT NULL DEFAULT FALSE,
    status VARCHAR(50) NOT NULL DEFAULT 'processing',
    job_id UUID,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_biometrics_user_id ON biometrics(user_id, id);
CREATE INDEX idx_biometrics_type ON biometrics(biometric_type);

-- The chain must survive the erasure of a person, so user_id is no foreign key; entries hold no personal data but ids.
CREATE TABLE audit_logs (
    seq BIGINT PRIMARY KEY,
    id UUID NOT NULL,
    user_id UUID,
    action VARCHAR(255) NOT NULL,
    details TEXT NOT NULL,                     -- JSON, kept byte for byte: it is hashed
    ip_address TEXT,
    user_agent TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    link BYTEA NOT NULL                        -- keyed hash over the previous link and this entry
);
CREATE UNIQUE INDEX idx_audit_logs_id ON audit_logs(id);
CREATE INDEX idx_audit_logs_user_id ON audit_logs(user_id);
CREATE INDEX idx_audit_logs_action ON audit_logs(action);
CREATE INDEX idx_audit_logs_created_at ON audit_logs(created_at);
CREATE INDEX idx_audit_logs_user_created ON audit_logs(user_id, created_at);

CREATE TABLE audit_head (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    seq BIGINT NOT NULL,
    link BYTEA NOT NULL,
    signature TEXT NOT NULL
);
INSERT INTO audit_head (only_row, seq, link, signature) VALUES (1, 0, '', '');

CREATE TABLE jobs (
    id UUID PRIMARY KEY,
    kind VARCHAR(50) NOT NULL,
    subject UUID NOT NULL,                     -- the row that the job works on
    state VARCHAR(10) NOT NULL DEFAULT 'queued',   -- queued running done dead
    attempts INTEGER NOT NULL DEFAULT 0,
    run_at TIMESTAMPTZ NOT NULL,
    lease UUID,
    leased_until TIMESTAMPTZ,
    worker VARCHAR(100),
    last_error VARCHAR(100),
    created_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ
);
CREATE INDEX idx_jobs_ready ON jobs(run_at, id) WHERE state = 'queued';
CREATE INDEX idx_jobs_running ON jobs(leased_until) WHERE state = 'running';
CREATE INDEX idx_jobs_subject ON jobs(subject);

CREATE TABLE outbox (
    id UUID PRIMARY KEY,
    user_id UUID REFERENCES users(id) ON DELETE CASCADE,
    channel VARCHAR(10) NOT NULL,
    recipient BYTEA NOT NULL,                  -- [sealed]
    subject TEXT NOT NULL,
    body BYTEA NOT NULL,                       -- [sealed]
    status VARCHAR(20) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    sent_at TIMESTAMPTZ
);
