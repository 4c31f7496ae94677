using System.Runtime.InteropServices;
using Smvl.Data;
using Smvl.Inference;
using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>
/// Tower, connector, decoder and head as one model: tiles become image rows, which take the places of the image token among the
/// embedded ids; the decoder runs over all of them; the head reads the rows that are asked for. Or decoder and head alone, for text.
/// Source: SmolVLMForConditionalGeneration, transformers models/smolvlm/modeling_smolvlm.py.
/// </summary>
public sealed class VisionLanguageModel : IDisposable
{
    private readonly Dictionary<string, Parameter> parameters = [];
    private readonly List<TrainedRows> rows = [];
    private readonly TextDecoder text;
    private readonly LanguageHead head;
    private readonly ModelConfig? whole;

    // none of these where there is no whole model
    private readonly VisionTower vision = null!;
    private readonly Connector connector = null!;
    private readonly PixelNormalisation pixels = null!;

    /// <param name="backend">where the parameters will lie</param>
    /// <param name="config">extents</param>
    /// <param name="weights">every tensor of <see cref="NameTable.For"/>, by our names; they must outlive the model</param>
    /// <param name="pixels">how bytes of a tile become the tower's input</param>
    internal VisionLanguageModel(
        Backend backend, ModelConfig config, IReadOnlyDictionary<string, Tensor> weights, PixelNormalisation pixels)
        : this(backend, config.Text, NameTable.For(config), weights)
    {
        whole = config;
        this.pixels = pixels;
        vision = new(backend, config.Vision, name => parameters["vision." + name]);
        connector = new(backend, config, parameters["connector.weight"]);
    }

    /// <summary>The text decoder and the head alone: a model that takes no picture.</summary>
    /// <param name="backend">where the parameters will lie</param>
    /// <param name="text">extents</param>
    /// <param name="weights">every tensor of <see cref="NameTable.TextSource"/>, by our names; they must outlive the model</param>
    internal VisionLanguageModel(Backend backend, TextConfig text, IReadOnlyDictionary<string, Tensor> weights)
        : this(backend, text, NameTable.TextSource(text), weights)
    {
    }

    private VisionLanguageModel(Backend backend, TextConfig config, NameTable names, IReadOnlyDictionary<string, Tensor> weights)
    {
        Backend = backend;
        TextConfig = config;
        foreach (TensorName name in names)
        {
            Tensor stored = weights[name.Ours];
            parameters.Add(name.Ours, new Parameter(name.Ours, name.HuggingFace, Resident(stored, IsMatrix(name)), stored.DType, IsMatrix(name)));
        }

        text = new(backend, config, name => parameters["text." + name]);
        head = new(backend, config, text.FinalNorm, parameters[config.TieWordEmbeddings ? "text.embedding" : "head"]);
    }

    /// <exception cref="InvalidOperationException">there is no more than <see cref="TextConfig"/>: the model takes no pictures</exception>
    public ModelConfig Config => whole ?? throw new InvalidOperationException("a text model alone");

    public TextConfig TextConfig { get; }

    public bool TakesPictures => whole is not null;

    /// <summary>Bytes of one tile (3, S, S).</summary>
    private int TileBytes => Config.Vision.ChannelCount * Config.Vision.ImageSize * Config.Vision.ImageSize;

    public Backend Backend { get; }

    /// <summary>In the checkpoint's order.</summary>
    public IReadOnlyCollection<Parameter> Parameters => parameters.Values;

    /// <summary>What is trained: parameters, and the masters of rows whose matrices are frozen.</summary>
    public IEnumerable<Parameter> Trained => parameters.Values.Where(p => p.Trainable).Concat(RowMasters);

    /// <summary>The second kind of <see cref="Trained"/>.</summary>
    internal IEnumerable<Parameter> RowMasters => rows.Select(part => part.Masters);

    /// <summary>Keep only the blocks' inputs for the backward and compute the rest again; measured in bench/RESULTS.md.</summary>
    public bool GradientCheckpointing { get; set; }

    /// <summary>Where a frozen tower's rows are kept from step to step; null: nowhere. Training and evaluation use it, chats do not.</summary>
    internal ITowerCache? TowerCache { get; set; }

