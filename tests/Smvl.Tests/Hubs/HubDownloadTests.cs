using System.IO.Compression;
using Microsoft.AspNetCore.Http;
using Smvl.Hubs;
using Smvl.Tests.Net;

namespace Smvl.Tests.Hubs;

/// <summary>Files from a hub that behaves, and from one that does not.</summary>
public sealed class HubDownloadTests : IAsyncLifetime
{
    private const string Repository = $"models/{HubFixture.Model}";

    private readonly byte[] weights = HubFixture.Random(300_000);
    private HubFixture hub = null!;

    private string Weights => hub["out", "weights.bin"];

    public async ValueTask InitializeAsync()
    {
        hub = await HubFixture.Start();
        hub.Server.Add(Repository, "weights.bin", weights);
    }

    public async ValueTask DisposeAsync() => await hub.DisposeAsync();

    [Theory]
    [InlineData("HuggingFace", false)]
    [InlineData("ModelScope", false)]
    [InlineData("HuggingFace", true)]
    [InlineData("ModelScope", true)]
    public async Task FilesArriveWholeAndOnce(string from, bool isDataset)
    {
        HubKind kind = Enum.Parse<HubKind>(from);
        string repository = isDataset ? $"datasets/{HubFixture.Model}" : Repository;
        hub.Server.Add(repository, "weights.bin", weights);
        hub.Server.Add(repository, "a folder/图 #1?.txt", "text");
        hub.Server.Add(repository, "empty", "");
        DownloadRequest request = new(HubFixture.Repository(isDataset ? RepositoryKind.Dataset : RepositoryKind.Model)) { LocalFolder = hub["out"] };
        Assert.Equal(hub["out"], await hub.Download(request, kind));
        Assert.Equal(weights, File.ReadAllBytes(Weights));
        Assert.Equal("text", File.ReadAllText(hub["out", "a folder", "图 #1?.txt"]));
        Assert.Empty(File.ReadAllBytes(hub["out", "empty"]));
        Assert.Equal(2, hub.Server.FileRequests.Count);   // nothing is asked for that has no bytes
        Assert.All(hub.Observer.Done.Values, outcome => Assert.Equal(DownloadOutcome.Fetched, outcome));
        Assert.Equal((300_000L, 4L, 0L), (hub.Observer.Bytes["weights.bin"], hub.Observer.Bytes["a folder/图 #1?.txt"], hub.Observer.Bytes["empty"]));
        HubFixture.AssertClean(hub["out"]);

        await hub.Download(request, kind);
        Assert.Equal(2, hub.Server.FileRequests.Count);
        Assert.All(hub.Observer.Done.Values, outcome => Assert.Equal(DownloadOutcome.Present, outcome));
    }

