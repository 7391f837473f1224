import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Paper from '@mui/material/Paper';
import Typography from '@mui/material/Typography';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { WizardSteps } from '@/app/screens/WizardSteps';
import { DocumentReading } from '@/features/documents/DocumentReading';
import { DocumentStep } from '@/features/documents/DocumentStep';
import { PictureAdvice } from '@/features/documents/PictureAdvice';
import { FaceStep } from '@/features/faces/FaceStep';
import type { Decision } from '@/features/verifications/api/get-verification-status';
import { useStartVerification } from '@/features/verifications/api/start-verification';
import { VerificationResult } from '@/features/verifications/VerificationResult';
import { FaultNotice } from '@/ui/FaultNotice';

type Stage =
  | { step: 'document' }
  | { step: 'face'; documentId: string }
  | { step: 'result'; documentId: string; verificationId: string };

const headings = { document: 'Your document', face: 'Your face', result: 'Your result' };
const leads = {
  document: 'Choose what you have and photograph it. You can also send a scan.',
  face: 'Look straight into the camera, without sunglasses or a mask.',
  result: 'What the checks of your document and your face have found.',
};

type Outcome = Decision['outcome'];

/** Document, face, result. The document is read while the person goes on. */
export function VerificationWizard({ next }: { next: (outcome: Outcome, restart: () => void) => ReactNode }) {
  const [stage, setStage] = useState<Stage>({ step: 'document' });
  const start = useStartVerification();
  const heading = useRef<HTMLHeadingElement>(null);
  const { step } = stage;

  // A new step is announced by focusing its heading; the first one is the page itself.
  const shown = useRef(step);
  useEffect(() => {
    if (shown.current !== step) heading.current?.focus();
    shown.current = step;
  }, [step]);

  const restart = () => {
    start.reset();
    setStage({ step: 'document' });
  };

  const begin = async (documentId: string) => {
    const { verification_id } = await start.mutateAsync([documentId]);
    setStage({ step: 'result', documentId, verificationId: verification_id });
  };

  return (
    <Box id="verification-wizard" sx={{ display: 'grid', gap: 3 }}>
      <WizardSteps current={step} />
      <Box
        sx={{
          display: 'grid',
          gap: 3,
          alignItems: 'start',
          gridTemplateColumns: { xs: 'minmax(0, 1fr)', md: 'minmax(0, 1fr) 340px' },
        }}
      >
        <Paper variant="outlined" component="section" aria-labelledby="wizard-step" sx={{ p: { xs: 2, sm: 4 }, minWidth: 0 }}>
          <Typography id="wizard-step" ref={heading} tabIndex={-1} variant="h2" sx={{ outline: 'none' }}>
            {headings[step]}
          </Typography>
          <Typography color="textSecondary" sx={{ mt: 0.5, mb: 3 }}>
            {leads[step]}
          </Typography>
          {stage.step === 'document' && <DocumentStep onUploaded={(documentId) => setStage({ step: 'face', documentId })} />}
          {stage.step === 'face' && (
            <Box sx={{ display: 'grid', gap: 2 }}>
              <FaceStep onAccepted={() => begin(stage.documentId)} />
              <FaultNotice
                fault={start.error}
                action={
                  <Button color="inherit" size="small" loading={start.isPending} onClick={() => void begin(stage.documentId).catch(() => undefined)}>
                    Try again
                  </Button>
                }
              />
            </Box>
          )}
          {stage.step === 'result' && (
            <VerificationResult
              verificationId={stage.verificationId}
              next={(outcome) => next(outcome, restart)}
            />
          )}
        </Paper>
        {stage.step === 'document' ? (
          <PictureAdvice />
        ) : (
          <Box sx={{ display: 'grid', gap: 1, minWidth: 0 }}>
            <DocumentReading key={stage.documentId} documentId={stage.documentId} />
            {stage.step === 'face' && (
              <Button onClick={restart} sx={{ justifySelf: 'start' }}>
                Use another picture of the document
              </Button>
            )}
          </Box>
        )}
      </Box>
    </Box>
  );
}
