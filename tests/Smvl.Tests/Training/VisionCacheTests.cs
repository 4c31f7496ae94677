using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Tests.Models;
using Smvl.Training;

namespace Smvl.Tests.Training;

/// <summary>What a frozen tower made of pictures, kept in a folder.</summary>
public sealed class VisionCacheTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    /// <summary>At rate 0 two epochs in file order are the same steps: the first computes, the second reads.</summary>
    [Fact]
    public void LossesAreTheSameWhateverTheCacheHolds()
    {
        RecordingObserver plain = new(), first = new(), later = new();
        RunFixture.Run(Keys("plain", "0"), plain);
        RunFixture.Run([.. Keys("first", "0"), .. Cached()], first);
        RunFixture.Run([.. Keys("later", "0"), .. Cached()], later);
        double[] losses = [.. first.Steps.Select(step => step.Loss)];
        Assert.Equal(losses[..(losses.Length / 2)], losses[(losses.Length / 2)..]);
        Assert.Equal(losses, later.Steps.Select(step => step.Loss));
        Assert.Contains(later.Notes, note => note.Contains(", 0 computed, 0 stored", StringComparison.Ordinal));

        // rounding rows to bfloat16 is all that differs from a run without
        Assert.NotEqual(plain.Steps[0].Loss, losses[0]);
        Assert.All(plain.Steps.Zip(losses), pair => Assert.Equal(1, pair.Second / pair.First.Loss, 2e-3));
    }

    [Fact]
    public void ARunFromTheCacheLearnsTheSameWeights()
    {
        RunFixture.Run([.. Keys("first", "1e-3"), .. Cached()]);
        RunFixture.Run([.. Keys("later", "1e-3"), .. Cached()]);
        Dictionary<string, byte[]> first = RunFixture.Weights(temporary["first"]), later = RunFixture.Weights(temporary["later"]);
        Assert.All(first, tensor => Assert.Equal(tensor.Value, later[tensor.Key]));
    }

    [Fact]
    public void TheTowerRunsOnceATile()
    {
        using CpuBackend cpu = new(2);
        using ProfilingBackend backend = new(cpu);
        using ModelFolder folder = ModelFolder.Open(Golden.Path("spliced"), backend);
        ModelConfig config = folder.Model.Config;
        using ForwardCase given = new("two-images-vision", config);
        folder.Model.TowerCache = new VisionCache(temporary["cache"], 1 << 30, folder.Model, _ => { });
        backend.Take();
        double loss = folder.Model.Loss(given.Batch);
        Assert.True(backend.Take()[OperationKind.AttentionForward].Calls > config.Text.LayerCount);
        Assert.Equal(loss, folder.Model.Loss(given.Batch));
        Assert.Equal(config.Text.LayerCount, backend.Take()[OperationKind.AttentionForward].Calls);
    }

    [Theory, InlineData(0), InlineData(9), InlineData(20), InlineData(-1)]
    public void ADamagedEntryIsComputedAgain(int at)
    {
        RecordingObserver first = new(), mended = new(), after = new();
        RunFixture.Run([.. Keys("first", "0"), .. Cached()], first);
        string entry = Entries().Order().First();
        byte[] bytes = File.ReadAllBytes(entry), damaged = [.. bytes];
        if (at < 0)
        {
            damaged = damaged[..^5];
        }
        else
        {
            damaged[at] ^= 4;
        }

        File.WriteAllBytes(entry, damaged);
        RunFixture.Run([.. Keys("mended", "0"), .. Cached()], mended);
        Assert.Contains(mended.Notes, note => note.Contains(entry, StringComparison.Ordinal) && note.Contains("damaged", StringComparison.Ordinal));
        Assert.Equal(first.Steps.Select(step => step.Loss), mended.Steps.Select(step => step.Loss));
        Assert.Equal(bytes, File.ReadAllBytes(entry));
        RunFixture.Run([.. Keys("after", "0"), .. Cached()], after);
        Assert.DoesNotContain(after.Notes, note => note.Contains("damaged", StringComparison.Ordinal));
    }

    /// <summary>A killed process leaves nothing but a file that nobody reads; two at once write the same entries.</summary>
    [Fact]
    public void ProcessesShareTheFolder()
    {
        using FixtureModel fixture = new();
        List<string> notes = [];
        VisionCache one = New(fixture, 1 << 20, notes), other = New(fixture, 1 << 20, notes);
        byte[] rows = [.. Enumerable.Range(0, 300).Select(i => (byte)i)], read = new byte[300];
        string key = one.Key([1, 2, 3]);
        Assert.False(other.TryRead(key, read));
        one.Add(key, rows);
        other.Add(key, rows);
        Assert.True(other.TryRead(key, read));
        Assert.Equal(rows, read);

        string abandoned = Entries().Single() + ".123.partial", beingWritten = Entries().Single() + ".124.partial";
        File.WriteAllBytes(abandoned, [1]);
        File.WriteAllBytes(beingWritten, [1]);
        File.SetLastWriteTimeUtc(abandoned, DateTime.UtcNow.AddHours(-2));
        Assert.True(New(fixture, 1 << 20, notes).TryRead(key, read));
        Assert.False(File.Exists(abandoned));
        Assert.True(File.Exists(beingWritten));
        Assert.Empty(notes);
    }

    [Fact]
    public void AFullFolderTakesNothingMore()
    {
        using FixtureModel fixture = new();
        List<string> notes = [];
        VisionCache cache = New(fixture, 1000, notes);
        byte[] rows = new byte[400], read = new byte[400];
        string[] keys = [.. Enumerable.Range(0, 4).Select(i => cache.Key([(byte)i]))];
        Array.ForEach(keys, key => cache.Add(key, rows));
        Assert.Equal([true, true, false, false], keys.Select(key => cache.TryRead(key, read)));
        Assert.Contains("vision_cache_limit", Assert.Single(notes));
        Assert.InRange(Entries().Sum(path => new FileInfo(path).Length), 1, 1000);
    }

    [Fact]
    public void AnotherTowerHasOtherEntries()
    {
        using FixtureModel fixture = new(), changed = new();
        changed.Model.Unfreeze(parameter => parameter.Name == "vision.post_norm.bias");
        changed.Model.Parameters.Single(parameter => parameter.Trainable).Value.Span<float>()[0] += 1e-3f;
        byte[] read = new byte[8];
        VisionCache own = New(fixture, 1000, []), others = New(changed, 1000, []);
        own.Add(own.Key([7]), new byte[8]);
        Assert.True(own.TryRead(own.Key([7]), read));
        Assert.False(others.TryRead(others.Key([7]), read));
    }

    [Theory]
    [InlineData("vision tower trains", "--freeze", "connector+vision")]
    [InlineData("vision tower trains", "--freeze", "full")]
    [InlineData("no vision tower", "--freeze", "full", "text")]
    public void WhereNothingCanBeKeptItIsRefused(string expected, params string[] more)
    {
        List<string> keys = [.. Keys("run", "0"), .. more[..2], .. Cached()];
        if (more.Length > 2)
        {
            keys[1] = Golden.Path("sources", "qwen3-tiny");
        }

        Assert.Contains(expected, Assert.Throws<SmvlException>(() => RunFixture.Run(keys)).Message);
        Assert.False(Directory.Exists(temporary["run"]));
    }

    private VisionCache New(FixtureModel fixture, long limit, List<string> notes) => new(temporary["cache"], limit, fixture.Model, notes.Add);

    private string[] Entries() => Directory.GetFiles(temporary["cache"], "*.rows", SearchOption.AllDirectories);

    private string[] Cached() => ["--vision_cache", temporary["cache"], "--vision_cache_limit", "1GB"];

    private List<string> Keys(string output, string rate) =>
    [
        .. RunFixture.GoldenKeys(temporary[output]), "--learning_rate", rate, "--num_train_epochs", "2", "--per_device_train_batch_size", "2",
        "--save_strategy", "no",
    ];
}
