import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { DocumentType } from '@/features/documents/document-types';
import { call } from '@/lib/http';

export interface UploadDocumentRequest {
  type: DocumentType;
  front: File;
  back: File | null;
}

export interface UploadDocumentResult {
  document_id: string;
  ocr_data: Record<string, string | null> | null;
  verification_status: 'processing' | 'approved' | 'rejected';
  confidence_score: number | null;
}

/** @param onProgress gets the share sent so far, 0 to 1 */
export function uploadDocument(
  { type, front, back }: UploadDocumentRequest,
  onProgress: (share: number) => void,
): Promise<UploadDocumentResult> {
  const data = new FormData();
  data.append('document_type', type);
  data.append('front_image', front);
  if (back !== null) data.append('back_image', back);
  return call({
    method: 'POST',
    url: '/documents/upload',
    data,
    // Ten megabytes over a slow phone connection take minutes.
    timeout: 300_000,
    onUploadProgress: ({ progress }) => onProgress(progress ?? 0),
  });
}

export function useUploadDocument() {
  const client = useQueryClient();
  const [progress, setProgress] = useState(0);
  const mutation = useMutation({
    mutationFn: (request: UploadDocumentRequest) => uploadDocument(request, setProgress),
    onMutate: () => setProgress(0),
    onSuccess: () => void client.invalidateQueries({ queryKey: ['documents'] }),
  });
  return { ...mutation, progress };
}
