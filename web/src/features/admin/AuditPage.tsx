import Box from '@mui/material/Box';
import Typography from '@mui/material/Typography';
import { useAudit, type AuditEntry } from '@/features/admin/api/list-audit';
import { Disclosure } from '@/features/admin/Disclosure';
import { formatTime } from '@/lib/format';
import { PagedList } from '@/ui/PagedList';
import { Panel } from '@/ui/Panel';
import { Screen } from '@/ui/Screen';

function Entry({ entry }: { entry: AuditEntry }) {
  const { seq, action, user_id, ip_address, created_at, details } = entry;
  return (
    <Disclosure
      summary={
        <Box sx={{ display: 'grid', gridTemplateColumns: { xs: 'auto 1fr', md: '64px minmax(0, 1fr) 190px 150px' }, columnGap: 2, rowGap: 0.25, alignItems: 'baseline' }}>
          <Typography variant="body2" color="textSecondary" sx={{ fontFamily: 'mono' }}>
            {seq}
          </Typography>
          <Typography sx={{ fontWeight: 600, overflowWrap: 'anywhere' }}>{action}</Typography>
          <Typography variant="body2" color="textSecondary" sx={{ gridColumn: { xs: '2', md: 'auto' } }}>
            {formatTime(created_at)}
          </Typography>
          <Typography variant="body2" color="textSecondary" sx={{ gridColumn: { xs: '2', md: 'auto' }, overflowWrap: 'anywhere' }}>
            {ip_address ?? 'Local'}
          </Typography>
        </Box>
      }
    >
      <Typography variant="body2" sx={{ mb: 1, overflowWrap: 'anywhere' }}>
        {user_id === null ? 'By the system' : `By user ${user_id}`}
      </Typography>
      <Typography component="pre" sx={{ m: 0, p: 2, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', bgcolor: 'background.default', borderRadius: 1, fontFamily: 'mono', fontSize: '0.8125rem' }}>
        {typeof details === 'string' ? details : JSON.stringify(details, null, 2)}
      </Typography>
    </Disclosure>
  );
}

export function AuditPage() {
  const pages = useAudit();
  return (
    <Screen title="Audit" lead="Every change of state and every access to personal data, newest first. Each entry is chained to the one before it.">
      <Panel title="Entries">
        <PagedList pages={pages} keyOf={({ id }) => id} empty="The audit log is empty." renderItem={(entry) => <Entry entry={entry} />} />
      </Panel>
    </Screen>
  );
}
