import type Webcam from 'react-webcam';

const frameShown = ({ video }: Webcam): boolean =>
  video !== null && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && video.videoWidth > 0;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The first frames of a camera are dark until it has measured the light. */
const settleMs = 400;

/**
 * Takes one picture, at the camera's own resolution and not mirrored, as soon
 * as the camera shows frames: at once, or whenever it has started. Null when
 * `signal` ended the waiting.
 */
export async function takePicture(camera: Webcam, signal: AbortSignal): Promise<Blob | null> {
  const running = () => frameShown(camera) && camera.getCanvas() !== null;
  if (!running()) {
    do await pause(50);
    while (!signal.aborted && !running());
    await pause(settleMs);
  }
  if (signal.aborted) return null;
  const canvas = camera.getCanvas();
  if (canvas === null) throw new Error('The camera has stopped.');
  // The picture that was taken stays in view while it is dealt with.
  camera.video?.pause();
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob === null ? reject(new Error('The picture cannot be encoded.')) : resolve(blob)), 'image/jpeg', 0.95);
  });
}
