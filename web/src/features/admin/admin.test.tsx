import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';
import { fakeServer, fault, ok } from '@/testing/fake-server';
import { renderApp, signIn } from '@/testing/render-app';

const account = {
  user_id: 'u7', name: 'Ravi Kumar', email: 'ravi@example.com', role: 'user', more_roles: ['reviewer'], status: 'active', email_verified: true,
  created_at: '2026-01-01T00:00:00Z',
};
const passkey = {
  id: 'p1', label: 'Key ring', aaguid: 'aa-1', attestation: 'trusted', attested_by: 'Maker Root', device_bound: true, backed_up: false, suspected: false,
  created_at: '2026-01-01T00:00:00Z', last_used_at: null,
};
const session = { id: 's1', client_id: 'authx', device: 'Firefox on Linux', ip_address: '192.0.2.1', current: false, acr: 'aal2', last_used_at: '2026-01-02T00:00:00Z' };
const detail = { account, totp: true, recovery_codes_left: 3, channels: ['email'], passkeys: [passkey, { ...passkey, id: 'p2', label: 'Other', attestation: 'packed', attested_by: null }], sessions: [session] };
const organization = { organization_id: 'o1', slug: 'acme', name: 'Acme Bank', domain: null, created_at: '2026-01-01T00:00:00Z', suspended_at: null };
const page = (...items: unknown[]) => ok({ items, next_cursor: null });
const roles = { 'GET /admin/roles': () => ok({ items: [{ name: 'admin', description: '', permissions: ['read_audit', 'manage_users'], needed_aal: 1, built_in: true }] }) };

