import { call } from '@/lib/http';
import { pageParams, usePages, type Page } from '@/lib/paging';

export interface OutboxMessage {
  id: string;
  channel: string;
  recipient: string;
  subject: string | null;
  body: string;
  status: string;
  created_at: string;
}

export function listOutbox(cursor: string | null): Promise<Page<OutboxMessage>> {
  return call({ url: '/admin/outbox', params: pageParams(cursor, 20) });
}

export const useOutbox = () => usePages(['outbox'], listOutbox);
