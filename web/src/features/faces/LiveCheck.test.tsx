import { act, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createHash, createHmac, webcrypto } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FaceStep } from '@/features/faces/FaceStep';
import { recordChallenge, signRecording } from '@/features/faces/record-challenge';
import { fakeCamera } from '@/testing/fake-camera';
import { fakeServer, fault, ok } from '@/testing/fake-server';

const challenge = {
  challenge_id: 'c1',
  nonce: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8',
  steps: [
    { action: 'smile', at_ms: 100, duration_ms: 900, colour: null },
    { action: 'light', at_ms: 1100, duration_ms: 600, colour: '#00c8ff' },
    { action: 'light', at_ms: 1700, duration_ms: 600, colour: '#ff00ff' },
  ],
  length_ms: 2400,
  expires_at: '2026-01-01T00:02:00Z',
} as const;

/** Records nothing, but starts, stops and hands over as a browser does. */
class FakeRecorder {
  static isTypeSupported = (type: string) => type.startsWith('video/webm');
  state = 'inactive';
  ondataavailable: ((event: { data: Blob }) => void) | null = null;
  onstart: (() => void) | null = null;
  onstop: (() => void) | null = null;
  onerror: (() => void) | null = null;
  start() {
    this.state = 'recording';
    queueMicrotask(() => this.onstart?.());
  }
  stop() {
    this.state = 'inactive';
    this.ondataavailable?.({ data: new Blob(['frames']) });
    this.onstop?.();
  }
}

beforeEach(() => {
  vi.stubGlobal('MediaRecorder', FakeRecorder);
  // As on a page without TLS; the signature has a test of its own.
  vi.stubGlobal('crypto', {});
});
afterEach(() => vi.unstubAllGlobals());

describe('recordChallenge', () => {
  test('tells each step in its time, and none between them', async () => {
    vi.useFakeTimers();
    const shown: (string | null)[] = [];
    const recording = recordChallenge({} as MediaStream, { ...challenge, steps: [...challenge.steps] }, (step) => shown.push(step && (step.colour ?? step.action)), new AbortController().signal);
    await vi.advanceTimersByTimeAsync(150);
    expect(shown).toEqual(['smile']);
    await vi.advanceTimersByTimeAsync(4000);
    expect((await recording).type).toBe('video/webm');
    expect(shown).toEqual(['smile', null, '#00c8ff', '#ff00ff', null, null]);
    vi.useRealTimers();
  });

  test('an ended check gives no recording', async () => {
    const controller = new AbortController();
    const recording = recordChallenge({} as MediaStream, { ...challenge, steps: [] }, () => {}, controller.signal);
    await Promise.resolve();
    controller.abort();
    await expect(recording).rejects.toThrow('ended');
  });
});

test('the signature is the one that the server expects', async () => {
  vi.stubGlobal('crypto', webcrypto);
  const video = { arrayBuffer: () => Promise.resolve(new TextEncoder().encode('frames').buffer) } as unknown as Blob;
  const digest = createHash('sha256').update('frames').digest('hex');
  const due = createHmac('sha256', Buffer.from(challenge.nonce, 'base64url')).update(`authx-live-1\nc1\n${digest}`).digest('hex');
  expect(await signRecording(challenge, video)).toBe(due);
});

