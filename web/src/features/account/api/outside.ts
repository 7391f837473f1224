import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { enter, needsProof, type FurtherProof, type LoginResult } from '@/features/account/api/login';
import { call } from '@/lib/http';

export interface OutsideProvider {
  provider_id: string;
  name: string;
}

export interface LinkedProvider {
  identity_id: string;
  provider_id: string;
  provider: string;
  linked_at: string;
  last_used_at: string | null;
}

/** What a provider sends the browser back with. */
export interface Returned {
  state: string;
  code?: string;
  iss?: string;
  error?: string;
}

async function leave(to: 'link' | 'start', provider: string) {
  const { authorization_url } = await call<{ authorization_url: string }>({ method: 'POST', url: `/auth/federation/providers/${provider}/${to}` });
  window.location.assign(authorization_url);
}

export const useOutsideProviders = () =>
  useQuery({ queryKey: ['outside-providers'], queryFn: () => call<{ items: OutsideProvider[] }>({ url: '/auth/federation/providers' }) });
export const useLinkedProviders = () =>
  useQuery({ queryKey: ['linked-providers'], queryFn: () => call<{ items: LinkedProvider[] }>({ url: '/auth/federation/identities' }) });

export const useLeaveToSignIn = () => useMutation({ mutationFn: (provider: string) => leave('start', provider) });
export const useLeaveToLink = () => useMutation({ mutationFn: (provider: string) => leave('link', provider) });

export function useUnlink() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (identity: string) => call<{ message: string }>({ method: 'DELETE', url: `/auth/federation/identities/${identity}` }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['linked-providers'] }),
  });
}

export const useFinishLink = () =>
  useMutation({ mutationFn: (data: Returned) => call<{ message: string }>({ method: 'POST', url: '/auth/federation/link/finish', data }) });

export const useFinishSignIn = () =>
  useMutation({
    mutationFn: (data: Returned) => call<LoginResult | FurtherProof>({ method: 'POST', url: '/auth/federation/finish', data: { ...data, cookie: true } }),
    onSuccess: (answer) => {
      if (!needsProof(answer)) enter(answer);
    },
  });
