using Smvl.Data;
using Smvl.Formats;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Models;

/// <summary>The fixtures' spliced model, opened for one test.</summary>
internal sealed class FixtureModel : IDisposable
{
    private readonly SafetensorsFile file = Golden.Tensors("spliced", "model.safetensors");

    public FixtureModel()
        : this(new CpuBackend(2))
    {
    }

    /// <param name="backend">where the model computes; disposed with it</param>
    public FixtureModel(Backend backend)
    {
        Backend = backend;
        Config = ConfigFile.ReadModel(Golden.Path("spliced"));
        Dictionary<string, Tensor> weights = NameTable.For(Config).ToDictionary(n => n.Ours, n => file.Tensors[n.HuggingFace]);
        Model = new VisionLanguageModel(Backend, Config, weights, Pixels);
    }

    /// <summary>preprocessor_config.json: rescale 1/255, mean and deviation 0.5.</summary>
    public static PixelNormalisation Pixels { get; } = new([2f / 255, 2f / 255, 2f / 255], [-1f, -1f, -1f]);

    public Backend Backend { get; }

    public ModelConfig Config { get; }

    public VisionLanguageModel Model { get; }

    /// <summary>A tensor's numbers, wherever they are.</summary>
    public float[] Read(Tensor tensor)
    {
        var values = new float[tensor.Count];
        Backend.Download(tensor, values.AsSpan());
        return values;
    }

    /// <summary>Hugging Face's name of one of our parameters.</summary>
    public string HuggingFaceName(string ours) => NameTable.For(Config).Single(n => n.Ours == ours).HuggingFace;

    /// <summary>Normalised floats back to the bytes they were made of; tiles that are all zero are padding and left out.</summary>
    public static byte[] TileBytes(ReadOnlySpan<float> pixels)
    {
        byte[] bytes = new byte[pixels.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)MathF.Round(((pixels[i] * 0.5f) + 0.5f) * 255f);
        }

        return bytes;
    }

    public void Dispose()
    {
        Model.Dispose();
        file.Dispose();
        Backend.Dispose();
    }
}

/// <summary>A case of fixtures/forward: the padded tensors as the samples they were made of.</summary>
internal sealed class ForwardCase : IDisposable
{
    private readonly SafetensorsFile file;

    public ForwardCase(string name, ModelConfig config)
    {
        file = Golden.Tensors("forward", name + ".safetensors");
        long[] ids = Values<long>("input_ids");
        long[] mask = Values<long>("attention_mask");
        long[] labels = Values<long>("labels");
        int width = file.Tensors["input_ids"].Shape[1];
        int tileFloats = config.Vision.ChannelCount * config.Vision.ImageSize * config.Vision.ImageSize;
        float[] pixels = file.Tensors.ContainsKey("pixel_values") ? Values<float>("pixel_values") : [];
        int tilesPerSample = pixels.Length / tileFloats / (ids.Length / width);
        for (int b = 0; b < ids.Length / width; b++)
        {
            int length = (int)mask.Skip(b * width).Take(width).Sum();
            int[] sampleIds = [.. ids.Skip(b * width).Take(length).Select(i => (int)i)];
            int tiles = sampleIds.Count(i => i == config.ImageTokenId) / config.ImageSequenceLength;
            Samples.Add(new Sample(
                sampleIds,
                [.. labels.Skip(b * width).Take(length).Select(i => (int)i)],
                NativeBytes.Of(FixtureModel.TileBytes(pixels.AsSpan(b * tilesPerSample * tileFloats, tiles * tileFloats))),
                tiles));
            LogitRows.AddRange(Enumerable.Range(b * width, length));
        }

        Batch = new Batch(Samples, config.ImageTokenId);
    }

    public List<Sample> Samples { get; } = [];

    /// <summary>Rows of the padded logits that belong to real tokens.</summary>
    public List<int> LogitRows { get; } = [];

    public Batch Batch { get; }

    public IEnumerable<string> Names => file.Tensors.Keys;

    public T[] Values<T>(string name)
        where T : unmanaged => file.Tensors[name].Span<T>().ToArray();

    public void Dispose()
    {
        Batch.Dispose();
        file.Dispose();
    }
}
