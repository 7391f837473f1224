import { act, fireEvent, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test, vi } from 'vitest';
import { fakeCamera } from '@/testing/fake-camera';
import { fakeServer, fault, ok } from '@/testing/fake-server';
import { renderApp, signIn, token } from '@/testing/render-app';

const picture = (name = 'card.jpg', content = 'pixels') => new File([content], name, { type: 'image/jpeg' });

const reading = {
  id: 'd1', document_type: 'aadhar', document_number: null, is_verified: false, verification_status: 'processing', needs_review: false,
  ocr_data: null, confidence_score: null, fields: [], findings: [], created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z',
};
const read = {
  ...reading,
  verification_status: 'approved',
  fields: [
    { name: 'name', value: 'Test User', confidence: 0.97, source: 'ocr', valid: true },
    { name: 'address', value: '1 Hil1 Road', confidence: 0.41, source: 'ocr', valid: null },
    { name: 'document_number', value: 'XXXX XXXX 1234', confidence: 0.95, source: 'ocr', valid: false },
  ],
  findings: [
    { check: 'glare', result: 'failed', explanation: 'A reflection covers the address.' },
    { check: 'checksum', result: 'passed', explanation: 'The check digit is right.' },
  ],
};
const running = {
  verification_id: 'v1', status: 'in_progress', current_step: 'face_match', progress_percentage: 40, estimated_completion: null,
  steps: [{ name: 'face_match', status: 'in_progress', estimated_time: 2 }], decision: null,
};
const decided = (outcome: string, reasons: object[] = []) => ({
  ...running, status: outcome, progress_percentage: 100, decision: { outcome, reasons, confidence_score: 0.9 },
});

type Routes = Parameters<typeof fakeServer>[0];

function open(routes: Routes = {}) {
  const camera = fakeCamera();
  vi.stubGlobal('WebSocket', undefined);
  const server = fakeServer({
    'POST /documents/upload': () => ok({ document_id: 'd1', ocr_data: null, verification_status: 'processing', confidence_score: null }),
    'GET /documents/:id': () => ok(reading),
    'POST /face/capture': () =>
      ok({ face_id: 'f1', face_embeddings: [0.1], liveness_score: 0.8642, quality_score: 0.9, verification_status: 'processing', quality_reasons: [] }),
    'POST /verification/start': () => ok({ verification_id: 'v1', status: 'initiated', estimated_duration_minutes: 1, steps: [] }),
    'GET /verification/:id/status': () => ok(decided('approved')),
    ...routes,
  });
  signIn();
  renderApp('/verify');
  return { camera, server };
}

const byId = (id: string) => document.getElementById(id);

async function sendDocument(file = picture()) {
  await waitFor(() => expect(byId('document-upload')).not.toBeNull());
  await userEvent.upload(byId('document-upload')!, file);
  await userEvent.click(byId('upload-button')!);
}

async function showFace(camera: ReturnType<typeof fakeCamera>) {
  await waitFor(() => expect(byId('face-capture')).not.toBeNull());
  act(() => camera.grant());
  camera.showFrames();
  fireEvent.click(byId('capture-face')!);
}

