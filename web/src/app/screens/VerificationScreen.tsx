import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Paper from '@mui/material/Paper';
import { Link, useParams } from 'react-router';
import { VerificationResult } from '@/features/verifications/VerificationResult';
import { Screen } from '@/ui/Screen';

export function VerificationScreen() {
  const { id = '' } = useParams();
  return (
    <Screen title="Verification" width={720}>
      <Paper variant="outlined">
        <Box sx={{ p: { xs: 2, sm: 4 } }}>
          <VerificationResult
            key={id}
            verificationId={id}
            next={(outcome) => (
              <Button component={Link} to={outcome === 'rejected' ? '/verify' : '/dashboard'} variant="contained">
                {outcome === 'rejected' ? 'Try again' : 'Go to the dashboard'}
              </Button>
            )}
          />
        </Box>
      </Paper>
    </Screen>
  );
}
