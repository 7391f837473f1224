import type Webcam from 'react-webcam';

const frameShown = (video: HTMLVideoElement) => video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && video.videoWidth > 0;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The first frames of a camera are dark until it has measured the light. */
const settleMs = 400;

/**
 * Takes one picture, at the camera's own resolution and not mirrored, as soon
 * as the camera shows frames: at once, or whenever it has started.
 */
export async function takePicture(camera: Webcam, signal: AbortSignal): Promise<Blob | null> {
  let waited = false;
  while (camera.video === null || !frameShown(camera.video)) {
    waited = true;
    await pause(50);
    if (signal.aborted) return null;
  }
  if (waited) await pause(settleMs);
  if (signal.aborted) return null;
  const canvas = camera.getCanvas();
  if (canvas === null) throw new Error('The camera shows no picture.');
  camera.video.pause();
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob === null ? reject(new Error('The picture cannot be encoded.')) : resolve(blob)), 'image/jpeg', 0.95);
  });
}
