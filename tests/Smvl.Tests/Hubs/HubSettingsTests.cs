using Smvl.Hubs;

namespace Smvl.Tests.Hubs;

/// <summary>Mirrors, tokens and caches by the variables of the hubs' own clients.</summary>
public sealed class HubSettingsTests : IDisposable
{
    private readonly TemporaryFolder home = new();

    public void Dispose() => home.Dispose();

    [Theory]
    [InlineData("HuggingFace", "", "https://huggingface.co/")]
    [InlineData("HuggingFace", "HF_ENDPOINT=https://hf-mirror.com/", "https://hf-mirror.com/")]
    [InlineData("HuggingFace", "HF_ENDPOINT=  ", "https://huggingface.co/")]
    [InlineData("ModelScope", "", "https://www.modelscope.cn/")]
    [InlineData("ModelScope", "MODELSCOPE_DOMAIN=www.modelscope.ai", "https://www.modelscope.ai/")]
    [InlineData("ModelScope", "MODELSCOPE_ENDPOINT=modelscope.ai", "https://modelscope.ai/")]
    [InlineData("ModelScope", "MODELSCOPE_ENDPOINT=http://localhost:81;MODELSCOPE_DOMAIN=other", "http://localhost:81/")]
    [InlineData("HuggingFace", "HF_ENDPOINT=http://mirror/hf", "http://mirror/hf")]
    public void AnEndpointIsNamed(string hub, string variables, string expected) => Assert.Equal(expected, Read(hub, variables).Endpoint.AbsoluteUri);

    [Theory]
    [InlineData("HF_ENDPOINT=ftp://x")]
    [InlineData("HF_ENDPOINT=nothing")]
    [InlineData("HF_ENDPOINT=https://user:password@x")]
    [InlineData("HF_HUB_DOWNLOAD_TIMEOUT=soon")]
    [InlineData("HF_HUB_DOWNLOAD_TIMEOUT=0")]
    public void WhatCannotBeIsRefused(string variables)
    {
        SmvlException e = Assert.Throws<SmvlException>(() => Read("HuggingFace", variables));
        Assert.Contains(variables.Split('=')[0], e.Message);
        Assert.DoesNotContain("password@", e.Message);
    }

    [Theory]
    [InlineData("HuggingFace", "HF_TOKEN= a ;HUGGING_FACE_HUB_TOKEN=b", null, "a")]
    [InlineData("HuggingFace", "HUGGING_FACE_HUB_TOKEN=b", null, "b")]
    [InlineData("HuggingFace", "HF_TOKEN=a", "given", "given")]
    [InlineData("HuggingFace", "", null, "stored")]
    [InlineData("HuggingFace", "HF_HUB_DISABLE_IMPLICIT_TOKEN=1", null, null)]
    [InlineData("HuggingFace", "HF_HUB_DISABLE_IMPLICIT_TOKEN=1;HF_TOKEN=a", null, "a")]
    [InlineData("HuggingFace", "HF_TOKEN_PATH=~/elsewhere", null, "other")]
    [InlineData("HuggingFace", "HF_HOME=/nowhere", null, null)]
    [InlineData("ModelScope", "HF_TOKEN=a", null, null)]
    [InlineData("ModelScope", "MODELSCOPE_API_TOKEN=m", null, "m")]
    public void ATokenIsFound(string hub, string variables, string? given, string? expected)
    {
        home.Write(".cache/huggingface/token", "stored\n");
        home.Write("elsewhere", "other");
        Assert.Equal(expected, Read(hub, variables, given).Token);
    }

    [Theory]
    [InlineData("", ".cache/huggingface/hub")]
    [InlineData("XDG_CACHE_HOME=/x", "/x/huggingface/hub")]
    [InlineData("HF_HOME=/h;XDG_CACHE_HOME=/x", "/h/hub")]
    [InlineData("HF_HOME=/h;HF_HUB_CACHE=~/c", "c")]
    [InlineData("HUGGINGFACE_HUB_CACHE=/c", "/c")]
    public void HuggingFacesCacheIsFound(string variables, string expected) =>
        Assert.Equal(Path.Combine(home.Path, expected), Environment(variables).HuggingFaceCache);

    [Fact]
    public void TheTimeoutIsRead()
    {
        Assert.Equal(TimeSpan.FromSeconds(2.5), Read("HuggingFace", "HF_HUB_DOWNLOAD_TIMEOUT=2.5").Silence);
        Assert.Equal(TimeSpan.FromSeconds(30), Read("ModelScope", "HF_HUB_DOWNLOAD_TIMEOUT=2.5").Silence);
    }

    [Theory]
    [InlineData("Qwen/Qwen3-0.6B", true)]
    [InlineData("a_b/c.d-e", true)]
    [InlineData("Qwen3", false)]
    [InlineData("a/b/c", false)]
    [InlineData("../b", false)]
    [InlineData("a/..", false)]
    [InlineData("/a", false)]
    [InlineData("./a", false)]
    [InlineData("-a/b", false)]
    [InlineData("a/b\n", false)]
    [InlineData("a/b?x", false)]
    [InlineData("a\\b/c", false)]
    public void ANameHasTwoParts(string text, bool expected) => Assert.Equal(expected, RepositoryId.TryParse(RepositoryKind.Model, text) is not null);

    private HubSettings Read(string hub, string variables, string? token = null) => HubSettings.Read(Enum.Parse<HubKind>(hub), Environment(variables), token);

    private HubEnvironment Environment(string variables)
    {
        Dictionary<string, string> values = variables.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(each => each.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        values["HOME"] = home.Path;
        return new HubEnvironment(name => values.GetValueOrDefault(name));
    }
}