    /// <summary>What the loss has beside the cross entropy. The z-loss belongs to training alone.</summary>
    public LossTerms LossTerms { get; set; }

    /// <summary>Null without.</summary>
    internal LoraAdapters? Adapters { get; private set; }

    private Keep KeepMode => GradientCheckpointing ? Keep.Inputs : Keep.Everything;

    /// <summary>Whether a parameter is multiplied with or gathered from, and so may be of any type that the backend computes with.</summary>
    internal static bool IsMatrix(TensorName name) => name.Shape.Rank > 1 && name.Ours != "vision.position_embedding";

    /// <summary>Gives the chosen parameters float32 masters and gradients; the others stay frozen.</summary>
    public void Unfreeze(Func<Parameter, bool> trainable)
    {
        foreach (Parameter parameter in parameters.Values.Where(trainable))
        {
            parameter.Unfreeze(Backend);
        }
    }

    /// <summary>
    /// Trains the embedding's rows of some tokens, and those of a head of its own, where the rest of them is frozen; what is trained as a
    /// whole anyway stays so, and what <paramref name="trains"/> leaves out. Call it behind <see cref="Unfreeze"/>.
    /// </summary>
    internal void TrainRows(IReadOnlyList<int> ids, Func<Parameter, bool> trains)
    {
        foreach (Parameter matrix in parameters.Values.Where(matrix => ids.Count > 0 && HasTokenRows(matrix) && !matrix.Trainable && trains(matrix)))
        {
            rows.Add(matrix.TrainRows(Backend, ids));
        }
    }

    /// <summary>The embedding, and a head of its own: matrices with a row for each token.</summary>
    internal static bool HasTokenRows(Parameter parameter) => parameter.Name is "text.embedding" or "head";

    /// <summary>Puts the rows of <see cref="TrainRows"/> as they were trained into their matrices.</summary>
    internal void StoreTrainedRows() => rows.ForEach(part => part.Store());

    /// <summary>Puts an adapter beside each of the config's layers. New ones change nothing until they are trained.</summary>
    /// <exception cref="SmvlException">a module that is no such layer</exception>
    internal void AddAdapters(LoraConfig config, long seed)
    {
        Adapters = new LoraAdapters(this, config, seed);
        foreach (Parameter parameter in Adapters.List.SelectMany(adapter => adapter.Parameters))
        {
            parameters.Add(parameter.Name, parameter);
        }

        if (TakesPictures)
        {
            vision.Dropout = Adapters.Dropout;
        }
    }

    /// <summary>Adds the adapters' updates to the weights beside them, which become float32; then there are no adapters any more.</summary>
    internal void MergeAdapters()
    {
        foreach (LoraAdapter adapter in Adapters?.List ?? [])
        {
            using Tensor merged = adapter.Merged();
            adapter.Weight.Replace(Backend, merged);
            adapter.Weight.Adapter = null;
            adapter.Forget();
            foreach (Parameter parameter in adapter.Parameters)
            {
                parameters.Remove(parameter.Name);
                parameter.Dispose();
            }
        }

        Adapters = null;
        if (TakesPictures)
        {
            vision.Dropout = null;
        }
    }

    /// <summary>Stores frozen float32 matrices in BF16, as <c>bf16: true</c> asks for; arithmetic stays float32.</summary>
    public void NarrowFrozen()
    {
        foreach (Parameter parameter in parameters.Values)
        {
            parameter.Narrow(Backend);
        }
    }

    /// <summary>Sum of the losses of the batch's targets.</summary>
    public double Loss(Batch batch, CancellationToken cancellation = default) => SampleLosses(batch, cancellation).Sum();

    /// <summary>The same of each sample.</summary>
    public double[] SampleLosses(Batch batch, CancellationToken cancellation = default) => Run(batch, gradientScale: null, null, cancellation);

    /// <summary>The same, and every trainable parameter's gradient += gradientScale times the gradient of that sum.</summary>
    /// <param name="batch">samples</param>
    /// <param name="gradientScale">1 / targets of the whole optimizer step</param>
    /// <param name="cancellation">heard between blocks; gradients are then incomplete, parameters untouched</param>
    public double LossAndGradients(Batch batch, double gradientScale, CancellationToken cancellation = default) =>
        SampleLossesAndGradients(batch, gradientScale, null, cancellation).Sum();

