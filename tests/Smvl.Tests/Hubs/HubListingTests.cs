using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Smvl.Hubs;
using Smvl.Tests.Net;

namespace Smvl.Tests.Hubs;

/// <summary>Listings of both hubs, and what is said when there is none.</summary>
public sealed class HubListingTests
{
    [Theory]
    [InlineData("HuggingFace")]
    [InlineData("ModelScope")]
    public async Task AModelsFilesHaveSizesAndHashes(string hub)
    {
        await using HubFixture fixture = await HubFixture.Start();
        byte[] large = HubFixture.Random(2000);
        fixture.Server.Add($"models/{HubFixture.Model}", "a folder/weights 图.bin", large);
        fixture.Server.Add($"models/{HubFixture.Model}", "config.json", "{}");
        HubListing listing = await fixture.List(Enum.Parse<HubKind>(hub));
        Assert.Equal(["a folder/weights 图.bin", "config.json"], listing.Files.Select(file => file.Path));
        Assert.Equal([2000L, 2L], listing.Files.Select(file => file.Size));
        Assert.Equal(new ContentHash(ContentHashKind.Sha256, HubFixture.Sha256(large)), listing.Files[0].Hash);
        Assert.Equal(
            hub == "HuggingFace"
                ? new ContentHash(ContentHashKind.GitBlob, "9e26dfeeb6e641a33dae4961196235bdb965b21b")   // git hash-object
                : new ContentHash(ContentHashKind.Sha256, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"),
            listing.Files[1].Hash);
        Assert.Equal(hub == "HuggingFace" ? "main" : "master", listing.Revision);
        Assert.Equal(hub == "HuggingFace" ? HubServer.Commit : null, listing.Commit);
    }

    [Theory]
    [InlineData("HuggingFace", 7)]
    [InlineData("ModelScope", 401)]
    [InlineData("ModelScope", 400)]
    public async Task ListingsInPagesAreReadToTheirEnd(string hub, int files)
    {
        await using HubFixture fixture = await HubFixture.Start();
        fixture.Server.TreePage = 3;
        for (int i = 0; i < files; i++)
        {
            fixture.Server.Add($"datasets/{HubFixture.Model}", $"f{i:d3}", $"{i}");
        }

        HubListing listing = await fixture.List(Enum.Parse<HubKind>(hub), RepositoryKind.Dataset);
        Assert.Equal(Enumerable.Range(0, files).Select(i => $"f{i:d3}"), listing.Files.Select(file => file.Path));
        Assert.Equal(hub == "HuggingFace" ? 1 + 3 : 3, fixture.Server.Requests.Count);
    }

    [Theory]
    [InlineData("HuggingFace")]
    [InlineData("ModelScope")]
    public async Task PagesThatNeverEndAreNoticed(string hub)
    {
        await using HubFixture fixture = await HubFixture.Start();
        fixture.Server.TreePage = 1;
        for (int i = 0; i < 200; i++)
        {
            fixture.Server.Add($"datasets/{HubFixture.Model}", $"f{i:d3}", $"{i}");
        }

        fixture.Server.Before = context =>
        {
            context.Request.Query = new QueryCollection(context.Request.Query.ToDictionary(
                pair => pair.Key,
                pair => pair.Key == "PageNumber" ? new StringValues("1") : pair.Key == "cursor" ? new StringValues("0") : pair.Value));
            return Task.FromResult(false);
        };
        SmvlException e = await Assert.ThrowsAsync<SmvlException>(() => fixture.List(Enum.Parse<HubKind>(hub), RepositoryKind.Dataset).WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Contains("pages", e.Message);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("/etc/x")]
    [InlineData("C:/x")]
    [InlineData("C:x")]
    [InlineData("..\\x")]
    [InlineData("a//b")]
    [InlineData("a/./b")]
    [InlineData("")]
    [InlineData("a\u001b[2Jb")]
    public async Task APathThatWouldLeaveTheFolderIsRefused(string path)
    {
        await using HubFixture fixture = await HubFixture.Start();
        fixture.Server.Add($"models/{HubFixture.Model}", "config.json", "{}");
        foreach (HubKind hub in Enum.GetValues<HubKind>())
        {
            fixture.Server.Row = row => row[row.ContainsKey("Path") ? "Path" : "path"] = path;
            string message = await fixture.Fails(hub);
            Assert.Contains("would leave the folder", message);
            Assert.False(Directory.Exists(fixture["out"]));
            Assert.Empty(fixture.Server.FileRequests);
        }
    }

    [Fact]
    public async Task WhatIsMissingIsNamed()
    {
        await using HubFixture fixture = await HubFixture.Start();
        SmvlException none = await Assert.ThrowsAsync<SmvlException>(() => fixture.List(HubKind.HuggingFace));
        Assert.Contains("Hugging Face Owner/Name.1: no such model, or a private one: RepoNotFound, says the server", none.Message);
        Assert.Contains("HF_TOKEN", none.Message);
        SmvlException alsoNone = await Assert.ThrowsAsync<SmvlException>(() => fixture.List(HubKind.ModelScope, RepositoryKind.Dataset));
        Assert.Contains("ModelScope Owner/Name.1: no such dataset, or a private one: not found, says the server", alsoNone.Message);
        Assert.Contains("MODELSCOPE_API_TOKEN", alsoNone.Message);

        fixture.Server.Add($"models/{HubFixture.Model}", "config.json", "{}");
        SmvlException revision = await Assert.ThrowsAsync<SmvlException>(() => fixture.List(HubKind.HuggingFace, revision: "v9"));
        Assert.Contains("no such revision", revision.Message);
        Assert.Contains("v9", revision.Message);

        DownloadRequest request = new(HubFixture.Repository()) { LocalFolder = fixture["out"], Files = ["confg.json"] };
        SmvlException file = await Assert.ThrowsAsync<SmvlException>(() => fixture.Download(request));
        Assert.Contains("no such file: confg.json", file.Message);
        Assert.Contains("there is config.json", file.Message);
        SmvlException pattern = await Assert.ThrowsAsync<SmvlException>(() => fixture.Download(request with { Files = [], Include = ["config.json", "*.bin"] }));
        Assert.Contains("no file matches *.bin", pattern.Message);
        SmvlException nothing = await Assert.ThrowsAsync<SmvlException>(() => fixture.Download(request with { Files = [], Exclude = ["*"] }));
        Assert.Contains("nothing to fetch", nothing.Message);
        Assert.Empty(fixture.Waits);   // none of this passes with time
    }

    [Theory]
    [InlineData(401, "", "no such model, or a private one")]
    [InlineData(401, "GatedRepo", "consent")]
    [InlineData(403, "GatedRepo", "consent")]
    [InlineData(403, "", "refuses access (403)")]
    [InlineData(418, "", "answered 418")]
    public async Task RefusalsSayWhatToDo(int status, string code, string expected)
    {
        await using HubFixture fixture = await HubFixture.Start();
        fixture.Server.Before = async context =>
        {
            await HubServer.Refuse(context, status, code);
            return true;
        };
        string message = await fixture.Fails();
        Assert.Contains(expected, message);
        Assert.Equal(status != 418, message.Contains("HF_TOKEN", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AWrongAnswerNamesTheAddressAndTheKey()
    {
        await using HubFixture fixture = await HubFixture.Start();
        fixture.Server.Add($"models/{HubFixture.Model}", "config.json", "{}");
        fixture.Server.Row = row => row.Remove(row.ContainsKey("Size") ? "Size" : "size");
        Assert.Contains($"{fixture.Server.Address}/api/models/{HubFixture.Model}/tree/{HubServer.Commit}: the hub's answer lacks a key (expected size)", await fixture.Fails());
        Assert.Contains("lacks a key (expected Size)", await fixture.Fails(HubKind.ModelScope));
        fixture.Server.Row = row => row[row.ContainsKey("Size") ? "Size" : "size"] = JsonValue.Create("many");
        Assert.Contains("expected a number of bytes, actual string", await fixture.Fails());
        fixture.Server.Before = async context =>
        {
            await context.Response.WriteAsync("<html>");
            return true;
        };
        Assert.Contains("not JSON", await fixture.Fails());
        Assert.Contains("not JSON", await fixture.Fails(HubKind.ModelScope));
    }

    [Fact]
    public async Task ACommitThatIsAPathIsRefused()
    {
        await using HubFixture fixture = await HubFixture.Start();
        fixture.Server.Before = async context =>
        {
            await context.Response.WriteAsync("""{"sha": "../../../x"}""");
            return true;
        };
        Assert.Contains("not a commit", await fixture.Fails());
    }

    [Theory]
    [InlineData("HuggingFace")]
    [InlineData("ModelScope")]
    public async Task AListingIsAskedForAgain(string hub)
    {
        await using HubFixture fixture = await HubFixture.Start();
        fixture.Server.Add($"models/{HubFixture.Model}", "config.json", "{}");
        int asked = 0;
        fixture.Server.Before = context =>
        {
            asked++;
            if (asked <= 2)
            {
                context.Response.StatusCode = asked == 1 ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status429TooManyRequests;
                context.Response.Headers.RetryAfter = asked == 1 ? default : "7";
            }

            return Task.FromResult(asked <= 2);
        };
        Assert.Single((await fixture.List(Enum.Parse<HubKind>(hub))).Files);
        Assert.Equal([1, 7], fixture.Waits);
        Assert.Equal(2, fixture.Observer.Notes.Count);
        Assert.Contains("503", fixture.Observer.Notes.First());
        Assert.Contains("again in 7 s", fixture.Observer.Notes.Last());
    }

    [Fact]
    public async Task AHubThatIsNotThereIsGivenUp()
    {
        await using HubFixture fixture = await HubFixture.Start();
        LoopbackServer gone = await LoopbackServer.Start(_ => Task.CompletedTask);
        fixture.Variables["HF_ENDPOINT"] = gone.Address;
        await gone.DisposeAsync();
        string message = await fixture.Fails();
        Assert.Contains($"Hugging Face at {gone.Address}", message);
        Assert.Contains("HF_ENDPOINT names a mirror", message);
        Assert.Equal([1, 2, 4], fixture.Waits);
    }
}
