import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { VerificationStep } from '@/features/verifications/api/get-verification-status';
import { call } from '@/lib/http';

export interface StartVerificationResult {
  verification_id: string;
  status: 'initiated';
  estimated_duration_minutes: number;
  steps: VerificationStep[];
}

export function startVerification(documentIds: string[]): Promise<StartVerificationResult> {
  return call({
    method: 'POST',
    url: '/verification/start',
    data: { verification_type: 'comprehensive', document_ids: documentIds, include_biometrics: false },
  });
}

export function useStartVerification() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: startVerification,
    onSuccess: () => void client.invalidateQueries({ queryKey: ['verifications'] }),
  });
}
