import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Skeleton from '@mui/material/Skeleton';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';
import type { Pages } from '@/lib/paging';
import { FaultNotice } from '@/ui/FaultNotice';

interface Props<T> {
  pages: Pages<T>;
  keyOf: (item: T) => string;
  renderItem: (item: T) => ReactNode;
  empty: ReactNode;
}

/** A cursor-paged list with its loading, empty and failed states. */
export function PagedList<T>({ pages, keyOf, renderItem, empty }: Props<T>) {
  const { items, error, hasMore, isLoadingMore, loadMore, reload } = pages;
  return (
    <Box aria-busy={items === undefined && error === null}>
      {items === undefined && error === null && (
        <Box sx={{ px: { xs: 2, sm: 3 }, py: 2, display: 'grid', gap: 1.5 }}>
          <Skeleton variant="rounded" height={36} />
          <Skeleton variant="rounded" height={36} />
          <Skeleton variant="rounded" height={36} />
        </Box>
      )}
      {items?.length === 0 && (
        <Typography component="div" color="textSecondary" sx={{ px: { xs: 2, sm: 3 }, py: 3 }}>
          {empty}
        </Typography>
      )}
      {items !== undefined && items.length > 0 && (
        <Box component="ul" sx={{ listStyle: 'none', m: 0, p: 0, '& > li + li': { borderTop: 1, borderColor: 'divider' } }}>
          {items.map((item) => (
            <li key={keyOf(item)}>{renderItem(item)}</li>
          ))}
        </Box>
      )}
      {error !== null && (
        <Box sx={{ p: 2 }}>
          <FaultNotice
            fault={error}
            action={
              <Button color="inherit" size="small" onClick={items === undefined ? reload : loadMore}>
                Try again
              </Button>
            }
          />
        </Box>
      )}
      {hasMore && error === null && (
        <Box sx={{ p: 1, borderTop: 1, borderColor: 'divider', textAlign: 'center' }}>
          <Button onClick={loadMore} loading={isLoadingMore}>
            Show more
          </Button>
        </Box>
      )}
    </Box>
  );
}
