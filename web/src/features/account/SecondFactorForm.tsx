import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import TextField from '@mui/material/TextField';
import { useContext, useState, type ReactNode, type SubmitEvent } from 'react';
import type { FurtherProof, ProofMethod } from '@/features/account/api/login';
import { useProve, useProveFace, useSendCode } from '@/features/account/api/prove';
import { enteredText } from '@/lib/form';
import { FaceCamera } from '@/ui/FaceCamera';
import { FaultNotice } from '@/ui/FaultNotice';

const names: Record<ProofMethod, string> = {
  passkey: 'Use a passkey',
  totp: 'Use the authenticator app',
  sms: 'Send a code by SMS',
  email: 'Send a code by email',
  face: 'Show your face',
  recovery_code: 'Use a recovery code',
};

const labels: Partial<Record<ProofMethod, string>> = {
  totp: 'Code from the authenticator app',
  sms: 'Code from the SMS',
  email: 'Code from the email',
  recovery_code: 'Recovery code',
};

interface Props {
  challenge: FurtherProof;
  onProved?: () => void;
  /** What whoever has none of the methods left can do */
  onLost?: ReactNode;
}

/** The second proof of a sign-in or a step-up. */
export function SecondFactorForm({ challenge, onProved, onLost }: Props) {
  const camera = useContext(FaceCamera);
  const offered = challenge.methods.filter((method) => method !== 'face' || camera !== null);
  const [method, setMethod] = useState<ProofMethod>(offered.includes('totp') ? 'totp' : (offered[0] ?? 'recovery_code'));
  const prove = useProve();
  const proveFace = useProveFace();
  const sendCode = useSendCode();

  const choose = (next: ProofMethod) => {
    prove.reset();
    proveFace.reset();
    sendCode.reset();
    setMethod(next);
    if (next === 'passkey') prove.mutate({ challenge, method: next }, { onSuccess: onProved });
    if (next === 'sms' || next === 'email') sendCode.mutate({ challenge, method: next });
  };

  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const code = enteredText(new FormData(event.currentTarget), 'code').trim();
    if (code !== '') prove.mutate({ challenge, method, code }, { onSuccess: onProved });
  };

  const needsSending = (method === 'sms' || method === 'email') && sendCode.isIdle;
  return (
    <Box sx={{ display: 'grid', gap: 2.25 }}>
      <FaultNotice fault={prove.error ?? proveFace.error ?? sendCode.error} besideFields={[]} />
      {sendCode.isSuccess && (
        <Alert severity="info" role="status">
          A code is on its way. It is valid for ten minutes.
        </Alert>
      )}
      {needsSending && <Button variant="contained" onClick={() => choose(method)}>{names[method]}</Button>}
      {labels[method] !== undefined && !needsSending && (
        <Box component="form" onSubmit={submit} noValidate sx={{ display: 'grid', gap: 2.25 }}>
          <TextField
            key={method}
            id="second-factor-code"
            name="code"
            label={labels[method]}
            autoComplete="one-time-code"
            slotProps={{ htmlInput: { inputMode: method === 'recovery_code' ? 'text' : 'numeric', 'aria-required': true } }}
          />
          <Button id="second-factor-button" type="submit" variant="contained" size="large" loading={prove.isPending}>
            Continue
          </Button>
        </Box>
      )}
      {method === 'face' &&
        camera?.(async (picture) => {
          // What went wrong is shown above; the camera stays for another try.
          await proveFace.mutateAsync({ challenge, picture }, { onSuccess: onProved }).catch(() => undefined);
        })}
      {offered
        .filter((other) => other !== method || other === 'passkey')
        .map((other) => (
          <Button key={other} variant="text" onClick={() => choose(other)}>
            {names[other]}
          </Button>
        ))}
      {onLost}
    </Box>
  );
}
