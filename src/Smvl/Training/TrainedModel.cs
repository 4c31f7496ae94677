using Smvl.Models;

namespace Smvl.Training;

/// <summary>A model as a run trains it.</summary>
internal static class TrainedModel
{
    /// <summary>Masters and gradients of what trains, frozen weights in the type that is asked for, and what the loss has beside the cross entropy.</summary>
    /// <param name="model">as it was opened, or with new adapters</param>
    /// <param name="markerIds">image markers whose rows are trained in a frozen embedding</param>
    /// <param name="arguments">of the run</param>
    /// <param name="leaveFrozen">parameters that stay frozen whatever the run says; null for none</param>
    public static void Prepare(VisionLanguageModel model, IReadOnlyList<int> markerIds, TrainingArguments arguments, Func<Parameter, bool>? leaveFrozen = null)
    {
        model.GradientCheckpointing = arguments.GradientCheckpointing;
        FreezeRules rules = new(arguments);
        model.Unfreeze(parameter => rules.Trains(parameter) && leaveFrozen?.Invoke(parameter) != true);
        model.TrainRows(markerIds, rules.TrainsRows);
        if (arguments.Bf16)
        {
            model.NarrowFrozen();
        }

        model.LossTerms = arguments.LossTerms;
    }
}
