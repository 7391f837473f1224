import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import LinearProgress from '@mui/material/LinearProgress';
import Typography from '@mui/material/Typography';
import { useDocument, type DocumentDetails, type DocumentField, type DocumentFinding } from '@/features/documents/api/get-document';
import { DocumentPictures } from '@/features/documents/DocumentPictures';
import { documentLabel } from '@/features/documents/document-types';
import { formatDate, humanize } from '@/lib/format';
import { FaultNotice } from '@/ui/FaultNotice';
import { CheckIcon, InfoIcon, WarningIcon } from '@/ui/icons';
import { Panel } from '@/ui/Panel';
import { StatusChip } from '@/ui/StatusChip';

const labels: Record<string, string> = {
  document_number: 'Document number',
  dob: 'Date of birth',
  gender: 'Gender',
  sex: 'Sex',
  yob: 'Year of birth',
  mrz: 'Machine-readable lines',
};

type Shown = Pick<DocumentField, 'name' | 'value' | 'confidence' | 'valid'>;

function shownFields(document: DocumentDetails): Shown[] {
  if (document.fields.length > 0) return document.fields;
  return Object.entries(document.ocr_data ?? {})
    .filter(([, value]) => typeof value === 'string')
    .map(([name, value]) => ({ name, value, confidence: null, valid: null }));
}

function inWords(confidence: number): string {
  if (confidence >= 0.9) return 'Clearly readable';
  if (confidence >= 0.7) return 'Readable';
  return 'Hard to read';
}

/** Letters that must not be confused are set in the monospaced face. */
const coded = new Set(['document_number', 'mrz', 'passport_number', 'pan_number', 'aadhaar_number']);

function Field({ field }: { field: Shown }) {
  const { name, value, confidence, valid } = field;
  const doubtful = valid === false || (confidence !== null && confidence < 0.7);
  return (
    <Box sx={{ display: 'grid', gap: 0.25 }}>
      <Typography component="dt" variant="body2" color="textSecondary">
        {labels[name] ?? humanize(name)}
      </Typography>
      <Box component="dd" sx={{ m: 0, display: 'flex', flexWrap: 'wrap', alignItems: 'baseline', columnGap: 1.5 }}>
        <Typography component="span" sx={{ fontWeight: 600, overflowWrap: 'anywhere', ...(coded.has(name) && { fontFamily: 'mono', fontWeight: 500 }) }}>
          {value === null ? 'Not found' : formatDate(value)}
        </Typography>
        {(confidence !== null || valid === false) && (
          <Typography component="span" variant="body2" sx={{ color: doubtful ? 'warning.dark' : 'text.secondary', whiteSpace: 'nowrap' }}>
            {valid === false ? 'Does not look right' : inWords(confidence ?? 0)}
            {confidence !== null && ` (${Math.round(confidence * 100)} %)`}
          </Typography>
        )}
      </Box>
    </Box>
  );
}

const findingIcons = {
  passed: <CheckIcon sx={{ fontSize: 19, color: 'success.main' }} />,
  failed: <WarningIcon sx={{ fontSize: 19, color: 'warning.dark' }} />,
  not_checked: <InfoIcon sx={{ fontSize: 19, color: 'text.secondary' }} />,
};
const findingWords = { passed: 'Passed', failed: 'Failed', not_checked: 'Not checked' };

function Finding({ finding }: { finding: DocumentFinding }) {
  return (
    <Box component="li" sx={{ display: 'flex', gap: 1, alignItems: 'flex-start' }}>
      <Box role="img" aria-label={findingWords[finding.result]} sx={{ display: 'flex', mt: 0.2 }}>
        {findingIcons[finding.result]}
      </Box>
      <Box sx={{ minWidth: 0, overflowWrap: 'anywhere' }}>
        <Typography variant="body2">{finding.explanation}</Typography>
        {finding.limits !== undefined && (
          <Typography variant="body2" color="textSecondary">
            {finding.limits}
          </Typography>
        )}
      </Box>
    </Box>
  );
}

const assurances = {
  read_only: 'It was read from print alone.',
  internally_consistent: 'Its check digits or two of its sources agree.',
  cryptographically_verified: 'Its issuer’s digital signature confirms what it says.',
};

/** How far the reading can be relied on. */
function Assurance({ document: { assurance, evidence = [] } }: { document: DocumentDetails }) {
  if (assurance == null) return null;
  const broken = evidence.some(({ state }) => state === 'signature_invalid');
  return (
    <>
      {broken && <Alert severity="error">A digital signature on this document does not fit what it says.</Alert>}
      {!broken && <Typography>{assurances[assurance]}</Typography>}
    </>
  );
}

interface Props {
  documentId: string;
  /** The wizard shows what is wrong; the document's own page shows every check. */
  everyCheck?: boolean;
}

/** What was read from a document and how sure that is; follows the reading while it runs. */
export function DocumentReading({ documentId, everyCheck = false }: Props) {
  const { data: document, error } = useDocument(documentId);
  const reading = document === undefined || document.verification_status === 'processing';
  const fields = document === undefined ? [] : shownFields(document);
  const findings = (document?.findings ?? []).filter(({ result }) => everyCheck || result === 'failed');
  return (
    <Panel
      title={document === undefined ? 'Your document' : documentLabel(document.document_type)}
      action={document && <StatusChip status={document.needs_review && !reading ? 'needs_review' : document.verification_status} />}
    >
      <Box sx={{ px: { xs: 2, sm: 3 }, py: 2, display: 'grid', gap: 2 }} aria-live="polite" aria-busy={reading}>
        {error !== null && document === undefined && <FaultNotice fault={error} />}
        {reading && error === null && (
          <Box>
            <Typography sx={{ mb: 1 }}>Reading your document…</Typography>
            <LinearProgress
              aria-label="Reading your document"
              variant={document?.progress_percentage === undefined ? 'indeterminate' : 'determinate'}
              value={document?.progress_percentage ?? 0}
            />
            <Typography variant="body2" color="textSecondary" sx={{ mt: 1 }}>
              You need not wait for it.
            </Typography>
          </Box>
        )}
        {!reading && everyCheck && <DocumentPictures documentId={documentId} images={document.images ?? []} />}
        {!reading && document.expiry_state === 'expired' && <Alert severity="error">This document has expired.</Alert>}
        {!reading && document.expiry_state === 'expiring' && <Alert severity="info">This document will expire soon.</Alert>}
        {!reading && everyCheck && <Assurance document={document} />}
        {!reading && fields.length === 0 && (
          <Typography>Nothing could be read from this picture.</Typography>
        )}
        {fields.length > 0 && (
          <Box component="dl" sx={{ m: 0, display: 'grid', gap: 1.5 }}>
            {fields.map((field) => (
              <Field key={field.name} field={field} />
            ))}
          </Box>
        )}
        {!reading && document.verification_status === 'rejected' && (
          <Alert severity="warning">
            This document was not accepted. A sharp picture in even light, with all four corners in view, helps most.
          </Alert>
        )}
        {findings.length > 0 && (
          <Box component="ul" sx={{ listStyle: 'none', m: 0, p: 0, display: 'grid', gap: 1 }}>
            {findings.map((finding) => (
              <Finding key={`${finding.check} ${finding.explanation}`} finding={finding} />
            ))}
          </Box>
        )}
      </Box>
    </Panel>
  );
}