    /// <summary>The same, with the sum of each sample, and with noise on the token embeddings.</summary>
    /// <inheritdoc cref="LossAndGradients"/>
    internal double[] SampleLossesAndGradients(Batch batch, double gradientScale, EmbeddingNoise? noise, CancellationToken cancellation = default) =>
        Run(batch, (float)gradientScale, noise, cancellation);

    /// <summary>Logits (rows, V) of a batch at the given places of its ids; for tests and comparisons.</summary>
    internal Tensor Logits(Batch batch, ReadOnlySpan<int> rows)
    {
        using Tensor tiles = Upload(batch.Tiles, batch.TileCount);
        Tensor x = text.Embed(Span(batch.Ids));
        PlaceImages(x, batch.ImageRows, tiles, Keep.Nothing, false, out _, out _, default);
        using Tensor hidden = text.Forward(x, SequenceRows.Of(batch.Lengths), null, Keep.Nothing, out _, default);
        return head.Logits(hidden, rows);
    }

    /// <summary>Rows (T, D) of a whole prompt, whose logits <see cref="Logits(Tensor, ReadOnlySpan{int})"/> gives some at a time.</summary>
    internal Tensor Hidden(Prompt prompt, CancellationToken cancellation) => text.Forward(
        Embed(prompt, cancellation), SequenceRows.Of([prompt.Ids.Length]), null, Keep.Nothing, out _, cancellation);

    /// <summary>Rows (T, D) of prompts one behind the other.</summary>
    /// <param name="prompts">token ids of each</param>
    /// <param name="images">rows that take the places of image tokens, counted from the first prompt's beginning</param>
    /// <param name="cancellation">heard between blocks</param>
    internal Tensor Hidden(IReadOnlyList<int[]> prompts, IReadOnlyList<PlacedRows> images, CancellationToken cancellation)
    {
        Tensor x = text.Embed([.. prompts.SelectMany(ids => ids)]);
        foreach (PlacedRows image in images)
        {
            Backend.PutRows(x, image.Rows, image.Places);
        }

        return text.Forward(x, SequenceRows.Of(prompts.Select(ids => ids.Length)), null, Keep.Nothing, out _, cancellation);
    }

    /// <summary>Rows (T, D) of tokens of several sequences, which follow those that a cache holds of each.</summary>
    /// <param name="ids">(T) one sequence behind the other</param>
    /// <param name="images">rows that take the places of image tokens among them</param>
    /// <param name="cache">extended, where it was told to</param>
    /// <param name="rows">which sequence each token belongs to</param>
    /// <param name="cancellation">heard between blocks</param>
    internal Tensor Hidden(
        int[] ids, IReadOnlyList<PlacedRows> images, BatchKeyValueCache cache, SequenceRows rows, CancellationToken cancellation)
    {
        Tensor x = text.Embed(ids);
        foreach (PlacedRows image in images)
        {
            Backend.PutRows(x, image.Rows, image.Places);
        }

        return text.Forward(x, rows, cache, Keep.Nothing, out _, cancellation);
    }

    /// <summary>Logits (rows, V) of chosen rows of <c>Hidden</c>.</summary>
    internal Tensor Logits(Tensor hidden, ReadOnlySpan<int> rows) => head.Logits(hidden, rows);