    [Fact]
    public async Task OnlyWhatIsAskedForIsFetched()
    {
        foreach (string path in (string[])["a/1.txt", "a/2.bin", "b/3.txt", "README.md"])
        {
            hub.Server.Add(Repository, path, path);
        }

        DownloadRequest request = new(HubFixture.Repository()) { LocalFolder = hub["out"] };
        await hub.Download(request with { Include = ["a/"], Exclude = ["*.bin"], Also = ["README.md", "LICENSE"] });
        Assert.Equal(["README.md", "a/1.txt"], hub.Observer.Done.Keys.Order(StringComparer.Ordinal));
        await hub.Download(request with { Files = ["b/3.txt"] });
        Assert.Equal(["README.md", "a/1.txt", "b/3.txt"], hub.Observer.Done.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task ALargeFileComesInPiecesSideBySide()
    {
        hub.PieceBytes = 64_000;
        using SemaphoreSlim together = new(0);
        int waiting = 0;
        hub.Server.BeforeFile = async (_, _) =>
        {
            if (Interlocked.Increment(ref waiting) == 5)
            {
                together.Release(5);
            }

            Assert.True(await together.WaitAsync(TimeSpan.FromSeconds(60)));   // none is answered before all have come
            return false;
        };
        await hub.Download();
        Assert.Equal(weights, File.ReadAllBytes(Weights));
        Assert.Equal(
            ["bytes=0-63999", "bytes=128000-191999", "bytes=192000-255999", "bytes=256000-299999", "bytes=64000-127999"],
            hub.Server.FileRequests.Select(request => request.Header("Range")).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("HuggingFace")]
    [InlineData("ModelScope")]
    public async Task AfterACutOnlyTheRestIsAskedFor(string from)
    {
        int sent = 0;
        hub.Server.BeforeFile = async (context, content) =>
        {
            if (Interlocked.Increment(ref sent) > 1)
            {
                return false;
            }

            context.Response.ContentLength = content.Length;
            await context.Response.Body.WriteAsync(content.AsMemory(0, 100_000));
            await context.Response.Body.FlushAsync();
            await Task.Delay(200);   // so that they arrive before the connection is torn down
            context.Abort();
            return true;
        };
        await hub.Download(Enum.Parse<HubKind>(from));
        Assert.Equal(weights, File.ReadAllBytes(Weights));
        Assert.Equal([null, "bytes=100000-299999"], hub.Server.FileRequests.Select(request => request.Header("Range")));
        Assert.Single(hub.Observer.Notes);
        HubFixture.AssertClean(hub["out"]);
    }

    [Fact]
    public async Task AnInterruptedDownloadContinuesWithTheMissingBytes()
    {
        hub.PieceBytes = 100_000;
        using CancellationTokenSource interrupt = new();
        hub.Server.BeforeFile = async (context, content) =>
        {
            string range = context.Request.Headers.Range.ToString();
            if (range == "bytes=100000-199999")
            {
                return false;   // this piece comes whole, the first in part, the last not at all
            }

            if (range == "bytes=0-99999")
            {
                context.Response.StatusCode = StatusCodes.Status206PartialContent;
                context.Response.Headers.ContentRange = "bytes 0-99999/300000";
                context.Response.ContentLength = 100_000;
                await context.Response.Body.WriteAsync(content.AsMemory(0, 30_000));
                await context.Response.Body.FlushAsync();
            }

            await Task.Delay(Timeout.Infinite, context.RequestAborted);
            return true;
        };
        hub.Observer.Progress = (_, bytes) =>
        {
            if (bytes == 130_000)
            {
                interrupt.Cancel();
            }
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hub.Download(cancellation: interrupt.Token).WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.False(File.Exists(Weights));
        int before = hub.Server.FileRequests.Count;

        hub.Server.BeforeFile = null;
        await hub.Download();
        Assert.Equal(weights, File.ReadAllBytes(Weights));
        Assert.Equal(
            ["bytes=200000-299999", "bytes=30000-99999"],
            hub.Server.FileRequests.Skip(before).Select(request => request.Header("Range")).Order(StringComparer.Ordinal));
        HubFixture.AssertClean(hub["out"]);
    }

    [Fact]
    public async Task APartialFileOfAnotherContentIsBegunAnew()
    {
        HubFile old = new("weights.bin", 300_000, new ContentHash(ContentHashKind.Sha256, HubFixture.Sha256([1])));
        string partial = new LocalFolderTarget(hub["out"]).Partial(old);
        using (var growing = PartialFile.Open(partial, old))
        {
            growing.Write(growing.Pieces(400_000)[0], new byte[1000]);
        }

        Assert.Equal(1000, PartialFile.HaveAt(partial, old));
        await hub.Download();
        Assert.Equal(weights, File.ReadAllBytes(Weights));
        Assert.Null(Assert.Single(hub.Server.FileRequests).Header("Range"));
    }

    [Fact]
    public async Task AServerWithoutRangesSendsTheWholeFile()
    {
        hub.PieceBytes = 64_000;
        hub.Server.BeforeFile = async (context, content) =>
        {
            context.Response.ContentLength = content.Length;
            await context.Response.Body.WriteAsync(content);
            return true;
        };
        await hub.Download();
        Assert.Equal(weights, File.ReadAllBytes(Weights));
        Assert.Single(hub.Server.FileRequests, request => request.Header("Range") is null);   // a given-up piece may reach the server after it
    }

    [Fact]
    public async Task AServerThatAnswersARestWithTheWholeIsBegunAnew()
    {
        int sent = 0;
        hub.Server.BeforeFile = async (context, content) =>
        {
            context.Response.ContentLength = content.Length;
            bool cut = Interlocked.Increment(ref sent) == 1;
            await context.Response.Body.WriteAsync(content.AsMemory(0, cut ? 5000 : content.Length));
            if (cut)
            {
                await context.Response.Body.FlushAsync();
                await Task.Delay(200);
                context.Abort();
            }

            return true;
        };
        await hub.Download();
        Assert.Equal(weights, File.ReadAllBytes(Weights));
        Assert.Equal([null, "bytes=5000-299999", null], hub.Server.FileRequests.Select(request => request.Header("Range")));
    }

    [Theory]
    [InlineData("bytes 0-63999/999999")]
    [InlineData("bytes 1-64000/300000")]
    [InlineData("")]
    public async Task AnotherRangeThanAskedForIsNotTaken(string answered)
    {
        hub.PieceBytes = 64_000;
        hub.Server.BeforeFile = async (context, content) =>
        {
            if (context.Request.Headers.Range != "bytes=0-63999")
            {
                return false;
            }

            context.Response.StatusCode = StatusCodes.Status206PartialContent;
            context.Response.Headers.ContentRange = answered;
            context.Response.ContentLength = 64_000;
            await context.Response.Body.WriteAsync(content.AsMemory(1, 64_000));
            return true;
        };
        await hub.Download();
        Assert.Equal(weights, File.ReadAllBytes(Weights));
        Assert.Single(hub.Server.FileRequests, request => request.Header("Range") is null);
    }

    [Fact]
    public async Task AWrongContentIsFetchedOnceMoreAndThenRefused()
    {
        byte[] wrong = [.. weights];
        wrong[12_345] ^= 1;
        int sent = 0;
        hub.Server.BeforeFile = async (context, content) =>
        {
            await HubServer.Send(context, Interlocked.Increment(ref sent) == 1 ? wrong : content);
            return true;
        };
        await hub.Download();
        Assert.Equal(weights, File.ReadAllBytes(Weights));
        Assert.Equal(2, hub.Server.FileRequests.Count);

        File.Delete(Weights);
        hub.Server.BeforeFile = async (context, _) =>
        {
            await HubServer.Send(context, wrong);
            return true;
        };
        string message = await hub.Fails();
        Assert.Contains("Owner/Name.1, weights.bin: what the hub sends is not what it lists", message);
        Assert.Contains(HubFixture.Sha256(weights), message);
        Assert.Contains(HubFixture.Sha256(wrong), message);
        Assert.False(File.Exists(Weights));
        HubFixture.AssertClean(hub["out"]);
    }

    [Theory]
    [InlineData(299_999)]
    [InlineData(300_001)]
    public async Task AWrongSizeIsRefused(int size)
    {
        hub.Server.BeforeFile = async (context, _) =>
        {
            await HubServer.Send(context, HubFixture.Random(size));
            return true;
        };
        string message = await hub.Fails();
        Assert.Contains("expected 300000 bytes", message);
        HubFixture.AssertClean(hub["out"]);
    }

    [Fact]
    public async Task MoreThanListedIsNotWrittenHoweverItComes()
    {
        hub.Server.BeforeFile = async (context, content) =>
        {
            await context.Response.Body.WriteAsync(content);   // in chunks: nobody knows where it ends
            await context.Response.Body.WriteAsync(content);
            return true;
        };
        Assert.Contains("expected 300000 bytes", await hub.Fails());
    }

    [Fact]
    public async Task WhatPassesWithTimeIsAskedForAgain()
    {
        Queue<int> statuses = new([500, 429, 503]);
        hub.Server.BeforeFile = (context, _) =>
        {
            lock (statuses)
            {
                if (statuses.Count == 0)
                {
                    return Task.FromResult(false);
                }

                context.Response.StatusCode = statuses.Dequeue();
                context.Response.Headers.RetryAfter = context.Response.StatusCode == StatusCodes.Status429TooManyRequests ? "11" : default;
                return Task.FromResult(true);
            }
        };
        await hub.Download();
        Assert.Equal(weights, File.ReadAllBytes(Weights));
        Assert.Equal([1, 11, 4], hub.Waits);
        Assert.All(hub.Observer.Notes, note => Assert.StartsWith("weights.bin: ", note));
    }

    [Fact]
    public async Task AServerThatNeverRecoversIsGivenUpAndWhatCameStays()
    {
        int sent = 0;
        hub.PieceBytes = 100_000;
        hub.Server.BeforeFile = (context, _) =>
        {
            bool fails = context.Request.Headers.Range == "bytes=0-99999" && Interlocked.Increment(ref sent) > 0;
            context.Response.StatusCode = fails ? 500 : 200;
            return Task.FromResult(fails);
        };
        Assert.Contains("500", await hub.Fails());
        Assert.Equal(4, sent);
        hub.Server.BeforeFile = null;
        int before = hub.Server.FileRequests.Count;
        await hub.Download();
        Assert.Equal(weights, File.ReadAllBytes(Weights));
        Assert.All(hub.Server.FileRequests.Skip(before), request => Assert.NotNull(request.Header("Range")));
    }

    [Fact]
    public async Task ASilentServerIsAskedAgain()
    {
        hub.Variables["HF_HUB_DOWNLOAD_TIMEOUT"] = "0.5";
        int sent = 0;
        hub.Server.BeforeFile = async (context, content) =>
        {
            if (Interlocked.Increment(ref sent) > 1)
            {
                return false;
            }

            context.Response.ContentLength = content.Length;
            await context.Response.Body.WriteAsync(content.AsMemory(0, 1000));
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
            return true;
        };
        await hub.Download().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(weights, File.ReadAllBytes(Weights));
        Assert.Equal("bytes=1000-299999", hub.Server.FileRequests[^1].Header("Range"));
        Assert.Contains("silent", Assert.Single(hub.Observer.Notes));
    }

    [Fact]
    public async Task ASlowServerIsNotASilentOne()
    {
        hub.Variables["HF_HUB_DOWNLOAD_TIMEOUT"] = "5";
        hub.Server.BeforeFile = async (context, content) =>
        {
            context.Response.ContentLength = content.Length;
            for (int at = 0; at < content.Length; at += 50_000)
            {
                await context.Response.Body.WriteAsync(content.AsMemory(at, 50_000));
                await context.Response.Body.FlushAsync();
                await Task.Delay(20);
            }

            return true;
        };
        await hub.Download();
        Assert.Equal(weights, File.ReadAllBytes(Weights));
        Assert.Single(hub.Server.FileRequests);
    }

    [Fact]
    public async Task TextThatComesCompressedIsDecoded()
    {
        byte[] text = [.. Enumerable.Repeat((byte)'a', 900)];
        hub.Server.Add(Repository, "text.json", text);
        hub.Server.BeforeFile = async (context, content) =>
        {
            if (content.Length != text.Length)
            {
                return false;
            }

            context.Response.Headers.ContentEncoding = "gzip";
            await using GZipStream zip = new(context.Response.Body, CompressionLevel.Fastest);
            await zip.WriteAsync(content);
            return true;
        };
        await hub.Download();
        Assert.Equal(text, File.ReadAllBytes(hub["out", "text.json"]));
        Assert.All(hub.Server.Requests, request => Assert.Equal("identity", request.Header("Accept-Encoding")));
    }

    [Theory]
    [InlineData("HuggingFace")]
    [InlineData("ModelScope")]
    public async Task TheTokenGoesToTheHubAlone(string from)
    {
        const string Secret = "hf_secret-TOKEN_123";
        hub.Variables["HF_TOKEN"] = hub.Variables["MODELSCOPE_API_TOKEN"] = Secret;
        await using LoopbackServer other = await LoopbackServer.Start(context => HubServer.Send(context, weights));
        hub.Server.BeforeFile = (context, _) =>
        {
            // once within the hub, then to another port, which is another server
            context.Response.Redirect(context.Request.Query.ContainsKey("hop") ? $"{other.Address}/file?signature=very-secret" : $"{context.Request.Path}{context.Request.QueryString.Add("hop", "1")}");
            return Task.FromResult(true);
        };
        await hub.Download(Enum.Parse<HubKind>(from));
        Assert.Equal(weights, File.ReadAllBytes(Weights));
        Assert.Equal(2, hub.Server.FileRequests.Count);
        Assert.All(hub.Server.Requests, request => Assert.Equal($"Bearer {Secret}", request.Header("Authorization")));
        Assert.All(hub.Server.Requests, request => Assert.Equal(from == "ModelScope" ? $"m_session_id={Secret}" : null, request.Header("Cookie")));
        LoopbackRequest elsewhere = Assert.Single(other.Requests);
        Assert.Null(elsewhere.Header("Authorization"));
        Assert.Null(elsewhere.Header("Cookie"));
        Assert.DoesNotContain(elsewhere.Headers.Values, value => value.Contains(Secret, StringComparison.Ordinal));
        foreach (string file in Directory.EnumerateFiles(hub["out"], "*", SearchOption.AllDirectories))
        {
            Assert.DoesNotContain(Secret, File.ReadAllText(file));
        }
    }

    [Fact]
    public async Task NoSecretIsInWhatAFailureSays()
    {
        const string Secret = "hf_secret-TOKEN_123";
        hub.Variables["HF_TOKEN"] = Secret;
        hub.Server.Before = context =>
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            context.Response.Headers["X-Error-Message"] = $"{context.Request.Headers.Authorization} is not welcome";
            return Task.FromResult(true);
        };
        string refused = await hub.Fails();
        Assert.Contains("Bearer *** is not welcome", refused);
        Assert.DoesNotContain(Secret, refused);

        hub.Server.Before = null;
        await using LoopbackServer other = await LoopbackServer.Start(context =>
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        });
        hub.Server.BeforeFile = (context, _) =>
        {
            context.Response.Redirect($"{other.Address}/file?signature=very-secret");
            return Task.FromResult(true);
        };
        string elsewhere = await hub.Fails();
        Assert.Contains($"{other.Address}/file: the file server answered 403", elsewhere);
        Assert.DoesNotContain("very-secret", elsewhere);

        hub.Variables["HF_TOKEN"] = "two\nlines-secret";
        SmvlException invalid = await Assert.ThrowsAsync<SmvlException>(() => hub.Download());
        Assert.DoesNotContain("secret", invalid.Message);
    }

    [Theory]
    [InlineData("file:///etc/passwd", "no web address")]
    [InlineData("/Owner/Name.1/resolve/main/weights.bin", "redirects more than")]
    public async Task ARedirectThatLeadsNowhereEnds(string location, string expected)
    {
        hub.Server.BeforeFile = (context, _) =>
        {
            context.Response.Redirect(location);
            return Task.FromResult(true);
        };
        Assert.Contains(expected, await hub.Fails());
    }

    [Fact]
    public async Task AFullDiskIsNoticedBeforehand()
    {
        hub.FreeBytes = 299_999;
        Assert.Contains("expected 300,000 bytes free, actual 299,999 bytes free", await hub.Fails());
        Assert.Empty(hub.Server.FileRequests);
        hub.FreeBytes = 300_000;
        await hub.Download();
        hub.FreeBytes = 0;
        await hub.Download();   // what is there needs no room
        Assert.Equal(DownloadOutcome.Present, hub.Observer.Done["weights.bin"]);
    }

    [Fact]
    public async Task AFileThatWasChangedIsFetchedAgain()
    {
        await hub.Download();
        byte[] changed = [.. weights];
        changed[^1] ^= 1;
        File.WriteAllBytes(Weights, changed);
        await hub.Download();
        Assert.Equal(weights, File.ReadAllBytes(Weights));
        Assert.Equal(2, hub.Server.FileRequests.Count);
    }

    [Fact]
    public async Task AFileWithoutAHashIsCheckedByItsSizeAndSaysSo()
    {
        hub.Server.Row = row => row.Remove("Sha256");
        await hub.Download(HubKind.ModelScope);
        Assert.Equal(weights, File.ReadAllBytes(Weights));
        Assert.Contains("no hash", Assert.Single(hub.Observer.Notes));
    }

    [Fact]
    public async Task TwoProcessesDoNotWriteOneFile()
    {
        HubFile file = new("weights.bin", 300_000, new ContentHash(ContentHashKind.Sha256, HubFixture.Sha256(weights)));
        using var other = PartialFile.Open(new LocalFolderTarget(hub["out"]).Partial(file), file);
        await Assert.ThrowsAsync<IOException>(() => hub.Download());
        Assert.Empty(hub.Server.FileRequests);
    }
}
