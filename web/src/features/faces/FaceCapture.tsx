import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Checkbox from '@mui/material/Checkbox';
import FormControlLabel from '@mui/material/FormControlLabel';
import Typography from '@mui/material/Typography';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import Webcam from 'react-webcam';
import type { ChallengeStep } from '@/features/faces/api/request-challenge';
import { LivePrompt } from '@/features/faces/LivePrompt';
import { recordingType } from '@/features/faces/record-challenge';
import { takePicture } from '@/features/faces/take-picture';
import { CameraOffIcon, UploadIcon } from '@/ui/icons';

type Camera = 'starting' | 'running' | { failed: string };

/** What a live check needs of the camera while the capture shows its tasks. */
export interface LiveCamera {
  stream: MediaStream;
  /** Taken before the tasks */
  picture: Blob;
  lights: boolean;
  showStep: (step: ChallengeStep | null) => void;
  signal: AbortSignal;
}

interface Props {
  /** Does a live check; the button for it is there only with this and where the browser can record. */
  onLiveCheck?: (camera: LiveCamera) => Promise<void>;
  /** Gets the picture; the capture shows "Processing..." until the promise settles. */
  onCapture?: (picture: Blob) => Promise<void>;
  /** What the person should know before the next try */
  notice?: ReactNode;
}

const constraints: MediaTrackConstraints = { facingMode: 'user', width: { ideal: 1280 }, height: { ideal: 720 } };

function whyNoCamera(error: string | DOMException): string {
  switch (typeof error === 'string' ? '' : error.name) {
    case 'NotAllowedError':
      return 'Allow the camera for this site in your browser, then try again.';
    case 'NotFoundError':
      return 'No camera was found on this device.';
    case 'NotReadableError':
      return 'Another program seems to be using the camera. Close it, then try again.';
    default:
      return 'The camera could not be started.';
  }
}

const prefersStillness = () => typeof window.matchMedia === 'function' && window.matchMedia('(prefers-reduced-motion: reduce)').matches;

