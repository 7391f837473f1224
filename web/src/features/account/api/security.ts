import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { needsProof, type FurtherProof, type LoginResult } from '@/features/account/api/login';
import { createPasskey, type PasskeyOptions } from '@/features/account/passkey';
import { call } from '@/lib/http';
import { beginSession } from '@/lib/session';

export interface Passkey {
  id: string;
  label: string;
  backed_up: boolean;
  suspected: boolean;
  created_at: string;
  last_used_at: string | null;
}

export interface Factors {
  totp: boolean;
  recovery_codes_left: number;
  passkeys: Passkey[];
  channels: string[];
}

export interface SessionItem {
  id: string;
  client_id: string;
  device: string;
  ip_address: string;
  current: boolean;
  acr: string;
  created_at: string;
  last_used_at: string;
  expires_at: string;
}

export interface TotpEnrolment {
  secret: string;
  otpauth_uri: string;
  qr_svg: string;
}

export const useFactors = () => useQuery({ queryKey: ['factors'], queryFn: () => call<Factors>({ url: '/auth/factors' }) });
export const useSessions = () => useQuery({ queryKey: ['sessions'], queryFn: () => call<{ items: SessionItem[] }>({ url: '/auth/sessions' }) });

/** A change of what the page shows: afterwards it is asked for anew. */
function useChange<In, Out>(mutationFn: (input: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn,
    onSuccess: async () => {
      await Promise.all(['factors', 'sessions'].map((key) => client.invalidateQueries({ queryKey: [key] })));
    },
  });
}

export const useBeginTotp = () => useMutation({ mutationFn: () => call<TotpEnrolment>({ method: 'POST', url: '/auth/factors/totp' }) });
export const useConfirmTotp = () =>
  useChange((code: string) => call<{ recovery_codes: string[] }>({ method: 'POST', url: '/auth/factors/totp/confirm', data: { code } }));
export const useRemoveTotp = () => useChange(() => call({ method: 'DELETE', url: '/auth/factors/totp' }));
export const useNewRecoveryCodes = () =>
  useChange(() => call<{ recovery_codes: string[] }>({ method: 'POST', url: '/auth/factors/recovery-codes' }));
export const useAddPasskey = () =>
  useChange(async (label: string) => {
    const { public_key } = await call<PasskeyOptions>({ method: 'POST', url: '/auth/passkeys/options' });
    const made = await createPasskey(public_key);
    return call<{ id: string }>({ method: 'POST', url: '/auth/passkeys', data: { ...made, label } });
  });
export const useRemovePasskey = () => useChange((id: string) => call({ method: 'DELETE', url: `/auth/passkeys/${id}` }));
export const useEndSession = () => useChange((id: string) => call({ method: 'DELETE', url: `/auth/sessions/${id}` }));
export const useEndOtherSessions = () =>
  useChange(() => call({ method: 'POST', url: '/auth/sessions/revoke-all', data: { keep_current: true } }));
export const useChangePassword = () =>
  useChange((data: { current_password: string; new_password: string }) =>
    call<{ message: string }>({ method: 'POST', url: '/auth/password/change', data }),
  );

/** Proves anew who is there. With second factors, the answer asks for one. */
export const useStepUp = () =>
  useMutation({
    mutationFn: (password: string) => call<LoginResult | FurtherProof>({ method: 'POST', url: '/auth/step-up', data: { password } }),
    onSuccess: (answer) => {
      if (!needsProof(answer)) beginSession({ token: answer.access_token, user: answer.user });
    },
  });
