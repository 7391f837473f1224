import Button from '@mui/material/Button';
import { Link } from 'react-router';
import { VerificationWizard } from '@/app/screens/VerificationWizard';
import { Screen } from '@/ui/Screen';

export function VerifyScreen() {
  return (
    <Screen title="Verify your identity" width={1080}>
      <VerificationWizard
        next={(outcome, restart) => (
          <>
            {outcome === 'rejected' && (
              <Button variant="contained" size="large" onClick={restart}>
                Start again
              </Button>
            )}
            <Button component={Link} to="/dashboard" variant={outcome === 'rejected' ? 'outlined' : 'contained'} size="large">
              Go to the dashboard
            </Button>
          </>
        )}
      />
    </Screen>
  );
}
