import { act, fireEvent, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { fakeCamera } from '@/testing/fake-camera';
import { fakeServer, fault, ok } from '@/testing/fake-server';
import { renderApp, token } from '@/testing/render-app';

const asked = () => ok({ mfa_required: true, challenge_token: 'the-challenge', methods: ['totp', 'face', 'recovery_code'], expires_in: 600 });
const entered = () =>
  ok({ access_token: token, token_type: 'bearer', expires_in: 3600, user: { id: 'u1', name: 'Asha Rao', email: 'asha@example.com', role: 'user' } });
const decided = (outcome: string) => ({
  verification_id: 'v1', status: outcome, current_step: null, progress_percentage: 100, estimated_completion: null, steps: [],
  decision: { outcome, reasons: [], confidence_score: 0.9 },
});
const reading = {
  id: 'd1', document_type: 'aadhar', document_number: null, is_verified: false, verification_status: 'processing', needs_review: false,
  ocr_data: null, confidence_score: null, fields: [], findings: [], created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z',
};
const dashboard = { 'GET /documents': () => ok({ items: [], next_cursor: null }), 'GET /verification': () => ok({ items: [], next_cursor: null }), 'GET /users/me': () => fault(404, 'NOT_FOUND', 'gone') };

async function enterPassword() {
  renderApp('/login');
  await userEvent.type(screen.getByLabelText('Email'), 'asha@example.com');
  await userEvent.type(screen.getByLabelText('Password'), 'secure_password');
  await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
  await screen.findByRole('heading', { name: 'One more proof' });
}

function show(camera: ReturnType<typeof fakeCamera>) {
  act(() => camera.grant());
  camera.showFrames();
  fireEvent.click(document.getElementById('capture-face')!);
}

test('the face finishes a sign-in', async () => {
  const camera = fakeCamera();
  const server = fakeServer({ ...dashboard, 'POST /auth/login': asked, 'POST /auth/mfa/face': entered });
  await enterPassword();
  await userEvent.click(screen.getByRole('button', { name: 'Show your face' }));
  await waitFor(() => expect(document.getElementById('capture-face')).not.toBeNull());
  show(camera);
  await waitFor(() => expect(server.to('POST /auth/mfa/face')).toHaveLength(1));
  const { form } = server.to('POST /auth/mfa/face')[0]!;
  expect(form!.get('challenge_token')).toBe('the-challenge');
  expect(form!.get('face_image')).toBeInstanceOf(Blob);
  await screen.findByRole('button', { name: 'Sign out' });
});

test('whoever lost every factor proves the identity anew and signs in again', async () => {
  const camera = fakeCamera();
  vi.stubGlobal('WebSocket', undefined);
  const server = fakeServer({
    'POST /auth/login': asked,
    'POST /auth/recovery/start': entered,
    'POST /documents/upload': () => ok({ document_id: 'd1', ocr_data: null, verification_status: 'processing', confidence_score: null }),
    'GET /documents/:id': () => ok(reading),
    'POST /face/capture': () =>
      ok({ face_id: 'f1', face_embeddings: [0.1], liveness_score: null, quality_score: 0.9, verification_status: 'approved', quality_reasons: [] }),
    'POST /verification/start': () => ok({ verification_id: 'v1', status: 'initiated', estimated_duration_minutes: 1, steps: [] }),
    'GET /verification/:id/status': () => ok(decided('approved')),
    'POST /auth/recovery/complete': () => ok({ recovered: true }),
  });
  await enterPassword();
  await userEvent.click(screen.getByRole('button', { name: 'I have none of these any more' }));
  await screen.findByRole('heading', { name: 'Recover your account' });
  expect(server.to('POST /auth/recovery/start')[0]!.json).toEqual({ challenge_token: 'the-challenge' });
  await userEvent.upload(document.getElementById('document-upload')!, new File(['pixels'], 'card.jpg', { type: 'image/jpeg' }));
  await userEvent.click(document.getElementById('upload-button')!);
  await waitFor(() => expect(document.getElementById('face-capture')).not.toBeNull());
  show(camera);
  await userEvent.click(await screen.findByRole('button', { name: 'Recover my account' }, { timeout: 5000 }));
  expect(await screen.findByText(/Your account is recovered/)).toBeVisible();
  expect(server.to('POST /auth/recovery/complete')[0]!.token).toBe(token);
});

test('an account without a verified identity is told that an administrator must help', async () => {
  fakeServer({
    'POST /auth/login': asked,
    'POST /auth/recovery/start': () => fault(409, 'CONFLICT', 'No identity is verified for this account: an administrator must help'),
  });
  await enterPassword();
  await userEvent.click(screen.getByRole('button', { name: 'I have none of these any more' }));
  expect(await screen.findByText(/an administrator must help/)).toBeVisible();
});
