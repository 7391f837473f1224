import { useMutation } from '@tanstack/react-query';
import { call } from '@/lib/http';

export type ChallengeAction = 'turn_left' | 'turn_right' | 'nod' | 'blink' | 'smile' | 'approach' | 'light';

export interface ChallengeStep {
  action: ChallengeAction;
  at_ms: number;
  duration_ms: number;
  /** `#rrggbb`, of a light step */
  colour: string | null;
}

export interface Challenge {
  challenge_id: string;
  /** base64url */
  nonce: string;
  steps: ChallengeStep[];
  length_ms: number;
  expires_at: string;
}

export function requestChallenge(lights: boolean): Promise<Challenge> {
  return call({ method: 'POST', url: '/face/challenge', data: { lights } });
}

export const useRequestChallenge = () => useMutation({ mutationFn: requestChallenge });
