import Box from '@mui/material/Box';
import Skeleton from '@mui/material/Skeleton';
import type { DocumentImage } from '@/features/documents/api/get-document';
import { useDocumentImage } from '@/features/documents/api/get-document-image';
import { Thumbnail } from '@/features/documents/Thumbnail';
import { humanize } from '@/lib/format';

const width = 200;

function Picture({ documentId, image, count }: { documentId: string; image: DocumentImage; count: number }) {
  const { data, isPending } = useDocumentImage(documentId, image);
  const label = count > 1 ? `${humanize(image.side)} side, page ${image.page}` : `${humanize(image.side)} side`;
  if (isPending) return <Skeleton variant="rounded" width={width} height={126} />;
  return data === undefined ? null : <Thumbnail file={data} width={width} label={label} />;
}

/** The pictures that are kept of a document. */
export function DocumentPictures({ documentId, images }: { documentId: string; images: DocumentImage[] }) {
  if (images.length === 0) return null;
  return (
    <Box sx={{ display: 'flex', flexWrap: 'wrap', gap: 1.5 }}>
      {images.map((image) => (
        <Picture key={`${image.side} ${image.page}`} documentId={documentId} image={image} count={images.length} />
      ))}
    </Box>
  );
}
