import { useInfiniteQuery } from '@tanstack/react-query';

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** Query parameters of one page of a cursor-paged list. */
export function pageParams(cursor: string | null, limit = 10) {
  return cursor === null ? { limit } : { limit, cursor };
}

export function usePages<T>(key: readonly string[], fetchPage: (cursor: string | null) => Promise<Page<T>>) {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => fetchPage(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  return {
    items: query.data?.pages.flatMap((page) => page.items),
    error: query.error,
    hasMore: query.hasNextPage,
    isLoadingMore: query.isFetchingNextPage,
    loadMore: () => void query.fetchNextPage(),
    reload: () => void query.refetch(),
  };
}

export type Pages<T> = ReturnType<typeof usePages<T>>;
