import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import CircularProgress from '@mui/material/CircularProgress';
import LinearProgress from '@mui/material/LinearProgress';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';
import {
  isDecided,
  useVerificationStatus,
  type Decision,
  type Reason,
  type VerificationStatus,
  type VerificationStep,
} from '@/features/verifications/api/get-verification-status';
import { humanize } from '@/lib/format';
import { FaultNotice } from '@/ui/FaultNotice';
import { CheckIcon, ClockIcon, CrossIcon, InfoIcon, SealIcon, WarningIcon } from '@/ui/icons';

interface Props {
  verificationId: string;
  /** What the person can do after the decision */
  next: (outcome: Decision['outcome']) => ReactNode;
}

/** Follows a verification to its decision and explains that. */
export function VerificationResult({ verificationId, next }: Props) {
  const { data: verification, error, refetch } = useVerificationStatus(verificationId);
  if (verification === undefined) {
    return error === null ? (
      <LinearProgress aria-label="Loading" />
    ) : (
      <FaultNotice
        fault={error}
        action={
          <Button color="inherit" size="small" onClick={() => void refetch()}>
            Try again
          </Button>
        }
      />
    );
  }
  const decision = decisionOf(verification);
  return (
    <Box aria-live="polite">
      {decision === null ? (
        <Progress verification={verification} interrupted={error !== null} />
      ) : (
        <Outcome decision={decision} next={next(decision.outcome)} />
      )}
    </Box>
  );
}

function decisionOf(verification: VerificationStatus): Decision | null {
  if (!isDecided(verification)) return null;
  return verification.decision ?? { outcome: verification.status as Decision['outcome'], reasons: [], confidence_score: null };
}

const done = new Set(['completed', 'approved', 'passed', 'done']);
const failed = new Set(['failed', 'rejected']);

function StepIcon({ status }: { status: string }) {
  if (done.has(status)) return <CheckIcon titleAccess="Done" sx={{ color: 'success.main' }} />;
  if (failed.has(status)) return <CrossIcon titleAccess="Failed" sx={{ color: 'error.main' }} />;
  if (status === 'in_progress' || status === 'processing') return <CircularProgress size={20} aria-label="Running" sx={{ m: '2px' }} />;
  return <ClockIcon titleAccess="Waiting" sx={{ color: 'text.disabled' }} />;
}

function Step({ step }: { step: VerificationStep }) {
  const waiting = !done.has(step.status) && !failed.has(step.status) && step.status !== 'in_progress' && step.status !== 'processing';
  return (
    <Box component="li" sx={{ display: 'flex', alignItems: 'center', gap: 1.5, py: 1.25, color: waiting ? 'text.secondary' : 'text.primary' }}>
      <StepIcon status={step.status} />
      {humanize(step.name)}
    </Box>
  );
}

function Progress({ verification, interrupted }: { verification: VerificationStatus; interrupted: boolean }) {
  const percent = Math.round(verification.progress_percentage);
  return (
    <Box sx={{ display: 'grid', gap: 2 }}>
      <Box>
        <Box sx={{ display: 'flex', justifyContent: 'space-between', gap: 2, mb: 1 }}>
          <Typography sx={{ fontWeight: 600 }}>Checking your document and your face…</Typography>
          <Typography sx={{ fontVariantNumeric: 'tabular-nums' }}>{percent} %</Typography>
        </Box>
        <LinearProgress variant="determinate" value={percent} aria-label="Verification progress" />
      </Box>
      {verification.steps.length > 0 && (
        <Box component="ol" sx={{ listStyle: 'none', m: 0, p: 0, '& > li + li': { borderTop: 1, borderColor: 'divider' } }}>
          {verification.steps.map((step) => (
            <Step key={step.name} step={step} />
          ))}
        </Box>
      )}
      {interrupted && <Alert severity="warning">The connection was interrupted. This page keeps trying.</Alert>}
      <Typography variant="body2" color="textSecondary">
        This usually takes a few seconds. You may leave this page: the result will be on your dashboard.
      </Typography>
    </Box>
  );
}

function Outcome({ decision: { outcome, reasons }, next }: { decision: Decision; next: ReactNode }) {
  const rejected = outcome === 'rejected';
  const tone = rejected ? 'error' : outcome === 'needs_review' ? 'warning' : 'success';
  const Icon = rejected ? CrossIcon : outcome === 'needs_review' ? ClockIcon : SealIcon;
  return (
    <Box id="verification-complete" sx={{ display: 'grid', gap: 3 }}>
      <Box sx={{ display: 'flex', flexDirection: { xs: 'column', sm: 'row' }, gap: 2, alignItems: { sm: 'center' } }}>
        <Box sx={{ width: 64, height: 64, borderRadius: '50%', display: 'grid', placeItems: 'center', flexShrink: 0, bgcolor: `${tone}.soft`, color: `${tone}.dark` }}>
          <Icon sx={{ fontSize: 36 }} />
        </Box>
        {rejected ? (
          <Typography id="failure-message" variant="h2" component="p">
            We could not verify your identity
          </Typography>
        ) : (
          <Typography id="success-message" variant="h2" component="p">
            Verification completed successfully{outcome === 'needs_review' && '. '}
            {outcome === 'needs_review' && (
              <Typography component="span" sx={{ display: 'block', mt: 0.5 }} color="textSecondary">
                A reviewer will confirm the result. You need not do anything more.
              </Typography>
            )}
          </Typography>
        )}
      </Box>
      {reasons.length > 0 && (
        <Box>
          <Typography variant="h3" component="h2" sx={{ mb: 1.5 }}>
            {rejected ? 'Why' : outcome === 'needs_review' ? 'What the reviewer will look at' : 'Notes'}
          </Typography>
          <Box component="ul" sx={{ listStyle: 'none', m: 0, p: 0, display: 'grid', gap: 1.25 }}>
            {reasons.map((reason) => (
              <ReasonLine key={`${reason.code} ${reason.message}`} reason={reason} />
            ))}
          </Box>
        </Box>
      )}
      {rejected && (
        <Alert severity="info" icon={<InfoIcon />}>
          You can try again. Use your own, valid document; photograph it flat, sharp and without glare; and look straight into the
          camera in even light. Your name and date of birth must be the ones on the document.
        </Alert>
      )}
      <Box sx={{ display: 'flex', flexWrap: 'wrap', gap: 1.5 }}>{next}</Box>
    </Box>
  );
}

function ReasonLine({ reason: { severity, message } }: { reason: Reason }) {
  const word = severity.toLowerCase();
  const icon = /critical|error|fatal|block|reject|fail/.test(word) ? (
    <CrossIcon titleAccess="Failed" sx={{ color: 'error.main' }} />
  ) : /warn|review/.test(word) ? (
    <WarningIcon titleAccess="Attention" sx={{ color: 'warning.dark' }} />
  ) : (
    <InfoIcon titleAccess="Note" sx={{ color: 'text.secondary' }} />
  );
  return (
    <Box component="li" sx={{ display: 'flex', gap: 1.25, alignItems: 'flex-start' }}>
      {icon}
      <Typography sx={{ minWidth: 0, overflowWrap: 'anywhere' }}>{message}</Typography>
    </Box>
  );
}
