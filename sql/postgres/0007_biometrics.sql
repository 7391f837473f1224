-- Fingerprints and irises. Templates stand apart from identity: a subject's id is a keyed hash of its user's id, there is no
-- foreign key to users, and times are cut to the day, so that without the server's keys no row leads to a person.
CREATE TABLE biometric_subjects (
    id UUID PRIMARY KEY,
    wrapped_key BYTEA NOT NULL,                  -- seals everything below; erasing it erases the templates
    owner BYTEA NOT NULL                         -- [sealed] the user's id, for search hits and the sweep after erasure
);

CREATE TABLE biometric_references (
    id UUID PRIMARY KEY,                         -- random
    subject_id UUID NOT NULL REFERENCES biometric_subjects(id) ON DELETE CASCADE,
    biometric_type TEXT NOT NULL,
    position INTEGER NOT NULL,                 -- finger or eye by ISO/IEC 19794; 0 unknown
    capture_id BYTEA NOT NULL,                   -- [sealed] of the row in biometrics
    template BYTEA,                              -- [sealed] for 1:1; NULL where only protected references are kept
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_biometric_references_subject ON biometric_references(subject_id, biometric_type);
CREATE INDEX idx_biometric_references_expiry ON biometric_references(expires_at);

-- Renewable references (ISO/IEC 24745): one a purpose, each made under the purpose's own key.
CREATE TABLE biometric_protected (
    reference_id UUID NOT NULL REFERENCES biometric_references(id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,                     -- verification deduplication identification
    key_version INTEGER NOT NULL,
    data BYTEA NOT NULL,                         -- [sealed]
    PRIMARY KEY (reference_id, purpose)
);
CREATE INDEX idx_biometric_protected_purpose ON biometric_protected(purpose);

-- Which key each purpose's references are made under now; renewing it revokes those made under older ones.
CREATE TABLE biometric_keys (
    purpose TEXT PRIMARY KEY,
    version INTEGER NOT NULL
);
INSERT INTO biometric_keys (purpose, version) VALUES ('verification', 1), ('deduplication', 1), ('identification', 1);

-- Failed comparisons in a row.
CREATE TABLE biometric_attempts (
    subject_id UUID NOT NULL,
    biometric_type TEXT NOT NULL,
    failures INTEGER NOT NULL,
    blocked_until TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (subject_id, biometric_type)
);

ALTER TABLE biometrics ADD COLUMN request TEXT;           -- JSON of the capture's options: thresholds and purposes
ALTER TABLE verifications ADD COLUMN biometric_types TEXT; -- JSON; of the biometric step
