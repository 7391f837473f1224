import { act, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';
import { beginSession, endSession } from '@/lib/session';
import { fakeServer, fault, ok } from '@/testing/fake-server';
import { renderApp, signIn, token } from '@/testing/render-app';

const emptyPage = { items: [], next_cursor: null };
const me = {
  id: 'u1', name: 'Asha Rao', email: 'asha@example.com', phone: null, dob: '1990-05-17',
  address: null, role: 'user', email_verified: true, created_at: '2026-01-01T00:00:00Z',
};
const dashboard = {
  'GET /users/me': () => ok(me),
  'GET /documents': () => ok(emptyPage),
  'GET /verification': () => ok(emptyPage),
};
const login = {
  'POST /auth/login': () =>
    ok({ access_token: token, token_type: 'bearer', expires_in: 3600, user: { id: 'u1', name: 'Asha Rao', email: 'asha@example.com', role: 'user' } }),
};

async function fillLogin() {
  await userEvent.type(screen.getByLabelText('Email'), 'asha@example.com');
  await userEvent.type(screen.getByLabelText('Password'), 'secure_password');
  await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
}

describe('Pages behind the login', () => {
  test.each(['/dashboard', '/verify', '/documents/1', '/verifications/1', '/admin/outbox', '/admin/audit'])(
    '%s sends a visitor without a session to the login page',
    async (path) => {
      const server = fakeServer({});
      renderApp(path);
      expect(await screen.findByRole('heading', { name: 'Sign in' })).toBeInTheDocument();
      expect(server.unknown).toEqual([]);
    },
  );

  test('login leads back to the page that was asked for', async () => {
    fakeServer({ ...login });
    const { router } = renderApp('/verify');
    await screen.findByRole('heading', { name: 'Sign in' });
    await fillLogin();
    expect(await screen.findByRole('heading', { name: 'Your document' })).toBeInTheDocument();
    expect(router.state.location.pathname).toBe('/verify');
  });

  test.each([
    ['user', '/admin/outbox'],
    ['user', '/admin/audit'],
    ['verifier', '/admin/audit'],
    ['auditor', '/admin/outbox'],
  ] as const)('a %s does not get to %s', async (role, path) => {
    const server = fakeServer({});
    signIn(role);
    renderApp(path);
    expect(await screen.findByText('Your account may not open this page.')).toBeInTheDocument();
    expect(server.unknown).toEqual([]);
  });

  test('an auditor reads the audit log', async () => {
    const entry = { id: 'a', seq: 7, user_id: null, action: 'auth.login', details: {}, ip_address: null, created_at: '2026-01-01T00:00:00Z' };
    const server = fakeServer({ 'GET /admin/audit': () => ok({ items: [entry], next_cursor: null }) });
    signIn('auditor');
    renderApp('/admin/audit');
    expect(await screen.findByText('auth.login')).toBeInTheDocument();
    expect(server.to('GET /admin/audit')[0]!.token).toBe(token);
  });

  test('a refused token leads back to the login page, which says why', async () => {
    fakeServer({ ...dashboard, 'GET /documents': () => fault(401, 'TOKEN_EXPIRED', 'The token has expired.') });
    signIn();
    renderApp('/dashboard');
    expect(await screen.findByText('Your session has ended. Sign in to continue.')).toBeInTheDocument();
  });

  test('a late refusal of an old token leaves the new session alone', async () => {
    let refuse: (() => void) | undefined;
    fakeServer({
      ...dashboard,
      'GET /documents': () => new Promise((resolve) => (refuse ??= () => resolve(fault(401, 'TOKEN_EXPIRED', 'The token has expired.')))),
    });
    signIn();
    renderApp('/dashboard');
    await screen.findByText('Your details');
    act(() => endSession('signed-out'));
    await act(async () => {
      beginSession({ token: 'newer', user: { id: 'u1', name: 'Asha Rao', email: 'asha@example.com', role: 'user' } });
      refuse?.();
      await new Promise((resolve) => setTimeout(resolve, 20));
    });
    expect(screen.queryByText('Your session has ended. Sign in to continue.')).not.toBeInTheDocument();
  });

  test('signing out forgets everything that was shown', async () => {
    fakeServer(dashboard);
    signIn();
    const { queryClient } = renderApp('/dashboard');
    await screen.findByText('May 17, 1990');
    expect(queryClient.getQueryCache().getAll()).not.toEqual([]);
    await userEvent.click(screen.getByRole('button', { name: 'Sign out' }));
    expect(await screen.findByText('You have signed out.')).toBeInTheDocument();
    // What the login page itself asks for is everyone's.
    expect(queryClient.getQueryCache().getAll().map(({ queryKey }) => queryKey)).toEqual([['outside-providers']]);
    expect(document.body).not.toHaveTextContent('asha@example.com');
  });

  test('the token is in no storage of the browser', async () => {
    fakeServer({ ...login, ...dashboard });
    renderApp('/login');
    await fillLogin();
    await screen.findByText('Your details');
    await waitFor(() => expect(document.cookie).toBe(''));
    expect(`${JSON.stringify(localStorage)}${JSON.stringify(sessionStorage)}`).not.toContain(token);
    expect(window.location.href).not.toContain(token);
  });

  test('an unknown address says so', async () => {
    renderApp('/nowhere');
    expect(await screen.findByText('This page does not exist')).toBeInTheDocument();
  });
});

describe('Lists', () => {
  test('show more asks for the next page by the cursor it was given', async () => {
    const documentAt = (n: number) => ({ id: `d${n}`, document_type: n === 1 ? 'pan' : 'passport', document_number: `N${n}`, verification_status: 'approved', created_at: '2026-01-01T00:00:00Z' });
    const server = fakeServer({
      ...dashboard,
      'GET /documents': ({ params }) =>
        ok(params.cursor === 'c1' ? { items: [documentAt(2)], next_cursor: null } : { items: [documentAt(1)], next_cursor: 'c1' }),
    });
    signIn();
    renderApp('/dashboard');
    expect(await screen.findByText('PAN card')).toBeInTheDocument();
    expect(screen.queryByText('Passport')).not.toBeInTheDocument();
    await userEvent.click(screen.getByRole('button', { name: 'Show more' }));
    expect(await screen.findByText('Passport')).toBeInTheDocument();
    expect(screen.getByText('PAN card')).toBeInTheDocument();
    expect(screen.queryByRole('button', { name: 'Show more' })).not.toBeInTheDocument();
    expect(server.to('GET /documents').map(({ params }) => params)).toEqual([{ limit: 10 }, { limit: 10, cursor: 'c1' }]);
  });

  test('a list that cannot be loaded says so and can be asked for again', async () => {
    let broken = true;
    fakeServer({ ...dashboard, 'GET /verification': () => (broken ? fault(500, 'INTERNAL', 'Something broke.') : ok(emptyPage)) });
    signIn();
    renderApp('/dashboard');
    expect(await screen.findByText('Something broke.')).toBeInTheDocument();
    broken = false;
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByText(/No verification yet/)).toBeInTheDocument();
  });
});

