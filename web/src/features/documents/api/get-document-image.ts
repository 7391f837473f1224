import { useQuery } from '@tanstack/react-query';
import type { DocumentImage } from '@/features/documents/api/get-document';
import { download } from '@/lib/http';

/** The kept picture: numbers that must not be shown are painted over. */
export function getDocumentImage(id: string, { side, page }: DocumentImage): Promise<Blob> {
  return download({ url: `/documents/${encodeURIComponent(id)}/image`, params: { side, page, size: 'thumbnail' } });
}

export const useDocumentImage = (id: string, image: DocumentImage) =>
  useQuery({
    queryKey: ['document-image', id, image.side, image.page],
    queryFn: () => getDocumentImage(id, image),
    // Every look is in the audit log: none without need.
    staleTime: Infinity,
  });
