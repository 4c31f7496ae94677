using System.Text.Json;
using Smvl.Formats;
using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>
/// A folder in PEFT's adapter layout: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>, which holds the two matrices of
/// every adapted layer, with DoRA its lengths too, as PEFT's modules_to_save every other tensor that was trained beside them, and of a
/// matrix of which some rows were trained these rows, as PEFT's trainable_token_indices.
/// Sources: PEFT, docs/source/developer_guides/checkpoint.md, utils/save_and_load.py, and utils/other.py, TrainableTokensWrapper.
/// </summary>
internal static class AdapterFolder
{
    public const string ConfigName = "adapter_config.json";
    public const string WeightsName = "adapter_model.safetensors";

    /// <summary>Before every tensor's name in the model.</summary>
    public const string Prefix = "base_model.model.";

    /// <summary>Behind a layer's name: DoRA's lengths.</summary>
    public const string MagnitudeSuffix = ".lora_magnitude_vector";

    private const string ASuffix = ".lora_A.weight";
    private const string BSuffix = ".lora_B.weight";

    /// <summary>Behind a matrix's module: the values, whatever PEFT calls them, of the rows that <see cref="TokenIdsKey"/> lists.</summary>
    private const string TokensSuffix = ".token_adapter.trainable_tokens_delta";
    private const string TokenIdsKey = "trainable_token_indices";

    public static bool Is(string folder) => File.Exists(Path.Combine(folder, ConfigName));

    /// <summary>The folder of the model that an adapter was made for: as its configuration says, seen from here or from the adapter.</summary>
    /// <exception cref="SmvlException">it is not there</exception>
    public static string BaseOf(string folder)
    {
        JsonSection config = JsonSection.Load(Path.Combine(folder, ConfigName));
        string named = config.Text("base_model_name_or_path") ?? throw config.Missing("base_model_name_or_path");
        return ((string[])[named, Path.GetFullPath(Path.Combine(folder, named))]).FirstOrDefault(Directory.Exists)
            ?? throw new SmvlException("the model that the adapter was made for is not there", config.File, named, hint: "smvl merge BASE ADAPTER --output DIR names it");
    }

    /// <summary>Gives a model the folder's adapters, and the tensors that were trained beside them.</summary>
    /// <exception cref="SmvlException">not of this model, or of a kind that is not computed here</exception>
    public static void Attach(VisionLanguageModel model, string folder)
    {
        using SafetensorsFile file = OpenWeights(folder);
        JsonSection config = OpenConfig(folder);
        model.AddAdapters(Read(config, file), seed: 0);
        Copy(model, config, file);
    }

    /// <summary>Reads the tensors of a folder into adapters that the model has: they must be just these.</summary>
    /// <exception cref="SmvlException">other adapters than the model's</exception>
    public static void Load(VisionLanguageModel model, string folder)
    {
        using SafetensorsFile file = OpenWeights(folder);
        JsonSection read = OpenConfig(folder);
        LoraConfig stored = Read(read, file), config = model.Adapters!.Config;
        if (stored.Rank != config.Rank || stored.Scaling != config.Scaling || stored.UseDora != config.UseDora || !stored.Modules.ToHashSet().SetEquals(config.Modules))
        {
            throw new SmvlException("the adapters differ from the checkpoint's", folder, Describe(stored), Describe(config), "continue with the same keys, or start a new run in another output_dir");
        }

        Copy(model, read, file);
    }

