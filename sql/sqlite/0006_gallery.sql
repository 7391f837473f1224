-- Search of one face among many. What galleries hold follows from face_entries: every change takes the next number of the head, whose
-- row is locked until its transaction ends, so that numbers become visible in their order and a reader that knows a number
-- misses nothing after it.
CREATE TABLE face_template_keys (
    version INTEGER PRIMARY KEY,
    wrapped_key BLOB,                         -- NULL once destroyed
    created_at TEXT NOT NULL
);

ALTER TABLE biometrics ADD COLUMN template_model TEXT;   -- of template_data; NULL before it was recorded
ALTER TABLE biometrics ADD COLUMN template_key INTEGER;           -- version of face_template_keys it is protected with; NULL: with none
CREATE INDEX idx_biometrics_templates ON biometrics(template_model, template_key) WHERE biometric_type = 'face' AND template_data IS NOT NULL;

CREATE TABLE face_lists (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,                 -- watch block
    wrapped_key BLOB NOT NULL,                -- seals the list's entries
    created_at TEXT NOT NULL
);

CREATE TABLE face_entries (
    id TEXT PRIMARY KEY,                       -- of the capture, for an enrolled face
    user_id TEXT REFERENCES users(id) ON DELETE CASCADE,          -- who is enrolled; NULL on a list
    capture_id TEXT REFERENCES biometrics(id) ON DELETE CASCADE,
    list_id TEXT REFERENCES face_lists(id) ON DELETE CASCADE,     -- NULL: enrolled
    model_id TEXT NOT NULL,
    key_version INTEGER NOT NULL,
    template BLOB NOT NULL,                   -- [sealed] with the person's or the list's key
    label BLOB,                               -- [sealed] what the list's keeper wrote
    image TEXT,                                -- name of the sealed object, on a list
    seq INTEGER NOT NULL,
    created_at TEXT NOT NULL
);
CREATE UNIQUE INDEX idx_face_entries_seq ON face_entries(seq);
CREATE INDEX idx_face_entries_user ON face_entries(user_id, id);
CREATE INDEX idx_face_entries_list ON face_entries(list_id, id);

CREATE TABLE face_removals (
    seq INTEGER PRIMARY KEY,
    entry_id TEXT NOT NULL
);

CREATE TABLE face_gallery_head (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    seq INTEGER NOT NULL
);
INSERT INTO face_gallery_head (only_row, seq) VALUES (1, 0);

-- However an entry goes, by itself, with its list or with its person, every gallery hears of it.
CREATE TRIGGER face_entry_removed AFTER DELETE ON face_entries BEGIN
    UPDATE face_gallery_head SET seq = seq + 1;
    INSERT INTO face_removals (seq, entry_id) SELECT seq, OLD.id FROM face_gallery_head;
END;
