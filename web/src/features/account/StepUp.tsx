import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import Typography from '@mui/material/Typography';
import type { SubmitEvent } from 'react';
import { needsProof } from '@/features/account/api/login';
import { useStepUp } from '@/features/account/api/security';
import { SecondFactorForm } from '@/features/account/SecondFactorForm';
import { enteredText } from '@/lib/form';
import { FaultNotice } from '@/ui/FaultNotice';
import { PasswordField } from '@/ui/PasswordField';

/** Asks who is there before a change that a thief of the session would make first. */
export function StepUp({ open, onDone, onCancel }: { open: boolean; onDone: () => void; onCancel: () => void }) {
  const stepUp = useStepUp();
  const challenge = stepUp.data !== undefined && needsProof(stepUp.data) ? stepUp.data : undefined;
  const finish = () => {
    stepUp.reset();
    onDone();
  };
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    stepUp.mutate(enteredText(new FormData(event.currentTarget), 'password'), {
      onSuccess: (answer) => {
        if (!needsProof(answer)) finish();
      },
    });
  };
  return (
    <Dialog open={open} onClose={onCancel} fullWidth maxWidth="xs" aria-labelledby="step-up-title">
      <DialogTitle id="step-up-title">Confirm that it is you</DialogTitle>
      <DialogContent>
        {challenge !== undefined ? (
          <SecondFactorForm challenge={challenge} onProved={finish} />
        ) : (
          <Box component="form" onSubmit={submit} noValidate sx={{ display: 'grid', gap: 2.25, pt: 1 }}>
            <Typography>This change needs your password once more.</Typography>
            <FaultNotice fault={stepUp.error} />
            <PasswordField id="step-up-password" name="password" label="Password" autoComplete="current-password" required />
            <Button type="submit" variant="contained" loading={stepUp.isPending}>
              Continue
            </Button>
          </Box>
        )}
      </DialogContent>
    </Dialog>
  );
}
