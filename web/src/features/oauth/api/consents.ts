import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from '@/lib/http';

export interface Consent {
  client_id: string;
  client_name: string;
  scopes: string[];
  /** agreed to beside the scopes */
  claims: string[];
  granted_at: string;
}

export const listConsents = (): Promise<{ items: Consent[] }> => call({ url: '/oauth/consents' });
export const withdrawConsent = (client: string): Promise<{ message: string }> => call({ method: 'DELETE', url: `/oauth/consents/${client}` });

export const useConsents = () => useQuery({ queryKey: ['consents'], queryFn: listConsents });

export function useWithdrawal() {
  const queries = useQueryClient();
  return useMutation({ mutationFn: withdrawConsent, onSuccess: () => queries.invalidateQueries({ queryKey: ['consents'] }) });
}