    /// <summary>The image rows (tiles·P/s², D of the text decoder) of one picture.</summary>
    /// <param name="tiles">(tiles, 3, S, S)</param>
    /// <param name="atOnce">tiles whose activations exist at a time; null for as many as are fast</param>
    /// <param name="sparingly">whether only one layer's mapped weights are resident at a time</param>
    /// <param name="cancellation">heard between blocks</param>
    internal Tensor EncodePicture(ReadOnlyMemory<byte> tiles, int? atOnce, bool sparingly, CancellationToken cancellation)
    {
        vision.SetsLayersAside = sparingly;

        // the tower takes its time, and reads none of the text decoder
        SetAside("text.");
        int tileBytes = TileBytes, count = tiles.Length / tileBytes, rowsPerTile = Config.ImageSequenceLength;
        if (count == 2 && tiles.Span[..tileBytes].SequenceEqual(tiles.Span[tileBytes..]))
        {
            // a grid of one tile and the overview of the same
            using Tensor once = EncodePicture(tiles[..tileBytes], atOnce, sparingly, cancellation);
            Tensor twice = Backend.Allocate(2L * rowsPerTile, Config.Text.HiddenSize);
            Backend.Copy(twice.Slice(0, rowsPerTile), once);
            Backend.Copy(twice.Slice(rowsPerTile, rowsPerTile), once);
            return twice;
        }

        int group = atOnce ?? vision.TilesAtOnce;
        Tensor encoded = Backend.Allocate((long)count * rowsPerTile, Config.Text.HiddenSize);
        try
        {
            for (int start = 0; start < count; start += group)
            {
                int here = Math.Min(group, count - start);
                using Tensor uploaded = Upload([tiles.Slice(start * tileBytes, here * tileBytes)], here);
                using Tensor tower = vision.Forward(uploaded, pixels, Keep.Nothing, out _, cancellation);
                using Tensor rows = connector.Forward(tower, false, out _);
                Backend.Copy(encoded.Slice(start * rowsPerTile, here * rowsPerTile), rows);
            }
        }
        catch
        {
            encoded.Dispose();
            throw;
        }
        finally
        {
            SetAside("vision.");
        }

        return encoded;
    }

    /// <summary>Runs tokens that follow those in the cache.</summary>
    /// <param name="ids">at least one token</param>
    /// <param name="images">rows that take the places of image tokens among them</param>
    /// <param name="cache">extended</param>
    /// <param name="logits">(V) overwritten with those behind the last token; empty where nobody wants them</param>
    /// <param name="cancellation">heard between blocks</param>
    internal void ContinueLogits(
        ReadOnlySpan<int> ids, IReadOnlyList<PlacedRows> images, KeyValueCache cache, Span<float> logits, CancellationToken cancellation)
    {
        Tensor x = text.Embed(ids);
        foreach (PlacedRows image in images)
        {
            Backend.PutRows(x, image.Rows, image.Places);
        }

        LastLogits(x, cache, logits, cancellation);
    }

    /// <summary>The tower's rows (tiles·P, D) and the image rows (tiles·P/s², D) of tiles; for tests and comparisons.</summary>
    internal (Tensor Tower, Tensor Rows) EncodeTiles(Tensor tiles)
    {
        Tensor tower = vision.Forward(tiles, pixels, Keep.Nothing, out _, default);
        return (tower, connector.Forward(tower, false, out _));
    }

    /// <summary>Frees what the model made of the weights; the weights themselves belong to whoever opened them.</summary>
    public void Dispose()
    {
        Adapters?.Forget();
        foreach (Parameter parameter in parameters.Values)
        {
            parameter.Dispose();
        }

        rows.ForEach(part => part.Dispose());
    }

    /// <summary>Rows (T, D) of a prompt's tokens, with its pictures' rows in place.</summary>
    private Tensor Embed(Prompt prompt, CancellationToken cancellation)
    {
        Tensor x = text.Embed(prompt.Ids);
        if (TakesPictures)
        {
            int[] imageRows = [.. Enumerable.Range(0, prompt.Ids.Length).Where(t => prompt.Ids[t] == Config.ImageTokenId)];
            using Tensor tiles = Upload(prompt.Tiles, prompt.TileCount);
            PlaceImages(x, imageRows, tiles, Keep.Nothing, false, out _, out _, cancellation);
        }

        return x;
    }

    /// <summary>Logits behind the last of some rows that follow those in the cache. Takes over x.</summary>
    private void LastLogits(Tensor x, KeyValueCache cache, Span<float> logits, CancellationToken cancellation)
    {
        int count = x.Shape[0];
        using Tensor hidden = text.Forward(x, SequenceRows.Continuing(cache.Count, count), cache, Keep.Nothing, out _, cancellation);
        if (!logits.IsEmpty)
        {
            using Tensor last = head.Logits(hidden, [0]);
            Backend.Download(last, logits);
        }
    }

