import { AxiosError, AxiosHeaders, type AxiosResponse, type InternalAxiosRequestConfig } from 'axios';
import { http } from '@/lib/http';

export interface FakeRequest {
  token: string | undefined;
  params: Record<string, unknown>;
  json: unknown;
  form: FormData | undefined;
}

interface Answer {
  status: number;
  body: unknown;
}

type Handler = (request: FakeRequest) => Answer | Promise<Answer>;

export const ok = (data: unknown, status = 200): Answer => ({ status, body: { success: true, data } });

export function fault(status: number, code: string, message: string, errors: { field: string; reason: string }[] = []): Answer {
  const details = errors.length > 0 ? { ...errors[0], errors } : {};
  return {
    status,
    body: { success: false, error: { code, message, details, timestamp: '2026-01-01T00:00:00Z', request_id: 'req-7' } },
  };
}

function answer(config: InternalAxiosRequestConfig, { status, body }: Answer): AxiosResponse {
  return { config, status, data: body, statusText: '', headers: new AxiosHeaders() };
}

/**
 * Puts routes (`"POST /auth/login"`, `:id` for one segment) in place of the
 * network, below Axios. A request without a route fails the test that made it.
 */
export function fakeServer(special: Record<string, Handler>) {
  // Pages ask for these on their own; a test names them when they matter to it.
  const routes: Record<string, Handler> = {
    'GET /auth/federation/providers': () => ok({ items: [] }),
    'GET /auth/federation/identities': () => ok({ items: [] }),
    ...special,
  };
  const requests: { route: string; request: FakeRequest }[] = [];
  const unknown: string[] = [];

  http.defaults.adapter = async (config) => {
    const target = `${(config.method ?? 'get').toUpperCase()} ${config.url ?? ''}`;
    const route = Object.keys(routes).find((pattern) =>
      new RegExp(`^${pattern.replaceAll(/:\w+/g, '[^/]+')}$`).test(target),
    );
    if (route === undefined) {
      unknown.push(target);
      throw new AxiosError(`No route for ${target}`, AxiosError.ERR_NETWORK, config);
    }
    const data: unknown = config.data;
    const authorization = config.headers.get('Authorization');
    const request: FakeRequest = {
      token: typeof authorization === 'string' ? authorization.replace('Bearer ', '') : undefined,
      params: (config.params ?? {}) as Record<string, unknown>,
      json: typeof data === 'string' ? JSON.parse(data) : undefined,
      form: data instanceof FormData ? data : undefined,
    };
    requests.push({ route, request });
    const response = answer(config, await routes[route]!(request));
    if (response.status < 400) return response;
    throw new AxiosError('refused', AxiosError.ERR_BAD_REQUEST, config, null, response);
  };

  return {
    unknown,
    to: (route: string) => requests.filter((sent) => sent.route === route).map(({ request }) => request),
  };
}
