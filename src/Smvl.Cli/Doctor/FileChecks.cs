using System.Globalization;
using System.Text.Json;
using Smvl.Formats;
using Smvl.Images;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Text;

namespace Smvl.Cli.Doctor;

/// <summary>What can be told from a folder's files alone.</summary>
internal static class FileChecks
{
    public const string Tensors = "tensors";

    private const int Piece = 1 << 20;

    public static DoctorLine Configuration(string folder, CheckpointKind kind)
    {
        TextConfig text = kind == CheckpointKind.Qwen3 ? ConfigFile.ReadTextSource(folder) : ConfigFile.ReadModel(folder).Text;
        string what = kind == CheckpointKind.Qwen3 ? "a Qwen3 text model" : "a SmolVLM vision tower on a Qwen3 text model";
        return DoctorLine.Ok("configuration", $"{what}: {text.LayerCount} layers, width {text.HiddenSize}, vocabulary of {text.VocabularySize}");
    }

    public static IEnumerable<DoctorLine> All(string folder, CheckpointKind kind, CancellationToken cancellation)
    {
        ModelConfig? model = kind == CheckpointKind.Qwen3 ? null : ConfigFile.ReadModel(folder);
        TextConfig text = model?.Text ?? ConfigFile.ReadTextSource(folder);
        NameTable table = model is null ? NameTable.TextSource(text) : NameTable.For(model);
        yield return Doctor.Guarded(Tensors, () => Present(folder, table));
        yield return Doctor.Guarded("finite", () => Finite(folder, cancellation));
        yield return Doctor.Guarded("head", () => Head(folder, text));
        if (model is not null)
        {
            yield return Doctor.Guarded("connector", () => Connector(folder, model, table));
            yield return Doctor.Guarded("image rows", () => ImageRows(folder, model));
        }

        yield return Doctor.Guarded("vocabulary", () => Vocabulary(folder, text));
        foreach (DoctorLine line in SpecialTokens(folder, model, text))
        {
            yield return line;
        }

        if (model is not null)
        {
            yield return Doctor.Guarded("layout markers", () => Markers(folder, model));
        }

        yield return Doctor.Guarded("round trip", () => RoundTrip(folder));
    }

    private static DoctorLine Present(string folder, NameTable table)
    {
        using CheckpointFolder weights = CheckpointFolder.Open(folder);
        _ = CheckpointWeights.Bind(weights, table);
        return DoctorLine.Ok(Tensors, $"all {table.Count} are there with their shapes, none too many");
    }

    private static DoctorLine Finite(string folder, CancellationToken cancellation)
    {
        using CheckpointFolder weights = CheckpointFolder.Open(folder);
        float[] values = new float[Piece];
        var bad = new List<string>();
        var zero = new List<string>();
        long count = 0;
        foreach ((string name, Tensor tensor) in weights.Tensors.Where(tensor => tensor.Value.DType.IsFloat()))
        {
            cancellation.ThrowIfCancellationRequested();
            bool finite = true, anything = false;
            for (long at = 0; at < tensor.Shape.Count; at += Piece)
            {
                Span<float> part = values.AsSpan(0, (int)Math.Min(Piece, tensor.Shape.Count - at));
                FloatConversion.ToSingle(tensor, at, part);
                foreach (float value in part)
                {
                    finite &= float.IsFinite(value);
                    anything |= value != 0;
                }
            }

            count += tensor.Shape.Count;
            if (!finite)
            {
                bad.Add(name);
            }

            if (!anything && tensor.Shape.Rank > 1)
            {
                zero.Add(name);
            }
        }

        return bad.Count > 0 ? DoctorLine.Bad("finite", $"NaN or infinite: {NameList.Of([.. bad])}", "go back to an earlier checkpoint; lower learning_rate or set max_grad_norm")
            : zero.Count > 0 ? DoctorLine.Bad("finite", $"all zero: {NameList.Of([.. zero])}", "the part was never filled: splice again, or copy the files again")
            : DoctorLine.Ok("finite", string.Create(CultureInfo.InvariantCulture, $"{count:N0} values, none NaN or infinite, no matrix all zero"));
    }