describe('Users', () => {
  test('show what protects an account and end its sessions', async () => {
    signIn('admin');
    const server = fakeServer({
      'GET /admin/users': () => page(account),
      'GET /admin/users/:id': () => ok(detail),
      'DELETE /admin/users/:id/sessions': () => ok({ revoked: 1 }),
      'DELETE /admin/users/:id/sessions/:session': () => ok({ revoked: 1 }),
      'POST /admin/users/:id/status': () => ok({ message: 'done' }),
    });
    renderApp('/admin/users');
    await userEvent.click(await screen.findByText('Ravi Kumar'));
    expect(await screen.findByText('Vouched for by Maker Root')).toBeInTheDocument();
    expect(screen.getByText(/its maker is not among the trusted ones/)).toBeInTheDocument();
    expect(screen.getByText('Second factors: authenticator app, email, 3 recovery codes.')).toBeInTheDocument();
    await userEvent.click(screen.getByRole('button', { name: 'End the session of Firefox on Linux' }));
    await userEvent.click(screen.getByRole('button', { name: 'End all sessions' }));
    await userEvent.click(screen.getByRole('button', { name: 'Lock' }));
    await waitFor(() => expect(server.to('POST /admin/users/:id/status')[0]?.json).toEqual({ status: 'locked' }));
    expect(server.to('DELETE /admin/users/:id/sessions')).toHaveLength(1);
    expect(server.to('DELETE /admin/users/:id/sessions/:session')).toHaveLength(1);
  });

  test('are looked at only when a row is opened', async () => {
    signIn('admin');
    const server = fakeServer({ 'GET /admin/users': () => page(account), 'GET /admin/users/:id': () => ok(detail) });
    renderApp('/admin/users');
    await screen.findByText('Ravi Kumar');
    expect(server.to('GET /admin/users/:id')).toHaveLength(0); // each look is recorded
  });

  test('are found by their whole address', async () => {
    signIn('admin');
    const server = fakeServer({ 'GET /admin/users': () => page(account), 'POST /admin/users/search': () => page() });
    renderApp('/admin/users');
    await userEvent.type(await screen.findByLabelText('Email, in full'), 'nobody@example.com{Enter}');
    expect(await screen.findByText('No account has this address.')).toBeInTheDocument();
    expect(server.to('POST /admin/users/search')[0]?.json).toEqual({ email: 'nobody@example.com' }); // never in an address
  });

  test('a refusal is told', async () => {
    signIn('admin');
    fakeServer({
      'GET /admin/users': () => page(account),
      'GET /admin/users/:id': () => ok(detail),
      'POST /admin/users/:id/status': () => fault(403, 'PERMISSION_DENIED', 'You may not do this'),
    });
    renderApp('/admin/users');
    await userEvent.click(await screen.findByText('Ravi Kumar'));
    await userEvent.click(await screen.findByRole('button', { name: 'Disable' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('You may not do this');
  });
});

describe('Organisations', () => {
  test('are made, with their first administrator', async () => {
    signIn('admin');
    const server = fakeServer({
      'GET /admin/organizations': () => page(organization),
      'POST /admin/organizations': () => ok(organization, 201),
      'GET /admin/organizations/:id/people': () => page({ user_id: 'u9', role: 'admin', status: 'active', created_at: '2026-01-01T00:00:00Z', last_login_at: null }),
      'POST /admin/organizations/:id/administrators': () => ok({ user_id: 'u9', setup_link: 'https://id.example/setup-password#token=t', expires_at: '2026-01-02T00:00:00Z' }, 201),
    });
    renderApp('/admin/organizations');
    await userEvent.type(await screen.findByLabelText('Short name'), 'acme');
    const form = screen.getByRole('region', { name: 'New organisation' });
    await userEvent.type(within(form).getByLabelText('Name'), 'Acme Bank');
    await userEvent.click(screen.getByRole('button', { name: 'Create organisation' }));
    await waitFor(() => expect(server.to('POST /admin/organizations')[0]?.json).toEqual({ slug: 'acme', name: 'Acme Bank' }));
    await userEvent.click(screen.getByText('Acme Bank'));
    expect(await screen.findByText('u9')).toBeInTheDocument();
    await userEvent.type(screen.getByLabelText("Administrator's name"), 'Asha');
    await userEvent.type(screen.getByLabelText('Email'), 'asha@acme.example');
    await userEvent.click(screen.getByRole('button', { name: 'Make an administrator' }));
    expect(await screen.findByText('https://id.example/setup-password#token=t')).toBeInTheDocument();
  });

  test('are suspended after a second thought, and go on', async () => {
    signIn('admin');
    let suspended: string | null = null;
    const server = fakeServer({
      'GET /admin/organizations': () => page({ ...organization, suspended_at: suspended }),
      'GET /admin/organizations/:id/people': () => page(),
      'POST /admin/organizations/:id/suspend': () => {
        suspended = '2026-01-03T00:00:00Z';
        return ok({ ...organization, suspended_at: suspended });
      },
      'POST /admin/organizations/:id/resume': () => ok(organization),
    });
    renderApp('/admin/organizations');
    await userEvent.click(await screen.findByText('Acme Bank'));
    await userEvent.click(await screen.findByRole('button', { name: 'Suspend' }));
    expect(server.to('POST /admin/organizations/:id/suspend')).toHaveLength(0);
    await userEvent.click(screen.getByRole('button', { name: 'Suspend: sign everyone out now' }));
    await userEvent.click(await screen.findByRole('button', { name: 'Activate' }));
    await waitFor(() => expect(server.to('POST /admin/organizations/:id/resume')).toHaveLength(1));
  });
});

describe('Clients', () => {
  const client = { client_id: 'c1', client_secret: null, first_party: false, disabled: false, created_at: '2026-01-01T00:00:00Z', metadata: { client_name: 'Book shop', redirect_uris: ['https://books.example/cb'], token_endpoint_auth_method: 'client_secret_basic' } };

  test('are registered; the secret is shown once', async () => {
    signIn('admin');
    const server = fakeServer({
      'GET /admin/oauth/clients': () => page(client),
      'GET /admin/oauth/keys': () => ok({ items: [{ kid: 'k1', algorithm: 'ES256', created_at: '2026-01-01T00:00:00Z', active_at: '2026-01-01T00:00:00Z', signs: true }] }),
      'POST /admin/oauth/clients': () => ok({ ...client, client_secret: 'a-secret' }, 201),
    });
    renderApp('/admin/clients');
    await userEvent.type(await screen.findByLabelText('Name'), 'Book shop');
    await userEvent.type(screen.getByLabelText('Addresses to return to'), 'https://books.example/cb');
    await userEvent.click(screen.getByRole('button', { name: 'Register application' }));
    expect(await screen.findByText('a-secret')).toBeInTheDocument();
    expect(server.to('POST /admin/oauth/clients')[0]!.json).toEqual({
      client_name: 'Book shop', redirect_uris: ['https://books.example/cb'], grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'client_secret_basic',
    });
    expect(screen.getByText('Signs now')).toBeInTheDocument();
  });

  test('are switched off without losing their document', async () => {
    signIn('admin');
    const server = fakeServer({
      'GET /admin/oauth/clients': () => page(client),
      'GET /admin/oauth/keys': () => fault(403, 'PERMISSION_DENIED', 'Not for you'),
      'PUT /admin/oauth/clients/:id': () => ok({ ...client, disabled: true }),
    });
    renderApp('/admin/clients');
    await userEvent.click(await screen.findByText('Book shop'));
    await userEvent.click(screen.getByRole('button', { name: 'Disable' }));
    await waitFor(() => expect(server.to('PUT /admin/oauth/clients/:id')[0]?.json).toEqual({ ...client.metadata, first_party: false, disabled: true }));
    expect(screen.queryByText('Signing keys')).not.toBeInTheDocument();
  });
});

describe('API keys', () => {
  test('are made for a program and shown once', async () => {
    signIn('admin');
    const server = fakeServer({
      ...roles,
      'GET /admin/service-accounts': () => ok({ items: [{ account_id: 'a1', name: 'Nightly export', description: '', permissions: ['read_audit'], created_at: '2026-01-01T00:00:00Z', disabled: false }] }),
      'GET /admin/service-accounts/:id/keys': () => ok({ items: [] }),
      'POST /admin/service-accounts/:id/keys': () =>
        ok({ key_id: 'k1', account_id: 'a1', name: 'first', hint: 'axk_1', permissions: [], created_at: '', expires_at: '', last_used_at: null, revoked_at: null, api_key: 'axk_whole' }, 201),
    });
    renderApp('/admin/keys');
    await userEvent.click(await screen.findByText('Nightly export'));
    await userEvent.type(await screen.findByLabelText('Name of a new key'), 'first');
    await userEvent.click(screen.getByRole('button', { name: 'Make a key' }));
    expect(await screen.findByText('axk_whole')).toBeInTheDocument();
    expect(server.to('POST /admin/service-accounts/:id/keys')[0]!.json).toEqual({ name: 'first', days: 90 });
  });
});

describe('Administration', () => {
  test.each(['/admin/users', '/admin/organizations', '/admin/clients', '/admin/keys'])('%s is for administrators', async (path) => {
    signIn('auditor');
    const server = fakeServer({});
    renderApp(path);
    expect(await screen.findByText('Your account may not open this page.')).toBeInTheDocument();
    expect(server.unknown).toEqual([]);
  });

  test('its pages lead to each other', async () => {
    signIn('admin');
    fakeServer({ ...roles, 'GET /admin/users': () => page() });
    renderApp('/admin/users');
    const nav = await screen.findByRole('navigation', { name: 'Administration' });
    await userEvent.click(within(nav).getByRole('link', { name: 'Roles' }));
    expect(await screen.findByRole('heading', { name: 'Roles', level: 1 })).toBeInTheDocument();
  });
});
