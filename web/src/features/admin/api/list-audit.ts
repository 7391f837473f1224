import { call } from '@/lib/http';
import { pageParams, usePages, type Page } from '@/lib/paging';

export interface AuditEntry {
  id: string;
  /** Position in the hash chain */
  seq: number;
  user_id: string | null;
  action: string;
  details: unknown;
  ip_address: string | null;
  created_at: string;
}

export function listAudit(cursor: string | null): Promise<Page<AuditEntry>> {
  return call({ url: '/admin/audit', params: pageParams(cursor, 30) });
}

export const useAudit = () => usePages(['audit'], listAudit);
