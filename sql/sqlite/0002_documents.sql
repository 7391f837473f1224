-- Documents: progress, pages as stored, reuse, expiry, re-reading, deletion; look-ups at issuers.
ALTER TABLE documents ADD COLUMN stage TEXT NOT NULL DEFAULT 'final';      -- received reading read final
ALTER TABLE documents ADD COLUMN progress INTEGER NOT NULL DEFAULT 100;    -- percent
ALTER TABLE documents ADD COLUMN intake_key BLOB;                          -- [sealed] opens the files as sent; NULL from the reading on
ALTER TABLE documents ADD COLUMN engine_version TEXT;                      -- of the reading
ALTER TABLE documents ADD COLUMN number_reference TEXT;                    -- stands for an Aadhaar number kept in aadhaar_vault
ALTER TABLE documents ADD COLUMN expiry_state TEXT;                        -- valid expiring expired; NULL without a date
UPDATE documents SET stage = 'received', progress = 5 WHERE verification_status = 'processing';
CREATE INDEX idx_documents_engine ON documents(engine_version);
CREATE INDEX idx_documents_expiry ON documents(id) WHERE expiry_state IN ('valid', 'expiring');

-- The pictures that are kept: redacted and encoded anew.
CREATE TABLE document_images (
    document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    side TEXT NOT NULL,                        -- front back
    page INTEGER NOT NULL,                     -- from 1
    object TEXT NOT NULL,                      -- name of the sealed object
    sha256 BLOB NOT NULL,                      -- of the picture inside
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    PRIMARY KEY (document_id, side, page)
);

-- Perceptual hashes, cut into bands whose keyed hashes are the buckets to look in.
CREATE TABLE document_prints (
    document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    user_id TEXT NOT NULL,
    page INTEGER NOT NULL,
    band INTEGER NOT NULL,
    bucket BLOB NOT NULL,
    print BLOB NOT NULL,                       -- [sealed] with a key of the server: it is compared across persons
    PRIMARY KEY (document_id, page, band)
);
CREATE INDEX idx_document_prints_bucket ON document_prints(bucket);

-- Whole Aadhaar numbers, apart from everything else; only with AUTHX_AADHAAR_NUMBER=vault. Each has a key of its own.
CREATE TABLE aadhaar_vault (
    reference TEXT PRIMARY KEY,                -- random; says nothing of the number
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    number_index BLOB NOT NULL,
    wrapped_key BLOB NOT NULL,
    number BLOB NOT NULL,                      -- [sealed]
    created_at TEXT NOT NULL,
    UNIQUE (user_id, number_index)
);

-- When each recurring job is due next; whichever process moves the time runs it.
CREATE TABLE schedules (
    name TEXT PRIMARY KEY,
    due_at TEXT NOT NULL
);

ALTER TABLE verifications ADD COLUMN lookup_consent_at TEXT;               -- when the person allowed look-ups at issuers

CREATE TABLE provider_checks (
    id TEXT PRIMARY KEY,                       -- also the idempotency key of the request
    verification_id TEXT NOT NULL REFERENCES verifications(id) ON DELETE CASCADE,
    document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    answer TEXT,                               -- confirmed refuted unknown not_checked; NULL until it is there
    reason TEXT,                               -- a code
    attempts INTEGER NOT NULL DEFAULT 0,
    reference BLOB,                            -- [sealed] the provider's own
    created_at TEXT NOT NULL,
    finished_at TEXT,
    UNIQUE (verification_id, document_id)
);
