import Box from '@mui/material/Box';
import Typography from '@mui/material/Typography';
import { useOutbox, type OutboxMessage } from '@/features/admin/api/list-outbox';
import { Disclosure } from '@/features/admin/Disclosure';
import { formatTime, humanize } from '@/lib/format';
import { PagedList } from '@/ui/PagedList';
import { Panel } from '@/ui/Panel';
import { Screen } from '@/ui/Screen';
import { StatusChip } from '@/ui/StatusChip';

function Message({ message }: { message: OutboxMessage }) {
  const { channel, recipient, subject, body, status, created_at } = message;
  return (
    <Disclosure
      summary={
        <Box sx={{ display: 'flex', flexWrap: 'wrap', alignItems: 'center', columnGap: 2, rowGap: 0.5 }}>
          <Box sx={{ flex: '1 1 260px', minWidth: 0 }}>
            <Typography sx={{ fontWeight: 600, overflowWrap: 'anywhere' }}>{subject ?? humanize(channel)}</Typography>
            <Typography variant="body2" color="textSecondary" sx={{ overflowWrap: 'anywhere' }}>
              {humanize(channel)} to {recipient} · {formatTime(created_at)}
            </Typography>
          </Box>
          <StatusChip status={humanize(status)} />
        </Box>
      }
    >
      <Typography component="pre" sx={{ m: 0, p: 2, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', bgcolor: 'background.default', borderRadius: 1, fontFamily: 'inherit' }}>
        {body}
      </Typography>
    </Disclosure>
  );
}

export function OutboxPage() {
  const pages = useOutbox();
  return (
    <Screen title="Outbox" lead="Every message the system has written to people, newest first.">
      <Panel title="Messages">
        <PagedList pages={pages} keyOf={({ id }) => id} empty="No message has been written." renderItem={(message) => <Message message={message} />} />
      </Panel>
    </Screen>
  );
}
