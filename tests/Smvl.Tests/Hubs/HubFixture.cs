using System.Security.Cryptography;
using Smvl.Hubs;
using Smvl.Net;

namespace Smvl.Tests.Hubs;

/// <summary>A hub of a test's own, a home folder of its own, and no waiting.</summary>
internal sealed class HubFixture : IAsyncDisposable
{
    public const string Model = "Owner/Name.1";

    private readonly TemporaryFolder temporary = new();

    private HubFixture(HubServer server)
    {
        Server = server;
        Variables["HOME"] = Home;
        Variables["HF_ENDPOINT"] = Variables["MODELSCOPE_ENDPOINT"] = server.Address;
        Environment = new HubEnvironment(name => Variables.GetValueOrDefault(name));
    }

    public HubServer Server { get; }

    public Dictionary<string, string> Variables { get; } = [];

    public HubEnvironment Environment { get; }

    public RecordingObserver Observer { get; } = new();

    public List<double> Waits { get; } = [];

    public string Home => temporary["home"];

    /// <summary>Bytes of a request at most.</summary>
    public long PieceBytes { get; set; } = 64 << 20;

    public long FreeBytes { get; set; } = long.MaxValue;

    public static async Task<HubFixture> Start() => new(await HubServer.Start());

    /// <summary>A path that is not in the home folder.</summary>
    public string this[params string[] parts] => temporary[parts];

    public static RepositoryId Repository(RepositoryKind kind = RepositoryKind.Model) => RepositoryId.Parse(kind, Model);

    /// <summary>Bytes that repeat nowhere.</summary>
    public static byte[] Random(int count, int seed = 1)
    {
        byte[] bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static string Sha256(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    public Hub Open(HubKind kind = HubKind.HuggingFace, int attempts = 4)
    {
        RetryPolicy retry = new()
        {
            Attempts = attempts,
            Wait = (delay, _) =>
            {
                lock (Waits)
                {
                    Waits.Add(delay.TotalSeconds);
                }

                return Task.CompletedTask;
            },
        };
        return Hub.Create(kind, HubSettings.Read(kind, Environment), Observer.OnNote, retry);
    }

    public async Task<HubListing> List(HubKind hub, RepositoryKind kind = RepositoryKind.Model, string? revision = null)
    {
        using Hub opened = Open(hub);
        return await opened.List(Repository(kind), revision, CancellationToken.None);
    }

    /// <summary>Downloads into the folder "out" unless the request says otherwise.</summary>
    public Task<string> Download(HubKind hub = HubKind.HuggingFace, CancellationToken cancellation = default) =>
        Download(new DownloadRequest(Repository()) { LocalFolder = this["out"] }, hub, cancellation);

    public async Task<string> Download(DownloadRequest request, HubKind hub = HubKind.HuggingFace, CancellationToken cancellation = default)
    {
        using Hub opened = Open(hub);
        return await new HubDownload(opened, Environment, Observer) { PieceBytes = PieceBytes, FreeBytes = _ => FreeBytes }.Run(request, cancellation);
    }

    public async Task<string> Fails(HubKind hub = HubKind.HuggingFace) => (await Assert.ThrowsAsync<SmvlException>(() => Download(hub))).Message;

    /// <summary>Nothing unfinished is left in a folder.</summary>
    public static void AssertClean(string folder) =>
        Assert.DoesNotContain(Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories), path => Path.GetRelativePath(folder, path).Contains("part", StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        temporary.Dispose();
    }
}
