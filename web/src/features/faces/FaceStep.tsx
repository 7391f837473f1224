import Alert from '@mui/material/Alert';
import AlertTitle from '@mui/material/AlertTitle';
import Box from '@mui/material/Box';
import { useCaptureFace } from '@/features/faces/api/capture-face';
import { FaceCapture } from '@/features/faces/FaceCapture';
import { FaultNotice } from '@/ui/FaultNotice';

interface Props {
  /** Called with a picture the server accepts; awaited while the capture shows that it works. */
  onAccepted: () => Promise<void>;
}

/** Takes pictures of the face until one is good enough, saying what to change. */
export function FaceStep({ onAccepted }: Props) {
  const capture = useCaptureFace();

  const send = async (picture: Blob) => {
    try {
      const result = await capture.mutateAsync(picture);
      if (result.verification_status !== 'rejected') await onAccepted();
    } catch {
      // Shown through capture.error; failures of onAccepted are shown by its owner.
    }
  };

  const refused = capture.data?.verification_status === 'rejected' ? capture.data.quality_reasons : null;
  return (
    <FaceCapture
      onCapture={send}
      notice={
        capture.isError ? (
          <FaultNotice fault={capture.error} />
        ) : (
          refused !== null && (
            <Alert severity="warning">
              <AlertTitle sx={{ mb: refused.length > 0 ? 0.5 : 0 }}>This picture cannot be used. Please take another.</AlertTitle>
              {refused.length > 0 && (
                <Box component="ul" sx={{ m: 0, pl: 2.5 }}>
                  {refused.map(({ code, message }) => (
                    <li key={code}>{message}</li>
                  ))}
                </Box>
              )}
            </Alert>
          )
        )
      }
    />
  );
}
