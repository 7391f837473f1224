import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Typography from '@mui/material/Typography';
import { useConsents, useWithdrawal } from '@/features/oauth/api/consents';
import { ScopeList } from '@/features/oauth/ScopeList';
import { formatTime } from '@/lib/format';
import { FaultNotice } from '@/ui/FaultNotice';
import { Panel } from '@/ui/Panel';
import { Screen } from '@/ui/Screen';

/** The applications that the visitor gave access, and taking it away. */
export function ApplicationsPage() {
  const consents = useConsents();
  const withdrawal = useWithdrawal();
  return (
    <Screen title="Applications" lead="What you have given access to your account.">
      <Panel title="Access given">
        <FaultNotice fault={consents.error ?? withdrawal.error} />
        {consents.data?.items.length === 0 && <Typography>No application has access.</Typography>}
        <Box sx={{ display: 'grid', gap: 3 }}>
          {consents.data?.items.map((consent) => (
            <Box key={consent.client_id} sx={{ display: 'grid', gap: 1 }}>
              <Typography sx={{ fontWeight: 600 }}>{consent.client_name}</Typography>
              <ScopeList scopes={consent.scopes} claims={consent.claims} />
              <Box sx={{ display: 'flex', alignItems: 'center', gap: 2, flexWrap: 'wrap' }}>
                <Typography variant="body2" color="textSecondary">
                  Since {formatTime(consent.granted_at)}
                </Typography>
                <Button size="small" variant="outlined" disabled={withdrawal.isPending} onClick={() => withdrawal.mutate(consent.client_id)}>
                  Take access away
                </Button>
              </Box>
            </Box>
          ))}
        </Box>
      </Panel>
    </Screen>
  );
}
