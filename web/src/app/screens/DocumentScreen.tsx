import { useParams } from 'react-router';
import { DocumentReading } from '@/features/documents/DocumentReading';
import { Screen } from '@/ui/Screen';

export function DocumentScreen() {
  const { id = '' } = useParams();
  return (
    <Screen title="Document" lead="What was read from it, and every check that was made." width={720}>
      <DocumentReading key={id} documentId={id} everyCheck />
    </Screen>
  );
}