    /// <summary>Writes a model's adapters and all else that is trained.</summary>
    /// <param name="model">with adapters</param>
    /// <param name="folder">an existing folder</param>
    /// <param name="basePath">where the model without them is</param>
    public static void Write(VisionLanguageModel model, string folder, string basePath)
    {
        LoraConfig config = model.Adapters!.Config;
        Parameter[] ofRows = [.. model.Parameters.Where(StoresRows)], beside = [.. model.Parameters.Where(StoresWhole)];
        SafetensorsWriter.Write(
            Path.Combine(folder, WeightsName),
            [
                .. model.Adapters.List.SelectMany(adapter => adapter.Parameters).Select(p => TensorSource.From(p.HuggingFace, p.Value)),
                .. ofRows.Select(p => TensorSource.From(Prefix + LoraAdapter.ModuleOf(p) + TokensSuffix, p.Rows!.Masters.Value)),
                .. beside.Select(p => TensorSource.From(Prefix + p.HuggingFace, p.Value)),
            ]);
        HuggingFaceJson.WriteObject(Path.Combine(folder, ConfigName), json =>
        {
            json.WriteString("base_model_name_or_path", basePath);
            json.WriteString("bias", "none");
            json.WriteBoolean("fan_in_fan_out", false);
            json.WriteBoolean("inference_mode", true);
            json.WriteBoolean("init_lora_weights", true);
            WriteAlpha(json, config.Alpha);
            json.WriteFloat("lora_dropout", config.Dropout);
            WriteNames(json, "modules_to_save", [.. beside.Select(LoraAdapter.ModuleOf).Distinct()]);
            json.WriteString("peft_type", "LORA");
            json.WriteNumber("r", config.Rank);
            WriteNames(json, "target_modules", config.Modules);
            json.WriteNull("task_type");
            WriteTokenIds(json, ofRows);
            json.WriteBoolean("use_dora", config.UseDora);
            json.WriteBoolean("use_rslora", config.RankStabilized);
        });
    }

    /// <summary>Whether an adapter's folder holds rows of a matrix.</summary>
    public static bool StoresRows(Parameter parameter) => parameter.Rows is not null;

    /// <summary>Whether an adapter's folder holds a tensor of the model as it is.</summary>
    public static bool StoresWhole(Parameter parameter) => parameter is { IsAdapter: false, Rows: null } && (parameter.Trainable || parameter.IsReplaced);

    private static JsonSection OpenConfig(string folder) => JsonSection.Load(Path.Combine(folder, ConfigName));

    private static SafetensorsFile OpenWeights(string folder)
    {
        string path = Path.Combine(folder, WeightsName);
        return File.Exists(path)
            ? SafetensorsFile.Open(path)
            : throw new SmvlException("this folder holds no adapter", folder, $"{ConfigName} and {WeightsName}", hint: "give a folder that a run with lora_r, or PEFT, wrote");
    }

    private static LoraConfig Read(JsonSection config, SafetensorsFile file)
    {
        config.Require("peft_type", "LORA");
        config.Require("bias", "none");
        config.Require("fan_in_fan_out", false);
        foreach (string pattern in (string[])["rank_pattern", "alpha_pattern"])
        {
            if (config.Section(pattern) is { } section && section.Properties().Any())
            {
                throw config.Wrong(pattern, "none", "some", "every adapter has the same rank and scaling here");
            }
        }

        string[] modules = [.. file.Tensors.Keys.Where(name => name.EndsWith(ASuffix, StringComparison.Ordinal)).Select(name => WithoutPrefix(name, file)[..^ASuffix.Length]).Order(StringComparer.Ordinal)];
        return new LoraConfig(config.Positive("r"), config.OptionalNumber("lora_alpha") ?? throw config.Missing("lora_alpha"), modules)
        {
            Dropout = config.Number("lora_dropout", 0),
            UseDora = config.Bool("use_dora", false),
            RankStabilized = config.Bool("use_rslora", false),
        };
    }

