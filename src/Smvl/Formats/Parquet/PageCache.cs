namespace Smvl.Formats.Parquet;

/// <summary>
/// Recently decoded pages and dictionaries of any number of files, the longest unused dropped first, so that reading
/// neighbouring rows decodes a page once and reading any number of files stays within <paramref name="capacity"/> bytes.
/// A page larger than that (some writers put a thousand pictures into one) has a place of its own until the next such page, or
/// reading row after row would decode it every time. Safe for several threads; two that miss the same page both decode it.
/// </summary>
internal sealed class PageCache(long capacity = PageCache.DefaultCapacity)
{
    /// <summary>About ten row groups of 100 rows with pictures of usual size.</summary>
    public const long DefaultCapacity = 128L << 20;

    private readonly Lock gate = new();
    private readonly Dictionary<(object File, long Offset), LinkedListNode<Entry>> entries = [];
    private readonly LinkedList<Entry> byUse = new(); // most recent first

    private Entry? large;

    /// <summary>Bytes held now, without the one larger page.</summary>
    public long Bytes { get; private set; }

    public T GetOrAdd<T>(object file, long offset, Func<T> decode, Func<T, long> bytes)
        where T : class
    {
        lock (gate)
        {
            // a damaged file may use one offset as two kinds of page: then the kept one does not serve
            if (large is not null && large.Key == (file, offset) && large.Page is T keptLarge)
            {
                return keptLarge;
            }

            if (entries.TryGetValue((file, offset), out LinkedListNode<Entry>? found) && found.Value.Page is T kept)
            {
                byUse.Remove(found);
                byUse.AddFirst(found);
                return kept;
            }
        }

        T page = decode();
        Add((file, offset), page, bytes(page));
        return page;
    }

    /// <summary>Forgets a closed file's pages.</summary>
    public void Remove(object file)
    {
        lock (gate)
        {
            large = large?.Key.File == file ? null : large;
            foreach (LinkedListNode<Entry> node in entries.Values.Where(n => ReferenceEquals(n.Value.Key.File, file)).ToList())
            {
                Drop(node);
            }
        }
    }

    private void Add((object File, long Offset) key, object page, long bytes)
    {
        lock (gate)
        {
            if (bytes > capacity)
            {
                large = new Entry(key, page, bytes);
                return;
            }

            if (entries.TryGetValue(key, out LinkedListNode<Entry>? old))
            {
                Drop(old);
            }

            while (Bytes + bytes > capacity)
            {
                Drop(byUse.Last!);
            }

            entries[key] = byUse.AddFirst(new Entry(key, page, bytes));
            Bytes += bytes;
        }
    }

    private void Drop(LinkedListNode<Entry> node)
    {
        byUse.Remove(node);
        entries.Remove(node.Value.Key);
        Bytes -= node.Value.Bytes;
    }

    private sealed record Entry((object File, long Offset) Key, object Page, long Bytes);
}
