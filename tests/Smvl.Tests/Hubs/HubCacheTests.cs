using Smvl.Hubs;

namespace Smvl.Tests.Hubs;

/// <summary>The caches of the hubs' own clients: read as they lay them out, and written so.</summary>
public sealed class HubCacheTests : IAsyncLifetime
{
    private const string Repository = $"models/{HubFixture.Model}";

    private readonly byte[] weights = HubFixture.Random(5000);
    private HubFixture hub = null!;

    private string HuggingFace => Path.Combine(hub.Home, ".cache", "huggingface", "hub", "models--Owner--Name.1");

    private string ModelScope => Path.Combine(hub.Home, ".cache", "modelscope", "hub", "models", "Owner");

    public async ValueTask InitializeAsync()
    {
        hub = await HubFixture.Start();
        hub.Server.Add(Repository, "weights.bin", weights);
        hub.Server.Add(Repository, "a/config.json", "{}");
        hub.Server.Add(Repository, "a/same.json", "{}");
    }

    public async ValueTask DisposeAsync() => await hub.DisposeAsync();

    [Fact]
    public async Task HuggingFacesCacheHoldsBlobsAndLinks()
    {
        DownloadRequest request = new(HubFixture.Repository());
        string folder = await hub.Download(request);
        Assert.Equal(Path.Combine(HuggingFace, "snapshots", HubServer.Commit), folder);
        Assert.Equal($"../../blobs/{HubFixture.Sha256(weights)}", new FileInfo(Path.Combine(folder, "weights.bin")).LinkTarget);
        Assert.Equal("../../../blobs/9e26dfeeb6e641a33dae4961196235bdb965b21b", new FileInfo(Path.Combine(folder, "a", "config.json")).LinkTarget);
        Assert.Equal(weights, File.ReadAllBytes(Path.Combine(folder, "weights.bin")));
        Assert.Equal("{}", File.ReadAllText(Path.Combine(folder, "a", "same.json")));
        Assert.Equal(HubServer.Commit, File.ReadAllText(Path.Combine(HuggingFace, "refs", "main")));
        Assert.Equal(2, Directory.GetFiles(Path.Combine(HuggingFace, "blobs")).Length);
        Assert.Equal(2, hub.Server.FileRequests.Count);   // two files of one content are one

        await hub.Download(request with { Revision = "refs/pr/1" });
        Assert.Equal(HubServer.Commit, File.ReadAllText(Path.Combine(HuggingFace, "refs", "refs", "pr", "1")));
        await hub.Download(request with { Revision = HubServer.Commit });
        Assert.Equal(2, hub.Server.FileRequests.Count);
        Assert.False(File.Exists(Path.Combine(HuggingFace, "refs", HubServer.Commit)));
    }

    [Fact]
    public async Task WithoutLinksTheSnapshotHoldsTheFiles()
    {
        hub.Variables["HF_HUB_DISABLE_SYMLINKS"] = "1";
        hub.Variables["HF_HUB_CACHE"] = hub["cache"];
        string folder = await hub.Download(new DownloadRequest(HubFixture.Repository()));
        Assert.Equal(hub["cache", "models--Owner--Name.1", "snapshots", HubServer.Commit], folder);
        Assert.Null(new FileInfo(Path.Combine(folder, "weights.bin")).LinkTarget);
        Assert.Equal(weights, File.ReadAllBytes(Path.Combine(folder, "weights.bin")));
        Assert.Equal("{}", File.ReadAllText(Path.Combine(folder, "a", "same.json")));
        Assert.Empty(Directory.GetFiles(hub["cache", "models--Owner--Name.1", "blobs"]));
        int asked = hub.Server.FileRequests.Count;
        await hub.Download(new DownloadRequest(HubFixture.Repository()));
        Assert.Equal(asked, hub.Server.FileRequests.Count);
    }

    [Fact]
    public async Task ModelScopesCacheWritesDotsAsUnderscores()
    {
        string folder = await hub.Download(new DownloadRequest(HubFixture.Repository()), HubKind.ModelScope);
        Assert.Equal(Path.Combine(ModelScope, "Name___1"), folder);
        Assert.Equal(weights, File.ReadAllBytes(Path.Combine(folder, "weights.bin")));
        Assert.Equal("Name___1", new DirectoryInfo(Path.Combine(ModelScope, "Name.1")).LinkTarget);
        Assert.False(Directory.Exists(Path.Combine(folder, ".cache")));
        int asked = hub.Server.FileRequests.Count;
        await hub.Download(new DownloadRequest(HubFixture.Repository()), HubKind.ModelScope);
        Assert.Equal(asked, hub.Server.FileRequests.Count);

        hub.Variables["MODELSCOPE_CACHE"] = hub["cache"];
        hub.Server.Add($"datasets/{HubFixture.Model}", "d.parquet", "d");
        Assert.Equal(
            hub["cache", "datasets", "Owner", "Name.1"],
            await hub.Download(new DownloadRequest(HubFixture.Repository(RepositoryKind.Dataset)), HubKind.ModelScope));
    }

