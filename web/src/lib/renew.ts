import type { AxiosInstance } from 'axios';
import { beginSession, type SessionUser } from '@/lib/session';

/** The value that a page of ours can read and another site can't: sent beside the refresh token's cookie. */
const csrfToken = (): string | undefined => /(?:^|; )__Host-authx_csrf=([\w-]+)/.exec(document.cookie)?.[1];

export const canRenew = (): boolean => csrfToken() !== undefined;

interface Renewed {
  data: { access_token: string; user: SessionUser };
}

let pending: Promise<boolean> | undefined;

/** Gets a new access token for the session in the cookie; false when there is none any more. Calls at the same time share one request. */
export function renew(http: AxiosInstance): Promise<boolean> {
  pending ??= request(http).finally(() => {
    pending = undefined;
  });
  return pending;
}

async function request(http: AxiosInstance): Promise<boolean> {
  const csrf = csrfToken();
  if (csrf === undefined) return false;
  try {
    const answer = await http.request<Renewed>({ method: 'POST', url: '/auth/refresh', data: {}, headers: { 'X-CSRF-Token': csrf } });
    const { access_token, user } = answer.data.data;
    beginSession({ token: access_token, user });
    return true;
  } catch {
    return false;
  }
}
