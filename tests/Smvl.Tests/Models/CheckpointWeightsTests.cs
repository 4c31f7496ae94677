using Smvl.Formats;
using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Tests.Models;

/// <summary>Loading is strict: nothing missing, nothing left over, no shape or type guessed, no head dropped that is not a copy.</summary>
public sealed class CheckpointWeightsTests : IDisposable
{
    private const string Embedding = "model.embed_tokens.weight";
    private const string Head = "lm_head.weight";

    private readonly TemporaryFolder temporary = new();
    private readonly CheckpointFolder source = CheckpointFolder.Open(Golden.Path("sources", "qwen3-tiny"));
    private readonly TextConfig text = ConfigFile.ReadTextSource(Golden.Path("sources", "qwen3-tiny"));

    public void Dispose()
    {
        source.Dispose();
        temporary.Dispose();
    }

    [Fact]
    public void TheSourceIsBoundWhole() => Assert.Equal(NameTable.TextSource(text).Select(row => row.Ours), Bind(_ => { }));

    [Fact]
    public void TheTowersSourceMayHoldMore()
    {
        string path = Golden.Path("sources", "smolvlm2-tiny");
        using CheckpointFolder folder = CheckpointFolder.Open(path);
        NameTable table = NameTable.VisionSource(ConfigFile.ReadVisionSource(path).Vision);
        Assert.Equal(table.Count, CheckpointWeights.Bind(folder, table).Count);
    }

    [Fact]
    public void OldBuffersMayBeThere() =>
        Assert.DoesNotContain("inv_freq", string.Join(' ', Bind(all => all["model.layers.0.self_attn.rotary_emb.inv_freq"] = all["model.norm.weight"])));

    [Fact]
    public void ACopyOfATiedHeadIsNotLoaded() => Assert.DoesNotContain("head", Bind(all => all[Head] = all[Embedding]));

    [Fact]
    public void AnotherTiedHeadIsRefused() => Refused(
        all => all[Head] = new TensorSource(Head, all[Embedding].DType, all[Embedding].Shape, stream => stream.Write(new byte[all[Embedding].ByteLength])),
        $"tensor {Head} differs from {Embedding}");

    [Fact]
    public void AMissingTensorIsRefused() =>
        Refused(all => all.Remove("model.norm.weight"), "1 tensors are missing (expected model.norm.weight)");

    [Fact]
    public void ManyMissingTensorsAreCounted() => Refused(all => all.Clear(), "35 tensors are missing");

    [Fact]
    public void AnUnknownTensorIsRefused() =>
        Refused(all => all["model.extra.weight"] = all["model.norm.weight"], "1 tensors belong to no part of the model (actual not known: model.extra.weight)");

    [Fact]
    public void AnotherShapeIsRefused() => Refused(
        all => all["model.norm.weight"] = new TensorSource("", DType.BF16, new Shape(63), stream => stream.Write(new byte[126])),
        "tensor model.norm.weight has another shape than config.json says (expected [64], actual [63])");

    [Fact]
    public void AnotherTypeIsRefused() => Refused(
        all => all["model.norm.weight"] = new TensorSource("", DType.U8, new Shape(64), stream => stream.Write(new byte[64])),
        "tensor model.norm.weight is no weight (expected F32, F16 or BF16, actual U8)");

    private IEnumerable<string> Bind(Action<Dictionary<string, TensorSource>> change)
    {
        Dictionary<string, TensorSource> all = source.Tensors.ToDictionary(pair => pair.Key, pair => TensorSource.From(pair.Key, pair.Value));
        change(all);
        string folder = temporary["changed"];
        Directory.CreateDirectory(folder);
        CheckpointWriter.Write(folder, [.. all.Select(pair => pair.Value with { Name = pair.Key })]);
        using CheckpointFolder changed = CheckpointFolder.Open(folder);
        return CheckpointWeights.Bind(changed, NameTable.TextSource(text)).Keys;
    }

    private void Refused(Action<Dictionary<string, TensorSource>> change, string problem)
    {
        string message = Assert.Throws<SmvlException>(() => Bind(change)).Message;
        Assert.Contains(problem, message);
        Assert.StartsWith(temporary["changed"], message);
    }
}
