import { useMutation } from '@tanstack/react-query';
import { call } from '@/lib/http';

export interface QualityReason {
  code: string;
  message: string;
}

/** The server also sends scores and an embedding; no page has a use for them. */
export interface CaptureFaceResult {
  face_id: string;
  verification_status: 'processing' | 'approved' | 'rejected';
  quality_reasons: QualityReason[];
  challenge_result?: 'passed' | 'try_again' | 'failed' | null;
  /** The challenge that one shorter one may complete */
  follow_up?: string | null;
}

/** The recording of a live check's tasks. */
export interface LiveAnswer {
  challengeId: string;
  video: Blob;
  /** Hex HMAC of the recording; absent where the browser cannot make one */
  signature: string | null;
  cameraLabel: string;
}

export interface FaceCaptureInput {
  picture: Blob;
  live?: LiveAnswer;
}

export function captureFace({ picture, live }: FaceCaptureInput): Promise<CaptureFaceResult> {
  const data = new FormData();
  data.append('face_image', picture, picture instanceof File ? picture.name : 'face.jpg');
  if (live !== undefined) {
    data.append('challenge_id', live.challengeId);
    data.append('live_video', live.video, live.video.type.includes('mp4') ? 'live.mp4' : 'live.webm');
    if (live.signature !== null) data.append('live_video_signature', live.signature);
    if (live.cameraLabel !== '') data.append('camera_label', live.cameraLabel.slice(0, 200));
    // The video takes the server some seconds.
    data.append('wait_seconds', '30');
  }
  return call({ method: 'POST', url: '/face/capture', data, timeout: 120_000 });
}

export const useCaptureFace = () => useMutation({ mutationFn: captureFace });
