-- Embeddings of the portraits on documents, protected like every other face template. Those of readings from before this table
-- stand in the reading until the document is read again.
CREATE TABLE document_portraits (
    document_id UUID PRIMARY KEY REFERENCES documents(id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    model_id VARCHAR(200) NOT NULL,
    key_version BIGINT NOT NULL,                -- of face_template_keys
    template BYTEA NOT NULL,                   -- [sealed]
    from_pictures BOOLEAN NOT NULL             -- the kept pictures show it: another model can embed it anew
);
CREATE INDEX idx_document_portraits_model ON document_portraits(model_id, key_version);

-- As in 0008: seen where the document is.
CREATE POLICY tenant ON document_portraits USING (current_setting('authx.tenant', true) = '*' OR EXISTS (SELECT 1 FROM documents p WHERE p.id = document_portraits.document_id));
ALTER TABLE document_portraits ENABLE ROW LEVEL SECURITY;
ALTER TABLE document_portraits FORCE ROW LEVEL SECURITY;
