import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import { Link } from 'react-router';
import { AccountCard } from '@/features/account/AccountCard';
import { DocumentList } from '@/features/documents/DocumentList';
import { VerificationList } from '@/features/verifications/VerificationList';
import { Screen } from '@/ui/Screen';

export function DashboardScreen() {
  return (
    <Screen
      title="Dashboard"
      lead="Your verifications and the documents they rest on."
      action={
        <Button component={Link} to="/verify" variant="contained" size="large">
          Start a verification
        </Button>
      }
    >
      <Box sx={{ display: 'grid', gap: 3, gridTemplateColumns: { xs: 'minmax(0, 1fr)', md: 'minmax(0, 1fr) 320px' }, alignItems: 'start' }}>
        <Box sx={{ display: 'grid', gap: 3, minWidth: 0 }}>
          <VerificationList />
          <DocumentList />
        </Box>
        <AccountCard />
      </Box>
    </Screen>
  );
}
