import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { beginSession } from '@/lib/session';
import { fakeServer, fault, ok } from '@/testing/fake-server';
import { renderApp, token } from '@/testing/render-app';

const asked = {
  client_id: 'c1', client_name: 'Book shop', client_uri: null, policy_uri: null, tos_uri: null, redirect_host: 'books.example',
  scopes: ['openid', 'email', 'verified_identity'], claims: ['verified:birthdate'], consent_needed: true, sign_in_again: false,
  step_up_to: null, may_interact: true,
};
const to = () => ok({ redirect_to: 'https://books.example/cb?code=1' });
const assign = vi.fn();

beforeEach(() => {
  assign.mockReset();
  vi.stubGlobal('location', { assign, href: window.location.href, origin: window.location.origin });
});

const signIn = () => beginSession({ token, user: { id: 'u1', name: 'Test User', email: 'test@example.com', role: 'user' } });

describe('Consent', () => {
  test('says who asks for what, and sends the answer back', async () => {
    signIn();
    const server = fakeServer({ 'POST /oauth/requests/look': () => ok(asked), 'POST /oauth/requests/decide': to });
    renderApp('/consent#request=h1');
    expect(await screen.findByRole('heading', { name: 'Allow Book shop?' })).toBeInTheDocument();
    expect(screen.getByText(/Your verified identity/)).toBeInTheDocument();
    expect(screen.getByText('Your date of birth, as your verified identity has it')).toBeInTheDocument();
    await userEvent.click(screen.getByRole('button', { name: 'Refuse' }));
    await waitFor(() => expect(assign).toHaveBeenCalledWith('https://books.example/cb?code=1'));
    expect(server.to('POST /oauth/requests/decide')[0]!.json).toEqual({ request: 'h1', approve: false });
  });

  test('asks nothing twice', async () => {
    signIn();
    const server = fakeServer({ 'POST /oauth/requests/look': () => ok({ ...asked, consent_needed: false }), 'POST /oauth/requests/decide': to });
    renderApp('/consent#request=h1');
    await waitFor(() => expect(assign).toHaveBeenCalledTimes(1));
    expect(server.to('POST /oauth/requests/decide')[0]!.json).toEqual({ request: 'h1', approve: true });
  });

  test('asks for the stronger sign-in that an application wants before the decision', async () => {
    signIn();
    let proved = false;
    const server = fakeServer({
      'POST /oauth/requests/look': () => ok({ ...asked, step_up_to: proved ? null : 'aal2' }),
      'POST /auth/step-up': () => {
        proved = true;
        return ok({ access_token: 'stronger', token_type: 'bearer', expires_in: 60, user: { id: 'u1', name: 'Test User', email: 'test@example.com', role: 'user' } });
      },
      'POST /oauth/requests/decide': to,
    });
    renderApp('/consent#request=h1');
    await userEvent.click(await screen.findByRole('button', { name: 'Confirm' }));
    await userEvent.type(await screen.findByLabelText('Password'), 'a password');
    await userEvent.click(screen.getByRole('button', { name: 'Continue' }));
    await userEvent.click(await screen.findByRole('button', { name: 'Allow' }));
    await waitFor(() => expect(assign).toHaveBeenCalledTimes(1));
    expect(server.to('POST /oauth/requests/decide')[0]!.token).toBe('stronger');
  });

  test('tells of a request that has expired', async () => {
    signIn();
    fakeServer({ 'POST /oauth/requests/look': () => fault(404, 'NOT_FOUND', 'Not found') });
    renderApp('/consent#request=h1');
    expect(await screen.findByRole('heading', { name: 'This request cannot be answered' })).toBeInTheDocument();
  });
});
