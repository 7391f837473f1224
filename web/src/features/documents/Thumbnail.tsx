import Box from '@mui/material/Box';
import { useEffect, useRef, useState } from 'react';
import { DocumentIcon } from '@/ui/icons';

interface Props {
  file: Blob;
  width: number;
  /** What the picture shows, for those who can't see it; without it the picture is decoration. */
  label?: string;
}

/** A small drawing of a picture; a document sign for what the browser can't draw (PDF, TIFF). */
export function Thumbnail({ file, width, label }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [drawn, setDrawn] = useState<Blob | null>(null);

  useEffect(() => {
    let current = true;
    const draw = async () => {
      // Drawn instead of linked, so that the content security policy need not allow blob: images.
      const picture = await createImageBitmap(file);
      const target = canvas.current;
      if (!current || target === null) {
        picture.close();
        return;
      }
      const scale = Math.min(1, (2 * width) / picture.width);
      target.width = Math.max(1, Math.round(picture.width * scale));
      target.height = Math.max(1, Math.round(picture.height * scale));
      target.getContext('2d')?.drawImage(picture, 0, 0, target.width, target.height);
      picture.close();
      setDrawn(file);
    };
    draw().catch(() => setDrawn(null));
    return () => {
      current = false;
    };
  }, [file, width]);

  const shown = drawn === file;
  return (
    <>
      <Box
        component="canvas"
        ref={canvas}
        {...(label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
        sx={{
          display: shown ? 'block' : 'none',
          width,
          maxWidth: '45%',
          maxHeight: 140,
          objectFit: 'contain',
          borderRadius: 1,
          border: 1,
          borderColor: 'divider',
          bgcolor: '#fff',
        }}
      />
      {!shown && <DocumentIcon sx={{ fontSize: 36, color: 'primary.main' }} />}
    </>
  );
}