function show(onAccepted: () => Promise<void>) {
  const client = new QueryClient({ defaultOptions: { mutations: { retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <FaceStep onAccepted={onAccepted} />
    </QueryClientProvider>,
  );
}

const accepted = { face_id: 'f1', verification_status: 'approved', quality_reasons: [], challenge_result: 'passed' };

describe('the live check in the face step', () => {
  const begin = async () => {
    const camera = fakeCamera();
    const onAccepted = vi.fn().mockResolvedValue(undefined);
    show(onAccepted);
    await act(async () => {
      camera.grant();
      await Promise.resolve();
    });
    camera.showFrames();
    return onAccepted;
  };

  test('prompts, lights the screen and sends the recording with its challenge', async () => {
    const server = fakeServer({ 'POST /face/challenge': () => ok(challenge), 'POST /face/capture': () => ok(accepted) });
    const onAccepted = await begin();
    fireEvent.click(screen.getByText('Do the live check'));
    expect(await screen.findByText('Smile', {}, { timeout: 3000 })).toBeInTheDocument();
    await screen.findByText('Look at the screen and keep still', {}, { timeout: 3000 });
    expect(screen.getByTestId('live-prompt').style.backgroundColor).toMatch(/^rgb/);
    await waitFor(() => expect(onAccepted).toHaveBeenCalledOnce(), { timeout: 8000 });
    expect(server.to('POST /face/challenge')[0]!.json).toEqual({ lights: true });
    const form = server.to('POST /face/capture')[0]!.form!;
    expect(form.get('challenge_id')).toBe('c1');
    expect((form.get('live_video') as File).type).toBe('video/webm');
    expect((form.get('face_image') as File).type).toBe('image/jpeg');
    expect(screen.queryByTestId('live-prompt')).toBeNull();
  }, 20_000);

  test('coloured light is left out when the person prefers no motion', async () => {
    vi.stubGlobal('matchMedia', () => ({ matches: true }));
    const server = fakeServer({ 'POST /face/challenge': () => ok({ ...challenge, steps: [], length_ms: 10 }), 'POST /face/capture': () => ok(accepted) });
    const onAccepted = await begin();
    expect(screen.getByLabelText('With coloured light from the screen')).not.toBeChecked();
    fireEvent.click(screen.getByText('Do the live check'));
    await waitFor(() => expect(onAccepted).toHaveBeenCalledOnce(), { timeout: 4000 });
    expect(server.to('POST /face/challenge')[0]!.json).toEqual({ lights: false });
  });

  test('a failed check says so without a score, and the still capture stays', async () => {
    fakeServer({
      'POST /face/challenge': () => ok({ ...challenge, steps: [], length_ms: 10 }),
      'POST /face/capture': () =>
        ok({ ...accepted, verification_status: 'rejected', challenge_result: 'failed', liveness_score: 0.12, quality_reasons: [{ code: 'not_confirmed', message: 'Do it again.' }] }),
    });
    const onAccepted = await begin();
    fireEvent.click(screen.getByText('Do the live check'));
    expect(await screen.findByText('The live check did not succeed. Please try again.', {}, { timeout: 4000 })).toBeInTheDocument();
    expect(screen.getByText('Do it again.')).toBeInTheDocument();
    expect(screen.queryByText(/0\.12/)).toBeNull();
    expect(await screen.findByText('Capture')).toBeEnabled();
    expect(onAccepted).not.toHaveBeenCalled();
  });

  test('a check that left one thing open is completed by a shorter one, and only by that', async () => {
    const answers = [{ ...accepted, verification_status: 'rejected', challenge_result: 'try_again', follow_up: 'c1' }, accepted];
    const server = fakeServer({
      'POST /face/challenge': () => ok({ ...challenge, steps: [], length_ms: 10 }),
      'POST /face/capture': () => ok(answers.shift()),
    });
    const onAccepted = await begin();
    fireEvent.click(screen.getByText('Do the live check'));
    expect(await screen.findByText('One movement was not seen. Do the live check once more; it is shorter now.', {}, { timeout: 4000 })).toBeInTheDocument();
    await waitFor(() => expect(screen.getByText('Do the live check')).toBeEnabled());
    fireEvent.click(screen.getByText('Do the live check'));
    await waitFor(() => expect(onAccepted).toHaveBeenCalledOnce(), { timeout: 4000 });
    expect(server.to('POST /face/challenge').map((sent) => sent.json)).toEqual([{ lights: true }, { lights: true, follows: 'c1' }]);
  }, 20_000);

  test('a pause that the server asks for is shown', async () => {
    fakeServer({ 'POST /face/challenge': () => fault(429, 'RATE_LIMIT_EXCEEDED', 'Too many live checks in a short time; take a pause and try again') });
    await begin();
    fireEvent.click(screen.getByText('Do the live check'));
    expect(await screen.findByText(/Too many live checks|many/i, {}, { timeout: 4000 })).toBeInTheDocument();
  });

  test('a browser that cannot record keeps the still capture alone', async () => {
    vi.stubGlobal('MediaRecorder', undefined);
    fakeServer({});
    await begin();
    expect(screen.queryByText('Do the live check')).toBeNull();
    expect(screen.getByText('Capture')).toBeInTheDocument();
  });
});
