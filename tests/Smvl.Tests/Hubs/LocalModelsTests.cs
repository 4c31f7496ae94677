using Smvl.Hubs;

namespace Smvl.Tests.Hubs;

/// <summary>Model folders by a hub's name.</summary>
public sealed class LocalModelsTests : IDisposable
{
    private const string Name = "Owner/Name.1";

    private readonly TemporaryFolder temporary = new();
    private readonly List<string> notices = [];

    public void Dispose() => temporary.Dispose();

    [Theory]
    [InlineData("model/Name.1")]
    [InlineData(".cache/modelscope/hub/models/Owner/Name___1")]
    [InlineData(".cache/modelscope/hub/models/Owner/Name.1")]
    [InlineData(".cache/modelscope/models/Owner--Name.1")]
    public void ANameStandsForTheCopy(string folder)
    {
        Put(folder);
        Assert.Equal(temporary[folder], Find(Name));
        Assert.Equal($"{Name} is {temporary[folder]}", Assert.Single(notices));
    }

    [Fact]
    public void HuggingFacesSnapshotIsTheBranchs()
    {
        const string Cached = ".cache/huggingface/hub/models--Owner--Name.1";
        Put($"{Cached}/snapshots/1111");
        Put($"{Cached}/snapshots/2222");
        Assert.Throws<SmvlException>(() => Find(Name));   // which one is main?
        temporary.Write($"{Cached}/refs/main", "2222\n");
        Assert.Equal(temporary[$"{Cached}/snapshots/2222"], Find(Name));
    }

    [Fact]
    public void ACopyWithoutWeightsIsPassedOver()
    {
        Put("model/Name.1");
        File.Delete(temporary["model/Name.1/model.safetensors"]);
        Put(".cache/modelscope/hub/models/Owner/Name___1");
        Assert.Equal(temporary[".cache/modelscope/hub/models/Owner/Name___1"], Find(Name));
    }

    [Fact]
    public void WithoutACopyTheCommandIsNamed()
    {
        SmvlException e = Assert.Throws<SmvlException>(() => Find(Name));
        Assert.Equal(
            "Owner/Name.1: no such folder, and no copy of a hub's model of that name; smvl download --model Owner/Name.1 --local_dir model/Name.1 fetches it", e.Message);
    }

    [Fact]
    public void PathsStayPaths()
    {
        Put("model/Name.1");
        foreach (string path in (string[])[temporary.Path, temporary["none"], "nowhere", "./Owner/Name.1", "a/b/c"])
        {
            Assert.Equal(path, Find(path));
        }

        Assert.Empty(notices);
    }

    private string Find(string pathOrName) =>
        new LocalModels(new HubEnvironment(name => name == "HOME" ? temporary.Path : null), temporary["model"]).Find(pathOrName, notices.Add);

    private void Put(string folder)
    {
        temporary.Write($"{folder}/config.json", "{}");
        temporary.Write($"{folder}/model.safetensors", "");
    }
}
