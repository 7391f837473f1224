import Alert from '@mui/material/Alert';
import AlertTitle from '@mui/material/AlertTitle';
import Box from '@mui/material/Box';
import { useCaptureFace, type FaceCaptureInput } from '@/features/faces/api/capture-face';
import { useRequestChallenge } from '@/features/faces/api/request-challenge';
import { FaceCapture, type LiveCamera } from '@/features/faces/FaceCapture';
import { recordChallenge, signRecording } from '@/features/faces/record-challenge';
import { FaultNotice } from '@/ui/FaultNotice';

interface Props {
  /** Called with a picture the server accepts; awaited while the capture shows that it works. */
  onAccepted: () => Promise<void>;
}

/** Takes pictures of the face until one is good enough, saying what to change. */
export function FaceStep({ onAccepted }: Props) {
  const capture = useCaptureFace();
  const challenge = useRequestChallenge();

  const open = (capture.data?.verification_status === 'rejected' ? capture.data.follow_up : null) ?? null;

  const send = async (input: FaceCaptureInput) => {
    challenge.reset();
    try {
      const result = await capture.mutateAsync(input);
      if (result.verification_status !== 'rejected') await onAccepted();
    } catch {
      // Shown through capture.error; failures of onAccepted are shown by its owner.
    }
  };

  const liveCheck = async ({ stream, picture, lights, showStep, signal }: LiveCamera) => {
    const follows = open;
    capture.reset();
    const issued = await challenge.mutateAsync(follows === null ? { lights } : { lights, follows }).catch(() => null);
    if (issued === null) return; // shown through challenge.error
    showStep(null);
    const video = await recordChallenge(stream, issued, showStep, signal);
    const live = {
      challengeId: issued.challenge_id,
      video,
      signature: await signRecording(issued, video),
      cameraLabel: stream.getVideoTracks()[0]?.label ?? '',
    };
    await send({ picture, live });
  };

  const fault = capture.error ?? challenge.error;
  const refused = capture.data?.verification_status === 'rejected' ? capture.data.quality_reasons : null;
  const checked = capture.data?.challenge_result !== undefined && capture.data.challenge_result !== null;
  return (
    <FaceCapture
      onCapture={(picture) => send({ picture })}
      onLiveCheck={liveCheck}
      notice={
        fault !== null ? (
          <FaultNotice fault={fault} />
        ) : (
          refused !== null && (
            <Alert severity="warning">
              <AlertTitle sx={{ mb: refused.length > 0 ? 0.5 : 0 }}>
                {open !== null
                  ? 'One movement was not seen. Do the live check once more; it is shorter now.'
                  : checked
                    ? 'The live check did not succeed. Please try again.'
                    : 'This picture cannot be used. Please take another.'}
              </AlertTitle>
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