    [Theory]
    [InlineData("HuggingFace", ".cache/huggingface/hub/models--Owner--Name.1/blobs/HASH")]
    [InlineData("ModelScope", ".cache/huggingface/hub/models--Owner--Name.1/blobs/HASH")]
    [InlineData("ModelScope", ".cache/huggingface/hub/models--Owner--Name.1/snapshots/1234/weights.bin")]
    [InlineData("HuggingFace", ".cache/modelscope/hub/models/Owner/Name___1/weights.bin")]
    [InlineData("ModelScope", ".cache/modelscope/hub/models/Owner/Name.1/weights.bin")]
    [InlineData("ModelScope", ".cache/modelscope/models/Owner--Name.1/weights.bin")]
    public async Task WhatACacheHoldsIsCopied(string from, string place)
    {
        string path = Path.Combine(hub.Home, place.Replace("HASH", HubFixture.Sha256(weights)));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        byte[] damaged = [.. weights];
        damaged[0] ^= 1;
        File.WriteAllBytes(path, damaged);
        DownloadRequest request = new(HubFixture.Repository()) { LocalFolder = hub["out"], Files = ["weights.bin"] };
        await hub.Download(request, Enum.Parse<HubKind>(from));
        Assert.Equal(DownloadOutcome.Fetched, hub.Observer.Done["weights.bin"]);   // of the size, but not the content
        Assert.Equal(weights, File.ReadAllBytes(hub["out", "weights.bin"]));

        Directory.Delete(hub["out"], recursive: true);
        File.WriteAllBytes(path, weights);
        await hub.Download(request, Enum.Parse<HubKind>(from));
        Assert.Equal(DownloadOutcome.Copied, hub.Observer.Done["weights.bin"]);
        Assert.Equal(weights, File.ReadAllBytes(hub["out", "weights.bin"]));
        Assert.Single(hub.Server.FileRequests);
        HubFixture.AssertClean(hub["out"]);
    }

    [Fact]
    public async Task ALocalFolderHasTheNotesOfHuggingFacesClient()
    {
        await hub.Download();
        string[] note = File.ReadAllLines(hub["out", ".cache", "huggingface", "download", "a", "config.json.metadata"]);
        Assert.Equal([HubServer.Commit, "9e26dfeeb6e641a33dae4961196235bdb965b21b"], note[..2]);
        double written = double.Parse(note[2], System.Globalization.CultureInfo.InvariantCulture);
        double changed = (File.GetLastWriteTimeUtc(hub["out", "a", "config.json"]) - DateTime.UnixEpoch).TotalSeconds;
        Assert.InRange(written - changed, -1, 60);   // the client's own condition: changed at most a second later
        Assert.Equal("*", File.ReadAllText(hub["out", ".cache", "huggingface", ".gitignore"]));
        Assert.False(Directory.Exists(hub["out", ".cache", "smvl"]));
        await hub.Download(HubKind.ModelScope);
        Assert.Equal([".cache", "a", "weights.bin"], Directory.EnumerateFileSystemEntries(hub["out"]).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("HF_HUB_OFFLINE", "HuggingFace")]
    [InlineData("TRANSFORMERS_OFFLINE", "HuggingFace")]
    [InlineData("SMVL_OFFLINE", "HuggingFace")]
    [InlineData("SMVL_OFFLINE", "ModelScope")]
    public async Task OfflineNothingIsAsked(string variable, string from)
    {
        HubKind kind = Enum.Parse<HubKind>(from);
        DownloadRequest request = new(HubFixture.Repository());
        hub.Variables[variable] = "yes";
        SmvlException none = await Assert.ThrowsAsync<SmvlException>(() => hub.Download(request, kind));
        Assert.Contains($"Owner/Name.1: {variable} forbids the network", none.Message);
        Assert.Empty(hub.Server.Requests);

        hub.Variables[variable] = "0";
        string folder = await hub.Download(request, kind);
        int asked = hub.Server.Requests.Count;
        hub.Variables[variable] = "ON";
        Assert.Equal(folder, await hub.Download(request, kind));
        Assert.Equal(folder, await hub.Download(request with { Files = ["a/config.json"] }, kind));
        await Assert.ThrowsAsync<SmvlException>(() => hub.Download(request with { Files = ["a/other.json"] }, kind));
        await Assert.ThrowsAsync<SmvlException>(() => hub.Download(request with { LocalFolder = hub["none"] }, kind));
        Assert.Equal(asked, hub.Server.Requests.Count);
    }

    [Theory]
    [InlineData("/x/models--Qwen--Qwen3-0.6B/snapshots/0123", "Qwen3-0.6B")]
    [InlineData("/x/models--Qwen--a--b/snapshots/0123", "a--b")]
    [InlineData("/x/hub/models/Qwen/Qwen3-0___6B/", "Qwen3-0.6B")]
    [InlineData("/x/models/Qwen--Qwen3-0.6B", "Qwen3-0.6B")]
    [InlineData("/x/snapshots/mine", "mine")]
    [InlineData("/x/model/a___b", "a___b")]
    public void AModelInACacheKeepsItsName(string folder, string name) => Assert.Equal(name, HubCaches.ModelName(folder));
}
