import { vi } from 'vitest';

/** A camera for jsdom: permission is granted or refused, and frames come when the test says so. */
export function fakeCamera() {
  let frames = false;
  const permission: { grant: () => void; refuse: (error: Error) => void } = { grant: () => {}, refuse: () => {} };
  const getUserMedia = vi.fn(
    () =>
      new Promise<MediaStream>((resolve, reject) => {
        permission.grant = () => resolve({ getVideoTracks: () => [], getAudioTracks: () => [] } as unknown as MediaStream);
        permission.refuse = reject;
      }),
  );
  vi.stubGlobal('navigator', Object.create(navigator, { mediaDevices: { value: { getUserMedia } } }));
  const video = HTMLVideoElement.prototype;
  const media = HTMLMediaElement.prototype;
  vi.spyOn(video, 'videoWidth', 'get').mockImplementation(() => (frames ? 640 : 0));
  vi.spyOn(video, 'videoHeight', 'get').mockImplementation(() => (frames ? 480 : 0));
  vi.spyOn(media, 'readyState', 'get').mockImplementation(() => (frames ? 4 : 0));
  vi.spyOn(media, 'play').mockResolvedValue();
  vi.spyOn(media, 'pause').mockReturnValue();
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue({ drawImage: () => {} } as unknown as null);
  vi.spyOn(HTMLCanvasElement.prototype, 'toBlob').mockImplementation((done, type) => {
    done(new Blob(['a face'], { type }));
  });
  return {
    getUserMedia,
    grant: () => permission.grant(),
    refuse: (name: string) => permission.refuse(new DOMException('refused', name)),
    showFrames: () => {
      frames = true;
    },
  };
}
