using Smvl.Tracking.SwanLab;

namespace Smvl.Tests.Tracking.SwanLab;

/// <summary>What the environment and a login say.</summary>
public sealed class SwanLabSettingsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void WithoutAnythingARunIsOffline()
    {
        SwanLabSettings settings = Read();
        Assert.Equal((SwanLabMode.Offline, null, "https://api.swanlab.cn", "https://swanlab.cn"), (settings.Mode, settings.Key?.Reveal(), settings.ApiHost, settings.WebHost));
        Assert.Equal((folder["work dir", "swanlog"], "work-dir"), (settings.LogDir, settings.Project));
        Assert.Equal((SwanLabResume.Never, null, null), (settings.Resume, settings.RunId, settings.Public));
    }

    [Fact]
    public void EveryVariableIsHeard()
    {
        SwanLabSettings settings = Read(
            ("SWANLAB_API_KEY", "'key-1'"), ("SWANLAB_MODE", "online"), ("SWANLAB_LOG_DIR", "/elsewhere"), ("SWANLAB_API_HOST", "http://host:1/api/"),
            ("SWANLAB_WEB_HOST", "http://web/"), ("SWANLAB_WORKSPACE", "team"), ("SWANLAB_PROJ_NAME", "a b"), ("SWANLAB_PROJECT", "second"), ("SWANLAB_EXP_NAME", "实验"),
            ("SWANLAB_DESCRIPTION", "why"), ("SWANLAB_TAGS", "a, b"), ("SWANLAB_GROUP", "g"), ("SWANLAB_JOB_TYPE", "j"), ("SWANLAB_PUBLIC", "true"), ("SWANLAB_RUN_ID", "abc1"),
            ("SWANLAB_RESUME", "must"));
        Assert.Equal((SwanLabMode.Cloud, "key-1", "/elsewhere", "http://host:1", "http://web"), (settings.Mode, settings.Key!.Reveal(), settings.LogDir, settings.ApiHost, settings.WebHost));
        Assert.Equal(("team", "a-b", "实验", "why", "g", "j"), (settings.Workspace, settings.Project, settings.ExperimentName, settings.Description, settings.Group, settings.JobType));
        Assert.Equal(["a", "b"], settings.Tags);
        Assert.Equal((true, "abc1", SwanLabResume.Must), (settings.Public, settings.RunId, settings.Resume));
        Assert.Equal("second", Read(("SWANLAB_PROJECT", "second")).Project);
    }

    [Theory]
    [InlineData("cloud", SwanLabMode.Cloud), InlineData("local", SwanLabMode.Local), InlineData("offline", SwanLabMode.Offline), InlineData("Disabled", SwanLabMode.Disabled)]
    public void ModesHaveNames(string mode, object expected) => Assert.Equal(expected, Read(("SWANLAB_MODE", mode), ("SWANLAB_API_KEY", "k")).Mode);

    [Theory]
    [InlineData("SWANLAB_MODE", "somewhere"), InlineData("SWANLAB_RESUME", "perhaps"), InlineData("SWANLAB_PUBLIC", "?"), InlineData("SWANLAB_RUN_ID", "A B")]
    public void OtherValuesAreErrors(string variable, string value) => Assert.StartsWith(variable, Assert.Throws<SmvlException>(() => Read((variable, value))).Message);

    [Fact]
    public void ALoginIsFoundWhereTheSdkPutsIt()
    {
        folder.Write(".swanlab/.netrc", "machine https://api.one/api\n  login https://one\n  password home-key\nmachine api.two login two password second\n");
        SwanLabSettings settings = Read();
        Assert.Equal((SwanLabMode.Cloud, "home-key", "https://api.one", "https://one"), (settings.Mode, settings.Key!.Reveal(), settings.ApiHost, settings.WebHost));
        Assert.Equal("second", Read(("SWANLAB_API_HOST", "https://api.two")).Key!.Reveal());
        Assert.Null(Read(("SWANLAB_API_HOST", "https://api.three")).Key);
        Assert.Equal("env", Read(("SWANLAB_API_KEY", "env")).Key!.Reveal());
        folder.Write("work dir/.swanlab/.netrc", "machine https://api.one login x password nearer");
        Assert.Equal("nearer", Read().Key!.Reveal());
        folder.Write("saved/.netrc", "machine https://api.one login x password saved");
        File.Delete(folder["work dir", ".swanlab", ".netrc"]);
        Assert.Equal("saved", Read(("SWANLAB_SAVE_DIR", folder["saved"])).Key!.Reveal());
    }

    [Fact]
    public void AKeyIsNoText()
    {
        SwanLabSettings settings = Read(("SWANLAB_API_KEY", "very-secret"));
        Assert.DoesNotContain("very-secret", $"{settings} {settings.Key}");
        Assert.Equal("a *** b", settings.Key!.Redacted("a very-secret b"));
    }

    private SwanLabSettings Read(params (string Name, string Value)[] variables) =>
        SwanLabSettings.From(name => variables.FirstOrDefault(variable => variable.Name == name).Value, folder["work dir"], folder.Path);
}