describe('The wizard', () => {
  test('goes from document to face to the decision', async () => {
    const { camera, server } = open();
    await sendDocument();
    await showFace(camera);
    await waitFor(() => expect(byId('verification-complete')).toBeVisible(), { timeout: 5000 });
    expect(byId('success-message')).toHaveTextContent(/^Verification completed successfully$/);

    const upload = server.to('POST /documents/upload')[0]!;
    expect(upload.token).toBe(token);
    expect(upload.form!.get('document_type')).toBe('aadhar');
    expect((upload.form!.get('front_image') as File).name).toBe('card.jpg');
    expect(upload.form!.has('back_image')).toBe(false);
    expect((server.to('POST /face/capture')[0]!.form!.get('face_image') as File).type).toBe('image/jpeg');
    expect(server.to('POST /verification/start')[0]!.json).toEqual({
      verification_type: 'comprehensive', document_ids: ['d1'], include_biometrics: false,
    });
    expect(server.unknown).toEqual([]);
  });

  test('shows the face step while the document is still being read, then what was read', async () => {
    let answer: object = reading;
    open({ 'GET /documents/:id': () => ok(answer) });
    await sendDocument();
    expect(await screen.findByText('Reading your document…')).toBeVisible();
    expect(byId('face-capture')).toBeVisible();
    answer = read;
    expect(await screen.findByText('Clearly readable (97 %)', {}, { timeout: 3000 })).toBeVisible();
    expect(screen.getByText('Hard to read (41 %)')).toBeVisible();
    expect(screen.getByText('Does not look right (95 %)')).toBeVisible();
    expect(screen.getByText('A reflection covers the address.')).toBeVisible();
    expect(screen.queryByText('The check digit is right.')).not.toBeInTheDocument();
  });

  test('asks for a picture before sending anything', async () => {
    const { server } = open();
    await waitFor(() => expect(byId('upload-button')).not.toBeNull());
    await userEvent.click(byId('upload-button')!);
    expect(screen.getByText('Choose a picture of your document first.')).toBeVisible();
    expect(byId('document-upload')).toHaveFocus();
    await sendDocument(picture('empty.jpg', ''));
    expect(screen.getByText('This file is empty. Choose another one.')).toBeVisible();
    expect(server.to('POST /documents/upload')).toEqual([]);
  });

  test('shows why the server refused a picture, and takes another', async () => {
    let refused = true;
    open({
      'POST /documents/upload': () =>
        refused
          ? fault(400, 'VALIDATION_ERROR', 'The document cannot be used.', [{ field: 'front_image', reason: 'The file is not a picture.' }])
          : ok({ document_id: 'd1', ocr_data: null, verification_status: 'processing', confidence_score: null }),
    });
    await sendDocument();
    expect(await screen.findByText('The file is not a picture.')).toBeVisible();
    expect(byId('document-upload')).toHaveAccessibleDescription('The file is not a picture.');
    refused = false;
    await sendDocument(picture('better.jpg'));
    await waitFor(() => expect(byId('face-capture')).toBeVisible());
  });

  test('a face the server cannot use is explained and can be taken again', async () => {
    let tries = 0;
    const { camera, server } = open({
      'POST /face/capture': () => {
        tries += 1;
        return ok({
          face_id: 'f1', face_embeddings: [], liveness_score: 0.1, quality_score: 0.2,
          verification_status: tries === 1 ? 'rejected' : 'processing',
          quality_reasons: tries === 1 ? [{ code: 'TOO_DARK', message: 'The picture is too dark.' }] : [],
        });
      },
    });
    await sendDocument();
    await showFace(camera);
    expect(await screen.findByText('The picture is too dark.', {}, { timeout: 3000 })).toBeVisible();
    expect(server.to('POST /verification/start')).toEqual([]);
    fireEvent.click(await screen.findByText('Capture'));
    await waitFor(() => expect(byId('success-message')).toBeVisible(), { timeout: 5000 });
  });

  test('a verification that cannot be started can be tried again without a new picture', async () => {
    let busy = true;
    const { camera, server } = open({
      'POST /verification/start': () =>
        busy ? fault(503, 'OVERLOADED', 'Too busy at the moment.') : ok({ verification_id: 'v1', status: 'initiated', estimated_duration_minutes: 1, steps: [] }),
    });
    await sendDocument();
    await showFace(camera);
    expect(await screen.findByText('Too busy at the moment.', {}, { timeout: 3000 })).toBeVisible();
    busy = false;
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    await waitFor(() => expect(byId('success-message')).toBeVisible(), { timeout: 5000 });
    expect(server.to('POST /face/capture')).toHaveLength(1);
  });

  test('polling alone follows the progress to the decision, and then ends', async () => {
    let status: object = running;
    const { camera, server } = open({ 'GET /verification/:id/status': () => ok(status) });
    await sendDocument();
    await showFace(camera);
    expect(await screen.findByText('40 %', {}, { timeout: 3000 })).toBeVisible();
    expect(screen.getByText('Face match')).toBeVisible();
    expect(byId('verification-complete')).toBeNull();
    status = decided('approved');
    await waitFor(() => expect(byId('verification-complete')).toBeVisible(), { timeout: 3000 });
    const asked = server.to('GET /verification/:id/status').length;
    await new Promise((resolve) => setTimeout(resolve, 1600));
    expect(server.to('GET /verification/:id/status')).toHaveLength(asked);
  });

  test('a lost connection does not end the polling', async () => {
    let step = 0;
    const { camera } = open({
      'GET /verification/:id/status': () => {
        step += 1;
        if (step === 1) return ok(running);
        return step < 5 ? fault(503, 'UNAVAILABLE', 'Back in a moment.') : ok(decided('approved'));
      },
    });
    await sendDocument();
    await showFace(camera);
    await waitFor(() => expect(byId('success-message')).toBeVisible(), { timeout: 15_000 });
  });

  test('a result under review is a success that says who confirms it', async () => {
    const reasons = [{ code: 'DOB', message: 'Your date of birth is not known.', severity: 'warning' }];
    const { camera } = open({ 'GET /verification/:id/status': () => ok(decided('needs_review', reasons)) });
    await sendDocument();
    await showFace(camera);
    await waitFor(() => expect(byId('verification-complete')).toBeVisible(), { timeout: 5000 });
    expect(byId('success-message')).toHaveTextContent(/^Verification completed successfully\. A reviewer will confirm the result/);
    expect(screen.getByText('Your date of birth is not known.')).toBeVisible();
  });

  test('a rejection gives its reasons, no success text, and a way to start again', async () => {
    const reasons = [{ code: 'FACE', message: 'The faces differ.', severity: 'critical' }];
    const { camera } = open({ 'GET /verification/:id/status': () => ok(decided('rejected', reasons)) });
    await sendDocument();
    await showFace(camera);
    await waitFor(() => expect(byId('failure-message')).toBeVisible(), { timeout: 5000 });
    expect(byId('success-message')).toBeNull();
    expect(document.body).not.toHaveTextContent('completed successfully');
    expect(screen.getByText('The faces differ.')).toBeVisible();
    await userEvent.click(screen.getByRole('button', { name: 'Start again' }));
    expect(byId('document-upload')).not.toBeNull();
    expect(byId('failure-message')).toBeNull();
  });

  test('never shows a liveness score', async () => {
    const { camera } = open();
    await sendDocument();
    await showFace(camera);
    await waitFor(() => expect(byId('verification-complete')).toBeVisible(), { timeout: 5000 });
    expect(document.body.textContent).not.toMatch(/0\.8642|86\s?%/);
  });
});