    private static void Copy(VisionLanguageModel model, JsonSection config, SafetensorsFile file)
    {
        Dictionary<string, Parameter> adapters = model.Parameters.Where(p => p.IsAdapter).ToDictionary(p => p.HuggingFace);
        Dictionary<string, Parameter> others = model.Parameters.Where(p => !p.IsAdapter).ToDictionary(p => p.HuggingFace);
        Dictionary<string, (Parameter Matrix, IReadOnlyList<int> Ids)> rows = [];
        foreach (Parameter matrix in others.Values.Where(VisionLanguageModel.HasTokenRows))
        {
            if (TokenIds(config, matrix) is { } ids)
            {
                rows.Add(Prefix + LoraAdapter.ModuleOf(matrix) + TokensSuffix, (matrix, ids));
            }
        }

        foreach ((string name, Tensor stored) in file.Tensors)
        {
            using Tensor imported = model.Backend.Import(stored);
            if (rows.TryGetValue(name, out (Parameter Matrix, IReadOnlyList<int> Ids) part))
            {
                Check(name, stored, new Shape(part.Ids.Count, part.Matrix.Shape.Width));
                part.Matrix.ReplaceRows(model.Backend, part.Ids, imported);
                continue;
            }

            Parameter parameter = adapters.GetValueOrDefault(name) ?? others.GetValueOrDefault(WithoutPrefix(name, file))
                ?? throw new SmvlException($"tensor {name} belongs to no part of the model", file.Path, hint: "is the adapter of another model?");
            Check(name, stored, parameter.Shape);
            parameter.Replace(model.Backend, imported);
        }

        string[] missing = [.. adapters.Keys.Concat(rows.Keys).Where(name => !file.Tensors.ContainsKey(name))];
        if (missing.Length > 0)
        {
            throw new SmvlException($"{missing.Length} tensors are missing", file.Path, NameList.Of(missing), hint: $"every {ASuffix[1..]} has its {BSuffix[1..]}, with use_dora its {MagnitudeSuffix[1..]}, and {TokenIdsKey} the rows that it lists");
        }

        void Check(string name, Tensor stored, Shape expected)
        {
            if (stored.Shape != expected || !stored.DType.IsFloat())
            {
                throw new SmvlException($"tensor {name} has another shape than the model's", file.Path, $"{expected}", $"{stored}", "is the adapter of another model?");
            }
        }
    }

    /// <summary>Which rows of a matrix the folder holds: a list is of the embedding's, else there is one for each module, named by its end; null for none.</summary>
    private static IReadOnlyList<int>? TokenIds(JsonSection config, Parameter matrix)
    {
        IReadOnlyList<int>? ids = null;
        if (config.IsList(TokenIdsKey))
        {
            ids = matrix.Name == "text.embedding" ? config.Ints(TokenIdsKey) : null;
        }
        else if (config.Section(TokenIdsKey) is { } modules)
        {
            string module = LoraAdapter.ModuleOf(matrix);
            ids = modules.Properties().Select(each => each.Name).FirstOrDefault(name => $".{module}".EndsWith($".{name}", StringComparison.Ordinal)) is { } named ? modules.Ints(named) : null;
        }

        int[] beyond = [.. (ids ?? []).Where(id => id < 0 || id >= matrix.Shape[0])];
        return beyond.Length == 0
            ? ids
            : throw new SmvlException($"{TokenIdsKey} lists a token that the model does not have", config.File, $"0 to {matrix.Shape[0] - 1}", $"{beyond[0]}", "is the adapter of another model?");
    }

    private static string WithoutPrefix(string name, SafetensorsFile file) =>
        name.StartsWith(Prefix, StringComparison.Ordinal)
            ? name[Prefix.Length..]
            : throw new SmvlException($"tensor {name} is none of an adapter", file.Path, $"{Prefix}…");

    private static string Describe(LoraConfig config) => FormattableString.Invariant($"rank {config.Rank}, scaling {config.Scaling}, {config.Modules.Count} layers, {(config.UseDora ? "DoRA" : "LoRA")}");

    // an integer where it is one, as PEFT has it
    private static void WriteAlpha(Utf8JsonWriter json, double alpha)
    {
        if (alpha == Math.Floor(alpha) && alpha < int.MaxValue)
        {
            json.WriteNumber("lora_alpha", (int)alpha);
        }
        else
        {
            json.WriteFloat("lora_alpha", alpha);
        }
    }

    /// <summary>Nothing where there are none: PEFT before 0.15 does not know the key.</summary>
    private static void WriteTokenIds(Utf8JsonWriter json, IReadOnlyCollection<Parameter> matrices)
    {
        if (matrices.Count == 0)
        {
            return;
        }

        json.WriteStartObject(TokenIdsKey);
        foreach (Parameter matrix in matrices)
        {
            json.WriteStartArray(LoraAdapter.ModuleOf(matrix));
            foreach (int id in matrix.Rows!.Ids)
            {
                json.WriteNumberValue(id);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteNames(Utf8JsonWriter json, string key, IReadOnlyList<string> names)
    {
        json.WriteStartArray(key);
        foreach (string name in names)
        {
            json.WriteStringValue(name);
        }

        json.WriteEndArray();
    }
}
