import { useMutation, useQueryClient } from '@tanstack/react-query';
import { call } from '@/lib/http';

/** Signed: `authx documents receipt verify` proves it. */
export interface DeletionReceipt {
  document_id: string;
  deleted_at: string;
  signature: string;
}

export async function deleteDocument(id: string): Promise<DeletionReceipt> {
  const { receipt } = await call<{ receipt: DeletionReceipt }>({ method: 'DELETE', url: `/documents/${encodeURIComponent(id)}` });
  return receipt;
}

export function useDeleteDocument(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => deleteDocument(id),
    onSuccess: () => {
      client.removeQueries({ queryKey: ['document-image', id] });
      void client.invalidateQueries({ queryKey: ['documents'] });
    },
  });
}
