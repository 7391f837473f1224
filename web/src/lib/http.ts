import axios, { type AxiosRequestConfig, type AxiosResponse } from 'axios';
import { ApiFault, faultFromAnswer, faultWithoutAnswer } from '@/lib/api-fault';
import { canRenew, renew } from '@/lib/renew';
import { currentSession, endSession } from '@/lib/session';

const apiBase = import.meta.env.VITE_API_URL ?? '/v1';

export const http = axios.create({ baseURL: apiBase, timeout: 60_000 });

/** The server's WebSocket, on the API's origin. */
export function socketUrl(): string {
  const url = new URL('/ws', new URL(apiBase, window.location.href));
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

interface Envelope {
  success: true;
  data: unknown;
}

const isEnvelope = (body: unknown): body is Envelope =>
  typeof body === 'object' && body !== null && 'success' in body && body.success === true && 'data' in body;

type Request = Omit<AxiosRequestConfig, 'headers'>;

/**
 * Sends one request with the session's token and returns the envelope's data.
 * Throws `ApiFault`. A 401 for a token that was sent renews it once if the
 * browser keeps the session; otherwise it ends the session, which brings the
 * visitor back to the login page.
 */
export async function call<T>(config: Request): Promise<T> {
  const { data: body, status } = await send<unknown>(config);
  if (!isEnvelope(body)) throw faultFromAnswer(status, body);
  return body.data as T;
}

/** The same for an answer that is a file. */
export async function download(config: Request): Promise<Blob> {
  const { data: body } = await send<Blob>({ ...config, responseType: 'blob' });
  return body;
}

/** Takes up the session that the browser kept, before the page is shown. */
export async function restoreSession(): Promise<void> {
  if (canRenew()) await renew(http);
}

/** Ends the session here at once, and at the server. */
export function signOut(): void {
  call({ method: 'POST', url: '/auth/logout' }).catch(() => undefined);
  endSession('signed-out');
}

/** A signed-in person whom the action asks for a fresh or stronger proof: the session goes on. */
const asksForProof = (body: unknown): boolean => JSON.stringify(body ?? null).includes('"INSUFFICIENT_USER_AUTHENTICATION"');
const wrongPassword = (body: unknown): boolean => JSON.stringify(body ?? null).includes('"INVALID_CREDENTIALS"');

async function send<T>(config: Request, again = true): Promise<AxiosResponse<T>> {
  const token = currentSession()?.token;
  try {
    return await http.request<T>({
      ...config,
      headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    });
  } catch (error) {
    if (error instanceof ApiFault) throw error;
    if (!axios.isAxiosError(error)) throw error;
    if (error.response === undefined) throw faultWithoutAnswer(error.code === 'ECONNABORTED');
    const { status, data } = error.response as AxiosResponse<unknown>;
    if (status === 401 && token !== undefined && !asksForProof(data) && !wrongPassword(data)) {
      if (again && canRenew() && (token !== currentSession()?.token || (await renew(http)))) return await send<T>(config, false);
      // A late answer to an old token must not end the session that replaced it.
      if (token === currentSession()?.token) endSession('expired');
    }
    throw faultFromAnswer(status, data);
  }
}
