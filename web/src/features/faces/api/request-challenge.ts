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

export interface ChallengeInput {
  lights: boolean;
  /** A check that left one thing open: the new one is shorter and completes it */
  follows?: string;
}

export function requestChallenge(input: ChallengeInput): Promise<Challenge> {
  return call({ method: 'POST', url: '/face/challenge', data: input });
}

export const useRequestChallenge = () => useMutation({ mutationFn: requestChallenge });
