import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from '@/lib/http';
import { pageParams, usePages, type Page } from '@/lib/paging';

export interface Account {
  user_id: string;
  name: string;
  email: string;
  role: string;
  more_roles: string[];
  status: AccountStatus;
  email_verified: boolean;
  created_at: string;
}
export type AccountStatus = 'active' | 'locked' | 'disabled';

export interface AccountPasskey {
  id: string;
  label: string;
  aaguid: string;
  /** none, self, packed, trusted */
  attestation: string;
  attested_by: string | null;
  device_bound: boolean;
  backed_up: boolean;
  suspected: boolean;
  created_at: string;
  last_used_at: string | null;
}

export interface AccountSession {
  id: string;
  client_id: string;
  device: string;
  ip_address: string;
  current: boolean;
  acr: string;
  last_used_at: string;
}

export interface AccountDetail {
  account: Account;
  totp: boolean;
  recovery_codes_left: number;
  channels: string[];
  passkeys: AccountPasskey[];
  sessions: AccountSession[];
}

const listAccounts = (cursor: string | null, email: string): Promise<Page<Account>> =>
  email === ''
    ? call({ url: '/admin/users', params: pageParams(cursor, 20) })
    : call({ method: 'POST', url: '/admin/users/search', data: { email } });

export const useAccounts = (email: string) => usePages(['accounts', email], (cursor) => listAccounts(cursor, email));

export const useAccount = (id: string, enabled: boolean) =>
  useQuery({ queryKey: ['account', id], queryFn: () => call<AccountDetail>({ url: `/admin/users/${id}` }), enabled });

/** A change of an account: afterwards it and the list are asked for anew. */
function useChange<In>(id: string, mutationFn: (input: In) => Promise<unknown>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn,
    onSuccess: async () => {
      await Promise.all([['account', id], ['accounts']].map((queryKey) => queries.invalidateQueries({ queryKey })));
    },
  });
}

export const useStatus = (id: string) =>
  useChange(id, (status: AccountStatus) => call({ method: 'POST', url: `/admin/users/${id}/status`, data: { status } }));
export const useEndAccountSession = (id: string) =>
  useChange(id, (session: string) => call({ method: 'DELETE', url: `/admin/users/${id}/sessions/${session}` }));
export const useEndAccountSessions = (id: string) => useChange(id, () => call({ method: 'DELETE', url: `/admin/users/${id}/sessions` }));