    private double[] Run(Batch batch, float? gradientScale, EmbeddingNoise? noise, CancellationToken cancellation)
    {
        using IDisposable? adapting = Adapters?.Begin(training: gradientScale is not null);
        bool visionTrains = Trains("vision.");
        bool rowsTrain = visionTrains || Trains("connector.");
        bool textTrains = Trains("text.") || Trains("head") || rows.Count > 0;
        bool backward = gradientScale is not null && (textTrains || (rowsTrain && batch.TileCount > 0));
        bool keepRows = backward && rowsTrain && batch.TileCount > 0;

        Tensor x = text.Embed(Span(batch.Ids));
        noise?.AddTo(x, batch.Lengths, Backend);
        VisionTower.Activations? towerKept = null;
        Tensor? shuffled = null;
        bool towerCached = TakesPictures && !visionTrains && TowerCache is not null;
        using Tensor? tiles = TakesPictures && !towerCached ? Upload(batch.Tiles, batch.TileCount) : null;
        if (towerCached)
        {
            PlaceCachedImages(x, batch, keepRows, out shuffled, cancellation);
        }
        else if (tiles is not null)
        {
            PlaceImages(
                x, batch.ImageRows, tiles, keepRows && visionTrains ? KeepMode : Keep.Nothing, keepRows, out towerKept, out shuffled, cancellation);
        }

        SequenceRows sequences = SequenceRows.Of(batch.Lengths);
        using Tensor hidden = text.Forward(
            x, sequences, null, backward ? KeepMode : Keep.Nothing, out TextDecoder.Activations? textKept, cancellation);
        using Tensor? dx = backward ? Backend.Allocate(DType.F32, hidden.Shape) : null;
        LossTerms terms = gradientScale is null ? LossTerms with { ZLoss = 0 } : LossTerms;
        float[] rowLosses = head.Loss(hidden, Span(batch.TargetRows), Span(batch.Targets), gradientScale ?? 1f, terms, dx);
        double[] losses = batch.SumBySample(rowLosses);
        if (dx is null)
        {
            return losses;
        }

        text.Backward(dx, sequences, textKept!, cancellation);
        if (keepRows)
        {
            BackwardImages(dx, batch, visionTrains, towerKept, shuffled!, cancellation);
        }

        // no embedding made the image rows, so nothing of their gradient may reach one
        using Tensor none = Backend.Zeros(batch.ImageRows.Count, dx.Shape.Width);
        Backend.PutRows(dx, none, Span(batch.ImageRows));
        text.EmbedBackward(dx, Span(batch.Ids));
        return losses;
    }

    /// <summary>Bytes of the tower's weights that are resident at a time when it runs sparingly: two layers' where pages can be given back.</summary>
    internal long SparingTowerBytes(Func<Parameter, bool> mapped)
    {
        long all = parameters.Values.Where(p => p.Name.StartsWith("vision.", StringComparison.Ordinal) && mapped(p)).Sum(p => p.Value.ByteLength);
        long layers = parameters.Values.Where(p => p.Name.StartsWith("vision.layers.", StringComparison.Ordinal) && mapped(p)).Sum(p => p.Value.ByteLength);
        return MemoryPages.GoBack ? Math.Min(all, all - layers + (2 * vision.LargestLayerBytes)) : all;
    }

    /// <summary>Image rows that a picture's tiles (tiles, 3, S, S) make.</summary>
    internal int RowsOf(ReadOnlyMemory<byte> tiles) => tiles.Length / TileBytes * Config.ImageSequenceLength;

    /// <exception cref="SmvlException">as many tiles make another number of image rows</exception>
    internal void CheckImageTokens(int imageTokens, int tiles)
    {
        int expected = tiles * Config.ImageSequenceLength;
        if (imageTokens != expected)
        {
            throw new SmvlException(
                "the prompt's image tokens do not match its pictures", expected: $"{expected} image tokens for {tiles} tiles",
                actual: $"{imageTokens}", hint: "was the prompt cut, or does it name another number of pictures?");
        }
    }

