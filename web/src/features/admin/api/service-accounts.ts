import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from '@/lib/http';

export interface ServiceAccount {
  account_id: string;
  name: string;
  description: string;
  permissions: string[];
  created_at: string;
  disabled: boolean;
}

export interface ApiKey {
  key_id: string;
  account_id: string;
  name: string;
  hint: string;
  permissions: string[];
  created_at: string;
  expires_at: string;
  last_used_at: string | null;
  revoked_at: string | null;
  api_key: string | null;
}

export const useServiceAccounts = () =>
  useQuery({ queryKey: ['service-accounts'], queryFn: () => call<{ items: ServiceAccount[] }>({ url: '/admin/service-accounts' }) });
export const useApiKeys = (account: string, enabled: boolean) =>
  useQuery({
    queryKey: ['api-keys', account],
    queryFn: () => call<{ items: ApiKey[] }>({ url: `/admin/service-accounts/${account}/keys` }),
    enabled,
  });

function useChange<In, Out>(mutationFn: (input: In) => Promise<Out>, key: string) {
  const queries = useQueryClient();
  return useMutation({ mutationFn, onSuccess: () => queries.invalidateQueries({ queryKey: [key] }) });
}

export const useCreateServiceAccount = () =>
  useChange(
    (data: { name: string; description: string; permissions: string[] }) =>
      call<ServiceAccount>({ method: 'POST', url: '/admin/service-accounts', data }),
    'service-accounts',
  );
export const useDisableServiceAccount = () =>
  useChange((id: string) => call({ method: 'DELETE', url: `/admin/service-accounts/${id}` }), 'service-accounts');
export const useCreateApiKey = (account: string) =>
  useChange((data: { name: string; days: number }) => call<ApiKey>({ method: 'POST', url: `/admin/service-accounts/${account}/keys`, data }), 'api-keys');
export const useRotateApiKey = () =>
  useChange(
    (id: string) => call<ApiKey>({ method: 'POST', url: `/admin/api-keys/${id}/rotate`, data: { days: 90, overlap_hours: 24 } }),
    'api-keys',
  );
export const useRevokeApiKey = () => useChange((id: string) => call({ method: 'DELETE', url: `/admin/api-keys/${id}` }), 'api-keys');
