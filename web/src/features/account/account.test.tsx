import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';
import { fakeServer, fault, ok } from '@/testing/fake-server';
import { renderApp, signIn, token } from '@/testing/render-app';

const registered = () => ok({ user_id: 'u1', message: 'Account created.', verification_required: true }, 201);
const loggedIn = () =>
  ok({ access_token: token, token_type: 'bearer', expires_in: 3600, user: { id: 'u1', name: 'Test User', email: 'test@example.com', role: 'user' } });

async function fill(entries: Record<string, string>) {
  for (const [label, value] of Object.entries(entries)) await userEvent.type(screen.getByLabelText(label), value);
  await userEvent.click(screen.getByRole('button', { name: 'Create account' }));
}

const person = { 'Full name': 'Test User', Email: 'test@example.com' };

describe('Registration', () => {
  test('has the element ids that scripts rely on', () => {
    renderApp('/');
    for (const id of ['name', 'email', 'password', 'register-button']) expect(document.getElementById(id)).toBeVisible();
  });

  test('logs the new user in and opens the wizard', async () => {
    const server = fakeServer({ 'POST /auth/register': registered, 'POST /auth/login': loggedIn });
    renderApp('/');
    await fill({ ...person, Password: 'secure_password' });
    await waitFor(() => expect(document.getElementById('verification-wizard')).toBeVisible());
    expect(server.to('POST /auth/register')[0]!.json).toEqual({ name: 'Test User', email: 'test@example.com', password: 'secure_password' });
    expect(server.to('POST /auth/login')[0]!.json).toEqual({ email: 'test@example.com', password: 'secure_password', cookie: true });
  });

  test('without a password it tells where the link went and logs nobody in', async () => {
    const server = fakeServer({ 'POST /auth/register': registered });
    renderApp('/');
    await fill(person);
    expect(await screen.findByRole('heading', { name: 'Check your email' })).toBeInTheDocument();
    expect(screen.getByText('test@example.com')).toBeInTheDocument();
    expect(server.to('POST /auth/register')[0]!.json).toEqual({ name: 'Test User', email: 'test@example.com' });
    expect(server.unknown).toEqual([]);
  });

  test('sends the optional details that were entered', async () => {
    const server = fakeServer({ 'POST /auth/register': registered, 'POST /auth/login': loggedIn });
    renderApp('/');
    await userEvent.click(screen.getByRole('button', { name: 'More about you (optional)' }));
    await fill({ ...person, Password: 'secure_password', 'Date of birth': '1990-05-17', Phone: '+919876543210', Address: '1 Hill Road' });
    await waitFor(() => expect(server.to('POST /auth/register')).toHaveLength(1));
    expect(server.to('POST /auth/register')[0]!.json).toMatchObject({ dob: '1990-05-17', phone: '+919876543210', address: '1 Hill Road' });
  });

  test('points at what is missing before asking the server', async () => {
    const server = fakeServer({});
    renderApp('/');
    await fill({ Email: 'nonsense', Password: 'short' });
    expect(await screen.findByText('Enter your name as it stands on your document.')).toBeInTheDocument();
    expect(screen.getByText(/Enter your email address/)).toBeInTheDocument();
    expect(screen.getByText('Use at least 8 characters.')).toBeInTheDocument();
    expect(screen.getByLabelText('Full name')).toHaveFocus();
    expect(server.unknown).toEqual([]);
  });

  test('shows every fault the server finds beside its field, folded ones included', async () => {
    fakeServer({
      'POST /auth/register': () =>
        fault(400, 'VALIDATION_ERROR', 'Check your entries.', [
          { field: '$.email', reason: 'This address cannot be used.' },
          { field: 'phone', reason: 'Add the country code.' },
          { field: 'terms', reason: 'Must be accepted.' },
        ]),
    });
    renderApp('/');
    await fill({ ...person, Password: 'secure_password' });
    expect(await screen.findByRole('alert')).toHaveTextContent('Check your entries.');
    expect(screen.getByRole('alert')).toHaveTextContent('Terms: Must be accepted.');
    expect(screen.getByRole('alert')).toHaveTextContent('req-7');
    expect(screen.getByLabelText('Email')).toHaveAccessibleDescription('This address cannot be used.');
    expect(screen.getByLabelText('Email')).toBeInvalid();
    expect(screen.getByLabelText('Email')).toHaveFocus();
    expect(screen.getByLabelText('Phone')).toHaveAccessibleDescription('Add the country code.');
    await waitFor(() => expect(screen.getByLabelText('Phone')).toBeVisible());
  });

  test('an account that may not log in yet is told so', async () => {
    fakeServer({
      'POST /auth/register': registered,
      'POST /auth/login': () => fault(403, 'EMAIL_NOT_VERIFIED', 'Confirm your email address first.'),
    });
    renderApp('/');
    await fill({ ...person, Password: 'secure_password' });
    expect(await screen.findByText('Confirm your email address first.')).toBeInTheDocument();
    expect(screen.getByText('Account created.')).toBeInTheDocument();
  });

  test('says so when the server cannot be reached', async () => {
    fakeServer({});
    renderApp('/');
    await fill({ ...person, Password: 'secure_password' });
    expect(await screen.findByText(/The server cannot be reached/)).toBeInTheDocument();
  });
});

