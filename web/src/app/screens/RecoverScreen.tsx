import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import { VerificationWizard } from '@/app/screens/VerificationWizard';
import { useFinishRecovery } from '@/features/account/api/recover';
import { FaultNotice } from '@/ui/FaultNotice';
import { Screen } from '@/ui/Screen';

/** Whoever lost every second factor proves the account's verified identity anew, with the same document. */
export function RecoverScreen() {
  const finish = useFinishRecovery();
  return (
    <Box component="main">
      <Screen title="Recover your account" width={1080}>
        <Alert severity="info" sx={{ mb: 3 }}>
          Show the document that your account was verified with, and your face. When both are approved, your lost second factors are removed and all
          sessions end.
        </Alert>
        <VerificationWizard
          next={(outcome, restart) =>
            outcome === 'approved' ? (
              <Box sx={{ display: 'grid', gap: 2 }}>
                <FaultNotice fault={finish.error} />
                <Button id="recover-button" variant="contained" size="large" loading={finish.isPending} onClick={() => finish.mutate()}>
                  Recover my account
                </Button>
              </Box>
            ) : (
              <Button variant="contained" size="large" onClick={restart}>
                Start again
              </Button>
            )
          }
        />
      </Screen>
    </Box>
  );
}