    /// <summary>Image rows in place of the image tokens; their number must be that of the rows that the tiles make.</summary>
    private void PlaceImages(
        Tensor x, IReadOnlyList<int> imageRows, Tensor tiles, Keep towerMode, bool keepShuffled,
        out VisionTower.Activations? towerKept, out Tensor? shuffled, CancellationToken cancellation)
    {
        towerKept = null;
        shuffled = null;
        CheckImageTokens(imageRows.Count, tiles.Shape[0]);
        if (imageRows.Count == 0)
        {
            return;
        }

        // the tower takes its time, and reads none of the text decoder
        SetAside("text.");
        using Tensor tower = vision.Forward(tiles, pixels, towerMode, out towerKept, cancellation);
        if (towerMode == Keep.Nothing)
        {
            SetAside("vision.");
        }

        using Tensor rows = connector.Forward(tower, keepShuffled, out shuffled);
        Backend.PutRows(x, rows, Span(imageRows));
    }

    /// <summary>The same with a tower that runs only on tiles whose rows are not kept.</summary>
    private void PlaceCachedImages(Tensor x, Batch batch, bool keepShuffled, out Tensor? shuffled, CancellationToken cancellation)
    {
        shuffled = null;
        CheckImageTokens(batch.ImageRows.Count, batch.TileCount);
        if (batch.TileCount == 0)
        {
            return;
        }

        using Tensor tower = new CachedTower(Backend, vision, Config.Vision, pixels, TowerCache!).Forward(batch.Tiles, cancellation);
        using Tensor rows = connector.Forward(tower, keepShuffled, out shuffled);
        Backend.PutRows(x, rows, Span(batch.ImageRows));
    }

    /// <summary>The image rows' share of dx goes to the connector and the tower.</summary>
    private void BackwardImages(
        Tensor dx, Batch batch, bool visionTrains, VisionTower.Activations? towerKept, Tensor shuffled, CancellationToken cancellation)
    {
        ReadOnlySpan<int> imageRows = Span(batch.ImageRows);
        using Tensor dRows = Backend.Allocate(imageRows.Length, dx.Shape.Width);
        Backend.Gather(dRows, dx, imageRows);
        using Tensor? dTower = visionTrains
            ? Backend.Allocate((long)batch.TileCount * Config.Vision.PatchCount, Config.Vision.HiddenSize)
            : null;
        connector.Backward(dTower, dRows, shuffled);
        if (dTower is not null)
        {
            vision.Backward(dTower, towerKept!, cancellation);
        }
    }

    private Tensor Upload(IReadOnlyList<ReadOnlyMemory<byte>> tiles, int count)
    {
        int size = Config.Vision.ImageSize;
        Tensor tensor = Backend.Allocate(DType.U8, new Shape(count, Config.Vision.ChannelCount, size, size));
        int start = 0;
        foreach (ReadOnlyMemory<byte> picture in tiles)
        {
            int pictureTiles = picture.Length / TileBytes;
            Backend.Upload(picture.Span, tensor.Slice(start, pictureTiles));
            start += pictureTiles;
        }

        return tensor;
    }

    /// <summary>Matrices stay as they are stored; vectors and positions, which are added and multiplied elementwise, become F32.</summary>
    private Tensor Resident(Tensor stored, bool isMatrix)
    {
        Tensor imported = Backend.Import(stored);
        if (imported.DType == DType.F32 || isMatrix)
        {
            return imported;
        }

        Tensor single = Backend.Allocate(DType.F32, stored.Shape, MemoryPurpose.Weights);
        Backend.Copy(single, imported);
        imported.Dispose();
        return single;
    }

    /// <summary>Frozen weights of a part that is not read for a while.</summary>
    internal void SetAside(string prefix = "")
    {
        foreach (Parameter parameter in parameters.Values)
        {
            if (!parameter.Trainable && parameter.Name.StartsWith(prefix, StringComparison.Ordinal))
            {
                Backend.SetAside(parameter.Value);
            }
        }
    }

    /// <summary>How bytes of a tile become the tower's input.</summary>
    internal PixelNormalisation Pixels => pixels;

    private bool Trains(string prefix) =>
        parameters.Values.Any(p => p.Trainable && p.Name.StartsWith(prefix, StringComparison.Ordinal));

    private static ReadOnlySpan<int> Span(IReadOnlyList<int> list) =>
        list is List<int> ints ? CollectionsMarshal.AsSpan(ints) : list.ToArray();
}

/// <summary>Rows that take the places of tokens.</summary>
/// <param name="Rows">(n, D)</param>
/// <param name="Places">(n) among the tokens</param>
internal readonly record struct PlacedRows(Tensor Rows, int[] Places);
