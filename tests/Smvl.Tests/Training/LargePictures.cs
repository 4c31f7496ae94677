using System.Text.Json.Nodes;
using Smvl.Benchmarks;
using Smvl.Tests.Formats.Parquet;

namespace Smvl.Tests.Training;

/// <summary>
/// The fixtures' tiny model, reading pictures of 2048 x 2048 pixels as a grid of 10 x 10 tiles and the whole: 12.6 MB decoded, 1.2 MB of
/// tiles and some 2000 tokens a sample.
/// </summary>
internal static class LargePictures
{
    public const int Tiles = 101;

    /// <summary>Of a picture while it is decoded: libgd's pixels of four bytes, and ours of three.</summary>
    public const long DecodingBytes = 7L * Edge * Edge;

    private const int Edge = 2048, Grid = 10, TileSize = 64, Rows = 4;

    /// <summary>Makes the model and the dataset in the folder, and gives the keys of a run on them, all but the output folder.</summary>
    public static List<string> Keys(TemporaryFolder folder)
    {
        string model = folder.CopyOfGolden("spliced");
        GoldenCopy.Edit(Path.Combine(model, "preprocessor_config.json"), root => root["size"] = new JsonObject { ["longest_edge"] = Grid * TileSize });
        Directory.CreateDirectory(folder["data", "large"]);
        string zeros = new('0', Rows), fours = new('4', Rows);
        HandMadeParquet.Page texts = new(zeros, fours, [.. Enumerable.Repeat("图中有什么？", Rows)]);
        byte[] jpeg = ImageWork.Jpeg(Edge, Edge);
        File.WriteAllBytes(
            folder["data", "large", "train-00000-of-00001.parquet"],
            new HandMadeParquet
            {
                Rows = Rows,
                Pages = [[new(zeros, fours) { Bytes = [.. Enumerable.Repeat(jpeg, Rows)] }], [new(zeros, new string('3', Rows))], [texts]],
            }.Write());
        return
        [
            "--model", model, "--data_dir", folder["data"], "--train_data", "large", "--max_length", "4096", "--eval_rows", "0",
            "--save_strategy", "no", "--per_device_train_batch_size", "1",
        ];
    }
}
