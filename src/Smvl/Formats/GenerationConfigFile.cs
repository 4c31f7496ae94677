using Smvl.Models;

namespace Smvl.Formats;

/// <summary>generation_config.json of a Hugging Face checkpoint folder.</summary>
public static class GenerationConfigFile
{
    internal const string Name = "generation_config.json";

    /// <summary>
    /// The folder's file over transformers' defaults; token ids that it leaves out, or all of them where there is no file, are
    /// those of the text model's configuration.
    /// </summary>
    /// <exception cref="SmvlException">a value outside its range</exception>
    public static GenerationConfig Read(string folder, TextConfig text)
    {
        string path = Path.Combine(folder, Name);
        var fallback = new GenerationConfig { BosTokenId = text.BosTokenId, EosTokenIds = text.EosTokenIds, PadTokenId = text.PadTokenId };
        if (!File.Exists(path))
        {
            return fallback;
        }

        JsonSection root = JsonSection.Load(path);
        return new GenerationConfig
        {
            BosTokenId = root.OptionalInt("bos_token_id") ?? fallback.BosTokenId,
            EosTokenIds = root.Has("eos_token_id") ? root.Ints("eos_token_id") : fallback.EosTokenIds,
            PadTokenId = root.OptionalInt("pad_token_id") ?? fallback.PadTokenId,
            DoSample = root.Bool("do_sample", false),
            Temperature = Within(root, "temperature", GenerationConfig.DefaultTemperature, value => value >= 0, "0 or more"),
            TopK = (int)Within(root, "top_k", root.Int("top_k", GenerationConfig.DefaultTopK), value => value >= 0, "0 or more"),
            TopP = Within(root, "top_p", GenerationConfig.DefaultTopP, value => value is > 0 and <= 1, "above 0, at most 1"),
            RepetitionPenalty = Within(root, "repetition_penalty", GenerationConfig.DefaultRepetitionPenalty, value => value > 0, "above 0"),
        };
    }

    /// <summary>Token ids always, sampling values only where they are not the defaults, as transformers saves them.</summary>
    public static void Write(string folder, GenerationConfig config) => HuggingFaceJson.WriteObject(Path.Combine(folder, Name), json =>
    {
        json.WriteId("bos_token_id", config.BosTokenId);
        json.WriteBoolean("do_sample", config.DoSample);
        json.WriteIds("eos_token_id", config.EosTokenIds);
        json.WriteId("pad_token_id", config.PadTokenId);
        WriteUnless("repetition_penalty", config.RepetitionPenalty, GenerationConfig.DefaultRepetitionPenalty);
        WriteUnless("temperature", config.Temperature, GenerationConfig.DefaultTemperature);
        if (config.TopK != GenerationConfig.DefaultTopK)
        {
            json.WriteNumber("top_k", config.TopK);
        }

        WriteUnless("top_p", config.TopP, GenerationConfig.DefaultTopP);

        void WriteUnless(string key, double value, double usual)
        {
            if (value != usual)
            {
                json.WriteFloat(key, value);
            }
        }
    });

    private static double Within(JsonSection root, string key, double otherwise, Func<double, bool> valid, string range)
    {
        double value = root.Number(key, otherwise);
        return valid(value) ? value : throw root.Wrong(key, range, $"{value}");
    }
}
