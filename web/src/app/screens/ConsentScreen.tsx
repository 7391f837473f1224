import { StepUp } from '@/features/account/StepUp';
import { ConsentPage } from '@/features/oauth/ConsentPage';

/** What an application asks for, with the proof that it may ask for first. */
export function ConsentScreen() {
  return <ConsentPage StepUp={StepUp} />;
}