class FakeSocket {
  static last: FakeSocket;
  sent: unknown[] = [];
  onopen: () => void = () => {};
  onmessage: (event: { data: string }) => void = () => {};
  onclose: () => void = () => {};
  closed = false;
  readonly url: string;
  constructor(url: string) {
    this.url = url;
    FakeSocket.last = this;
  }
  send(message: string) {
    this.sent.push(JSON.parse(message));
  }
  close() {
    this.closed = true;
  }
  push(data: object) {
    this.onmessage({ data: JSON.stringify({ type: 'verification', data }) });
  }
}

describe('The live channel', () => {
  function watch() {
    vi.stubGlobal('WebSocket', FakeSocket);
    const server = fakeServer({ 'GET /verification/:id/status': () => ok(running) });
    signIn();
    renderApp('/verifications/v1');
    return server;
  }

  test('authenticates in its first message, then subscribes', async () => {
    watch();
    await screen.findByText('40 %');
    expect(FakeSocket.last.url).toBe('ws://localhost:3000/ws');
    act(() => FakeSocket.last.onopen());
    expect(FakeSocket.last.sent).toEqual([
      { type: 'authenticate', token },
      { type: 'subscribe', verification_id: 'v1' },
    ]);
  });

  test('shows what is pushed and closes at the decision', async () => {
    watch();
    await screen.findByText('40 %');
    act(() => FakeSocket.last.push({ ...running, progress_percentage: 70 }));
    expect(await screen.findByText('70 %')).toBeVisible();
    act(() => FakeSocket.last.push(decided('approved')));
    await waitFor(() => expect(byId('success-message')).toBeVisible());
    expect(FakeSocket.last.closed).toBe(true);
  });

  test("ignores other verifications' news and what it cannot read", async () => {
    watch();
    await screen.findByText('40 %');
    act(() => {
      FakeSocket.last.push({ ...decided('approved'), verification_id: 'other' });
      FakeSocket.last.onmessage({ data: 'not json' });
      FakeSocket.last.onmessage({ data: 'null' });
    });
    expect(screen.getByText('40 %')).toBeVisible();
    expect(byId('verification-complete')).toBeNull();
  });

  test('polls quickly again once a channel that worked has closed', async () => {
    const server = watch();
    await screen.findByText('40 %');
    act(() => FakeSocket.last.push({ ...running, progress_percentage: 70 }));
    await screen.findByText('70 %');
    act(() => FakeSocket.last.onclose());
    const asked = server.to('GET /verification/:id/status').length;
    await waitFor(() => expect(server.to('GET /verification/:id/status').length).toBeGreaterThan(asked), { timeout: 2500 });
  });
});
