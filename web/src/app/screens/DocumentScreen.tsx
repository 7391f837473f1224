import Box from '@mui/material/Box';
import { useState } from 'react';
import { useParams } from 'react-router';
import { DeleteDocument } from '@/features/documents/DeleteDocument';
import { DocumentReading } from '@/features/documents/DocumentReading';
import { Screen } from '@/ui/Screen';

export function DocumentScreen() {
  const { id = '' } = useParams();
  const [deleted, setDeleted] = useState<string | null>(null);
  return (
    <Screen title="Document" lead="What was read from it, and every check that was made." width={720}>
      <Box sx={{ display: 'grid', gap: 3 }}>
        {deleted !== id && <DocumentReading key={id} documentId={id} everyCheck />}
        <DeleteDocument key={`delete ${id}`} documentId={id} onDeleted={() => setDeleted(id)} />
      </Box>
    </Screen>
  );
}
