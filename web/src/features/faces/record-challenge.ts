import type { Challenge, ChallengeStep } from '@/features/faces/api/request-challenge';

const recordable = ['video/webm;codecs=vp8', 'video/webm;codecs=vp9', 'video/mp4;codecs=avc1', 'video/webm', 'video/mp4'];

/** What this browser can record; null when it cannot record at all. */
export function recordingType(): string | null {
  if (typeof MediaRecorder === 'undefined') return null;
  return recordable.find((type) => MediaRecorder.isTypeSupported(type)) ?? null;
}

/** The last frames come late: the recording goes on past the challenge's length. */
const tailMs = 400;

/**
 * Records `stream` while `onStep` is told which task is on (null: none, look
 * straight). Task times count from the recorder's start, as the server's do.
 * Rejects when the recorder fails or `signal` ends it.
 */
export function recordChallenge(
  stream: MediaStream,
  challenge: Pick<Challenge, 'steps' | 'length_ms'>,
  onStep: (step: ChallengeStep | null) => void,
  signal: AbortSignal,
): Promise<Blob> {
  return new Promise((resolve, reject) => {
    const type = recordingType();
    if (type === null) {
      reject(new Error('This browser cannot record.'));
      return;
    }
    const recorder = new MediaRecorder(stream, { mimeType: type, videoBitsPerSecond: 2_000_000 });
    const pieces: Blob[] = [];
    const timers: ReturnType<typeof setTimeout>[] = [];
    const end = () => {
      timers.forEach(clearTimeout);
      onStep(null);
    };
    const later = (ms: number, work: () => void) => timers.push(setTimeout(work, ms));

    recorder.ondataavailable = ({ data }) => {
      if (data.size > 0) pieces.push(data);
    };
    recorder.onerror = () => {
      end();
      reject(new Error('The recording failed.'));
    };
    recorder.onstop = () => {
      end();
      if (signal.aborted || pieces.length === 0) reject(new Error('The recording was ended.'));
      else resolve(new Blob(pieces, { type: type.replace(/;.*/, '') }));
    };
    recorder.onstart = () => {
      challenge.steps.forEach((step, index) => {
        later(step.at_ms, () => onStep(step));
        const endsAt = step.at_ms + step.duration_ms;
        if (challenge.steps[index + 1]?.at_ms !== endsAt) later(endsAt, () => onStep(null));
      });
      later(challenge.length_ms + tailMs, () => {
        if (recorder.state !== 'inactive') recorder.stop();
      });
    };
    signal.addEventListener('abort', () => {
      if (recorder.state === 'inactive') reject(new Error('The recording was ended.'));
      else recorder.stop();
    });
    recorder.start();
  });
}

const hex = (bytes: ArrayBuffer) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');

/**
 * HMAC-SHA256 with the challenge's nonce over its id and the recording's hash.
 * It shows that the recording was not altered on its way, not where its
 * pictures come from. Null where WebCrypto is missing (pages without TLS).
 */
export async function signRecording({ challenge_id: id, nonce }: Pick<Challenge, 'challenge_id' | 'nonce'>, video: Blob): Promise<string | null> {
  const subtle = (globalThis.crypto as Crypto | undefined)?.subtle;
  if (subtle === undefined) return null;
  const raw = Uint8Array.from(atob(nonce.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
  const key = await subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const digest = hex(await subtle.digest('SHA-256', await video.arrayBuffer()));
  return hex(await subtle.sign('HMAC', key, new TextEncoder().encode(`authx-live-1\n${id}\n${digest}`)));
}
