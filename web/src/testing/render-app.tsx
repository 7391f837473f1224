import { render } from '@testing-library/react';
import { createMemoryRouter } from 'react-router';
import { App } from '@/app/App';
import { routes } from '@/app/routes';
import { createQueryClient } from '@/lib/query-client';
import { beginSession, type Role } from '@/lib/session';

export const token = 'the-token';

export function signIn(role: Role = 'user') {
  beginSession({ token, user: { id: 'u1', name: 'Asha Rao', email: 'asha@example.com', role } });
}

/** The whole application at an address, as the browser would show it. */
export function renderApp(at: string) {
  const queryClient = createQueryClient();
  const router = createMemoryRouter(routes, { initialEntries: [at] });
  return { ...render(<App queryClient={queryClient} router={router} />), router, queryClient };
}
