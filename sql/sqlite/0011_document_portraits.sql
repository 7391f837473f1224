-- Embeddings of the portraits on documents, protected like every other face template. Those of readings from before this table
-- stand in the reading until the document is read again.
CREATE TABLE document_portraits (
    document_id TEXT PRIMARY KEY REFERENCES documents(id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    model_id TEXT NOT NULL,
    key_version INTEGER NOT NULL,                -- of face_template_keys
    template BLOB NOT NULL,                   -- [sealed]
    from_pictures INTEGER NOT NULL             -- the kept pictures show it: another model can embed it anew
);
CREATE INDEX idx_document_portraits_model ON document_portraits(model_id, key_version);
