import { call } from '@/lib/http';
import { pageParams, usePages, type Page } from '@/lib/paging';

export interface DocumentSummary {
  id: string;
  document_type: string;
  document_number: string | null;
  verification_status: string;
  needs_review?: boolean;
  created_at: string;
}

export function listDocuments(cursor: string | null): Promise<Page<DocumentSummary>> {
  return call({ url: '/documents', params: pageParams(cursor) });
}

export const useDocuments = () => usePages(['documents'], listDocuments);
