using Smvl.Models;

namespace Smvl.Training;

/// <summary>Which layers get adapters, by the key <c>lora_target_modules</c>.</summary>
internal static class LoraTargets
{
    /// <summary>Every linear layer of text decoder and tower, as PEFT calls it.</summary>
    private const string AllLinear = "all-linear";

    /// <summary>Null without <c>lora_r</c>; else the adapters that it asks for.</summary>
    /// <param name="arguments">the lora_ keys, and what freeze leaves free</param>
    /// <param name="parameters">of the model</param>
    /// <exception cref="SmvlException">a name that no layer has, or a layer that is trained itself</exception>
    public static LoraConfig? Of(TrainingArguments arguments, IReadOnlyCollection<Parameter> parameters)
    {
        if (arguments.LoraRank is not { } rank)
        {
            return null;
        }

        Parameter[] candidates = [.. LoraAdapters.Candidates(parameters)];
        Func<Parameter, bool> isTarget = Rule(arguments, [.. candidates.Select(LoraAdapter.ModuleOf)]);
        string[] modules = [.. candidates.Where(isTarget).Select(LoraAdapter.ModuleOf)];
        var rules = new FreezeRules(arguments);
        string[] free = [.. parameters.Where(p => rules.Trains(p) && modules.Contains(LoraAdapter.ModuleOf(p))).Select(p => p.HuggingFace)];
        return free.Length == 0
            ? new LoraConfig(rank, arguments.LoraAlpha ?? 2 * rank, modules) { Dropout = arguments.LoraDropout, UseDora = arguments.UseDora }
            : throw new SmvlException(
                "layers with an adapter are to be trained themselves too", arguments.Origin(TrainingKeys.LoraR), "frozen weights beside adapters", Formats.NameList.Of(free),
                "leave them out of freeze or trainable_parameters, or out of lora_target_modules");
    }

    private static Func<Parameter, bool> Rule(TrainingArguments arguments, string[] modules)
    {
        switch (arguments.LoraTargetModules)
        {
            case null:
                return parameter => parameter.Part == ModelPart.Text;
            case [AllLinear]:
                return parameter => parameter.Part is ModelPart.Text or ModelPart.Vision;
            case { } names:
                // as PEFT: a whole name, or its end behind a dot
                string where = arguments.Origin(TrainingKeys.LoraTargetModules);
                TensorPattern[][] patterns = [.. names.Select(name => new[] { new TensorPattern(name, where), new TensorPattern("*." + name, where) })];
                foreach (TensorPattern[] either in patterns.Where(either => !modules.Any(module => either.Any(pattern => pattern.Matches(module)))))
                {
                    TensorPattern.CheckAllMatch([either[0]], where, [.. modules, .. modules.Select(module => module[(module.LastIndexOf('.') + 1)..]).Distinct()]);
                }

                return parameter => patterns.Any(either => either.Any(pattern => pattern.Matches(LoraAdapter.ModuleOf(parameter))));
        }
    }
}
