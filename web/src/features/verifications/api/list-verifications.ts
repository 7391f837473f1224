import { call } from '@/lib/http';
import { pageParams, usePages, type Page } from '@/lib/paging';

export interface VerificationSummary {
  verification_id: string;
  status: string;
  progress_percentage?: number;
  created_at?: string;
}

export function listVerifications(cursor: string | null): Promise<Page<VerificationSummary>> {
  return call({ url: '/verification', params: pageParams(cursor) });
}

export const useVerifications = () => usePages(['verifications'], listVerifications);
