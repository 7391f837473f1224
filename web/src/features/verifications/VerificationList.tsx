import { useVerifications } from '@/features/verifications/api/list-verifications';
import { formatTime } from '@/lib/format';
import { SealIcon } from '@/ui/icons';
import { PagedList } from '@/ui/PagedList';
import { Panel } from '@/ui/Panel';
import { RowLink } from '@/ui/RowLink';
import { StatusChip } from '@/ui/StatusChip';

export function VerificationList() {
  const pages = useVerifications();
  return (
    <Panel title="Verifications">
      <PagedList
        pages={pages}
        keyOf={({ verification_id }) => verification_id}
        empty="No verification yet. Start one when you have your document at hand."
        renderItem={({ verification_id, status, created_at }) => (
          <RowLink
            to={`/verifications/${verification_id}`}
            icon={<SealIcon />}
            title="Identity verification"
            detail={created_at === undefined ? verification_id : formatTime(created_at)}
            status={<StatusChip status={status} />}
          />
        )}
      />
    </Panel>
  );
}
