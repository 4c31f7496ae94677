using System.Text.Json.Nodes;
using Smvl.Formats;

namespace Smvl.Tests.Formats;

/// <summary>An index and its shards must tell the same story.</summary>
public sealed class CheckpointFolderTests : IDisposable
{
    private const string Shard = "model-00002-of-00003.safetensors";
    private const string Index = "model.safetensors.index.json";

    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    [Trait("Category", Golden.Category)]
    public void ShardsAreReadThroughTheIndex()
    {
        using CheckpointFolder folder = CheckpointFolder.Open(Golden.Path("sources", "smolvlm2-tiny"));
        JsonNode map = JsonNode.Parse(File.ReadAllBytes(Golden.Path("sources", "smolvlm2-tiny", Index)))!["weight_map"]!;
        Assert.Equal(map.AsObject().Select(pair => pair.Key).Order(), folder.Tensors.Keys.Order());
        Assert.All(folder.Tensors.Keys, name => Assert.EndsWith((string)map[name]!, folder.FileOf(name)));
    }

    [Fact]
    public void AMissingShardIsRefused()
    {
        string copy = temporary.CopyOfGolden("sources", "smolvlm2-tiny");
        File.Delete(Path.Combine(copy, Shard));
        Assert.Contains(Shard, Refusal(copy, "a shard is missing"));
    }

    [Fact]
    public void ATensorInAnotherShardThanTheIndexSaysIsRefused() =>
        EditedIndexIsRefused(map => map["lm_head.weight"] = Shard, "tensor lm_head.weight is not where the index says");

    [Fact]
    public void ATensorInNoShardIsRefused() =>
        EditedIndexIsRefused(map => map["ghost"] = Shard, "tensor ghost is not where the index says (expected model-00002-of-00003.safetensors, actual in no shard)");

    [Fact]
    public void ATensorThatTheIndexLeavesOutIsRefused() =>
        EditedIndexIsRefused(map => map.Remove("lm_head.weight"), "the index does not list every tensor (actual not listed: lm_head.weight)");

    [Fact]
    public void AShardOutsideTheFolderIsRefused() =>
        EditedIndexIsRefused(map => map["lm_head.weight"] = "../x.safetensors", "a shard outside the folder");

    [Fact]
    public void AShardThatIsNoNameIsRefused() =>
        EditedIndexIsRefused(map => map["lm_head.weight"] = 3, "weight_map.lm_head.weight has a wrong value");

    [Fact]
    public void ATensorStoredTwiceIsRefused()
    {
        string copy = temporary.CopyOfGolden("sources", "smolvlm2-tiny");
        File.Copy(Path.Combine(copy, Shard), Path.Combine(copy, "again.safetensors"));
        GoldenCopy.Edit(Path.Combine(copy, Index), root => root["weight_map"]!["ghost"] = "again.safetensors");
        Refusal(copy, "is stored twice");
    }

    [Fact]
    public void ATensorListedTwiceIsRefused()
    {
        File.WriteAllText(temporary[Index], """{"weight_map":{"a":"x","a":"y"}}""");
        Refusal(temporary.Path, "tensor a is listed twice");
    }

    [Fact]
    public void AnIndexWithoutAMapIsRefused()
    {
        File.WriteAllText(temporary[Index], "{}");
        Refusal(temporary.Path, "weight_map is missing");
    }

    [Fact]
    public void AFolderWithoutWeightsIsRefused() => Refusal(temporary.Path, "no weights in this folder");

    [Fact]
    public void PickledWeightsAreRefusedByName()
    {
        File.WriteAllText(temporary["pytorch_model.bin"], "");
        Refusal(temporary.Path, "save the model as safetensors");
    }

    [Fact]
    public void AMissingFolderIsRefused() => Refusal(temporary["none"], "no such folder");

    private static string Refusal(string folder, string problem)
    {
        string message = Assert.Throws<SmvlException>(() => CheckpointFolder.Open(folder)).Message;
        Assert.Contains(problem, message);
        Assert.StartsWith(folder, message);
        return message;
    }

    private void EditedIndexIsRefused(Action<JsonObject> change, string problem)
    {
        string copy = temporary.CopyOfGolden("sources", "smolvlm2-tiny");
        GoldenCopy.Edit(Path.Combine(copy, Index), root => change(root["weight_map"]!.AsObject()));
        Refusal(copy, problem);
    }
}