/** The camera's picture with the oval to look into, and a file as the way out when there is no camera. */
export function FaceCapture({ onCapture, onLiveCheck, notice }: Props) {
  const webcam = useRef<Webcam>(null);
  const [camera, setCamera] = useState<Camera>('starting');
  const [attempt, setAttempt] = useState(0);
  const [processing, setProcessing] = useState(false);
  const [lights, setLights] = useState(() => !prefersStillness());
  /** Undefined: no live check is on */
  const [step, setStep] = useState<ChallengeStep | null>();
  const waiting = useRef<AbortController>(null);

  useEffect(() => () => waiting.current?.abort(), []);

  const process = async (picture: Blob) => {
    setProcessing(true);
    try {
      await onCapture?.(picture);
    } finally {
      setProcessing(false);
      await webcam.current?.video?.play().catch(() => undefined);
    }
  };

  const capture = async () => {
    if (webcam.current === null) return;
    waiting.current = new AbortController();
    setProcessing(true);
    try {
      const picture = await takePicture(webcam.current, waiting.current.signal);
      if (picture !== null) await process(picture);
    } catch {
      setCamera({ failed: 'The camera gave no picture.' });
      setProcessing(false);
    }
  };

  const liveCheck = async (work: (camera: LiveCamera) => Promise<void>) => {
    const held = webcam.current;
    if (held === null) return;
    const controller = new AbortController();
    waiting.current = controller;
    setProcessing(true);
    try {
      const picture = await takePicture(held, controller.signal);
      const { stream } = held;
      if (picture === null || !stream) return;
      await held.video?.play().catch(() => undefined);
      await work({ stream, picture, lights, showStep: setStep, signal: controller.signal });
    } catch {
      setCamera({ failed: 'The camera gave no picture.' });
    } finally {
      setStep(undefined);
      setProcessing(false);
      await held.video?.play().catch(() => undefined);
    }
  };

  const cameraFailed = (error: string | DOMException) => {
    waiting.current?.abort();
    setProcessing(false);
    setCamera({ failed: whyNoCamera(error) });
  };

  const failed = typeof camera === 'object';
  return (
    <Box id="face-capture" sx={{ display: 'grid', gap: 2 }}>
      <Box
        sx={{
          position: 'relative',
          overflow: 'hidden',
          borderRadius: 2,
          bgcolor: 'ink.main',
          aspectRatio: { xs: '3 / 4', sm: '4 / 3' },
          width: '100%',
          maxHeight: { xs: '62dvh', sm: '58dvh' },
          mx: 'auto',
          color: '#fff',
        }}
      >
        {failed ? (
          <Box role="alert" sx={{ position: 'absolute', inset: 0, display: 'grid', placeContent: 'center', justifyItems: 'center', textAlign: 'center', gap: 1, p: 3 }}>
            <CameraOffIcon sx={{ fontSize: 44, color: '#8fd0c8' }} />
            <Typography variant="h3" component="p">
              Camera access denied
            </Typography>
            <Typography sx={{ color: '#cfe3e1', maxWidth: '34ch' }}>{camera.failed}</Typography>
          </Box>
        ) : (
          <>
            <Webcam
              key={attempt}
              ref={webcam}
              data-testid="camera-element"
              aria-label="Your camera's picture"
              forceScreenshotSourceSize
              videoConstraints={constraints}
              onUserMedia={() => setCamera('running')}
              onUserMediaError={cameraFailed}
              // Mirrored for the person only: the picture that is sent is not.
              style={{ position: 'absolute', inset: 0, width: '100%', height: '100%', objectFit: 'cover', transform: 'scaleX(-1)' }}
            />
            <Oval />
            {step !== undefined && <LivePrompt step={step} />}
            <Typography
              sx={{ position: 'absolute', insetInline: 0, bottom: 0, textAlign: 'center', fontWeight: 600, px: 2, pt: 4, pb: 1.75, background: 'linear-gradient(transparent, rgba(6, 24, 29, .82))' }}
            >
              Position your face in the frame
            </Typography>
            {camera === 'starting' && (
              <Typography role="status" sx={{ position: 'absolute', insetInline: 0, top: 0, textAlign: 'center', p: 1.5, color: '#cfe3e1', bgcolor: 'rgba(6, 24, 29, .6)' }}>
                Starting the camera. Allow it if your browser asks.
              </Typography>
            )}
          </>
        )}
      </Box>
      <Box aria-live="polite" sx={{ '&:empty': { mt: -2 } }}>
        {notice}
      </Box>
      <Box sx={{ display: 'flex', flexWrap: 'wrap', gap: 1.5 }}>
        {failed ? (
          <>
            <Button
              variant="contained"
              size="large"
              onClick={() => {
                setAttempt(attempt + 1);
                setCamera('starting');
              }}
            >
              Try the camera again
            </Button>
            <Button component="label" variant="outlined" size="large" startIcon={<UploadIcon />} loading={processing} sx={{ position: 'relative', '&:focus-within': { outline: '3px solid', outlineColor: 'primary.light' } }}>
              Use a picture instead
              <Box
                component="input"
                id="face-upload"
                type="file"
                accept="image/jpeg,image/png,image/webp"
                capture="user"
                onChange={(event) => {
                  const picture = event.currentTarget.files?.[0];
                  if (picture) void process(picture);
                }}
                sx={{ position: 'absolute', inset: 0, width: '100%', opacity: 0, cursor: 'pointer' }}
              />
            </Button>
          </>
        ) : (
          <>
            <Button
              id="capture-face"
              variant="contained"
              size="large"
              onClick={() => void capture()}
              loading={processing}
              loadingPosition="start"
              sx={{ width: { xs: '100%', sm: 'auto' }, minWidth: { sm: 220 } }}
            >
              {processing ? 'Processing...' : 'Capture'}
            </Button>
            {onLiveCheck !== undefined && recordingType() !== null && (
              <>
                <Button id="live-check" variant="outlined" size="large" disabled={processing} onClick={() => void liveCheck(onLiveCheck)} sx={{ width: { xs: '100%', sm: 'auto' } }}>
                  Do the live check
                </Button>
                <Box sx={{ flexBasis: '100%' }}>
                  <FormControlLabel
                    control={<Checkbox checked={lights} disabled={processing} onChange={(event) => setLights(event.target.checked)} />}
                    label="With coloured light from the screen"
                  />
                  <Typography variant="body2" color="textSecondary">
                    The live check asks for small movements for about twelve seconds and shows that nobody holds up your picture. Leave the
                    coloured light out if flashing light can harm you; a person may then have to look at your answer.
                  </Typography>
                </Box>
              </>
            )}
          </>
        )}
      </Box>
    </Box>
  );
}

/** The guide: everything but the oval is dimmed. */
function Oval() {
  return (
    <Box
      aria-hidden
      sx={{
        position: 'absolute',
        left: '50%',
        top: '46%',
        height: '74%',
        aspectRatio: '3 / 4',
        maxWidth: '82%',
        transform: 'translate(-50%, -50%)',
        borderRadius: '50%',
        border: '2.5px solid #8fd0c8',
        boxShadow: '0 0 0 200vmax rgba(6, 24, 29, .52)',
        pointerEvents: 'none',
      }}
    />
  );
}
