import Box from '@mui/material/Box';
import Skeleton from '@mui/material/Skeleton';
import Typography from '@mui/material/Typography';
import { useMe } from '@/features/account/api/get-me';
import { formatDate } from '@/lib/format';
import { FaultNotice } from '@/ui/FaultNotice';
import { Panel } from '@/ui/Panel';

/** What the account says about its owner: the side that documents are compared with. */
export function AccountCard() {
  const { data: me, error } = useMe();
  const rows = me && [
    ['Name', me.name],
    ['Date of birth', me.dob === null ? 'Not given' : formatDate(me.dob)],
    ['Email', me.email_verified ? me.email : `${me.email}\n(not confirmed yet)`],
    ['Phone', me.phone ?? 'Not given'],
    ['Address', me.address ?? 'Not given'],
  ];
  return (
    <Panel title="Your details">
      <Box sx={{ px: { xs: 2, sm: 3 }, py: 2 }}>
        <FaultNotice fault={error} />
        {rows === undefined && error === null && <Skeleton variant="rounded" height={140} />}
        {rows && (
          <Box component="dl" sx={{ m: 0, display: 'grid', gap: 1.25 }}>
            {rows.map(([label, value]) => (
              <Box key={label}>
                <Typography component="dt" variant="body2" color="textSecondary">
                  {label}
                </Typography>
                <Typography component="dd" sx={{ m: 0, overflowWrap: 'anywhere', whiteSpace: 'pre-line' }}>
                  {value}
                </Typography>
              </Box>
            ))}
          </Box>
        )}
      </Box>
    </Panel>
  );
}