describe('Login', () => {
  test('a wrong password is told on the spot', async () => {
    fakeServer({ 'POST /auth/login': () => fault(401, 'INVALID_CREDENTIALS', 'Email or password is wrong.') });
    const { router } = renderApp('/login');
    await userEvent.type(screen.getByLabelText('Email'), 'test@example.com');
    await userEvent.type(screen.getByLabelText('Password'), 'wrong');
    await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
    expect(await screen.findByText('Email or password is wrong.')).toBeInTheDocument();
    expect(router.state.location.pathname).toBe('/login');
  });
});

describe('Email confirmation', () => {
  test('waits for a click, then sends the token of the link', async () => {
    const server = fakeServer({ 'POST /auth/email/verify': () => ok({ message: 'Your address is confirmed.' }) });
    const { router } = renderApp('/verify-email#token=abc.def_1');
    await waitFor(() => expect(router.state.location.hash).toBe(''));
    expect(server.to('POST /auth/email/verify')).toHaveLength(0);
    await userEvent.click(screen.getByRole('button', { name: 'Confirm address' }));
    expect(await screen.findByText('Your address is confirmed.')).toBeInTheDocument();
    expect(server.to('POST /auth/email/verify')[0]!.json).toEqual({ token: 'abc.def_1' });
  });
});

describe('Password setup', () => {
  test('sends the token of the link and takes it out of the address', async () => {
    const server = fakeServer({ 'POST /auth/password/setup': () => ok({ message: 'Your password is set.' }) });
    const { router } = renderApp('/setup-password#token=abc.def_1');
    await waitFor(() => expect(router.state.location.hash).toBe(''));
    await userEvent.type(screen.getByLabelText('New password'), 'secure_password');
    await userEvent.click(screen.getByRole('button', { name: 'Save password' }));
    expect(await screen.findByText('Your password is set.')).toBeInTheDocument();
    expect(server.to('POST /auth/password/setup')[0]!.json).toEqual({ token: 'abc.def_1', password: 'secure_password' });
  });

  test('explains a link without its token', () => {
    renderApp('/setup-password');
    expect(screen.getByText(/Use the whole link/)).toBeInTheDocument();
    expect(screen.queryByLabelText('New password')).not.toBeInTheDocument();
  });
});