    private static DoctorLine Head(string folder, TextConfig text)
    {
        using CheckpointFolder weights = CheckpointFolder.Open(folder);
        bool stored = weights.Tensors.Keys.Any(name => name.EndsWith("lm_head.weight", StringComparison.Ordinal));
        return (text.TieWordEmbeddings, stored) switch
        {
            (true, false) => DoctorLine.Ok("head", "tied to the embedding, as declared"),
            (true, true) => DoctorLine.Ok("head", "tied to the embedding, as declared; the stored copy equals it"),
            (false, true) => DoctorLine.Ok("head", "its own, as declared"),
            (false, false) => DoctorLine.Bad("head", "declared to be its own, and there is no lm_head.weight", "set tie_word_embeddings: true in config.json, if the head is the embedding"),
        };
    }

    private static DoctorLine Connector(string folder, ModelConfig model, NameTable table)
    {
        using CheckpointFolder weights = CheckpointFolder.Open(folder);
        Tensor connector = weights.Tensors[table.Single(row => row.Ours == "connector.weight").HuggingFace];
        int from = model.Vision.HiddenSize * model.ScaleFactor * model.ScaleFactor, to = model.Text.HiddenSize;
        return connector.Shape == new Shape(to, from)
            ? DoctorLine.Ok("connector", $"{from} to {to}: {model.ScaleFactor}x{model.ScaleFactor} patches of width {model.Vision.HiddenSize} become a row of the text's width")
            : DoctorLine.Bad("connector", $"shape {connector.Shape}, and tower and text ask for {new Shape(to, from)}", "config.json and weights are of two models: splice again");
    }

    private static DoctorLine ImageRows(string folder, ModelConfig model)
    {
        ImageProcessorConfig images = ImageProcessorConfig.Read(folder);
        return images.ImageSeqLen == model.ImageSequenceLength && images.TileSize == model.Vision.ImageSize
            ? DoctorLine.Ok("image rows", $"{images.ImageSeqLen} a tile of {images.TileSize} px, in processor and model alike")
            : DoctorLine.Bad(
                "image rows", $"the processor makes {images.ImageSeqLen} rows of tiles of {images.TileSize} px, the model {model.ImageSequenceLength} of {model.Vision.ImageSize}",
                $"set image_seq_len: {model.ImageSequenceLength} in processor_config.json and longest_edge of max_image_size: {model.Vision.ImageSize} in preprocessor_config.json");
    }

    private static DoctorLine Vocabulary(string folder, TextConfig text)
    {
        BpeTokenizer tokenizer = TokenizerFiles.Load(folder, _ => { });
        return tokenizer.VocabularySize <= text.VocabularySize
            ? DoctorLine.Ok("vocabulary", $"{tokenizer.VocabularySize} tokens in a model of {text.VocabularySize} rows: {text.VocabularySize - tokenizer.VocabularySize} rows are spare")
            : DoctorLine.Bad("vocabulary", $"the tokenizer has {tokenizer.VocabularySize} tokens, the model {text.VocabularySize} rows", "tokenizer and weights must be of one model");
    }

    private static IEnumerable<DoctorLine> SpecialTokens(string folder, ModelConfig? model, TextConfig text)
    {
        BpeTokenizer? tokenizer = null;
        GenerationConfig? generation = null;
        DoctorLine reading = Doctor.Guarded("special tokens", () =>
        {
            tokenizer = TokenizerFiles.Load(folder, _ => { });
            generation = GenerationConfigFile.Read(folder, text);
            return DoctorLine.Ok("special tokens", "");
        });
        if (tokenizer is null || generation is null)
        {
            yield return reading;
            yield break;
        }

        int? end = tokenizer.TokenToId(QwenTokens.MessageEnd), image = tokenizer.TokenToId(QwenTokens.ImagePad);
        yield return end is { } id && generation.EosTokenIds.Contains(id)
            ? DoctorLine.Ok("end of answer", $"{QwenTokens.MessageEnd} is {id}, and generation ends at {string.Join(", ", generation.EosTokenIds)}")
            : DoctorLine.Bad(
                "end of answer", $"{QwenTokens.MessageEnd} is {end?.ToString(CultureInfo.InvariantCulture) ?? "no token"}, and generation ends at {string.Join(", ", generation.EosTokenIds.DefaultIfEmpty(-1))}",
                "answers would never end: list the token in eos_token_id of generation_config.json");
        int[] outside = [.. generation.EosTokenIds.Concat([generation.BosTokenId ?? 0, generation.PadTokenId ?? 0]).Where(other => other < 0 || other >= text.VocabularySize)];
        yield return outside.Length == 0
            ? DoctorLine.Ok("special ids", $"those of generation_config.json are below {text.VocabularySize}")
            : DoctorLine.Bad("special ids", $"{string.Join(", ", outside)} in generation_config.json, and the model has {text.VocabularySize} rows", "take the ids of the text model's own generation_config.json");
        if (model is not null)
        {
            yield return Doctor.Guarded("image token", () => ImageToken(folder, model, image));
        }
    }

