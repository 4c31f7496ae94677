using Smvl.Formats.Parquet;

namespace Smvl.Tests.Formats.Parquet;

public class PageCacheTests
{
    private static readonly object File = new();

    [Fact]
    public void LongestUnusedPageIsDroppedFirst()
    {
        var cache = new PageCache(capacity: 30);
        Get(cache, 1);
        Get(cache, 2);
        Get(cache, 3);
        Assert.False(Get(cache, 1)); // used again: 2 is now the longest unused
        Assert.True(Get(cache, 4));
        Assert.Equal(30, cache.Bytes);
        Assert.False(Get(cache, 1));
        Assert.True(Get(cache, 2));
    }

    [Fact]
    public void OnlyTheLastPageLargerThanTheCacheIsKept()
    {
        var cache = new PageCache(capacity: 9);
        Assert.True(Get(cache, 1));
        Assert.False(Get(cache, 1));
        Assert.True(Get(cache, 2));
        Assert.True(Get(cache, 1));
        Assert.Equal(0, cache.Bytes);
        cache.Remove(File);
        Assert.True(Get(cache, 1));
    }

    [Fact]
    public void ClosedFilesPagesAreForgotten()
    {
        var cache = new PageCache(capacity: 100);
        Get(cache, 1);
        cache.GetOrAdd(new object(), 1, () => "other", _ => 5);
        cache.Remove(File);
        Assert.Equal(5, cache.Bytes);
        Assert.True(Get(cache, 1));
    }

    /// <summary>Gets a page of 10 bytes; true if it had to be decoded.</summary>
    private static bool Get(PageCache cache, long offset)
    {
        bool decoded = false;
        cache.GetOrAdd(
            File,
            offset,
            () =>
            {
                decoded = true;
                return "page";
            },
            _ => 10);
        return decoded;
    }
}
