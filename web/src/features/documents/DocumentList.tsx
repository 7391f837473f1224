import { useDocuments } from '@/features/documents/api/list-documents';
import { documentLabel } from '@/features/documents/document-types';
import { formatTime } from '@/lib/format';
import { DocumentIcon } from '@/ui/icons';
import { PagedList } from '@/ui/PagedList';
import { Panel } from '@/ui/Panel';
import { RowLink } from '@/ui/RowLink';
import { StatusChip } from '@/ui/StatusChip';

export function DocumentList() {
  const pages = useDocuments();
  return (
    <Panel title="Documents">
      <PagedList
        pages={pages}
        keyOf={({ id }) => id}
        empty="The documents you upload appear here."
        renderItem={(document) => (
          <RowLink
            to={`/documents/${document.id}`}
            icon={<DocumentIcon />}
            title={documentLabel(document.document_type)}
            detail={[document.document_number, formatTime(document.created_at)].filter(Boolean).join(' · ')}
            status={<StatusChip status={document.needs_review === true && document.verification_status !== 'processing' ? 'needs_review' : document.verification_status} />}
          />
        )}
      />
    </Panel>
  );
}
