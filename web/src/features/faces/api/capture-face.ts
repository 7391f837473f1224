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
}

export function captureFace(picture: Blob): Promise<CaptureFaceResult> {
  const data = new FormData();
  data.append('face_image', picture, picture instanceof File ? picture.name : 'face.jpg');
  return call({ method: 'POST', url: '/face/capture', data, timeout: 120_000 });
}

export const useCaptureFace = () => useMutation({ mutationFn: captureFace });
