using Smvl.Formats;
using Smvl.Formats.Gguf;
using Smvl.Hubs;
using Smvl.Images;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Tensors.Quantization;
using Smvl.Text;

namespace Smvl.Models;

/// <summary>What <see cref="GgufExporter"/> writes.</summary>
/// <param name="Folder">a spliced or trained folder</param>
/// <param name="Output">a folder, made if it is not there</param>
/// <param name="Type">how the text model is stored</param>
public sealed record GgufExportOptions(string Folder, string Output, FileType Type)
{
    /// <summary>How tower and connector are stored; null for F16, or F32 beside an F32 text model.</summary>
    public FileType? ProjectorType { get; init; }

    /// <summary>Whether llama.cpp cuts pictures into tiles; null for what the folder's preprocessor_config.json says.</summary>
    public bool? Tiles { get; init; }

    /// <summary>Whether files of the same names are replaced.</summary>
    public bool Replace { get; init; }

    /// <summary>Cores to quantize and to compare on.</summary>
    public int Threads { get; init; } = ThreadCount.Default;

    internal FileType EffectiveProjectorType => ProjectorType ?? (Type == FileType.F32 ? FileType.F32 : FileType.F16);
}

/// <summary>The two files of an export.</summary>
/// <param name="Text">path of the text model</param>
/// <param name="Projector">path of the mmproj</param>
public sealed record GgufPaths(string Text, string Projector);

/// <summary>
/// Writes a folder's model as the two files that llama.cpp runs: the text model with its tokenizer, and the mmproj with vision tower and
/// connector (projector <c>idefics3</c>). What llama.cpp could not run, or would run otherwise, is refused. Both files appear whole, or
/// neither.
/// </summary>
public static class GgufExporter
{
    /// <param name="options">what to write, and where</param>
    /// <param name="check">looks at the written files before they get their places; what it throws leaves nothing behind</param>
    /// <param name="notice">gets a line where the folder leaves something open</param>
    /// <param name="progress">gets the share of bytes written, 0 to 1</param>
    /// <param name="cancellation">stops between two pieces and leaves nothing behind</param>
    /// <exception cref="SmvlException">a folder that is not whole, something that llama.cpp does not run, or files that are there already</exception>
    public static GgufPaths Export(
        GgufExportOptions options, Action<ModelFolder, GgufPaths>? check = null, Action<string>? notice = null, Action<double>? progress = null,
        CancellationToken cancellation = default)
    {
        using CpuBackend backend = new(options.Threads);
        using ModelFolder model = ModelFolder.Open(options.Folder, backend, notice);
        string name = HubCaches.ModelName(options.Folder);
        string textName = $"{name}-{Label(options.Type)}.gguf", projectorName = $"mmproj-{name}-{Label(options.EffectiveProjectorType)}.gguf";

        // everything that may be refused is, before a byte is written
        GgufWriter text = TextKeys(options, model, name), projector = ProjectorKeys(options, model, name);
        ILookup<bool, TensorName> rows = NameTable.For(model.Model.Config).ToLookup(row => row.IsInProjectorFile);
        using TensorQuantizer quantizer = new(options.Threads);
        TensorSource[] textTensors = [.. rows[false].Select(row => Source(row, TypeInText(options, model.Model.Config.Text, row)))];
        TensorSource[] projectorTensors = [.. rows[true].Select(row => Source(row, options.EffectiveProjectorType.VisionTensor(row.Gguf, row.Shape)))];

        using StagedFiles staged = StagedFiles.Create(options.Output, [textName, projectorName], options.Replace);
        double total = textTensors.Concat(projectorTensors).Sum(tensor => tensor.ByteLength);
        long written = 0;
        text.Write(staged[textName], textTensors, Report);
        projector.Write(staged[projectorName], projectorTensors, Report);
        check?.Invoke(model, new GgufPaths(staged[textName], staged[projectorName]));
        staged.Commit();
        return new GgufPaths(Path.Combine(options.Output, textName), Path.Combine(options.Output, projectorName));

        void Report(long bytes) => progress?.Invoke((written += bytes) / total);

        TensorSource Source(TensorName row, DType dtype)
        {
            Tensor value = model.Model.Parameters.Single(parameter => parameter.Name == row.Ours).Value;
            return new TensorSource(row.Gguf, dtype, row.Shape, stream => quantizer.Write(row.HuggingFace, value, dtype, stream, cancellation));
        }
    }

    /// <summary>As llama.cpp's file names have it: F16, Q4_K_M.</summary>
    private static string Label(FileType type) => type.Name.ToUpperInvariant();

    private static DType TypeInText(GgufExportOptions options, TextConfig text, TensorName row) =>
        options.Type.TextTensor(row.Gguf, row.Shape, text.LayerCount, text.TieWordEmbeddings);

    private static GgufWriter TextKeys(GgufExportOptions options, ModelFolder model, string name)
    {
        var writer = new GgufWriter();
        TextConfig text = model.Model.Config.Text;
        GgufConfigWriter.WriteText(writer, name, options.Type, text);
        GgufVocabulary.Of(model.Tokenizer, model.Layout!, text.VocabularySize, options.Folder).Write(writer);
        GgufConfigWriter.WriteTokenIds(writer, model.Generation, options.Folder);
        writer.Add(GgufKeys.Tokenizer.ChatTemplate, ChatTemplate.Jinja);
        return writer;
    }

    private static GgufWriter ProjectorKeys(GgufExportOptions options, ModelFolder model, string name)
    {
        var writer = new GgufWriter();
        ImageProcessorConfig images = model.Images.Config;
        GgufConfigWriter.WriteProjector(
            writer, name, options.EffectiveProjectorType, model.Model.Config, images, options.Tiles ?? images.DoImageSplitting, options.Folder);
        return writer;
    }
}