    /// <summary>In the whole model's configuration, and in the inner one where it has one: unset there, a model trains and stays blind.</summary>
    private static DoctorLine ImageToken(string folder, ModelConfig model, int? token)
    {
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")));
        int? inner = config.RootElement.TryGetProperty("text_config", out JsonElement text) && text.TryGetProperty("image_token_id", out JsonElement id)
            && id.ValueKind == JsonValueKind.Number ? id.GetInt32() : null;
        return token != model.ImageTokenId
            ? DoctorLine.Bad(
                "image token", $"{QwenTokens.ImagePad} is {token?.ToString(CultureInfo.InvariantCulture) ?? "no token"} in the tokenizer, image_token_id is {model.ImageTokenId} in config.json",
                token is null ? "take a Qwen3 tokenizer" : $"set image_token_id: {token} in config.json")
            : inner is { } other && other != model.ImageTokenId
                ? DoctorLine.Bad("image token", $"image_token_id is {model.ImageTokenId}, and {other} in text_config", $"set both to {model.ImageTokenId}")
                : DoctorLine.Ok("image token", $"{QwenTokens.ImagePad} is {token} in tokenizer and model");
    }

    private static DoctorLine Markers(string folder, ModelConfig model)
    {
        BpeTokenizer tokenizer = TokenizerFiles.Load(folder, _ => { });
        ImageLayout layout = ImageLayout.Load(folder);
        (string Text, int Count)[] markers = [.. new[] { layout.Fake, layout.Global, "<row_1_col_1>" }.Select(text => (text, tokenizer.Encode(text).Length))];
        ImageGrid grid = new(4, 4);
        int tiles = (4 * 4) + 1, all = tokenizer.Encode(layout.Expand(grid, model.ImageSequenceLength)).Length, rows = tiles * model.ImageSequenceLength;
        string found = $"{string.Join(", ", markers.Select(marker => $"{marker.Text} {(marker.Count == 1 ? "is one token" : $"is {marker.Count} pieces")}"))}; a picture of {tiles} tiles costs {all} tokens, {all - rows} of them markers";
        return markers.All(marker => marker.Count == 1)
            ? DoctorLine.Ok("layout markers", found)
            : DoctorLine.Note("layout markers", found);
    }

    private static DoctorLine RoundTrip(string folder)
    {
        BpeTokenizer tokenizer = TokenizerFiles.Load(folder, _ => { });
        string[] texts = [.. Inference.ComparisonPrompts.BuiltInTexts, "ASCII\tand\n\nlines  with   spaces ", "é ñ ü ß Ω я 한국어 日本語 العربية", "😀👩‍👩‍👧 2024-11-23 3.14159 １２３", "{\"name\": \"f\", \"arguments\": {}}"];
        string? broken = texts.FirstOrDefault(text => tokenizer.Decode(tokenizer.Encode(text)) != Nfc.Normalize(text).ToString());
        return broken is null
            ? DoctorLine.Ok("round trip", $"{texts.Length} texts come back from their {texts.Sum(text => tokenizer.Encode(text).Length)} tokens as they were")
            : DoctorLine.Bad("round trip", $"'{broken}' comes back as '{tokenizer.Decode(tokenizer.Encode(broken))}'", "vocab.json, merges.txt and tokenizer.json must be of one tokenizer");
    }
}