describe('Second factor', () => {
  const asked = () => ok({ mfa_required: true, challenge_token: 'the-challenge', methods: ['totp', 'email', 'recovery_code'], expires_in: 600 });
  const dashboard = { 'GET /users/me': () => fault(500, 'INTERNAL', 'x'), 'GET /documents': () => ok({ items: [], next_cursor: null }), 'GET /verification': () => ok({ items: [], next_cursor: null }) };

  async function enterPassword() {
    await userEvent.type(screen.getByLabelText('Email'), 'test@example.com');
    await userEvent.type(screen.getByLabelText('Password'), 'secure_password');
    await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
    await screen.findByRole('heading', { name: 'One more proof' });
  }

  test('a code finishes the sign-in', async () => {
    const server = fakeServer({ ...dashboard, 'POST /auth/login': asked, 'POST /auth/mfa/verify': loggedIn });
    const { router } = renderApp('/login');
    await enterPassword();
    await userEvent.type(screen.getByLabelText('Code from the authenticator app'), '123456');
    await userEvent.click(screen.getByRole('button', { name: 'Continue' }));
    await waitFor(() => expect(router.state.location.pathname).toBe('/dashboard'));
    expect(server.to('POST /auth/mfa/verify')[0]!.json).toEqual({ challenge_token: 'the-challenge', method: 'totp', code: '123456', cookie: true });
  });

  test('a wrong code is told and another way can be chosen', async () => {
    const server = fakeServer({
      'POST /auth/login': asked,
      'POST /auth/mfa/verify': () => fault(401, 'INVALID_CREDENTIALS', 'This proof is wrong or has expired'),
      'POST /auth/mfa/code': () => ok({ sent: true }),
    });
    renderApp('/login');
    await enterPassword();
    await userEvent.type(screen.getByLabelText('Code from the authenticator app'), '000000');
    await userEvent.click(screen.getByRole('button', { name: 'Continue' }));
    expect(await screen.findByText('This proof is wrong or has expired')).toBeInTheDocument();
    await userEvent.click(screen.getByRole('button', { name: 'Send a code by email' }));
    expect(await screen.findByLabelText('Code from the email')).toBeVisible();
    expect(server.to('POST /auth/mfa/code')[0]!.json).toEqual({ challenge_token: 'the-challenge', method: 'email' });
  });
});

describe('Security', () => {
  const factors = { totp: false, recovery_codes_left: 0, passkeys: [], channels: [] };
  const session = { id: 's1', client_id: 'authx', device: 'Firefox on Linux', ip_address: '203.0.113.7', current: true, acr: 'aal1', created_at: '2026-01-01T00:00:00Z', last_used_at: '2026-01-01T00:00:00Z', expires_at: '2026-02-01T00:00:00Z' };
  const stepUpNeeded = () => fault(401, 'INSUFFICIENT_USER_AUTHENTICATION', 'This needs a stronger or a more recent sign-in', [{ field: 'max_age', reason: '300' }]);

  test('a change that asks for a recent sign-in goes on after the password', async () => {
    let fresh = false;
    const server = fakeServer({
      'GET /auth/factors': () => ok(factors),
      'GET /auth/sessions': () => ok({ items: [session] }),
      'POST /auth/factors/totp': () => (fresh ? ok({ secret: 'ABCD', otpauth_uri: 'otpauth://x', qr_svg: '<svg/>' }) : stepUpNeeded()),
      'POST /auth/step-up': () => {
        fresh = true;
        return loggedIn();
      },
    });
    signIn();
    renderApp('/security');
    await userEvent.click(await screen.findByRole('button', { name: 'Set up an authenticator app' }));
    const dialog = within(await screen.findByRole('dialog'));
    await userEvent.type(dialog.getByLabelText('Password'), 'secure_password');
    await userEvent.click(dialog.getByRole('button', { name: 'Continue' }));
    expect(await screen.findByAltText('QR code for the authenticator app')).toBeInTheDocument();
    expect(server.to('POST /auth/step-up')[0]!.json).toEqual({ password: 'secure_password' });
    expect(server.to('POST /auth/factors/totp')).toHaveLength(2);
    expect(screen.getByText('Firefox on Linux')).toBeInTheDocument();
  });
});
