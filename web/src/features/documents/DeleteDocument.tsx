import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useDeleteDocument, type DeletionReceipt } from '@/features/documents/api/delete-document';
import { formatTime } from '@/lib/format';
import { FaultNotice } from '@/ui/FaultNotice';
import { Panel } from '@/ui/Panel';

function save(receipt: DeletionReceipt) {
  const link = document.createElement('a');
  link.href = `data:application/json;charset=utf-8,${encodeURIComponent(JSON.stringify(receipt, null, 2))}`;
  link.download = `deletion-${receipt.document_id}.json`;
  link.click();
}

interface Props {
  documentId: string;
  onDeleted: () => void;
}

/** Deletes a document after a second word, and hands out the signed receipt. */
export function DeleteDocument({ documentId, onDeleted }: Props) {
  const [asked, setAsked] = useState(false);
  const removal = useDeleteDocument(documentId);
  if (removal.data !== undefined) {
    const receipt = removal.data;
    return (
      <Panel title="Deleted">
        <Box sx={{ px: { xs: 2, sm: 3 }, py: 2, display: 'grid', gap: 2, justifyItems: 'start' }}>
          <Typography>
            The document, its pictures and what was read from it were deleted on {formatTime(receipt.deleted_at)}. The signed receipt proves
            it.
          </Typography>
          <Button variant="contained" onClick={() => save(receipt)}>
            Save the receipt
          </Button>
        </Box>
      </Panel>
    );
  }
  return (
    <Panel title="Delete">
      <Box sx={{ px: { xs: 2, sm: 3 }, py: 2, display: 'grid', gap: 2, justifyItems: 'start' }}>
        <FaultNotice fault={removal.error} />
        {!asked && (
          <Button variant="outlined" color="error" onClick={() => setAsked(true)}>
            Delete this document
          </Button>
        )}
        {asked && (
          <>
            <Alert severity="warning">Its pictures and what was read from it will be gone for good. Decisions made with it stay.</Alert>
            <Box sx={{ display: 'flex', gap: 1.5, flexWrap: 'wrap' }}>
              <Button
                variant="contained"
                color="error"
                loading={removal.isPending}
                onClick={() => removal.mutate(undefined, { onSuccess: onDeleted })}
              >
                Delete for good
              </Button>
              <Button onClick={() => setAsked(false)} disabled={removal.isPending}>
                Keep it
              </Button>
            </Box>
          </>
        )}
      </Box>
    </Panel>
  );
}
