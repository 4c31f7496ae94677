using System.Text.Json;
using Smvl.Formats;
using Smvl.Images;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Images;

/// <summary>One case of fixtures/processor: a picture, whether it is split, and what the reference made of it.</summary>
internal sealed class ProcessorFixture
{
    private ProcessorFixture(JsonElement preprocessor, JsonElement @case)
    {
        Key = @case.GetProperty("key").GetString()!;
        ImagePath = Golden.Path("processor", "images", @case.GetProperty("file").GetString()!);
        Width = @case.GetProperty("width").GetInt32();
        Height = @case.GetProperty("height").GetInt32();
        Rows = @case.GetProperty("rows").GetInt32();
        Cols = @case.GetProperty("cols").GetInt32();
        TileCount = @case.GetProperty("tiles").GetInt32();
        Config = new ImageProcessorConfig
        {
            LongestEdge = preprocessor.GetProperty("size").GetProperty("longest_edge").GetInt32(),
            TileSize = preprocessor.GetProperty("max_image_size").GetProperty("longest_edge").GetInt32(),
            DoImageSplitting = @case.GetProperty("split").GetBoolean(),
        };
    }

    public string Key { get; }

    public string ImagePath { get; }

    public int Width { get; }

    public int Height { get; }

    public int Rows { get; }

    public int Cols { get; }

    public int TileCount { get; }

    public ImageProcessorConfig Config { get; }

    /// <summary>The cases' keys, all or those of one kind.</summary>
    public static IEnumerable<string> Keys(bool wholeOnly)
    {
        foreach (JsonElement @case in Golden.Json("processor", "cases.json").GetProperty("cases").EnumerateArray())
        {
            if (!wholeOnly || !@case.GetProperty("split").GetBoolean())
            {
                yield return @case.GetProperty("key").GetString()!;
            }
        }
    }

    public static ProcessorFixture Load(string key)
    {
        JsonElement file = Golden.Json("processor", "cases.json");
        return new ProcessorFixture(
            file.GetProperty("preprocessor"),
            file.GetProperty("cases").EnumerateArray().Single(@case => @case.GetProperty("key").GetString() == key));
    }

    /// <summary>A uint8 tensor of the case's file.</summary>
    public byte[] Bytes(string name)
    {
        using SafetensorsFile tensors = Golden.Tensors("processor", Key + ".safetensors");
        return tensors.Tensors[name].Span<byte>().ToArray();
    }
}
