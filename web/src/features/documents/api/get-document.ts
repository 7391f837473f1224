import { useQuery } from '@tanstack/react-query';
import { call } from '@/lib/http';

export interface DocumentField {
  name: string;
  value: string | null;
  /** 0 to 1 */
  confidence: number | null;
  source: string;
  valid: boolean | null;
}

export interface DocumentFinding {
  check: string;
  result: 'passed' | 'failed' | 'not_checked';
  explanation: string;
  /** What the check cannot see */
  limits?: string;
}

export interface DocumentEvidence {
  kind: string;
  state: 'verified' | 'signature_invalid' | 'unverified' | 'expired_key' | 'not_signed' | 'unreadable';
}

export interface DocumentImage {
  side: 'front' | 'back';
  page: number;
}

export interface DocumentDetails {
  id: string;
  document_type: string;
  /** Masked for Aadhaar */
  document_number: string | null;
  is_verified: boolean;
  verification_status: 'processing' | 'approved' | 'rejected';
  needs_review: boolean;
  ocr_data: Record<string, string | null> | null;
  confidence_score: number | null;
  fields: DocumentField[];
  findings: DocumentFinding[];
  evidence?: DocumentEvidence[];
  assurance?: 'read_only' | 'internally_consistent' | 'cryptographically_verified' | null;
  expiry_state?: 'valid' | 'expiring' | 'expired' | null;
  stage?: 'received' | 'reading' | 'read' | 'final';
  progress_percentage?: number;
  images?: DocumentImage[];
  created_at: string;
  updated_at: string;
}

export function getDocument(id: string): Promise<DocumentDetails> {
  return call({ url: `/documents/${encodeURIComponent(id)}` });
}

/** Asks again until the document has been read. */
export const useDocument = (id: string) =>
  useQuery({
    queryKey: ['document', id],
    queryFn: () => getDocument(id),
    // The next poll is the retry.
    retry: false,
    refetchInterval: ({ state }) => {
      if (state.error !== null && !state.error.transient) return false;
      return state.data === undefined || state.data.verification_status === 'processing' ? 700 : false;
    },
  });
