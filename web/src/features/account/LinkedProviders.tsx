import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Typography from '@mui/material/Typography';
import { useLeaveToLink, useLinkedProviders, useOutsideProviders, useUnlink } from '@/features/account/api/outside';
import type { ApiFault } from '@/lib/api-fault';
import { formatTime } from '@/lib/format';
import { FaultNotice } from '@/ui/FaultNotice';
import { Panel } from '@/ui/Panel';

/** Outside providers that the account can be signed in to through. `guard` answers a call for a step-up. */
export function LinkedProviders({ guard }: { guard: (run: () => void) => (fault: ApiFault) => void }) {
  const providers = useOutsideProviders();
  const linked = useLinkedProviders();
  const leave = useLeaveToLink();
  const unlink = useUnlink();
  const items = linked.data?.items ?? [];
  const open = (providers.data?.items ?? []).filter(({ provider_id }) => !items.some((item) => item.provider_id === provider_id));
  if (items.length === 0 && open.length === 0) return null;
  const fault = leave.error ?? unlink.error;
  const add = (provider: string) => leave.mutate(provider, { onError: guard(() => add(provider)) });
  const drop = (identity: string) => unlink.mutate(identity, { onError: guard(() => drop(identity)) });
  return (
    <Panel title="Sign-in through others">
      <Box sx={{ p: { xs: 2, sm: 3 }, display: 'grid', gap: 2 }}>
        {fault?.code !== 'INSUFFICIENT_USER_AUTHENTICATION' && <FaultNotice fault={fault} />}
        {items.map((item) => (
          <Box key={item.identity_id} sx={{ display: 'flex', flexWrap: 'wrap', alignItems: 'center', justifyContent: 'space-between', gap: 1.5 }}>
            <Box>
              <Typography sx={{ fontWeight: 600 }}>{item.provider}</Typography>
              <Typography variant="body2" color="textSecondary">
                Linked {formatTime(item.linked_at)}
              </Typography>
            </Box>
            <Button variant="outlined" color="error" disabled={unlink.isPending} onClick={() => drop(item.identity_id)}>
              Unlink
            </Button>
          </Box>
        ))}
        {open.map(({ provider_id, name }) => (
          <Box key={provider_id}>
            <Button variant="outlined" disabled={leave.isPending} onClick={() => add(provider_id)}>
              Link {name}
            </Button>
          </Box>
        ))}
      </Box>
    </Panel>
  );
}
