import Box from '@mui/material/Box';
import FormHelperText from '@mui/material/FormHelperText';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { Thumbnail } from '@/features/documents/Thumbnail';
import { CheckIcon, UploadIcon } from '@/ui/icons';

interface Props {
  id: string;
  label: string;
  hint: string;
  file: File | null;
  fault?: string | undefined;
  required?: boolean;
  compact?: boolean;
  onChoose: (file: File | null) => void;
}

const size = (bytes: number) =>
  bytes < 1_000_000 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;

/**
 * A file input the size of its whole box: the browser's own element takes
 * clicks, keys and dropped files, and shows through the drawing behind it.
 */
export function PictureChooser({ id, label, hint, file, fault, required = false, compact = false, onChoose }: Props) {
  const [over, setOver] = useState(false);
  const faulty = fault !== undefined;
  const border = faulty ? 'error.main' : over ? 'primary.main' : file === null ? 'line.strong' : 'primary.main';
  return (
    <Box>
      <Box
        onDragEnter={() => setOver(true)}
        onDragLeave={() => setOver(false)}
        onDrop={() => setOver(false)}
        sx={{
          position: 'relative',
          display: 'flex',
          flexDirection: file === null && !compact ? 'column' : 'row',
          alignItems: 'center',
          justifyContent: 'center',
          textAlign: file === null && !compact ? 'center' : 'left',
          gap: file === null && !compact ? 1 : 2,
          minHeight: compact ? 76 : 176,
          p: 2,
          border: '1.5px',
          borderStyle: file === null ? 'dashed' : 'solid',
          borderColor: border,
          borderRadius: 2,
          bgcolor: over ? 'primary.soft' : 'background.default',
          '&:hover': { borderColor: faulty ? 'error.main' : 'primary.main' },
          '&:has(input:focus-visible)': { outline: '3px solid', outlineColor: 'primary.light', outlineOffset: 2 },
        }}
      >
        {file === null ? (
          <UploadIcon sx={{ fontSize: compact ? 26 : 34, color: 'primary.main' }} />
        ) : (
          <Thumbnail file={file} width={compact ? 72 : 168} />
        )}
        <Box sx={{ minWidth: 0, flex: file === null && !compact ? undefined : 1 }}>
          <Typography sx={{ fontWeight: 600, display: 'flex', alignItems: 'center', gap: 0.5, justifyContent: file === null && !compact ? 'center' : 'flex-start' }}>
            {file !== null && <CheckIcon sx={{ fontSize: 18, color: 'success.main' }} />}
            {label}
          </Typography>
          <Typography variant="body2" color="textSecondary" sx={{ overflowWrap: 'anywhere' }}>
            {file === null ? hint : `${file.name}, ${size(file.size)}`}
          </Typography>
          {file !== null && (
            <Typography variant="body2" color="primary" sx={{ fontWeight: 600, mt: 0.5 }}>
              Change
            </Typography>
          )}
        </Box>
        <Box
          component="input"
          id={id}
          type="file"
          accept="image/jpeg,image/png,image/webp,image/tiff,application/pdf"
          aria-label={label}
          aria-required={required}
          aria-invalid={faulty}
          aria-describedby={`${id}-hint`}
          onChange={(event) => onChoose(event.currentTarget.files?.[0] ?? null)}
          sx={{ position: 'absolute', inset: 0, width: '100%', height: '100%', opacity: 0, cursor: 'pointer' }}
        />
      </Box>
      <FormHelperText id={`${id}-hint`} error={faulty}>
        {fault ?? (compact ? null : 'JPEG, PNG, WebP, TIFF or PDF, up to 10 MB')}
      </FormHelperText>
    </Box>
  );
}
